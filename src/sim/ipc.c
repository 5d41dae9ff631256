/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Legacy IPC: a handle names the memory file behind a block of cuMemAlloc, in the process that has it
 * open; another process opens it through /proc and maps it. One mapping for each context and each
 * physical allocation, counted; it goes with its context. Under sim_lock.
 */
#include "sim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HANDLE_MAGIC 0x53494d69u

struct handle {
	uint32_t magic;
	int32_t device;
	int32_t pid, fd;
	uint64_t file_device, file; /* another file may have the descriptor's number by now */
	uint64_t chunk_bytes;
	uint64_t offset; /* of the block */
};
_Static_assert(sizeof(struct handle) <= sizeof(CUipcMemHandle),
	       "a handle is opaque and of one size");

/* What is open here. */
struct import {
	struct import *next;
	struct sim_region *region;
	uint64_t file_device, file;
	unsigned opened;
};
static struct import *imports;

CUresult cuIpcGetMemHandle(CUipcMemHandle *pHandle, CUdeviceptr dptr)
{
	struct handle handle = { .magic = HANDLE_MAGIC, .pid = getpid() };
	CUresult result = CUDA_ERROR_INVALID_VALUE;
	struct sim_block block;
	struct sim_map *map;
	struct stat status;

	ENTER(cuIpcGetMemHandle);
	if (!pHandle)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (sim_block_find_locked(dptr, &block) && !block.region->heap->pool) {
		map = (struct sim_map *)sim_array_find(&sim_maps, block.base);
		handle.device = map->chunk->device;
		handle.fd = map->chunk->fd;
		handle.chunk_bytes = map->chunk->bytes;
		handle.offset = block.base - map->span.base;
		if (fstat(handle.fd, &status) == 0) {
			handle.file_device = status.st_dev;
			handle.file = status.st_ino;
			memset(pHandle, 0, sizeof(*pHandle));
			memcpy(pHandle, &handle, sizeof(handle));
			result = CUDA_SUCCESS;
		}
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

/* The exporter's memory file, or a negative number when it is no longer there. */
static int open_file(const struct handle *handle)
{
	struct stat status;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", handle->pid, handle->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_dev == handle->file_device &&
	    status.st_ino == handle->file && (uint64_t)status.st_size == handle->chunk_bytes)
		return fd;
	close(fd);
	return -1;
}

static CUresult map_file(struct CUctx_st *ctx, const struct handle *handle, int fd,
			 struct sim_region **region_out)
{
	struct sim_chunk *chunk = calloc(1, sizeof(*chunk));
	struct sim_region *region;
	struct sim_map *map;
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;

	if (!chunk) {
		close(fd);
		return result;
	}
	chunk->fd = fd;
	chunk->bytes = handle->chunk_bytes;
	chunk->device = handle->device;
	chunk->imported = true;
	chunk->handle_refs = 1;
	result = sim_region_reserve_locked(chunk->bytes, SIM_GRANULARITY, 0, &region);
	if (result != CUDA_SUCCESS)
		goto out;
	region->kind = SIM_IMPORTED;
	region->ctx = ctx;
	region->device = handle->device;
	result = sim_map_locked(region, region->span.base, chunk->bytes, chunk, 0, &map);
	if (result != CUDA_SUCCESS) {
		sim_region_free_locked(region);
		goto out;
	}
	sim_map_access_locked(map, ctx->device, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	*region_out = region;
out:
	sim_chunk_put_handle_locked(chunk); /* the mapping keeps it */
	return result;
}

static CUresult open_locked(const struct handle *handle, CUdeviceptr *address_out)
{
	struct import *import;
	struct CUctx_st *ctx;
	CUresult result = sim_current_locked(&ctx);
	int fd;

	if (result != CUDA_SUCCESS)
		return result;
	if (handle->magic != HANDLE_MAGIC || sim_device_check(handle->device) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_VALUE;
	/* Not in the process that exported it. */
	if (handle->pid == getpid())
		return CUDA_ERROR_INVALID_CONTEXT;
	if (handle->device != ctx->device && sim_options()->no_peer)
		return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
	for (import = imports; import; import = import->next) {
		if (import->region->ctx != ctx || import->file_device != handle->file_device ||
		    import->file != handle->file)
			continue;
		import->opened++;
		*address_out = import->region->span.base + handle->offset;
		return CUDA_SUCCESS;
	}
	fd = open_file(handle);
	if (fd < 0)
		return CUDA_ERROR_INVALID_HANDLE;
	import = calloc(1, sizeof(*import));
	if (!import) {
		close(fd);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	result = map_file(ctx, handle, fd, &import->region);
	if (result != CUDA_SUCCESS) {
		free(import);
		return result;
	}
	import->file_device = handle->file_device;
	import->file = handle->file;
	import->opened = 1;
	import->next = imports;
	imports = import;
	*address_out = import->region->span.base + handle->offset;
	return CUDA_SUCCESS;
}

static CUresult open_handle(CUdeviceptr *pdptr, const CUipcMemHandle *opaque, unsigned flags)
{
	struct handle handle;
	CUresult result;

	if (!pdptr || flags > CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(&handle, opaque, sizeof(handle));
	pthread_mutex_lock(&sim_lock);
	result = open_locked(&handle, pdptr);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuIpcOpenMemHandle(CUdeviceptr *pdptr, CUipcMemHandle handle, unsigned int Flags)
{
	ENTER(cuIpcOpenMemHandle);
	return open_handle(pdptr, &handle, Flags);
}

CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *pdptr, CUipcMemHandle handle, unsigned int Flags)
{
	ENTER(cuIpcOpenMemHandle_v2);
	return open_handle(pdptr, &handle, Flags);
}

static void end_import_locked(struct import **link)
{
	struct import *import = *link;

	*link = import->next;
	sim_unmap_locked((struct sim_map *)sim_array_find(&sim_maps, import->region->span.base));
	sim_region_free_locked(import->region);
	free(import);
}

static CUresult close_locked(uint64_t address)
{
	struct import **link = &imports;

	while (*link && (*link)->region != sim_region_find_locked(address))
		link = &(*link)->next;
	if (!*link)
		return CUDA_ERROR_INVALID_VALUE;
	if (--(*link)->opened == 0)
		end_import_locked(link);
	return CUDA_SUCCESS;
}

CUresult cuIpcCloseMemHandle(CUdeviceptr dptr)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuIpcCloseMemHandle);
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_drain_context_locked(ctx);
	if (result == CUDA_SUCCESS)
		result = close_locked(dptr);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

void sim_context_imports_end_locked(struct CUctx_st *ctx)
{
	struct import **link = &imports;

	while (*link) {
		if ((*link)->region->ctx == ctx)
			end_import_locked(link);
		else
			link = &(*link)->next;
	}
}
