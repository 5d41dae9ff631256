/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Every bad input to the memory calls: the codes, and whether out-parameters were written. */
#include "app.h"

/* Says what the call returned, and whether it wrote `out`. */
#define CHECK_OUT(call, out)                                                                       \
	do {                                                                                       \
		out = APP_UNTOUCHED;                                                               \
		int code_ = (int)(call);                                                           \
		printf("%s -> %d, %s %s\n", #call, code_, #out, app_out((unsigned long long)out)); \
	} while (0)

static void without_init(void)
{
	CUdeviceptr p, base;
	size_t size, total;
	CUcontext context = NULL;
	int count;
	unsigned int type;

	puts("# before cuInit");
	CHECK_OUT(cuMemAlloc(&p, 100), p);
	CHECK(cuMemAlloc(NULL, 0));
	CHECK_OUT(cuMemGetInfo(&size, &total), size);
	CHECK(cuMemFree(0));
	CHECK(cuMemFree(4096));
	CHECK_OUT(cuMemAllocPitch(&p, &size, 100, 10, 4), p);
	CHECK_OUT(cuMemGetAddressRange(&base, &size, 4096), size);
	CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 4096));
	CHECK(cuCtxGetCurrent(&context));
	CHECK_OUT(cuDeviceGetCount(&count), count);
	CHECK_OUT(cuDeviceTotalMem(&total, 0), total);
	CHECK(cuCtxSynchronize());
	CHECK(cuMemsetD8(4096, 0, 1));
	CHECK(cuMemFreeAsync(4096, NULL));
	CHECK_OUT(cuMemAllocAsync(&p, 100, NULL), p);
}

static void without_context(void)
{
	CUdeviceptr p, base;
	size_t size, total;
	CUdevice device = 0;

	puts("# no context");
	CHECK(cuInit(1));
	CHECK(cuInit(0));
	CHECK_OUT(cuMemAlloc(&p, 100), p);
	CHECK(cuMemAlloc(NULL, 100));
	CHECK_OUT(cuMemAlloc(&p, 0), p);
	CHECK_OUT(cuMemAlloc(&p, 1ull << 60), p);
	CHECK_OUT(cuMemGetInfo(&size, &total), size);
	CHECK(cuMemFree(0));
	CHECK(cuMemFree(4096));
	CHECK_OUT(cuMemGetAddressRange(&base, &size, 4096), size);
	CHECK_OUT(cuMemAllocPitch(&p, &size, 100, 10, 4), p);
	CHECK(cuCtxSynchronize());
	CHECK(cuCtxGetDevice(&device));
	CHECK(cuDeviceTotalMem(NULL, 0));
	CHECK_OUT(cuDeviceTotalMem(&total, 99), total);
	CHECK_OUT(cuDeviceTotalMem(&total, 0), total);
}

static void sizes(void)
{
	static const size_t big[] = { 1ull << 47,       1ull << 50,
				      1ull << 62,       ~(size_t)0 >> 1,
				      ~(size_t)0,       ~(size_t)0 - 1,
				      ~(size_t)0 - 100, ~(size_t)0 - (2 << 20) };
	CUdeviceptr p;
	size_t pitch;

	puts("# sizes");
	CHECK(cuMemAlloc(NULL, 100));
	CHECK(cuMemAlloc(NULL, 0));
	CHECK_OUT(cuMemAlloc(&p, 0), p);
	for (size_t i = 0; i < sizeof(big) / sizeof(*big); i++) {
		printf("%zx: ", big[i]);
		CHECK_OUT(cuMemAlloc(&p, big[i]), p);
	}
	CHECK_OUT(cuMemAllocPitch(&p, &pitch, 0, 10, 4), p);
	CHECK_OUT(cuMemAllocPitch(&p, &pitch, 10, 0, 4), p);
	CHECK_OUT(cuMemAllocPitch(&p, &pitch, 1ull << 40, 1ull << 40, 4), p);
	CHECK_OUT(cuMemAllocPitch(&p, &pitch, 1ull << 63, 4, 4), p);
	CHECK_OUT(cuMemAllocPitch(&p, &pitch, 4096, 1ull << 60, 4), p);
	CHECK(cuMemAllocPitch(NULL, &pitch, 10, 10, 4));
	CHECK(cuMemAllocPitch(&p, NULL, 10, 10, 4));
	for (unsigned int element = 0; element <= 17; element++) {
		CUresult code = cuMemAllocPitch(&p, &pitch, 100, 10, element);
		printf("element size %u -> %d\n", element, code);
		if (!code)
			OK(cuMemFree(p));
	}
}

