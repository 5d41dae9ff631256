/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The stream-ordered allocator. Memory is there at once; what is freed stays until its turn in the
 * stream. A pool is a heap with attributes; the default one of each device is made when asked for.
 * Under sim_lock. Memory of a pool belongs to the process, not to a context.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define POOL_MAGIC 0x504f4f4cu

static struct CUmemPoolHandle_st default_pools[SIM_MAX_DEVICES];
static struct CUmemPoolHandle_st *current_pools[SIM_MAX_DEVICES];

static void init_pool(struct CUmemPoolHandle_st *pool, int device)
{
	pool->magic = POOL_MAGIC;
	pool->device = device;
	pool->heap.device = device;
	pool->heap.pool = pool;
	for (int i = 1; i <= 3; i++)
		pool->attributes[i] = 1;
	pool->access[device] = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
}

static struct CUmemPoolHandle_st *default_pool_locked(int device)
{
	struct CUmemPoolHandle_st *pool = &default_pools[device];

	if (!pool->magic) {
		init_pool(pool, device);
		pool->is_default = true;
		pool->props.allocType = CU_MEM_ALLOCATION_TYPE_PINNED;
		pool->props.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
		pool->props.location.id = device;
	}
	return pool;
}

static struct CUmemPoolHandle_st *current_pool_locked(int device)
{
	if (!current_pools[device])
		current_pools[device] = default_pool_locked(device);
	return current_pools[device];
}

static bool valid(CUmemoryPool pool)
{
	return pool && pool->magic == POOL_MAGIC && !pool->destroyed;
}

/* A destroyed pool goes with its last block. */
void sim_pool_settle_locked(struct sim_heap *heap)
{
	struct CUmemPoolHandle_st *pool = heap->pool;

	if (pool && pool->destroyed && !heap->used_bytes) {
		pool->magic = 0;
		free(pool);
	}
}

struct free_op {
	struct sim_op op;
	uint64_t address;
};

static void run_free(struct sim_op *op)
{
	struct sim_block block;

	pthread_mutex_lock(&sim_lock);
	if (sim_block_find_locked(((struct free_op *)op)->address, &block)) {
		struct sim_heap *heap = block.region->heap;

		sim_heap_free_locked(&block);
		sim_pool_settle_locked(heap);
	}
	pthread_mutex_unlock(&sim_lock);
}

/* Frees at its turn also in a context that has failed: the accounts stay right. */
static CUresult free_async(CUdeviceptr address, CUstream handle, bool per_thread)
{
	struct CUstream_st *stream;
	struct sim_block block;
	struct free_op *op;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS && address &&
	    (!sim_block_find_locked(address, &block) || block.base != address || *block.freeing))
		result = CUDA_ERROR_INVALID_VALUE;
	if (result != CUDA_SUCCESS || !address)
		goto out;
	if (stream->capture) {
		result = sim_graph_free_locked(stream, address);
		goto out;
	}
	/* It can be launched again at once: what frees it needs no place in the stream's order. */
	if (sim_graph_owns_locked(address, &result))
		goto out;
	op = sim_op_new(sizeof(*op), run_free, NULL, CU_GRAPH_NODE_TYPE_MEM_FREE);
	if (op) {
		op->address = address;
		op->op.always = true;
	}
	result = sim_enqueue_locked(stream, op ? &op->op : NULL);
	if (result == CUDA_SUCCESS)
		*block.freeing = true;
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream)
{
	ENTER(cuMemFreeAsync);
	return free_async(dptr, hStream, false);
}

CUresult cuMemFreeAsync_ptsz(CUdeviceptr dptr, CUstream hStream)
{
	ENTER(cuMemFreeAsync_ptsz);
	return free_async(dptr, hStream, true);
}

/* What is about to be freed in order could be reused: wait for it before giving up. */
static CUresult allocate_locked(struct CUmemPoolHandle_st *pool, size_t bytes, uint64_t *address)
{
	CUresult result = sim_heap_alloc_locked(&pool->heap, bytes, address);

	if (result == CUDA_ERROR_OUT_OF_MEMORY && bytes <= sim_budget_total(pool->device)) {
		sim_drain_device_locked(pool->device);
		result = sim_heap_alloc_locked(&pool->heap, bytes, address);
	}
	return result;
}

static CUresult alloc_async(CUdeviceptr *dptr, size_t bytes, CUmemoryPool pool, CUstream handle,
			    bool per_thread)
{
	struct CUstream_st *stream;
	uint64_t address;
	CUresult result;

	if (!dptr)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	/* Outside of the captured streams it is as unsafe as cuMemAlloc; nothing is asked for: NULL. */
	if (result == CUDA_SUCCESS && !stream->capture)
		result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS && !bytes) {
		*dptr = 0;
		goto out;
	}
	if (result == CUDA_SUCCESS && !pool)
		pool = current_pool_locked(stream->ctx->device);
	if (result == CUDA_SUCCESS && pool->props.maxSize &&
	    (bytes > pool->props.maxSize || pool->heap.used_bytes > pool->props.maxSize - bytes))
		result = CUDA_ERROR_OUT_OF_MEMORY;
	if (result == CUDA_SUCCESS)
		result = allocate_locked(pool, bytes, &address);
	if (result == CUDA_SUCCESS && stream->capture)
		result = sim_graph_alloc_locked(stream, address);
	if (result == CUDA_SUCCESS)
		*dptr = address;
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemAllocAsync(CUdeviceptr *dptr, size_t bytesize, CUstream hStream)
{
	ENTER(cuMemAllocAsync);
	return alloc_async(dptr, bytesize, NULL, hStream, false);
}

