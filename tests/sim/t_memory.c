/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Native and virtual memory: return codes, packing, ownership, attributes, sharing by descriptor. */
#include "check.h"

static void native(void)
{
	CUdeviceptr a, b, base;
	size_t free0, free1, total, size, pitch;
	unsigned char bytes[64];

	OK(cuMemGetInfo(&free0, &total));
	CHECK(total == 256 * MIB && free0 == total - 16 * MIB);
	OK(cuMemAlloc(&a, 100));
	OK(cuMemAlloc(&b, 100));
	CHECK(b == a + 512);
	OK(cuMemGetInfo(&free1, NULL));
	CHECK(free0 - free1 == 2 * MIB);
	OK(cuMemcpyDtoH(bytes, a, 64));
	CHECK(bytes[0] && bytes[63]); /* poisoned */
	OK(cuMemGetAddressRange(&base, &size, a + 99));
	CHECK(base == a && size == 100);
	EXPECT(cuMemGetAddressRange(&base, &size, a + 100), CUDA_ERROR_NOT_FOUND);
	CHECK(!base && !size);
	EXPECT(cuMemFree(a + 256), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFree(a));
	EXPECT(cuMemFree(a), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFree(b));
	OK(cuMemFree(0));
	OK(cuMemGetInfo(&free1, NULL));
	CHECK(free0 == free1);
	a = 77;
	EXPECT(cuMemAlloc(&a, 1ull << 40), CUDA_ERROR_OUT_OF_MEMORY);
	CHECK(a == 0);
	EXPECT(cuMemAlloc(&a, 0), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemAllocPitch(&a, &pitch, 513, 10, 4));
	CHECK(pitch == 1024);
	OK(cuMemFree(a));
	EXPECT(cuMemcpyDtoH(bytes, a, 64), CUDA_ERROR_INVALID_VALUE);
	OK(cuCtxSynchronize());
}

