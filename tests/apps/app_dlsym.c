/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program that opens the driver and looks every function up, as most frameworks do. */
#include <dlfcn.h>

#include "exercise.h"

int main(void)
{
	struct driver driver;
	void *libcuda = dlopen("libcuda.so.1", RTLD_NOW);

	if (!libcuda) {
		printf("FAILED: %s\n", dlerror());
		return 1;
	}
	int found = 0;
#define MEMBER(name)                                                                    \
	driver.p_##name = (__typeof__(driver.p_##name))dlsym(libcuda, SYMBOL_OF(name)); \
	found += driver.p_##name != NULL;
	DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
	printf("%d functions\n", found);

	/* Names that no driver has stay missing, and say so. */
	static const char *const missing[] = { "cuMemAlloc_v99", "cuNothing", "cu", "cuMemAlloc_" };
	for (size_t i = 0; i < sizeof(missing) / sizeof(*missing); i++) {
		dlerror();
		void *symbol = dlsym(libcuda, missing[i]);
		printf("%s: %s, %s\n", missing[i], symbol ? "found" : "missing",
		       dlerror() ? "an error" : "no error");
	}

	/* The same handle, opened again, answers the same. */
	void *again = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
	EXPECT(again && dlsym(again, "cuMemAlloc_v2") == (void *)driver.p_cuMemAlloc);

	exercise(&driver);
	return app_end();
}
