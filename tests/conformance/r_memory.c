/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* cuMemAlloc, cuMemAllocPitch, cuMemFree, ranges, free memory; managed memory; 32-bit addresses. */
#include "conform.h"

static void allocating(void)
{
	CUdeviceptr a = 77, b = 0;
	size_t before, after;

	RULE("cuMemAlloc of 0 bytes", CUDA_ERROR_INVALID_VALUE, cuMemAlloc(&a, 0));
	RULE("cuMemAlloc of 0 bytes zeroes the pointer", 0, a);
	RULE("cuMemAlloc to NULL", CUDA_ERROR_INVALID_VALUE, cuMemAlloc(NULL, 100));
	a = 77;
	RULE("cuMemAlloc of more than the device", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemAlloc(&a, 1ull << 45));
	RULE("cuMemAlloc that is out of memory zeroes the pointer", 0, a);
	RULE("cuMemAlloc of nearly 2^64 bytes", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemAlloc(&a, ~(size_t)0 - 100));
	before = conform_free_bytes();
	NEED(cuMemAlloc(&a, 100));
	after = conform_free_bytes();
	RULE("a first small block takes 2 MiB", 2 * MIB, before - after);
	NEED(cuMemAlloc(&b, 100));
	RULE("a second small block takes nothing more", after, conform_free_bytes());
	RULE("small blocks are 512 bytes apart", 512, b - a);
	NEED(cuMemFree(b));
	before = conform_free_bytes();
	NEED(cuMemAlloc(&b, 3 * MIB));
	RULE("a block of 3 MiB takes 4 MiB", 4 * MIB, before - conform_free_bytes());
	RULE("a large block begins at 2 MiB", 0, b % (2 * MIB));
	NEED(cuMemFree(b));
	RULE("a large block that is freed is free memory", before, conform_free_bytes());
	NEED(cuMemFree(a));
}

