/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The stream-ordered allocator and its pools. */
#include "conform.h"

static CUstream stream;

static uint64_t counter(CUmemoryPool pool, CUmemPool_attribute attribute)
{
	cuuint64_t value = 77;

	NEED(cuMemPoolGetAttribute(pool, attribute, &value));
	return value;
}

static void allocating(CUmemoryPool standard)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = 77, native, mapped = conform_mapped(2 * MIB, &handle);

	RULE("cuMemAllocAsync of 0 bytes", CUDA_SUCCESS, cuMemAllocAsync(&a, 0, stream));
	RULE("cuMemAllocAsync of 0 bytes answers 0", 0, a);
	RULE("cuMemAllocAsync to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocAsync(NULL, 100, stream));
	RULE("cuMemAllocAsync of more than the device", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemAllocAsync(&a, 1ull << 45, stream));
	NEED(cuMemAllocAsync(&a, 3 * MIB, stream));
	RULE("a pool counts what is in use", 3 * MIB,
	     counter(standard, CU_MEMPOOL_ATTR_USED_MEM_CURRENT));
	RULE("cuMemFreeAsync inside a block", CUDA_ERROR_INVALID_VALUE,
	     cuMemFreeAsync(a + 512, stream));
	RULE("cuMemFreeAsync of VMM memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemFreeAsync(mapped, stream));
	RULE("cuMemFreeAsync of nonsense", CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(4096, stream));
	RULE("cuMemFreeAsync", CUDA_SUCCESS, cuMemFreeAsync(a, stream));
	RULE("cuMemFreeAsync twice", CUDA_ERROR_INVALID_VALUE, cuMemFreeAsync(a, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("a pool counts what is not in use", 0,
	     counter(standard, CU_MEMPOOL_ATTR_USED_MEM_CURRENT));
	NEED(cuMemAllocAsync(&a, 100, stream));
	RULE("cuMemFree of cuMemAllocAsync's memory", CUDA_SUCCESS, cuMemFree(a));
	RULE("cuMemFree of cuMemAllocAsync's memory twice", CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
	NEED(cuMemAlloc(&native, 100));
	RULE("cuMemFreeAsync of cuMemAlloc's memory", CUDA_SUCCESS, cuMemFreeAsync(native, stream));
	RULE("cuMemFreeAsync of cuMemAlloc's memory goes well", CUDA_SUCCESS,
	     cuStreamSynchronize(stream));
	RULE("cuMemFree of what cuMemFreeAsync has freed", CUDA_ERROR_INVALID_VALUE,
	     cuMemFree(native));
}

static void attributes(CUmemoryPool standard)
{
	cuuint64_t threshold = 7, none = 0, some = 1;
	int reuse = 9;

	RULE("cuMemPoolGetAttribute of no attribute", CUDA_ERROR_INVALID_VALUE,
	     cuMemPoolGetAttribute(standard, (CUmemPool_attribute)99, &threshold));
	RULE("cuMemPoolGetAttribute to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemPoolGetAttribute(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, NULL));
	RULE("a pool keeps nothing at first", 0,
	     counter(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD));
	NEED(cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &threshold));
	RULE("a release threshold is what it was set to", 7,
	     counter(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD));
	NEED(cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &none));
	RULE("setting what a pool has in use", CUDA_ERROR_INVALID_VALUE,
	     cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &none));
	RULE("setting the most that a pool had in use, to 0", CUDA_SUCCESS,
	     cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &none));
	RULE("setting the most that a pool had in use, to 1", CUDA_ERROR_INVALID_VALUE,
	     cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_USED_MEM_HIGH, &some));
	NEED(cuMemPoolGetAttribute(standard, CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, &reuse));
	RULE("a pool reuses what it finds", 1, reuse);
}

static void keeping(CUmemoryPool standard)
{
	cuuint64_t most = ~(cuuint64_t)0, none = 0;
	CUdeviceptr a;

	NEED(cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &most));
	NEED(cuMemAllocAsync(&a, 64 * MIB, stream));
	NEED(cuMemFreeAsync(a, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("a pool keeps what its release threshold allows", 1,
	     counter(standard, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT) >= 64 * MIB);
	RULE("cuMemPoolTrimTo", CUDA_SUCCESS, cuMemPoolTrimTo(standard, 0));
	RULE("cuMemPoolTrimTo gives back what is not in use", 0,
	     counter(standard, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT));
	NEED(cuMemPoolSetAttribute(standard, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &none));
	NEED(cuMemAllocAsync(&a, 64 * MIB, stream));
	NEED(cuMemFreeAsync(a, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("a pool with no release threshold keeps nothing after a synchronisation", 0,
	     counter(standard, CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT));
	RULE("cuMemPoolTrimTo of NULL", CUDA_ERROR_INVALID_VALUE, cuMemPoolTrimTo(NULL, 0));
}

static void pools(CUmemoryPool standard)
{
	CUmemPoolProps props, bad;
	CUmemAccess_flags flags = (CUmemAccess_flags)9;
	CUmemLocation location = { .type = CU_MEM_LOCATION_TYPE_DEVICE };
	CUmemoryPool pool, current = NULL;
	CUdeviceptr a;

	memset(&props, 0, sizeof(props));
	props.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
	props.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	RULE("cuMemPoolCreate to NULL", CUDA_ERROR_INVALID_VALUE, cuMemPoolCreate(NULL, &props));
	bad = props;
	bad.allocType = CU_MEM_ALLOCATION_TYPE_INVALID;
	RULE("cuMemPoolCreate of no type", CUDA_ERROR_INVALID_VALUE, cuMemPoolCreate(&pool, &bad));
	NEED(cuDeviceGetMemPool(&current, 0));
	RULE("a device's pool is the default one at first", 1, current == standard);
	NEED(cuMemPoolCreate(&pool, &props));
	RULE("cuDeviceSetMemPool", CUDA_SUCCESS, cuDeviceSetMemPool(0, pool));
	NEED(cuMemAllocAsync(&a, 3 * MIB, stream));
	RULE("cuMemAllocAsync takes from the device's pool", 3 * MIB,
	     counter(pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT));
	NEED(cuMemPoolGetAccess(&flags, pool, &location));
	RULE("a pool is for its own device", CU_MEM_ACCESS_FLAGS_PROT_READWRITE, flags);
	RULE("cuMemPoolDestroy with a block in use", CUDA_SUCCESS, cuMemPoolDestroy(pool));
	NEED(cuDeviceGetMemPool(&current, 0));
	RULE("after cuMemPoolDestroy the device has the default pool", 1, current == standard);
	RULE("cuMemFreeAsync after cuMemPoolDestroy", CUDA_SUCCESS, cuMemFreeAsync(a, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("cuMemPoolDestroy of the default pool", CUDA_ERROR_INVALID_VALUE,
	     cuMemPoolDestroy(standard));
	RULE("cuMemAllocFromPoolAsync of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocFromPoolAsync(&a, 100, NULL, stream));
}

void rules_pools(void)
{
	CUmemoryPool standard;

	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	RULE("cuDeviceGetDefaultMemPool to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuDeviceGetDefaultMemPool(NULL, 0));
	RULE("cuDeviceGetDefaultMemPool of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceGetDefaultMemPool(&standard, 99));
	NEED(cuDeviceGetDefaultMemPool(&standard, 0));
	allocating(standard);
	attributes(standard);
	keeping(standard);
	pools(standard);
}