CUresult cuMemAllocAsync_ptsz(CUdeviceptr *dptr, size_t bytesize, CUstream hStream)
{
	ENTER(cuMemAllocAsync_ptsz);
	return alloc_async(dptr, bytesize, NULL, hStream, true);
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *dptr, size_t bytesize, CUmemoryPool pool,
				 CUstream hStream)
{
	ENTER(cuMemAllocFromPoolAsync);
	if (!valid(pool))
		return CUDA_ERROR_INVALID_VALUE;
	return alloc_async(dptr, bytesize, pool, hStream, false);
}

CUresult cuMemAllocFromPoolAsync_ptsz(CUdeviceptr *dptr, size_t bytesize, CUmemoryPool pool,
				      CUstream hStream)
{
	ENTER(cuMemAllocFromPoolAsync_ptsz);
	if (!valid(pool))
		return CUDA_ERROR_INVALID_VALUE;
	return alloc_async(dptr, bytesize, pool, hStream, true);
}

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool_out, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetDefaultMemPool);
	if (!pool_out)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	*pool_out = default_pool_locked(dev);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetMemPool);
	if (!pool)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	*pool = current_pool_locked(dev);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool)
{
	CUresult result;

	ENTER(cuDeviceSetMemPool);
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	if (!valid(pool) || pool->device != dev)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	current_pools[dev] = pool;
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *poolProps)
{
	struct CUmemPoolHandle_st *made;
	CUresult result;

	ENTER(cuMemPoolCreate);
	if (!pool || !poolProps || poolProps->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	if (poolProps->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    poolProps->handleTypes != CU_MEM_HANDLE_TYPE_NONE)
		return CUDA_ERROR_NOT_SUPPORTED;
	result = sim_device_check(poolProps->location.id);
	if (result != CUDA_SUCCESS)
		return result;
	made = calloc(1, sizeof(*made));
	if (!made)
		return CUDA_ERROR_OUT_OF_MEMORY;
	init_pool(made, poolProps->location.id);
	made->props = *poolProps;
	*pool = made;
	return CUDA_SUCCESS;
}

CUresult cuMemPoolDestroy(CUmemoryPool pool)
{
	ENTER(cuMemPoolDestroy);
	if (!valid(pool) || pool->is_default)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (current_pools[pool->device] == pool)
		current_pools[pool->device] = NULL;
	pool->destroyed = true;
	sim_pool_settle_locked(&pool->heap);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

/* Nothing unused is kept, whatever the release threshold: there is nothing to trim. */
CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t minBytesToKeep)
{
	ENTER(cuMemPoolTrimTo);
	(void)minBytesToKeep;
	return valid(pool) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static uint64_t *counter(struct CUmemPoolHandle_st *pool, CUmemPool_attribute attr)
{
	switch (attr) {
	case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD:
		return &pool->threshold;
	case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT:
		return &pool->heap.reserved_bytes;
	case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
		return &pool->heap.reserved_high;
	case CU_MEMPOOL_ATTR_USED_MEM_CURRENT:
		return &pool->heap.used_bytes;
	case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
		return &pool->heap.used_high;
	default:
		return NULL;
	}
}

static bool is_switch(CUmemPool_attribute attr)
{
	return attr >= CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES &&
	       attr <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
	ENTER(cuMemPoolGetAttribute);
	if (!valid(pool) || !value || (!is_switch(attr) && !counter(pool, attr)))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (is_switch(attr))
		*(int *)value = (int)pool->attributes[attr];
	else
		*(cuuint64_t *)value = *counter(pool, attr);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value)
{
	CUresult result = CUDA_SUCCESS;

	ENTER(cuMemPoolSetAttribute);
	if (!valid(pool) || !value)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (is_switch(attr))
		pool->attributes[attr] = *(int *)value != 0;
	else if (attr == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
		pool->threshold = *(cuuint64_t *)value;
	else if (attr == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH && !*(cuuint64_t *)value)
		pool->heap.reserved_high = pool->heap.reserved_bytes;
	else if (attr == CU_MEMPOOL_ATTR_USED_MEM_HIGH && !*(cuuint64_t *)value)
		pool->heap.used_high = pool->heap.used_bytes;
	else
		result = CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* Applied to what the pool has mapped; what it maps later is for its own device. */
CUresult cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count)
{
	ENTER(cuMemPoolSetAccess);
	if (!valid(pool) || (!map && count))
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < count; i++)
		if (map[i].location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
		    sim_device_check(map[i].location.id) != CUDA_SUCCESS)
			return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	for (size_t i = 0; i < count; i++) {
		pool->access[map[i].location.id] = (uint8_t)map[i].flags;
		for (size_t j = 0; j < sim_maps.count; j++) {
			struct sim_map *one = (struct sim_map *)sim_maps.items[j];

			if (one->region->heap == &pool->heap)
				sim_map_access_locked(one, map[i].location.id,
						      (unsigned)map[i].flags);
		}
	}
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool memPool, CUmemLocation *location)
{
	ENTER(cuMemPoolGetAccess);
	if (!flags || !valid(memPool) || !location ||
	    location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    sim_device_check(location->id) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = (CUmemAccess_flags)memPool->access[location->id];
	return CUDA_SUCCESS;
}
