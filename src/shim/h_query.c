/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The query family: what the program is told of memory. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "shim/context.h"
#include "shim/device.h"
#include "shim/hooks.h"
#include "shim/meminfo.h"

/* The limit, and what is left of it. */
static void member_info(struct ae_process *process, uint64_t *free_bytes, uint64_t *total_bytes)
{
	struct ae_meminfo_use use;
	struct ae_device *device;
	CUcontext context;
	uint64_t limit;

	if (process->config.meminfo == AE_MEMINFO_PHYSICAL)
		return;
	device = ae_device_current(process, &context);
	if (device == NULL)
		return;
	ae_device_get_use(device, &use);
	limit = ae_device_limit(device);
	*free_bytes = ae_meminfo_free(limit, &use, *free_bytes);
	*total_bytes = limit;
}

CUresult ae_h_cuMemGetInfo_v2(size_t *free, size_t *total)
{
	size_t real_free, real_total;
	uint64_t free_bytes, total_bytes;
	CUresult result = ae_driver()->cuMemGetInfo_v2(&real_free, &real_total);

	if (result != CUDA_SUCCESS) {
		/* Outputs as natively: whatever the driver does with them when it fails. */
		return ae_driver()->cuMemGetInfo_v2(free, total);
	}
	free_bytes = real_free;
	total_bytes = real_total;
	member_info(ae_process_serving(), &free_bytes, &total_bytes);
	if (free != NULL)
		*free = free_bytes;
	if (total != NULL)
		*total = total_bytes;
	return result;
}

static unsigned int clamp(uint64_t bytes)
{
	return bytes > UINT_MAX ? UINT_MAX : (unsigned int)bytes;
}

CUresult ae_h_cuMemGetInfo(unsigned int *free, unsigned int *total)
{
	unsigned int real_free = 0, real_total = 0;
	uint64_t free_bytes, total_bytes;
	CUresult result = ae_driver()->cuMemGetInfo(&real_free, &real_total);

	if (result != CUDA_SUCCESS)
		return ae_driver()->cuMemGetInfo(free, total);
	free_bytes = real_free;
	total_bytes = real_total;
	member_info(ae_process_serving(), &free_bytes, &total_bytes);
	if (free != NULL)
		*free = clamp(free_bytes);
	if (total != NULL)
		*total = clamp(total_bytes);
	return result;
}

/* The limit where it holds, the device's own figure where not. */
static uint64_t member_total(CUdevice dev, uint64_t total)
{
	struct ae_process *process = ae_process_serving();

	if (process->config.meminfo == AE_MEMINFO_PHYSICAL)
		return total;
	return ae_device_limit_of(process, dev, total);
}

CUresult ae_h_cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev)
{
	CUresult result = ae_driver()->cuDeviceTotalMem_v2(bytes, dev);

	if (result == CUDA_SUCCESS)
		*bytes = member_total(dev, *bytes);
	return result;
}

CUresult ae_h_cuDeviceTotalMem(unsigned int *bytes, CUdevice dev)
{
	CUresult result = ae_driver()->cuDeviceTotalMem(bytes, dev);
	size_t whole = 0;

	/* The answer is clamped to 32 bits: the limit is worked out from the real size. */
	if (result == CUDA_SUCCESS && ae_driver()->cuDeviceTotalMem_v2(&whole, dev) == CUDA_SUCCESS)
		*bytes = clamp(member_total(dev, whole));
	return result;
}

CUresult ae_h_cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = ae_device_of(process, dptr);
	struct ae_block_info block = { 0 };
	CUcontext context = NULL;
	int error;

	/* No context, a dead one, nothing to answer into: natively the same for any address. */
	if (device == NULL || (pbase == NULL && psize == NULL) ||
	    ae_driver()->cuCtxGetCurrent(&context) != CUDA_SUCCESS || context == NULL ||
	    ae_context_is_gone(process, context) || !ae_context_is_well())
		return ae_driver()->cuMemGetAddressRange_v2(pbase, psize, dptr);
	error = ae_pool_find(ae_device_pool(device), dptr, &block);
	/* Where there is no block the driver answers with zeros. */
	if (pbase != NULL)
		*pbase = block.address;
	if (psize != NULL)
		*psize = block.bytes;
	return error == 0 ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult ae_h_cuMemGetAddressRange(CUdeviceptr_v1 *pbase, unsigned int *psize, CUdeviceptr_v1 dptr)
{
	return ae_driver()->cuMemGetAddressRange(pbase, psize, dptr);
}

