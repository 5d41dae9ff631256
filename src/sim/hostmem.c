/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pinned host memory: ordinary memory that the driver knows. Its device address is its own. */
#include "sim.h"

#include <stdlib.h>
#include <sys/mman.h>

static CUresult add_region_locked(struct CUctx_st *ctx, enum sim_kind kind, void *pages,
				  size_t bytes, unsigned flags)
{
	struct sim_region *region = calloc(1, sizeof(*region));

	if (!region)
		return CUDA_ERROR_OUT_OF_MEMORY;
	region->span.base = (uintptr_t)pages;
	region->span.size = kind == SIM_REGISTERED ? bytes : (bytes + 4095) & ~(size_t)4095;
	region->bytes = bytes;
	region->kind = kind;
	region->ctx = ctx;
	region->device = ctx->device;
	region->flags = flags;
	region->buffer_id = sim_next_id_locked();
	if (!sim_array_insert(&sim_regions, &region->span)) {
		free(region);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	return CUDA_SUCCESS;
}

static CUresult host_alloc(void **pp, size_t bytes, unsigned flags)
{
	struct CUctx_st *ctx;
	CUresult result;
	void *pages;

	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS && (!pp || flags > 7))
		result = CUDA_ERROR_INVALID_VALUE;
	if (result == CUDA_SUCCESS && !bytes) {
		*pp = NULL;
	} else if (result == CUDA_SUCCESS) {
		pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
		if (pages == MAP_FAILED) {
			result = CUDA_ERROR_OUT_OF_MEMORY;
		} else {
			result = add_region_locked(ctx, SIM_HOST, pages, bytes,
						   flags | CU_MEMHOSTALLOC_DEVICEMAP);
			if (result == CUDA_SUCCESS)
				*pp = pages;
			else
				munmap(pages, bytes);
		}
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemHostAlloc(void **pp, size_t bytesize, unsigned int Flags)
{
	ENTER(cuMemHostAlloc);
	SLOW_CALL(true);
	return host_alloc(pp, bytesize, Flags);
}

CUresult cuMemAllocHost_v2(void **pp, size_t bytesize)
{
	ENTER(cuMemAllocHost_v2);
	SLOW_CALL(true);
	return host_alloc(pp, bytesize, 0);
}

CUresult cuMemFreeHost(void *p)
{
	struct sim_region *region;
	CUresult result;

	ENTER(cuMemFreeHost);
	SLOW_CALL(true);
	pthread_mutex_lock(&sim_lock);
	result = sim_capture_check_locked();
	if (result != CUDA_SUCCESS || !p)
		goto out;
	region = sim_region_find_locked((uintptr_t)p);
	if (!region || region->kind != SIM_HOST || region->span.base != (uintptr_t)p) {
		result = CUDA_ERROR_INVALID_VALUE;
		goto out;
	}
	sim_array_remove(&sim_regions, &region->span);
	sim_drain_device_locked(region->device);
	munmap(p, region->bytes);
	free(region);
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult host_register(void *p, size_t bytes, unsigned flags)
{
	struct CUctx_st *ctx;
	CUresult result;
	size_t i;

	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS && (!p || !bytes || flags > 15))
		result = CUDA_ERROR_INVALID_VALUE;
	i = sim_array_lower(&sim_regions, (uintptr_t)p);
	if (result == CUDA_SUCCESS && i < sim_regions.count &&
	    sim_regions.items[i]->base < (uintptr_t)p + bytes)
		result = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
	if (result == CUDA_SUCCESS)
		result = add_region_locked(ctx, SIM_REGISTERED, p, bytes,
					   flags | CU_MEMHOSTREGISTER_DEVICEMAP);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemHostRegister(void *p, size_t bytesize, unsigned int Flags)
{
	ENTER(cuMemHostRegister);
	SLOW_CALL(true);
	return host_register(p, bytesize, Flags);
}

CUresult cuMemHostRegister_v2(void *p, size_t bytesize, unsigned int Flags)
{
	ENTER(cuMemHostRegister_v2);
	SLOW_CALL(true);
	return host_register(p, bytesize, Flags);
}

CUresult cuMemHostUnregister(void *p)
{
	struct sim_region *region;
	CUresult result;

	ENTER(cuMemHostUnregister);
	SLOW_CALL(true);
	pthread_mutex_lock(&sim_lock);
	result = sim_capture_check_locked();
	if (result == CUDA_SUCCESS && !p)
		result = CUDA_ERROR_INVALID_VALUE;
	if (result != CUDA_SUCCESS)
		goto out;
	region = sim_region_find_locked((uintptr_t)p);
	if (!region) {
		result = CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
		goto out;
	}
	if (region->kind != SIM_REGISTERED || region->span.base != (uintptr_t)p) {
		result = CUDA_ERROR_INVALID_VALUE;
		goto out;
	}
	sim_array_remove(&sim_regions, &region->span);
	sim_drain_device_locked(region->device);
	free(region);
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static struct sim_region *host_region_locked(const void *p)
{
	struct sim_region *region = sim_region_find_locked((uintptr_t)p);

	if (region && (region->kind == SIM_HOST || region->kind == SIM_REGISTERED))
		return region;
	return NULL;
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *pdptr, void *p, unsigned int Flags)
{
	bool known;

	ENTER(cuMemHostGetDevicePointer_v2);
	if (!pdptr || Flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	known = host_region_locked(p) != NULL;
	pthread_mutex_unlock(&sim_lock);
	if (!known)
		return CUDA_ERROR_INVALID_VALUE;
	*pdptr = (uintptr_t)p;
	return CUDA_SUCCESS;
}

CUresult cuMemHostGetFlags(unsigned int *pFlags, void *p)
{
	struct sim_region *region;

	ENTER(cuMemHostGetFlags);
	if (!pFlags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	region = host_region_locked(p);
	if (region)
		*pFlags = region->flags;
	pthread_mutex_unlock(&sim_lock);
	return region ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
