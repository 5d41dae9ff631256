/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Virtual memory management. Belongs to the process, not to a context, and waits for nothing: what
 * is unmapped under running work is gone for it at once. Under sim_lock.
 */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTER_VMM(symbol)                                \
	do {                                             \
		ENTER(symbol);                           \
		if (sim_options()->no_vmm)               \
			return CUDA_ERROR_NOT_SUPPORTED; \
	} while (0)

static bool aligned(uint64_t value)
{
	return !(value & (SIM_GRANULARITY - 1));
}

static CUresult check_prop(const CUmemAllocationProp *prop)
{
	if (!prop || prop->type != CU_MEM_ALLOCATION_TYPE_PINNED)
		return CUDA_ERROR_INVALID_VALUE;
	if (prop->location.type == CU_MEM_LOCATION_TYPE_HOST ||
	    prop->location.type == CU_MEM_LOCATION_TYPE_HOST_NUMA ||
	    prop->location.type == CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT)
		return CUDA_ERROR_NOT_SUPPORTED;
	if (prop->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
		return CUDA_ERROR_INVALID_VALUE;
	if (prop->requestedHandleTypes == CU_MEM_HANDLE_TYPE_FABRIC)
		return CUDA_ERROR_NOT_PERMITTED;
	/* SIMCUDA_NO_EXPORT: as in containers that forbid what the attribute promises. */
	if (prop->requestedHandleTypes && sim_options()->no_export)
		return CUDA_ERROR_NOT_SUPPORTED;
	if (prop->requestedHandleTypes & ~CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
		return CUDA_ERROR_NOT_SUPPORTED;
	/* 12.8 knows decompression; tiled memory, for sparse arrays, is not simulated. */
	if (prop->allocFlags.usage &&
	    (prop->allocFlags.usage != CU_MEM_CREATE_USAGE_HW_DECOMPRESS ||
	     sim_driver_version < 12080))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_device_check(prop->location.id);
}

CUresult cuMemAddressReserve(CUdeviceptr *ptr, size_t size, size_t alignment, CUdeviceptr addr,
			     unsigned long long flags)
{
	struct sim_region *region;
	CUresult result;

	ENTER_VMM(cuMemAddressReserve);
	SLOW_CALL(false);
	if (!ptr || !size || !aligned(size) || (alignment & (alignment - 1)) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (alignment < SIM_GRANULARITY)
		alignment = SIM_GRANULARITY;
	pthread_mutex_lock(&sim_lock);
	result = sim_region_reserve_locked(size, alignment, addr, &region);
	if (result == CUDA_SUCCESS) {
		region->kind = SIM_RESERVED;
		*ptr = region->span.base;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* Maps inside [address, address + size): all of them whole, or the range is wrong. */
static bool maps_whole(uint64_t address, uint64_t size, size_t *first_out, size_t *end_out)
{
	size_t i = sim_array_lower(&sim_maps, address);

	*first_out = i;
	while (i < sim_maps.count && sim_maps.items[i]->base < address + size) {
		if (sim_maps.items[i]->base < address ||
		    sim_maps.items[i]->base + sim_maps.items[i]->size > address + size)
			return false;
		i++;
	}
	*end_out = i;
	return true;
}

/* Whole maps that leave no gap. */
static bool maps_cover(uint64_t address, uint64_t size, size_t *first_out, size_t *end_out)
{
	uint64_t covered = 0;

	if (!size || address + size < address || !maps_whole(address, size, first_out, end_out))
		return false;
	for (size_t i = *first_out; i < *end_out; i++) {
		if (((struct sim_map *)sim_maps.items[i])->region->kind != SIM_RESERVED)
			return false;
		covered += sim_maps.items[i]->size;
	}
	return covered == size;
}

CUresult cuMemAddressFree(CUdeviceptr ptr, size_t size)
{
	struct sim_region *region;
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	size_t first, end;

	ENTER_VMM(cuMemAddressFree);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	region = sim_region_find_locked(ptr);
	if (region && region->kind == SIM_RESERVED && region->span.base == ptr &&
	    region->span.size == size && maps_whole(ptr, size, &first, &end) && first == end) {
		sim_region_free_locked(region);
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size,
		     const CUmemAllocationProp *prop, unsigned long long flags)
{
	struct sim_chunk *chunk;
	CUresult result;

	ENTER_VMM(cuMemCreate);
	SLOW_CALL(false);
	if (!handle || !size || !aligned(size) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	result = check_prop(prop);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	result = sim_chunk_create_locked(prop->location.id, size, &chunk);
	if (result == CUDA_SUCCESS) {
		chunk->prop = *prop;
		result = sim_chunk_publish_locked(chunk);
		if (result == CUDA_SUCCESS)
			*handle = chunk->handle;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
	struct sim_chunk *chunk;

	ENTER_VMM(cuMemRelease);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	chunk = sim_chunk_find_locked(handle);
	if (chunk)
		sim_chunk_put_handle_locked(chunk);
	pthread_mutex_unlock(&sim_lock);
	return chunk ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemMap(CUdeviceptr ptr, size_t size, size_t offset, CUmemGenericAllocationHandle handle,
		  unsigned long long flags)
{
	struct sim_region *region;
	struct sim_chunk *chunk;
	struct sim_map *map;
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	size_t first, end;

	ENTER_VMM(cuMemMap);
	SLOW_CALL(false);
	if (!size || !aligned(ptr) || flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	region = sim_region_find_locked(ptr);
	chunk = sim_chunk_find_locked(handle);
	if (region && chunk && region->kind == SIM_RESERVED &&
	    size <= region->span.size - (ptr - region->span.base) &&
	    maps_whole(ptr, size, &first, &end) && first == end)
		/* Part of a handle is what no driver maps yet. */
		result = offset || size != chunk->bytes
				 ? CUDA_ERROR_NOT_SUPPORTED
				 : sim_map_locked(region, ptr, size, chunk, 0, &map);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemUnmap(CUdeviceptr ptr, size_t size)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct sim_region *region;
	size_t first, end;

	ENTER_VMM(cuMemUnmap);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	/* Whole mappings; where nothing is mapped there is nothing to do. */
	region = sim_region_find_locked(ptr);
	if (region && region->kind == SIM_RESERVED && size &&
	    size <= region->span.size - (ptr - region->span.base) &&
	    maps_whole(ptr, size, &first, &end)) {
		while (end-- > first)
			sim_unmap_locked((struct sim_map *)sim_maps.items[end]);
		sim_eager_run_locked();
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemSetAccess(CUdeviceptr ptr, size_t size, const CUmemAccessDesc *desc, size_t count)
{
	CUresult result = CUDA_SUCCESS;
	size_t first, end;

	ENTER_VMM(cuMemSetAccess);
	SLOW_CALL(false);
	if (!desc || !count)
		return CUDA_ERROR_INVALID_VALUE;
	for (size_t d = 0; d < count; d++) {
		unsigned flags = (unsigned)desc[d].flags;

		if (desc[d].location.type != CU_MEM_LOCATION_TYPE_DEVICE || flags == 2 || flags > 3)
			return CUDA_ERROR_INVALID_VALUE;
		if (sim_device_check(desc[d].location.id) != CUDA_SUCCESS)
			return CUDA_ERROR_INVALID_VALUE;
	}
	pthread_mutex_lock(&sim_lock);
	if (!maps_cover(ptr, size, &first, &end))
		result = CUDA_ERROR_INVALID_VALUE;
	for (size_t d = 0; result == CUDA_SUCCESS && sim_options()->no_peer && d < count; d++)
		for (size_t i = first; i < end; i++)
			if (((struct sim_map *)sim_maps.items[i])->chunk->device !=
			    desc[d].location.id)
				result = CUDA_ERROR_INVALID_DEVICE;
	for (; result == CUDA_SUCCESS && first < end; first++)
		for (size_t d = 0; result == CUDA_SUCCESS && d < count; d++)
			result =
				sim_map_access_locked((struct sim_map *)sim_maps.items[first],
						      desc[d].location.id, (unsigned)desc[d].flags);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemGetAccess(unsigned long long *flags, const CUmemLocation *location, CUdeviceptr ptr)
{
	struct sim_map *map;

	ENTER_VMM(cuMemGetAccess);
	if (!flags || !location || location->type != CU_MEM_LOCATION_TYPE_DEVICE ||
	    sim_device_check(location->id) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	map = (struct sim_map *)sim_array_find(&sim_maps, ptr);
	if (map)
		*flags = map->access[location->id];
	pthread_mutex_unlock(&sim_lock);
	return map ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *prop,
				       CUmemAllocationGranularity_flags option)
{
	CUresult result;

	ENTER_VMM(cuMemGetAllocationGranularity);
	if (!granularity || (unsigned)option > CU_MEM_ALLOC_GRANULARITY_RECOMMENDED)
		return CUDA_ERROR_INVALID_VALUE;
	result = check_prop(prop);
	if (result == CUDA_SUCCESS)
		*granularity = SIM_GRANULARITY;
	return result;
}

CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *prop,
						CUmemGenericAllocationHandle handle)
{
	struct sim_chunk *chunk;

	ENTER_VMM(cuMemGetAllocationPropertiesFromHandle);
	if (!prop)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	chunk = sim_chunk_find_locked(handle);
	if (chunk)
		*prop = chunk->prop;
	pthread_mutex_unlock(&sim_lock);
	return chunk ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

/* Also how programs tell memory of this kind from cuMemAlloc's: it fails there. */
CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *addr)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct sim_map *map;

	ENTER_VMM(cuMemRetainAllocationHandle);
	if (!handle)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	map = (struct sim_map *)sim_array_find(&sim_maps, (uintptr_t)addr);
	if (map && map->region->kind == SIM_RESERVED) {
		result = sim_chunk_publish_locked(map->chunk);
		if (result == CUDA_SUCCESS)
			*handle = map->chunk->handle;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemExportToShareableHandle(void *shareableHandle, CUmemGenericAllocationHandle handle,
				      CUmemAllocationHandleType handleType,
				      unsigned long long flags)
{
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct sim_chunk *chunk;

	ENTER_VMM(cuMemExportToShareableHandle);
	if (!shareableHandle || flags || handleType != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	chunk = sim_chunk_find_locked(handle);
	if (chunk && (chunk->prop.requestedHandleTypes & handleType)) {
		int fd = fcntl(chunk->fd, F_DUPFD_CLOEXEC, 0);

		result = fd < 0 ? CUDA_ERROR_OPERATING_SYSTEM : CUDA_SUCCESS;
		if (fd >= 0)
			*(int *)shareableHandle = fd;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult import_locked(int fd, struct sim_chunk **chunk_out)
{
	char path[64], name[64];
	struct sim_chunk *chunk;
	struct stat status;
	ssize_t length;
	int device;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, name, sizeof(name) - 1);
	if (length <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	name[length] = '\0';
	if (sscanf(name, "/memfd:simcuda-%d", &device) != 1 ||
	    sim_device_check(device) != CUDA_SUCCESS || fstat(fd, &status) < 0 ||
	    status.st_size <= 0 || !aligned((uint64_t)status.st_size))
		return CUDA_ERROR_UNKNOWN; /* another file than a driver's */
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		return CUDA_ERROR_OUT_OF_MEMORY;
	chunk->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (chunk->fd < 0) {
		free(chunk);
		return CUDA_ERROR_OPERATING_SYSTEM;
	}
	chunk->bytes = (uint64_t)status.st_size;
	chunk->imported = true;
	chunk->device = device;
	chunk->prop.location.id = device;
	chunk->prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	chunk->prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	chunk->prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	*chunk_out = chunk;
	return CUDA_SUCCESS;
}

CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *osHandle,
					CUmemAllocationHandleType shHandleType)
{
	struct sim_chunk *chunk;
	CUresult result;

	ENTER_VMM(cuMemImportFromShareableHandle);
	if (!handle || shHandleType != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = import_locked((int)(intptr_t)osHandle, &chunk);
	if (result == CUDA_SUCCESS)
		result = sim_chunk_publish_locked(chunk);
	if (result == CUDA_SUCCESS)
		*handle = chunk->handle;
	pthread_mutex_unlock(&sim_lock);
	return result;
}