/* The attributes in which VMM memory would show; false: the driver's answer is right. */
static bool attribute_of(const struct ae_block_info *block, CUpointer_attribute attribute,
			 void *data)
{
	uint64_t word;
	unsigned int flag;

	switch ((int)attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		word = block->owner;
		break;
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
		/* Far above the driver's own, which count from 1. */
		word = (UINT64_C(1) << 48) + block->serial;
		break;
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
		word = block->address;
		break;
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		word = block->bytes;
		break;
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		word = CU_MEM_HANDLE_TYPE_NONE;
		break;
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		word = block->backing_bytes;
		break;
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		word = block->backing_address;
		break;
	case CU_POINTER_ATTRIBUTE_MAPPED:
		flag = 1;
		memcpy(data, &flag, sizeof(flag));
		return true;
	default:
		return false;
	}
	memcpy(data, &word, sizeof(word));
	return true;
}

/* What a pointer query meets: an address of someone else, a live block, or none in our ranges. */
enum pointer_kind {
	POINTER_FOREIGN,
	POINTER_BLOCK,
	POINTER_NOTHING
};

static enum pointer_kind pointer_find(CUdeviceptr ptr, struct ae_block_info *block_out)
{
	struct ae_device *device = ae_device_of(ae_process_serving(), ptr);

	if (device == NULL)
		return POINTER_FOREIGN;
	return ae_pool_find(ae_device_pool(device), ptr, block_out) == 0 ? POINTER_BLOCK
									 : POINTER_NOTHING;
}

CUresult ae_h_cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
	struct ae_block_info block;

	switch (pointer_find(ptr, &block)) {
	case POINTER_BLOCK:
		if (data != NULL && attribute_of(&block, attribute, data))
			return CUDA_SUCCESS;
		break;
	case POINTER_NOTHING:
		/* The cache is mapped; natively a freed address is as unknown as a null pointer. */
		ptr = 0;
		break;
	case POINTER_FOREIGN:
		break;
	}
	return ae_driver()->cuPointerGetAttribute(data, attribute, ptr);
}

CUresult ae_h_cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute *attributes,
				     void **data, CUdeviceptr ptr)
{
	struct ae_block_info block;
	enum pointer_kind kind = pointer_find(ptr, &block);
	CUresult result;

	result = ae_driver()->cuPointerGetAttributes(numAttributes, attributes, data,
						     kind == POINTER_NOTHING ? 0 : ptr);
	if (result != CUDA_SUCCESS || kind != POINTER_BLOCK)
		return result;
	for (unsigned int i = 0; i < numAttributes; i++)
		attribute_of(&block, attributes[i], data[i]);
	return result;
}

CUresult ae_h_cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *addr)
{
	/* Natively cuMemAlloc memory has no handle, and libraries tell the kinds apart by that. */
	if (ae_device_of(ae_process_serving(), (uint64_t)(uintptr_t)addr) != NULL)
		return CUDA_ERROR_INVALID_VALUE;
	return ae_driver()->cuMemRetainAllocationHandle(handle, addr);
}

CUresult ae_h_cuIpcGetMemHandle(CUipcMemHandle *pHandle, CUdeviceptr dptr)
{
	static int said; /* atomic: a program may export thousands of blocks */
	struct ae_block_info block;

	if (pointer_find(dptr, &block) != POINTER_BLOCK)
		return ae_driver()->cuIpcGetMemHandle(pHandle, dptr);
	if (__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED) == 0)
		ae_warn("cuIpcGetMemHandle: legacy IPC of pool memory is not there yet: start this program with AEROSTAT_IPC=native, which takes its memory from the driver");
	return CUDA_ERROR_NOT_SUPPORTED;
}
