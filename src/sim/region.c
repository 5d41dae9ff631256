/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Address space. A region of device addresses is PROT_NONE host address space at a fixed distance;
 * mapping a chunk replaces pages of it with the memory file, unmapping puts PROT_NONE back. Both
 * happen at once, whatever the streams do: a kernel that still runs there faults, as on a GPU.
 * Callers hold sim_lock. Nothing is inherited by a forked child.
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* Where regions are put first: below 2^46, so that the rule of simk_ptr() holds on every CPU. */
#define WINDOW_LOW  (1ull << 45)
#define WINDOW_HIGH (1ull << 46)

struct sim_array sim_regions;
struct sim_array sim_maps;

uint64_t sim_next_id_locked(void)
{
	static uint64_t last;

	return ++last;
}

static void *reserve_pages(uint64_t address, uint64_t bytes, int more_flags)
{
	void *pages = mmap((void *)(uintptr_t)address, bytes, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more_flags, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

/* ThreadSanitizer has a shadow for its own choice of addresses alone: there the kernel chooses. */
#ifdef __SANITIZE_THREAD__
#define MAY_CHOOSE false
#else
#define MAY_CHOOSE true
#endif

static bool try_at(uint64_t host, uint64_t bytes)
{
	void *pages = MAY_CHOOSE ? reserve_pages(host, bytes, MAP_FIXED_NOREPLACE) : NULL;

	if (!pages)
		return false;
	if ((uintptr_t)pages == host)
		return true;
	munmap(pages, bytes); /* a kernel before 4.17 takes it as a hint */
	return false;
}

/* First fit between the regions in the window; 0 when there is no such place. */
static uint64_t reserve_in_window(uint64_t bytes, uint64_t alignment)
{
	uint64_t at = (WINDOW_LOW + alignment - 1) & ~(alignment - 1);
	int tries = 64;

	while (tries && at + bytes > at && at + bytes <= WINDOW_HIGH) {
		size_t i = sim_array_lower(&sim_regions, at + SIMK_DISTANCE);

		if (i < sim_regions.count &&
		    sim_regions.items[i]->base < at + bytes + SIMK_DISTANCE) {
			at = sim_regions.items[i]->base + sim_regions.items[i]->size -
			     SIMK_DISTANCE;
		} else if (try_at(at, bytes)) {
			return at;
		} else {
			/* Somebody else's mapping is there. */
			at += 1ull << 38;
			tries--;
		}
		at = (at + alignment - 1) & ~(alignment - 1);
	}
	return 0;
}

static uint64_t reserve_anywhere(uint64_t bytes, uint64_t alignment)
{
	uint64_t room = bytes + alignment, at, start;

	if (room < bytes)
		return 0;
	start = (uintptr_t)reserve_pages(0, room, 0);
	if (!start)
		return 0;
	if (start + room > SIMK_SPAN) {
		munmap((void *)(uintptr_t)start, room);
		return 0;
	}
	at = (start + alignment - 1) & ~(alignment - 1);
	if (at > start)
		munmap((void *)(uintptr_t)start, at - start);
	if (start + room > at + bytes)
		munmap((void *)(uintptr_t)(at + bytes), start + room - at - bytes);
	return at;
}

CUresult sim_region_reserve_locked(uint64_t bytes, uint64_t alignment, uint64_t hint,
				   struct sim_region **region_out)
{
	struct sim_region *region;
	uint64_t host = 0;

	if (bytes > SIMK_SPAN)
		return CUDA_ERROR_OUT_OF_MEMORY;
	region = calloc(1, sizeof(*region));
	if (!region)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (sim_is_device_address(hint) && !(hint & (alignment - 1)) &&
	    hint - SIMK_DISTANCE + bytes <= SIMK_SPAN && try_at(hint - SIMK_DISTANCE, bytes))
		host = hint - SIMK_DISTANCE;
	if (!host)
		host = reserve_in_window(bytes, alignment);
	/* The largest ones fit where programs have nothing yet, from 1 TiB up. */
	if (!host && (1ull << 40) + bytes <= SIMK_SPAN && !((1ull << 40) & (alignment - 1)) &&
	    try_at(1ull << 40, bytes))
		host = 1ull << 40;
	if (!host)
		host = reserve_anywhere(bytes, alignment);
	if (!host)
		goto err_region;
	madvise((void *)(uintptr_t)host, bytes, MADV_DONTFORK);
	region->span.base = host + SIMK_DISTANCE;
	region->span.size = bytes;
	region->bytes = bytes;
	region->buffer_id = sim_next_id_locked();
	if (!sim_array_insert(&sim_regions, &region->span))
		goto err_pages;
	*region_out = region;
	return CUDA_SUCCESS;
err_pages:
	munmap((void *)(uintptr_t)host, bytes);
err_region:
	free(region);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

void sim_region_free_locked(struct sim_region *region)
{
	munmap(sim_host(region->span.base), region->span.size);
	sim_array_remove(&sim_regions, &region->span);
	free(region);
}

struct sim_region *sim_region_find_locked(uint64_t address)
{
	return (struct sim_region *)sim_array_find(&sim_regions, address);
}

CUresult sim_map_locked(struct sim_region *region, uint64_t address, uint64_t bytes,
			struct sim_chunk *chunk, uint64_t offset, struct sim_map **map_out)
{
	struct sim_map *map = calloc(1, sizeof(*map));
	void *pages;

	if (!map)
		return CUDA_ERROR_OUT_OF_MEMORY;
	map->span.base = address;
	map->span.size = bytes;
	map->chunk = chunk;
	map->offset = offset;
	map->region = region;
	map->buffer_id = sim_next_id_locked();
	if (!sim_array_insert(&sim_maps, &map->span))
		goto err_map;
	pages = mmap(sim_host(address), bytes, PROT_NONE, MAP_SHARED | MAP_FIXED, chunk->fd,
		     (off_t)offset);
	if (pages == MAP_FAILED)
		goto err_array;
	madvise(pages, bytes, MADV_DONTFORK);
	chunk->map_refs++;
	*map_out = map;
	return CUDA_SUCCESS;
err_array:
	sim_array_remove(&sim_maps, &map->span);
err_map:
	free(map);
	return CUDA_ERROR_OUT_OF_MEMORY;
}

void sim_unmap_locked(struct sim_map *map)
{
	void *pages = sim_host(map->span.base);

	if (mmap(pages, map->span.size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
		madvise(pages, map->span.size, MADV_DONTFORK);
	sim_array_remove(&sim_maps, &map->span);
	sim_chunk_put_map_locked(map->chunk);
	free(map);
}

CUresult sim_map_access_locked(struct sim_map *map, int device, unsigned flags)
{
	unsigned most = 0;
	int protection = PROT_NONE;

	map->access[device] = (uint8_t)flags;
	for (int i = 0; i < SIM_MAX_DEVICES; i++)
		most |= map->access[i];
	if (most == CU_MEM_ACCESS_FLAGS_PROT_READ)
		protection = PROT_READ;
	else if (most)
		protection = PROT_READ | PROT_WRITE;
	map->accessed = most != 0;
	if (mprotect(sim_host(map->span.base), map->span.size, protection) < 0)
		return CUDA_ERROR_OUT_OF_MEMORY;
	return CUDA_SUCCESS;
}