static void virtual(void)
{
	CUmemGenericAllocationHandle handle, again, other;
	CUmemAllocationProp prop = test_prop(0), back;
	CUmemAccessDesc access = { .location = prop.location,
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	unsigned long long flags;
	CUdeviceptr address, second;
	unsigned value;
	CUcontext ctx;
	size_t granularity;
	int fd;

	OK(cuMemGetAllocationGranularity(&granularity, &prop, 0));
	CHECK(granularity == 2 * MIB);
	address = test_mapped(4 * MIB, &handle);
	OK(cuMemsetD32(address, 0x12345678, MIB));
	OK(cuMemGetAccess(&flags, &prop.location, address));
	CHECK(flags == 3);
	OK(cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)(address + 5)));
	CHECK(again == handle);
	OK(cuMemRelease(again));
	OK(cuMemGetAllocationPropertiesFromHandle(&back, handle));
	CHECK(back.location.type == CU_MEM_LOCATION_TYPE_DEVICE);
	OK(cuMemExportToShareableHandle(&fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
	OK(cuMemImportFromShareableHandle(&other, (void *)(intptr_t)fd,
					  CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	close(fd);
	EXPECT(cuMemImportFromShareableHandle(&again, (void *)(intptr_t)0,
					      CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR),
	       CUDA_ERROR_UNKNOWN);
	OK(cuMemAddressReserve(&second, 8 * MIB, 0, 0, 0));
	EXPECT(cuMemMap(second, 8 * MIB, 0, other, 0), CUDA_ERROR_NOT_SUPPORTED);
	OK(cuMemMap(second + 2 * MIB, 4 * MIB, 0, other, 0));
	OK(cuMemSetAccess(second + 2 * MIB, 4 * MIB, &access, 1));
	value = 0;
	OK(cuMemcpyDtoH(&value, second + 2 * MIB + 400, 4));
	CHECK(value == 0x12345678);
	EXPECT(cuMemUnmap(second + 2 * MIB, 2 * MIB), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemAddressFree(second, 8 * MIB), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemUnmap(second, 8 * MIB)); /* and what is not mapped around it */
	OK(cuMemRelease(other));
	OK(cuMemAddressFree(second, 8 * MIB));
	OK(cuPointerGetAttribute(&ctx, CU_POINTER_ATTRIBUTE_CONTEXT, address));
	CHECK(!ctx);
	/* Released while mapped: the memory stays until it is unmapped. */
	OK(cuMemRelease(handle));
	EXPECT(cuMemRelease(handle), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemcpyDtoH(&value, address, 4));
	/* It outlives the context. */
	OK(cuDevicePrimaryCtxReset(0));
	EXPECT(cuMemAlloc(&second, 100), CUDA_ERROR_CONTEXT_IS_DESTROYED);
	EXPECT(cuMemFree(0), CUDA_ERROR_CONTEXT_IS_DESTROYED);
	OK(cuDevicePrimaryCtxRetain(&ctx, 0));
	value = 0;
	OK(cuMemcpyDtoH(&value, address, 4));
	CHECK(value == 0x12345678);
	OK(cuMemUnmap(address, 4 * MIB));
	OK(cuMemAddressFree(address, 4 * MIB));
}

static void ownership(void)
{
	CUcontext second, current;
	CUdeviceptr a;
	size_t free0, free1, total;

	OK(cuMemGetInfo(&free0, &total));
	OK(cuCtxCreate(&second, NULL, 0, 0));
	OK(cuMemAlloc(&a, 8 * MIB));
	OK(cuMemGetInfo(&free1, &total));
	CHECK(free0 - free1 == 24 * MIB);
	OK(cuCtxDestroy(second));
	OK(cuCtxGetCurrent(&current));
	CHECK(current && current != second);
	EXPECT(cuMemFree(a), CUDA_ERROR_INVALID_VALUE);
	OK(cuCtxSetCurrent(second));
	EXPECT(cuMemGetInfo(&free1, &total), CUDA_ERROR_CONTEXT_IS_DESTROYED);
	OK(cuCtxSetCurrent(current));
	OK(cuMemGetInfo(&free1, &total));
	CHECK(free0 == free1);
}

static void host(void)
{
	unsigned flags;
	CUdeviceptr device, managed;
	int *pinned, plain[256];

	OK(cuMemHostAlloc((void **)&pinned, 4096, CU_MEMHOSTALLOC_PORTABLE));
	OK(cuMemHostGetDevicePointer(&device, pinned, 0));
	CHECK(device == (uintptr_t)pinned);
	OK(cuMemHostGetFlags(&flags, pinned));
	CHECK(flags & CU_MEMHOSTALLOC_PORTABLE);
	OK(cuMemsetD32(device, 7, 1024));
	OK(cuCtxSynchronize());
	CHECK(pinned[1023] == 7);
	EXPECT(cuMemFree(device), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFreeHost(pinned));
	OK(cuMemHostRegister(plain, sizeof(plain), 0));
	EXPECT(cuMemHostRegister(plain, 16, 0), CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
	OK(cuMemHostUnregister(plain));
	EXPECT(cuMemHostUnregister(plain), CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
	OK(cuMemAllocManaged(&managed, 4096, CU_MEM_ATTACH_GLOBAL));
	*(int *)(uintptr_t)managed = 5;
	OK(cuMemcpyDtoH(plain, managed, 4));
	CHECK(plain[0] == 5);
	OK(cuMemFree(managed));
}

static void pools(void)
{
	CUmemPoolProps props = { .allocType = CU_MEM_ALLOCATION_TYPE_PINNED,
				 .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 } };
	CUmemoryPool pool, standard;
	cuuint64_t used;
	CUdeviceptr a, b;
	CUstream stream;

	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuDeviceGetDefaultMemPool(&standard, 0));
	OK(cuMemAllocAsync(&a, 0, stream));
	OK(cuMemAllocAsync(&a, 3 * MIB, stream));
	OK(cuMemPoolGetAttribute(standard, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
	CHECK(used == 3 * MIB);
	OK(cuMemFreeAsync(a, stream));
	EXPECT(cuMemFreeAsync(a, stream), CUDA_ERROR_INVALID_VALUE);
	OK(cuStreamSynchronize(stream));
	OK(cuMemAllocAsync(&a, 100, stream));
	OK(cuMemFree(a));
	OK(cuMemAlloc(&a, 100));
	OK(cuMemFreeAsync(a, stream));
	OK(cuMemPoolCreate(&pool, &props));
	OK(cuMemAllocFromPoolAsync(&b, 100, pool, stream));
	OK(cuMemPoolDestroy(pool));
	OK(cuMemFreeAsync(b, stream));
	OK(cuStreamSynchronize(stream));
	OK(cuMemPoolGetAttribute(standard, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &used));
	CHECK(used == 0);
	OK(cuStreamDestroy(stream));
}

static void rows(void)
{
	unsigned char from[6][10], to[6][10];
	CUDA_MEMCPY2D copy;
	CUdeviceptr a;

	memset(from, 1, sizeof(from));
	memset(to, 0, sizeof(to));
	OK(cuMemAlloc(&a, 4096));
	OK(cuMemsetD2D8(a, 512, 9, 10, 6));
	memset(&copy, 0, sizeof(copy));
	copy.srcMemoryType = CU_MEMORYTYPE_HOST;
	copy.srcHost = from;
	copy.srcPitch = 10;
	copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
	copy.dstDevice = a;
	copy.dstPitch = 512;
	copy.dstXInBytes = 2;
	copy.dstY = 1;
	copy.WidthInBytes = 3;
	copy.Height = 2;
	OK(cuMemcpy2D(&copy));
	memset(&copy, 0, sizeof(copy));
	copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
	copy.srcDevice = a;
	copy.srcPitch = 512;
	copy.dstMemoryType = CU_MEMORYTYPE_HOST;
	copy.dstHost = to;
	copy.dstPitch = 10;
	copy.WidthInBytes = 10;
	copy.Height = 6;
	OK(cuMemcpy2DUnaligned(&copy));
	CHECK(to[0][0] == 9 && to[1][1] == 9 && to[1][2] == 1 && to[2][4] == 1 && to[2][5] == 9);
	OK(cuMemFree(a));
}

int main(void)
{
	test_directory("256M");
	test_context();
	native();
	virtual();
	ownership();
	host();
	pools();
	rows();
	return 0;
}
