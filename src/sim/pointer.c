/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pointer attributes, as an H100 answers them for each kind of memory: the answer is also whether
 * an attribute exists for that kind. Under sim_lock.
 */
#include "sim.h"

#include <string.h>

/* All there is to know about where an address points. */
struct place {
	enum sim_kind kind;
	uint64_t address;
	struct sim_region *region;
	struct sim_map *map; /* of device memory */
	struct sim_block block;
};

static bool find_place(uint64_t address, struct place *place)
{
	memset(place, 0, sizeof(*place));
	place->address = address;
	place->region = sim_region_find_locked(address);
	if (!place->region)
		return false;
	place->kind = place->region->kind;
	place->map = (struct sim_map *)sim_array_find(&sim_maps, address);
	if (place->kind == SIM_RESERVED)
		return place->map != NULL;
	if (place->region->heap)
		return sim_block_find_locked(address, &place->block);
	place->block.base = place->region->span.base;
	place->block.bytes = place->region->bytes;
	place->block.buffer_id = place->region->buffer_id;
	return address - place->block.base < place->block.bytes;
}

static bool is_device(const struct place *place)
{
	return place->kind == SIM_RESERVED || place->kind == SIM_IMPORTED || place->region->heap;
}

static struct CUctx_st *context_of(const struct place *place)
{
	return place->kind == SIM_RESERVED ? NULL : place->region->ctx;
}

static int device_of(const struct place *place)
{
	return place->map ? place->map->chunk->device : place->region->device;
}

static CUresult put_u64(void *data, uint64_t value)
{
	memcpy(data, &value, sizeof(value));
	return CUDA_SUCCESS;
}

static CUresult put_u32(void *data, uint32_t value)
{
	memcpy(data, &value, sizeof(value));
	return CUDA_SUCCESS;
}

static CUresult device_pointer(const struct place *place, void *data)
{
	if (place->kind == SIM_RESERVED && !place->map->accessed) {
		put_u64(data, 0);
		return CUDA_ERROR_INVALID_VALUE;
	}
	/* Without a context there is nothing to say for which it would be usable. */
	if (place->kind == SIM_RESERVED && !sim_peek_current()) {
		put_u64(data, 0);
		return CUDA_ERROR_INVALID_CONTEXT;
	}
	return put_u64(data, place->address);
}

static uint32_t access_flags(const struct place *place)
{
	struct CUctx_st *ctx = sim_peek_current();

	if (!ctx)
		return 0;
	if (!is_device(place))
		return CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	if (place->map && place->map->access[ctx->device])
		return place->map->access[ctx->device];
	if (place->map && sim_may_touch_locked(ctx, place->map))
		return CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	return 0;
}

static uint64_t mapping_size(const struct place *place)
{
	if (place->map)
		return place->map->span.size;
	return (place->block.bytes + SIM_GRANULARITY - 1) & ~(SIM_GRANULARITY - 1);
}

static CUresult answer(const struct place *place, int attribute, void *data)
{
	bool vmm = place->kind == SIM_RESERVED, native = place->region->heap != NULL;
	uint64_t tokens[2] = { 0, 0 };

	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		return put_u64(data, (uintptr_t)context_of(place));
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
		return put_u32(data, is_device(place) || place->kind == SIM_MANAGED
					     ? CU_MEMORYTYPE_DEVICE
					     : CU_MEMORYTYPE_HOST);
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
		return device_pointer(place, data);
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		put_u64(data, is_device(place) ? 0 : place->address);
		return is_device(place) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
	case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
		memcpy(data, tokens, 12);
		return is_device(place) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
		return put_u32(data, place->region->sync_memops);
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
		return put_u64(data, vmm ? place->map->buffer_id : place->block.buffer_id);
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
		return put_u32(data, place->kind == SIM_MANAGED);
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		return put_u32(data, (uint32_t)device_of(place));
	case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
		return put_u32(data, native && !place->region->heap->pool);
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
		return put_u64(data, vmm ? place->region->span.base : place->block.base);
	case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
		return put_u64(data, vmm ? place->region->span.size : place->block.bytes);
	case CU_POINTER_ATTRIBUTE_MAPPED:
		return put_u32(data, 1);
	case CU_POINTER_ATTRIBUTE_ALLOWED_HANDLE_TYPES:
		return put_u64(data,
			       vmm ? (uint64_t)place->map->chunk->prop.requestedHandleTypes : 0);
	case CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE:
		return put_u32(data, vmm ? place->map->chunk->prop.allocFlags.gpuDirectRDMACapable
					 : native);
	case CU_POINTER_ATTRIBUTE_ACCESS_FLAGS:
		return put_u32(data, access_flags(place));
	case CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE:
		return put_u64(data, native ? (uintptr_t)place->region->heap->pool : 0);
	case CU_POINTER_ATTRIBUTE_MAPPING_SIZE:
		return put_u64(data, mapping_size(place));
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		return put_u64(data, place->map ? place->map->span.base : place->block.base);
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		return put_u64(data,
			       place->map ? place->map->chunk->block_id : place->block.buffer_id);
	case CU_POINTER_ATTRIBUTE_IS_HW_DECOMPRESS_CAPABLE:
		if (sim_driver_version < 12080)
			return CUDA_ERROR_INVALID_VALUE;
		return put_u32(data, vmm ? place->map->chunk->prop.allocFlags.usage ==
						     CU_MEM_CREATE_USAGE_HW_DECOMPRESS
					 : native);
	}
	return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct place place;

	ENTER(cuPointerGetAttribute);
	if (!data)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (find_place(ptr, &place))
		result = answer(&place, (int)attribute, data);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* What the call for several attributes says about memory that the driver does not know. */
static void answer_unknown(int attribute, uint64_t address, void *data)
{
	struct sim_region *region = sim_region_find_locked(address);

	switch (attribute) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
	case CU_POINTER_ATTRIBUTE_HOST_POINTER:
		put_u64(data, 0);
		break;
	case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
	case CU_POINTER_ATTRIBUTE_IS_MANAGED:
	case CU_POINTER_ATTRIBUTE_MAPPED:
		put_u32(data, 0);
		break;
	case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
		put_u32(data, (uint32_t)-2);
		break;
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
		/* A reservation is known to this one, mapped or not. */
		if (region && region->kind == SIM_RESERVED)
			put_u64(data, region->span.base);
		break;
	}
}

CUresult cuPointerGetAttributes(unsigned int numAttributes, CUpointer_attribute *attributes,
				void **data, CUdeviceptr ptr)
{
	struct place place;
	bool known;

	ENTER(cuPointerGetAttributes);
	if (!numAttributes || !attributes || !data)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	known = find_place(ptr, &place);
	for (unsigned i = 0; i < numAttributes; i++) {
		if (known)
			answer(&place, (int)attributes[i], data[i]);
		else
			answer_unknown((int)attributes[i], ptr, data[i]);
	}
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr ptr)
{
	CUresult result = CUDA_SUCCESS;
	struct place place;

	ENTER(cuPointerSetAttribute);
	if (!value || attribute != CU_POINTER_ATTRIBUTE_SYNC_MEMOPS)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (!find_place(ptr, &place))
		result = CUDA_ERROR_INVALID_VALUE;
	else if (place.kind == SIM_RESERVED)
		result = CUDA_ERROR_NOT_SUPPORTED;
	else
		place.region->sync_memops = *(const unsigned *)value != 0;
	pthread_mutex_unlock(&sim_lock);
	return result;
}
