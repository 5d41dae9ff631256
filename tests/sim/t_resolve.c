/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* cuGetProcAddress of the driver version given as argument, against dlsym. */
#include "check.h"

#include <dlfcn.h>

static void *library;
static int driver;

static void *ask(const char *name, int version, cuuint64_t flags, CUresult wanted,
		 CUdriverProcAddressQueryResult status_wanted)
{
	CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;
	CUresult (*resolve)(const char *, void **, int, cuuint64_t,
			    CUdriverProcAddressQueryResult *);
	void *found = (void *)1;

	*(void **)&resolve = dlsym(library, "cuGetProcAddress_v2");
	CHECK(resolve);
	EXPECT(resolve(name, &found, version, flags, &status), wanted);
	EXPECT(status, status_wanted);
	return found;
}

int main(int argc, char **argv)
{
	CUresult (*version)(int *);
	int reported;

	CHECK(argc == 3);
	driver = atoi(argv[2]);
	library = dlopen(argv[1], RTLD_NOW);
	CHECK(library);
	*(void **)&version = dlsym(library, "cuDriverGetVersion");
	OK(version(&reported));
	EXPECT(reported, driver);
	if (driver < 12000) {
		CHECK(!dlsym(library, "cuGetProcAddress_v2"));
		CHECK((dlsym(library, "cuGetProcAddress") != NULL) == (driver >= 11030));
		CHECK(!dlsym(library, "cuMemPrefetchAsync_v2"));
		CHECK(dlsym(library, "cuMemAllocAsync"));
		return 0;
	}
	CHECK(ask("cuMemAlloc", 2000, 0, 0, 0) == dlsym(library, "cuMemAlloc"));
	CHECK(ask("cuMemAlloc", 3020, 0, 0, 0) == dlsym(library, "cuMemAlloc_v2"));
	CHECK(ask("cuMemAlloc", driver, 0, 0, 0) == dlsym(library, "cuMemAlloc_v2"));
	CHECK(ask("cuMemAlloc", driver + 10, 0, 1, 99) == (void *)1);
	CHECK(ask("cuMemAlloc", 1999, 0, 0, 2) == NULL);
	CHECK(ask("cuMemAlloc", -1, 0, 0, 0) == dlsym(library, "cuMemAlloc_v2"));
	CHECK(ask("cuMemAlloc_v2", driver, 0, 0, 1) == NULL);
	CHECK(ask("cuNope", driver, 0, 0, 1) == NULL);
	CHECK(ask("cuMemAllocAsync", 11010, 0, 0, 2) == NULL);
	CHECK(ask("cuMemAllocAsync", 11020, 1, 0, 0) == dlsym(library, "cuMemAllocAsync"));
	CHECK(ask("cuMemAllocAsync", 11020, 2, 0, 0) == dlsym(library, "cuMemAllocAsync_ptsz"));
	CHECK(ask("cuMemAllocAsync", 11020, 4, 1, 99) == (void *)1);
	CHECK(ask("cuMemAlloc", driver, 2, 0, 0) == dlsym(library, "cuMemAlloc_v2"));
	CHECK(ask("cuGetProcAddress", 11030, 0, 0, 0) == dlsym(library, "cuGetProcAddress"));
	CHECK(ask("cuGetProcAddress", 12000, 0, 0, 0) == dlsym(library, "cuGetProcAddress_v2"));
	if (driver >= 13000)
		CHECK(ask("cuCtxCreate", 13000, 0, 0, 0) == dlsym(library, "cuCtxCreate_v4"));
	else
		CHECK(ask("cuCtxCreate", driver, 0, 0, 0) == dlsym(library, "cuCtxCreate_v3"));
	return 0;
}
