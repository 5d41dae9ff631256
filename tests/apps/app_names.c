/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * No driver is linked: what look-ups say of its names while it is not loaded, loaded for its handle
 * alone, and loaded for all; and of names that nobody has. dlerror is told once, and by nobody else.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static void look(const char *what, void *handle, const char *name)
{
	dlerror();
	void *volatile symbol = dlsym(handle, name);
	const char *error = dlerror();
	printf("%s, %s: %s, %s\n", what, name, symbol ? "found" : "missing",
	       !error                                                     ? "no error"
	       : strstr(error, "undefined symbol") && strstr(error, name) ? "undefined"
									  : "another error");
	if (dlerror())
		puts("and another error");
}

static void look_everywhere(const char *when)
{
	static const char *const names[] = { "cuMemAlloc_v2", "cuInit", "cuMemFreeAsync_ptsz",
					     "cuMemCreate", "cuNoSuchFunction" };
	void *self = dlopen(NULL, RTLD_NOW);

	printf("# %s\n", when);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		look("default", RTLD_DEFAULT, names[i]);
		look("next", RTLD_NEXT, names[i]);
		look("self", self, names[i]);
	}
	if (self)
		dlclose(self);
}

/* A look-up that works neither clears nor leaves an error of somebody else's. */
static void errors(void *driver)
{
	static const char *const names[] = { "cuMemAlloc_v2", "cuMemFree_v2", "cuInit",
					     "cuMemGetInfo_v2", "cuStreamSynchronize" };

	puts("# dlerror");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		dlerror();
		void *volatile symbol = dlsym(driver, names[i]);
		printf("%s: %s, %s\n", names[i], symbol ? "found" : "missing",
		       dlerror() ? "an error" : "no error");
		symbol = dlsym(driver, "cuNoSuchFunction");
		symbol = dlsym(driver, names[i]);
		printf("%s after a name that is missing: %s, %s\n", names[i],
		       symbol ? "found" : "missing", dlerror() ? "an error" : "no error");
	}
}

int main(void)
{
	void *driver;

	look_everywhere("no driver");
	driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	printf("# libcuda.so.1: %s\n", driver ? "loaded" : dlerror());
	if (!driver)
		return 1;
	look("driver", driver, "cuMemAlloc_v2");
	look("driver", driver, "cuNoSuchFunction");
	look_everywhere("for its handle");
	errors(driver);
	dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
	look_everywhere("for all");
	puts("done");
	return 0;
}
