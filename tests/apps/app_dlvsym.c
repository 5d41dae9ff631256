/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The driver's functions, looked up with a version, and libc's. */
#include <dlfcn.h>

#include "exercise.h"

#ifdef __x86_64__
#define LIBC_BASE_VERSION "GLIBC_2.2.5"
#else
#define LIBC_BASE_VERSION "GLIBC_2.17"
#endif

static void lookup(void *handle, const char *name, const char *version)
{
	dlerror();
	void *symbol = dlvsym(handle, name, version);
	printf("%s %s: %s, %s\n", name, version, symbol ? "found" : "missing",
	       dlerror() ? "an error" : "no error");
}

int main(void)
{
	struct driver driver;
	void *libcuda = dlopen("libcuda.so.1", RTLD_NOW);

	if (!libcuda) {
		printf("FAILED: %s\n", dlerror());
		return 1;
	}
	lookup(RTLD_DEFAULT, "puts", LIBC_BASE_VERSION);
	lookup(RTLD_DEFAULT, "puts", "GLIBC_0.0");
	lookup(RTLD_NEXT, "puts", LIBC_BASE_VERSION);
	lookup(RTLD_DEFAULT, "no_such_function", LIBC_BASE_VERSION);
	lookup(libcuda, "cuNothing", "libcuda.so.1");

	/* The driver's symbols carry no version, so the dynamic linker finds none by one. */
	int found = 0;
#define MEMBER(name)                                                                           \
	driver.p_##name =                                                                      \
		(__typeof__(driver.p_##name))dlvsym(libcuda, SYMBOL_OF(name), "libcuda.so.1"); \
	if (driver.p_##name)                                                                   \
		found++;                                                                       \
	else                                                                                   \
		driver.p_##name = (__typeof__(driver.p_##name))dlsym(libcuda, SYMBOL_OF(name));
	DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
	printf("%d functions with a version\n", found);
	exercise(&driver);
	return app_end();
}
