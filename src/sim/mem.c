/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * cuMemAlloc and its like, and managed memory. A block belongs to the context that was current and
 * goes with it. Freeing waits for the work enqueued before it on the device. Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <sys/mman.h>

CUresult cuMemGetInfo_v2(size_t *free, size_t *total)
{
	uint64_t free_bytes, total_bytes;
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuMemGetInfo_v2);
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS) {
		sim_budget_query_locked(ctx->device, &free_bytes, &total_bytes);
		if (free)
			*free = free_bytes;
		if (total)
			*total = total_bytes;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult allocate(CUdeviceptr *dptr, size_t bytes)
{
	struct CUctx_st *ctx;
	uint64_t address = 0;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS)
		result = bytes && dptr ? sim_heap_alloc_locked(&sim_memory_context(ctx)->heap,
							       bytes, &address)
				       : CUDA_ERROR_INVALID_VALUE;
	/* A failure clears the answer, whatever it is. */
	if (dptr)
		*dptr = address;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize)
{
	ENTER(cuMemAlloc_v2);
	SLOW_CALL(false);
	return allocate(dptr, bytesize);
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes, size_t Height,
			    unsigned int ElementSizeBytes)
{
	size_t pitch = (WidthInBytes + SIM_SMALL_ALIGN - 1) & ~(size_t)(SIM_SMALL_ALIGN - 1);
	struct CUctx_st *ctx;
	size_t bytes;
	CUresult result;

	ENTER(cuMemAllocPitch_v2);
	SLOW_CALL(false);
	result = sim_current(&ctx);
	if (result != CUDA_SUCCESS)
		return result;
	if (dptr)
		*dptr = 0;
	if (pPitch)
		*pPitch = 0;
	/* 2^31 - 1 is the attribute MAX_PITCH. */
	if (!dptr || !pPitch || !WidthInBytes || !Height || WidthInBytes > 0x7fffffff ||
	    (ElementSizeBytes != 4 && ElementSizeBytes != 8 && ElementSizeBytes != 16))
		return CUDA_ERROR_INVALID_VALUE;
	if (__builtin_mul_overflow(pitch, Height, &bytes))
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = allocate(dptr, bytes);
	if (result == CUDA_SUCCESS)
		*pPitch = pitch;
	return result;
}

static CUresult free_managed_locked(struct sim_region *region)
{
	sim_drain_device_locked(region->device);
	munmap((void *)(uintptr_t)region->span.base, region->span.size);
	sim_budget_return_locked(region->device, region->span.size);
	sim_array_remove(&sim_regions, &region->span);
	free(region);
	return CUDA_SUCCESS;
}

static CUresult free_locked(CUdeviceptr address)
{
	struct CUctx_st *ctx = sim_peek_current();
	struct sim_region *region;
	struct sim_block block;
	struct sim_heap *heap;
	CUresult result;

	if (ctx && !ctx->alive)
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	if (ctx && ctx->error)
		return (CUresult)ctx->error;
	result = sim_capture_check_locked();
	if (result != CUDA_SUCCESS || !address)
		return result;
	region = sim_region_find_locked(address);
	if (region && region->kind == SIM_MANAGED && region->span.base == address)
		return free_managed_locked(region);
	if (!sim_block_find_locked(address, &block) || block.base != address || *block.freeing)
		return CUDA_ERROR_INVALID_VALUE;
	if (sim_graph_owns_locked(address, &result)) {
		sim_drain_device_locked(block.region->device);
		return result;
	}
	/* Nobody else frees it while the wait has dropped the lock. */
	*block.freeing = true;
	sim_drain_device_locked(block.region->device);
	if (!sim_block_find_locked(address, &block) || block.base != address)
		return CUDA_SUCCESS; /* its context went meanwhile */
	result = block.region->ctx ? (CUresult)block.region->ctx->error : CUDA_SUCCESS;
	if (result != CUDA_SUCCESS) {
		*block.freeing = false;
		return result;
	}
	heap = block.region->heap;
	sim_heap_free_locked(&block);
	sim_pool_settle_locked(heap);
	return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr dptr)
{
	CUresult result;

	ENTER(cuMemFree_v2);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	result = free_locked(dptr);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* The mapping, the block or the host allocation around an address. */
static bool range_locked(uint64_t address, uint64_t *base_out, uint64_t *size_out)
{
	struct sim_region *region = sim_region_find_locked(address);
	struct sim_block block;
	struct sim_span *map;

	if (!region)
		return false;
	if (region->kind == SIM_RESERVED) {
		map = sim_array_find(&sim_maps, address);
		if (!map)
			return false;
		*base_out = map->base;
		*size_out = map->size;
		return true;
	}
	if (region->heap) {
		if (!sim_block_find_locked(address, &block))
			return false;
		*base_out = block.base;
		*size_out = block.bytes;
		return true;
	}
	if (address - region->span.base >= region->bytes)
		return false;
	*base_out = region->span.base;
	*size_out = region->bytes;
	return true;
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *pbase, size_t *psize, CUdeviceptr dptr)
{
	uint64_t base = 0, size = 0;
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuMemGetAddressRange_v2);
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS && (pbase || psize)) {
		if (!range_locked(dptr, &base, &size))
			result = CUDA_ERROR_NOT_FOUND;
		if (pbase)
			*pbase = base;
		if (psize)
			*psize = size;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* Managed memory is reachable from both sides at one address; it is charged as device memory. */
CUresult cuMemAllocManaged(CUdeviceptr *dptr, size_t bytesize, unsigned int flags)
{
	uint64_t size = (bytesize + SIM_GRANULARITY - 1) & ~(SIM_GRANULARITY - 1);
	struct sim_region *region;
	struct CUctx_st *ctx;
	CUresult result;
	void *pages;

	ENTER(cuMemAllocManaged);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS &&
	    (!dptr || !bytesize || (flags != CU_MEM_ATTACH_GLOBAL && flags != CU_MEM_ATTACH_HOST)))
		result = CUDA_ERROR_INVALID_VALUE;
	if (result == CUDA_SUCCESS && size < bytesize)
		result = CUDA_ERROR_OUT_OF_MEMORY;
	if (result == CUDA_SUCCESS)
		result = sim_budget_charge_locked(ctx->device, size);
	if (result != CUDA_SUCCESS)
		goto out;
	result = CUDA_ERROR_OUT_OF_MEMORY;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		goto err_budget;
	region = calloc(1, sizeof(*region));
	if (!region)
		goto err_pages;
	region->span.base = (uintptr_t)pages;
	region->span.size = size;
	region->bytes = bytesize;
	region->kind = SIM_MANAGED;
	region->ctx = ctx;
	region->device = ctx->device;
	region->flags = flags;
	region->buffer_id = sim_next_id_locked();
	if (!sim_array_insert(&sim_regions, &region->span))
		goto err_region;
	*dptr = region->span.base;
	result = CUDA_SUCCESS;
	goto out;
err_region:
	free(region);
err_pages:
	munmap(pages, size);
err_budget:
	sim_budget_return_locked(ctx->device, size);
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemAdvise(CUdeviceptr devPtr, size_t count, CUmem_advise advice, CUdevice device)
{
	ENTER(cuMemAdvise);
	(void)devPtr, (void)count, (void)advice, (void)device;
	return CUDA_SUCCESS;
}

CUresult cuMemAdvise_v2(CUdeviceptr devPtr, size_t count, CUmem_advise advice,
			CUmemLocation location)
{
	ENTER(cuMemAdvise_v2);
	(void)devPtr, (void)count, (void)advice, (void)location;
	return CUDA_SUCCESS;
}
