/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Chunks: physical memory, a memory file each, charged to the budget for as long as a handle or a
 * mapping of this process refers to it. An imported chunk is charged to its exporter alone.
 * Callers hold sim_lock.
 */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Handles are opaque numbers to programs; distinct ones, so that a stale one is noticed. */
static struct sim_array handles;
static uint64_t next_handle = 0x5100000000ull;
static uint64_t next_block_id = 1;

/* Programs that read memory nobody wrote should notice: it is noise, and never zero. */
static bool poison(int fd, uint64_t bytes)
{
	static unsigned char noise[256 << 10];
	uint64_t done = 0;

	if (!noise[0])
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (unsigned char)(0xa5 ^ ((i >> 3) & 0x5a));
	while (done < bytes) {
		size_t part = bytes - done < sizeof(noise) ? bytes - done : sizeof(noise);
		ssize_t wrote = pwrite(fd, noise, part, (off_t)done);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		done += (uint64_t)wrote;
	}
	return true;
}

CUresult sim_chunk_create_locked(int device, uint64_t bytes, struct sim_chunk **chunk_out)
{
	struct sim_chunk *chunk;
	char name[32];
	CUresult result = sim_budget_charge_locked(device, bytes);

	if (result != CUDA_SUCCESS)
		return result;
	chunk = calloc(1, sizeof(*chunk));
	if (!chunk)
		goto err_budget;
	/* The name tells an importer which device it is of. */
	snprintf(name, sizeof(name), "simcuda-%d", device);
	chunk->fd = memfd_create(name, MFD_CLOEXEC);
	if (chunk->fd < 0)
		goto err_chunk;
	if (ftruncate(chunk->fd, (off_t)bytes) < 0)
		goto err_fd;
	if (!sim_options()->zero && !poison(chunk->fd, bytes))
		goto err_fd;
	chunk->bytes = bytes;
	chunk->device = device;
	chunk->block_id = next_block_id++;
	*chunk_out = chunk;
	return CUDA_SUCCESS;
err_fd:
	close(chunk->fd);
err_chunk:
	free(chunk);
err_budget:
	sim_budget_return_locked(device, bytes);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

static void destroy_if_unused(struct sim_chunk *chunk)
{
	if (chunk->handle_refs || chunk->map_refs)
		return;
	close(chunk->fd);
	if (!chunk->imported)
		sim_budget_return_locked(chunk->device, chunk->bytes);
	free(chunk);
}

struct handle {
	struct sim_span span;
	struct sim_chunk *chunk;
};

CUresult sim_chunk_publish_locked(struct sim_chunk *chunk)
{
	struct handle *handle;

	if (!chunk->in_table) {
		handle = calloc(1, sizeof(*handle));
		if (!handle)
			return CUDA_ERROR_OUT_OF_MEMORY;
		if (!chunk->handle) {
			chunk->handle = next_handle;
			next_handle += 0x10;
		}
		handle->span.base = chunk->handle;
		handle->span.size = 1;
		handle->chunk = chunk;
		if (!sim_array_insert(&handles, &handle->span)) {
			free(handle);
			return CUDA_ERROR_OUT_OF_MEMORY;
		}
		chunk->in_table = true;
	}
	chunk->handle_refs++;
	return CUDA_SUCCESS;
}

struct sim_chunk *sim_chunk_find_locked(uint64_t handle)
{
	struct handle *found = (struct handle *)sim_array_find(&handles, handle);

	return found ? found->chunk : NULL;
}

void sim_chunk_put_handle_locked(struct sim_chunk *chunk)
{
	if (--chunk->handle_refs == 0 && chunk->in_table) {
		struct sim_span *span = sim_array_find(&handles, chunk->handle);

		sim_array_remove(&handles, span);
		free(span);
		chunk->in_table = false;
	}
	destroy_if_unused(chunk);
}

void sim_chunk_put_map_locked(struct sim_chunk *chunk)
{
	chunk->map_refs--;
	destroy_if_unused(chunk);
}
