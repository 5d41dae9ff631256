/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The entry points of before CUDA 3.2, with 32-bit sizes and addresses. They are still exported.
 * Sizes are printed only where they do not depend on the device.
 */
#include <dlfcn.h>

#include "app.h"

typedef CUresult one_word(unsigned int *, unsigned int);
typedef CUresult two_words(unsigned int *, unsigned int *);
typedef CUresult free_word(unsigned int);
typedef CUresult range_words(unsigned int *, unsigned int *, unsigned int);
typedef CUresult pitch_words(unsigned int *, unsigned int *, unsigned int, unsigned int,
			     unsigned int);

static void *libcuda;

static void *symbol(const char *name)
{
	void *found = dlsym(libcuda, name);
	if (!found)
		printf("%s is missing\n", name);
	return found;
}

int main(void)
{
	struct app app;
	unsigned int a = APP_UNTOUCHED, b = 0, total = 0;

	libcuda = dlopen("libcuda.so.1", RTLD_NOW);
	one_word *alloc = (one_word *)symbol("cuMemAlloc");
	free_word *release = (free_word *)symbol("cuMemFree");
	two_words *info = (two_words *)symbol("cuMemGetInfo");
	range_words *range = (range_words *)symbol("cuMemGetAddressRange");
	pitch_words *pitch = (pitch_words *)symbol("cuMemAllocPitch");
	CUresult (*device_total)(unsigned int *, CUdevice) =
		(CUresult(*)(unsigned int *, CUdevice))symbol("cuDeviceTotalMem");
	if (!alloc || !release || !info || !range || !pitch || !device_total)
		return app_end();

	puts("# before cuInit");
	CHECK(alloc(&a, 1024));
	CHECK(info(&a, &b));
	CHECK(device_total(&total, 0));

	puts("# with a context");
	app_start(&app);
	CHECK(alloc(&a, 1024));
	printf("address %s\n", app_out(a));
	CHECK(alloc(NULL, 1024));
	CHECK(alloc(&a, 0));
	CHECK(info(&a, &b));
	CHECK(info(NULL, NULL));
	CHECK(device_total(&total, 0));
	printf("total %s\n", total ? "written" : "zero");
	CHECK(release(4096));
	CHECK(range(&a, &b, 4096));
	CHECK(pitch(&a, &b, 100, 10, 4));

	/* The later ones work beside them. */
	CUdeviceptr block;
	CHECK(cuMemAlloc(&block, 1024));
	CHECK(cuMemFree(block));
	return app_end();
}