static void frees(void)
{
	CUdeviceptr p, small;
	void *host = malloc(4096), *pinned;

	puts("# frees");
	CHECK(cuMemFree(0));
	CHECK(cuMemFree(4096));
	CHECK(cuMemFree(0x7fdeadbeef000));
	CHECK(cuMemFree(~0ull));
	OK(cuMemAlloc(&p, 4 * MIB));
	OK(cuMemAlloc(&small, 100));
	CHECK(cuMemFree(p + 1));
	CHECK(cuMemFree(p + 256));
	CHECK(cuMemFree(p + 2 * MIB));
	CHECK(cuMemFree(p + 4 * MIB - 1));
	CHECK(cuMemFree(small + 1));
	CHECK(cuMemFree(small + 99));
	CHECK(cuMemFree(p));
	CHECK(cuMemFree(p));
	CHECK(cuMemFree(small));
	CHECK(cuMemFree(small));
	CHECK(cuMemFree((CUdeviceptr)(uintptr_t)host));
	CHECK(cuMemFree((CUdeviceptr)(uintptr_t)&p));
	OK(cuMemHostAlloc(&pinned, 4096, 0));
	CHECK(cuMemFree((CUdeviceptr)(uintptr_t)pinned));
	CHECK(cuMemFreeHost(pinned));
	free(host);
}

static void freed_memory(void)
{
	CUdeviceptr p, base;
	size_t size;
	unsigned int type;

	puts("# a freed block");
	OK(cuMemAlloc(&p, 16 * MIB));
	OK(cuMemFree(p));
	CHECK_OUT(cuMemGetAddressRange(&base, &size, p), size);
	CHECK(cuMemGetAddressRange(NULL, NULL, p));
	CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p));
	CHECK(cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_RANGE_SIZE, p));

	puts("# NULL out-parameters");
	OK(cuMemAlloc(&p, 1000));
	CHECK(cuMemGetInfo(NULL, &size));
	CHECK(cuMemGetInfo(&size, NULL));
	CHECK(cuMemGetInfo(NULL, NULL));
	CHECK(cuMemGetAddressRange(NULL, &size, p));
	CHECK(cuMemGetAddressRange(&base, NULL, p));
	CHECK(cuMemGetAddressRange(NULL, NULL, p));
	CHECK(cuPointerGetAttribute(NULL, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, p));
	CHECK(cuPointerGetAttribute(&type, (CUpointer_attribute)0, p));
	CHECK(cuPointerGetAttribute(&type, (CUpointer_attribute)99, p));
	CHECK(cuPointerGetAttributes(0, NULL, NULL, p));
	OK(cuMemFree(p));
}

/* Another context's block stays usable; after its context is gone, nothing of it is. */
static void destroyed_context(CUcontext primary)
{
	CUcontext second;
	CUdeviceptr p, q, base;
	size_t size;

	puts("# a destroyed context");
	OK(app_context_create(&second));
	OK(cuMemAlloc(&p, 8 * MIB));
	OK(cuMemAlloc(&q, 1000));
	OK(cuCtxSetCurrent(primary));
	CHECK(cuMemsetD8(p, 1, 8 * MIB));
	CHECK(cuMemFree(q));
	OK(cuCtxDestroy(second));
	CHECK(cuMemFree(p));
	CHECK_OUT(cuMemGetAddressRange(&base, &size, p), size);

	puts("# a reset context");
	OK(cuMemAlloc(&p, 8 * MIB));
	CHECK(cuDevicePrimaryCtxReset(0));
	CHECK_OUT(cuMemAlloc(&q, 100), q);
	CHECK(cuMemFree(p));
	CHECK_OUT(cuMemGetInfo(&size, NULL), size);
	OK(cuDevicePrimaryCtxRetain(&primary, 0));
	OK(cuCtxSetCurrent(primary));
	CHECK(cuMemFree(p));
	CHECK_OUT(cuMemAlloc(&q, 100), q);
	CHECK(cuMemFree(q));
}

int main(void)
{
	CUcontext primary;

	without_init();
	without_context();
	OK(cuDevicePrimaryCtxRetain(&primary, 0));
	OK(cuCtxSetCurrent(primary));
	sizes();
	frees();
	freed_memory();
	destroyed_context(primary);
	return app_end();
}
