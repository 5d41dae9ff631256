/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One short session with the driver, through a table of its functions, so that every way of
 * getting at them can be tried with the same calls: app_linked, app_dlsym, app_dlvsym, app_ctor.
 */
#ifndef APP_EXERCISE_H
#define APP_EXERCISE_H

#include "app.h"

#define DRIVER_FUNCTIONS(X)          \
	X(cuInit)                    \
	X(cuDeviceGet)               \
	X(cuDevicePrimaryCtxRetain)  \
	X(cuDevicePrimaryCtxRelease) \
	X(cuCtxSetCurrent)           \
	X(cuCtxSynchronize)          \
	X(cuModuleLoadData)          \
	X(cuModuleGetFunction)       \
	X(cuMemAlloc)                \
	X(cuMemAllocPitch)           \
	X(cuMemFree)                 \
	X(cuMemGetInfo)              \
	X(cuMemGetAddressRange)      \
	X(cuMemcpyHtoD)              \
	X(cuMemcpyDtoH)              \
	X(cuMemcpyDtoD)              \
	X(cuMemsetD8)                \
	X(cuMemsetD32)               \
	X(cuLaunchKernel)

/* The member is named after the function, its type is that of the symbol that the name stands for. */
struct driver {
#define MEMBER(name) __typeof__(name) *p_##name;
	DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
};

#define SYMBOL_OF_(name) #name
/* "cuMemAlloc_v2" for cuMemAlloc: what the header makes of it. */
#define SYMBOL_OF(name) SYMBOL_OF_(name)

static inline void exercise(const struct driver *d)
{
	enum {
		N = 300000
	};
	CUdevice device;
	CUcontext context;
	CUmodule module;
	CUfunction fill;
	CUdeviceptr block = 0, other = 0, pitched = 0, base = 0;
	size_t pitch = 0, free_bytes = 0, total = 0, range = 0;
	static unsigned int words[N];
	uint64_t n = N;
	unsigned int seed = 42;

	CHECK(d->p_cuInit(0));
	CHECK(d->p_cuDeviceGet(&device, 0));
	OK(d->p_cuDevicePrimaryCtxRetain(&context, device));
	OK(d->p_cuCtxSetCurrent(context));
	CHECK(d->p_cuMemGetInfo(&free_bytes, &total));
	EXPECT(free_bytes > 0 && free_bytes <= total);
	CHECK(d->p_cuMemAlloc(&block, N * sizeof(*words)));
	CHECK(d->p_cuMemAlloc(&other, N * sizeof(*words)));
	CHECK(d->p_cuMemAllocPitch(&pitched, &pitch, 1000, 16, 4));
	printf("pitch %zu\n", pitch);
	CHECK(d->p_cuMemGetAddressRange(&base, &range, block + 777));
	printf("range from %lld, %zu bytes\n", (long long)(base - block), range);

	OK(d->p_cuModuleLoadData(&module, app_ptx));
	OK(d->p_cuModuleGetFunction(&fill, module, "app_fill"));
	void *params[] = { &block, &n, &seed };
	CHECK(d->p_cuLaunchKernel(fill, 64, 1, 1, 128, 1, 1, 0, NULL, params, NULL));
	CHECK(d->p_cuMemcpyDtoD(other, block, N * sizeof(*words)));
	CHECK(d->p_cuMemcpyDtoH(words, other, N * sizeof(*words)));
	for (size_t i = 0; i < N; i++)
		EXPECT(words[i] == app_hash(i, seed));
	CHECK(d->p_cuMemsetD8(block, 0x5a, N * sizeof(*words)));
	CHECK(d->p_cuMemsetD32(block + 4096, 0xdeadbeef, 1024));
	CHECK(d->p_cuMemcpyDtoH(words, block, N * sizeof(*words)));
	for (size_t i = 0; i < N; i++)
		EXPECT(words[i] == (i >= 1024 && i < 2048 ? 0xdeadbeef : 0x5a5a5a5a));
	memset(words, 0x11, 4096);
	CHECK(d->p_cuMemcpyHtoD(pitched, words, pitch));
	CHECK(d->p_cuCtxSynchronize());
	CHECK(d->p_cuMemFree(pitched));
	CHECK(d->p_cuMemFree(other));
	CHECK(d->p_cuMemFree(block));
	CHECK(d->p_cuMemFree(block));
	CHECK(d->p_cuDevicePrimaryCtxRelease(device));
}

#endif
