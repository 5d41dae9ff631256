/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A kernel writes where nothing is: what every memory call says from then on. */
#include <dlfcn.h>

#include "app.h"

int main(void)
{
	CUdeviceptr block, freed, other = APP_UNTOUCHED, base = 0;
	size_t size = 0, total = 0, pitch;
	unsigned int type;
	struct app app;
	CUstream stream;

	app_start(&app);
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuMemAlloc(&freed, 4 * MIB));
	OK(cuMemFree(freed));
	OK(app_fill(&app, stream, 4096, 16, 1));
	CHECK(cuStreamSynchronize(stream));
	CHECK(cuMemAlloc(&other, 4 * MIB));
	printf("address %s\n", app_out(other));
	CHECK(cuMemAlloc(&other, 100));
	CHECK(cuMemAlloc(NULL, 100));
	CHECK(cuMemAlloc(&other, 0));
	CHECK(cuMemAllocPitch(&other, &pitch, 100, 10, 4));
	CHECK(cuMemGetAddressRange(&base, &size, block));
	CHECK(cuMemGetAddressRange(&base, &size, freed));
	CHECK(cuMemGetInfo(&size, &total));
	CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, block));
	CHECK(cuMemFreeAsync(block, stream));
	CHECK(cuMemFree(freed));
	CHECK(cuMemFree(0));
	CHECK(cuMemFree(block));
	CHECK(cuMemFree(block));
	CHECK(cuCtxSynchronize());
	return app_end();
}