static void freeing(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a, mapped = conform_mapped(2 * MIB, &handle);
	void *pinned;
	int local = 0;

	NEED(cuMemAlloc(&a, 4 * MIB));
	NEED(cuMemHostAlloc(&pinned, 4096, 0));
	RULE("cuMemFree(0)", CUDA_SUCCESS, cuMemFree(0));
	RULE("cuMemFree inside a block", CUDA_ERROR_INVALID_VALUE, cuMemFree(a + 512));
	RULE("cuMemFree of VMM memory", CUDA_ERROR_INVALID_VALUE, cuMemFree(mapped));
	RULE("cuMemFree of pinned host memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemFree((uintptr_t)pinned));
	RULE("cuMemFree of ordinary host memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemFree((uintptr_t)&local));
	RULE("cuMemFree", CUDA_SUCCESS, cuMemFree(a));
	RULE("cuMemFree twice", CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
	NEED(cuMemAlloc(&a, 4 * MIB));
	NEED(cuCtxSetCurrent(NULL));
	RULE("cuMemFree with no current context", CUDA_SUCCESS, cuMemFree(a));
	NEED(cuCtxSetCurrent(conform_context));
	NEED(cuMemFreeHost(pinned));
}

static void ranges(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a, base = 77, mapped = conform_mapped(2 * MIB, &handle);
	size_t size = 77;

	NEED(cuMemAlloc(&a, 3 * MIB + 5));
	RULE("cuMemGetAddressRange inside a block", CUDA_SUCCESS,
	     cuMemGetAddressRange(&base, &size, a + 3 * MIB + 4));
	RULE("cuMemGetAddressRange says where a block begins", 0, base - a);
	RULE("cuMemGetAddressRange says the size asked for", 3 * MIB + 5, size);
	RULE("cuMemGetAddressRange behind a block", CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange(&base, &size, a + 3 * MIB + 5));
	RULE("cuMemGetAddressRange of nothing zeroes the base", 0, base);
	RULE("cuMemGetAddressRange of nothing zeroes the size", 0, size);
	RULE("cuMemGetAddressRange to NULL and NULL", CUDA_SUCCESS,
	     cuMemGetAddressRange(NULL, NULL, a));
	RULE("cuMemGetAddressRange of nothing, to NULL and NULL", CUDA_SUCCESS,
	     cuMemGetAddressRange(NULL, NULL, 4096));
	RULE("cuMemGetAddressRange, the base alone", CUDA_SUCCESS,
	     cuMemGetAddressRange(&base, NULL, a + 1));
	RULE("cuMemGetAddressRange, the size alone", CUDA_SUCCESS,
	     cuMemGetAddressRange(NULL, &size, a + 1));
	RULE("cuMemGetAddressRange of VMM memory", CUDA_SUCCESS,
	     cuMemGetAddressRange(&base, &size, mapped + 5));
	RULE("cuMemGetAddressRange of VMM memory says the mapping", 2 * MIB, size);
	NEED(cuMemUnmap(mapped, 2 * MIB));
	RULE("cuMemGetAddressRange of a reservation", CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange(&base, &size, mapped));
	NEED(cuMemFree(a));
	RULE("cuMemGetAddressRange of a freed block", CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange(&base, &size, a));
}

static void pitches(void)
{
	CUdeviceptr a = 77;
	size_t pitch = 77;

	RULE("cuMemAllocPitch", CUDA_SUCCESS, cuMemAllocPitch(&a, &pitch, 513, 10, 4));
	RULE("cuMemAllocPitch: pitches are multiples of 512", 0, pitch % 512);
	NEED(cuMemFree(a));
	pitch = 77;
	RULE("cuMemAllocPitch of elements of 5 bytes", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(&a, &pitch, 512, 10, 5));
	RULE("cuMemAllocPitch that fails zeroes the pitch", 0, pitch);
	RULE("cuMemAllocPitch of elements of 2 bytes", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(&a, &pitch, 512, 10, 2));
	RULE("cuMemAllocPitch of width 0", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(&a, &pitch, 0, 10, 4));
	RULE("cuMemAllocPitch of height 0", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(&a, &pitch, 512, 0, 4));
	RULE("cuMemAllocPitch of more bytes than there are numbers", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemAllocPitch(&a, &pitch, 1 << 20, ~(size_t)0 >> 10, 4));
	RULE("cuMemAllocPitch to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(NULL, &pitch, 512, 10, 4));
	RULE("cuMemAllocPitch without a pitch", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocPitch(&a, NULL, 512, 10, 4));
}

static void managed(void)
{
	CUdeviceptr a = 0;
	unsigned word = 0;

	RULE("cuMemAllocManaged of 0 bytes", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocManaged(&a, 0, CU_MEM_ATTACH_GLOBAL));
	RULE("cuMemAllocManaged without flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocManaged(&a, 4096, 0));
	RULE("cuMemAllocManaged to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemAllocManaged(NULL, 4096, CU_MEM_ATTACH_GLOBAL));
	NEED(cuMemAllocManaged(&a, 4096, CU_MEM_ATTACH_GLOBAL));
	*(unsigned *)(uintptr_t)a = 5;
	RULE("managed memory that the host wrote: cuMemcpyDtoH", CUDA_SUCCESS,
	     cuMemcpyDtoH(&word, a, 4));
	RULE("managed memory is the same from both sides", 5, word);
	RULE("cuMemFree of managed memory", CUDA_SUCCESS, cuMemFree(a));
	RULE("cuMemFree of managed memory twice", CUDA_ERROR_INVALID_VALUE, cuMemFree(a));
}

/* Entry points of before CUDA 3.2. */
static void narrow(void)
{
	CUresult (*alloc)(unsigned *, unsigned);
	CUresult (*total)(unsigned *, CUdevice);
	unsigned value = 0;
	size_t bytes;

	*(void **)&alloc = conform_symbol("cuMemAlloc");
	*(void **)&total = conform_symbol("cuDeviceTotalMem");
	NEED_TRUE(alloc && total);
	NEED(cuDeviceTotalMem(&bytes, 0));
	RULE("cuMemAlloc with addresses of 32 bits", CUDA_ERROR_INVALID_CONTEXT,
	     alloc(&value, 100));
	RULE("cuDeviceTotalMem in 32 bits", CUDA_SUCCESS, total(&value, 0));
	RULE("cuDeviceTotalMem in 32 bits says at most 4294967295",
	     bytes > 0xffffffffu ? 0xffffffffu : bytes, value);
}

void rules_memory(void)
{
	size_t bytes = 0;

	allocating();
	freeing();
	ranges();
	pitches();
	managed();
	narrow();
	RULE("cuMemGetInfo without free", CUDA_SUCCESS, cuMemGetInfo(NULL, &bytes));
	RULE("cuMemGetInfo without total", CUDA_SUCCESS, cuMemGetInfo(&bytes, NULL));
	RULE("cuMemGetInfo without either", CUDA_SUCCESS, cuMemGetInfo(NULL, NULL));
}

static CUstream stream;

static CUresult free_it(void *block)
{
	return cuMemFree(*(CUdeviceptr *)block);
}

static void *let_go(void *unused)
{
	usleep(100000);
	conform_go();
	return unused;
}

/* cuMemFree waits, what is unmapped and released does not. */
void rules_waiting(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr block, mapped = conform_mapped(2 * MIB, &handle), other;
	pthread_t thread;

	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuMemAlloc(&block, 4 * MIB));
	conform_hold(stream);
	RULE("a busy stream: cuMemAlloc does not wait", CUDA_ERROR_NOT_READY,
	     (NEED(cuMemAlloc(&other, 4 * MIB)), cuStreamQuery(stream)));
	RULE("a busy stream: cuMemUnmap does not wait", CUDA_ERROR_NOT_READY,
	     (NEED(cuMemUnmap(mapped, 2 * MIB)), cuStreamQuery(stream)));
	RULE("a busy stream: cuMemRelease does not wait", CUDA_ERROR_NOT_READY,
	     (NEED(cuMemRelease(handle)), cuStreamQuery(stream)));
	NEED(pthread_create(&thread, NULL, let_go, NULL));
	RULE("a busy stream: cuMemFree", CUDA_SUCCESS, conform_thread(free_it, &block));
	RULE("a busy stream: cuMemFree waits for it", CUDA_SUCCESS, cuStreamQuery(stream));
	NEED(pthread_join(thread, NULL));
}
