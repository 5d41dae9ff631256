/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A driver that does nothing, at no cost: under it, what is counted is the library's own. Only what
 * shim_bench needs is there, and it never runs a kernel.
 */
#include <cuda.h>
#include <string.h>

#define API __attribute__((visibility("default")))

static struct CUctx_st *const context = (struct CUctx_st *)0x1000;
static CUdeviceptr next_address = 0x300000000ull;

/* Calls that say yes and no more. */
#define YES(name, params)                \
	API CUresult CUDAAPI name params \
	{                                \
		return CUDA_SUCCESS;     \
	}

YES(cuInit, (unsigned int flags))
YES(cuCtxSynchronize, (void))
YES(cuCtxPushCurrent_v2, (CUcontext ctx))
YES(cuCtxPopCurrent_v2, (CUcontext * ctx))
YES(cuCtxGetStreamPriorityRange, (int *least, int *greatest))
YES(cuMemRelease, (CUmemGenericAllocationHandle handle))
YES(cuMemUnmap, (CUdeviceptr address, size_t bytes))
YES(cuMemAddressFree, (CUdeviceptr address, size_t bytes))
YES(cuMemMap, (CUdeviceptr address, size_t bytes, size_t offset,
	       CUmemGenericAllocationHandle handle, unsigned long long flags))
YES(cuMemSetAccess, (CUdeviceptr address, size_t bytes, const CUmemAccessDesc *desc, size_t count))
YES(cuMemFree_v2, (CUdeviceptr address))
YES(cuLaunchKernel, (CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
		     unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared,
		     CUstream stream, void **params, void **extra))

API CUresult CUDAAPI cuDriverGetVersion(int *version)
{
	*version = 13000;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
	*free_bytes = *total = (size_t)1 << 40;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuDeviceGetCount(int *count)
{
	*count = 1;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuDeviceGetName(char *name, int size, CUdevice device)
{
	strncpy(name, "null", (size_t)size);
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
	memset(uuid, 7, sizeof(*uuid));
	return CUDA_SUCCESS;
}

#undef cuDeviceGetUuid
API CUresult CUDAAPI cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
	return cuDeviceGetUuid_v2(uuid, device);
}

API CUresult CUDAAPI cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
	*bytes = (size_t)1 << 40;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
	*value = attribute == CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT ? 512 : 1;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuCtxGetCurrent(CUcontext *current)
{
	*current = context;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuCtxGetDevice(CUdevice *device)
{
	*device = 0;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuMemGetAllocationGranularity(size_t *bytes, const CUmemAllocationProp *prop,
						   CUmemAllocationGranularity_flags option)
{
	*bytes = 2 << 20;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuMemAddressReserve(CUdeviceptr *address, size_t bytes, size_t alignment,
					 CUdeviceptr wanted, unsigned long long flags)
{
	*address = next_address;
	next_address += bytes;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuMemCreate(CUmemGenericAllocationHandle *handle, size_t bytes,
				 const CUmemAllocationProp *prop, unsigned long long flags)
{
	*handle = 1;
	return CUDA_SUCCESS;
}

API CUresult CUDAAPI cuMemAlloc_v2(CUdeviceptr *address, size_t bytes)
{
	*address = next_address;
	return CUDA_SUCCESS;
}
