/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Blocks as cuMemAlloc hands them out: above 1 MiB each has its own physical memory, rounded up to
 * the granularity; smaller ones share a granule, 512 bytes apart. A granule goes when its last
 * block does. One heap for each context, one for each memory pool. Callers hold sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define SLAB_SLOTS (SIM_GRANULARITY / SIM_SMALL_ALIGN)
#define SMALL_MAX  (1ull << 20)

/* start[i] is 1 + the slot where the block that covers slot i starts; 0 is free. */
struct sim_slab {
	struct sim_slab *next;
	struct sim_region *region;
	unsigned used_slots;
	uint16_t start[SLAB_SLOTS];
	uint32_t bytes[SLAB_SLOTS];
	uint64_t buffer_id[SLAB_SLOTS];
	bool freeing[SLAB_SLOTS];
};

static CUresult back_region(struct sim_heap *heap, uint64_t bytes, struct sim_region **region_out)
{
	struct sim_region *region;
	struct sim_chunk *chunk;
	struct sim_map *map;
	CUresult result = sim_chunk_create_locked(heap->device, bytes, &chunk);

	if (result != CUDA_SUCCESS)
		return result;
	chunk->handle_refs = 1;
	result = sim_region_reserve_locked(bytes, SIM_GRANULARITY, 0, &region);
	if (result != CUDA_SUCCESS)
		goto err_chunk;
	result = sim_map_locked(region, region->span.base, bytes, chunk, 0, &map);
	if (result != CUDA_SUCCESS)
		goto err_region;
	result = sim_map_access_locked(map, heap->device, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	if (result != CUDA_SUCCESS)
		goto err_map;
	sim_chunk_put_handle_locked(chunk); /* the mapping keeps it */
	region->heap = heap;
	region->ctx = heap->ctx;
	region->device = heap->device;
	*region_out = region;
	heap->reserved_bytes += bytes;
	if (heap->reserved_bytes > heap->reserved_high)
		heap->reserved_high = heap->reserved_bytes;
	return CUDA_SUCCESS;
err_map:
	sim_unmap_locked(map);
err_region:
	sim_region_free_locked(region);
err_chunk:
	sim_chunk_put_handle_locked(chunk);
	return result;
}

static void unback_region(struct sim_heap *heap, struct sim_region *region)
{
	heap->reserved_bytes -= region->span.size;
	sim_unmap_locked((struct sim_map *)sim_array_find(&sim_maps, region->span.base));
	sim_region_free_locked(region);
}

static void count_used(struct sim_heap *heap, uint64_t bytes)
{
	heap->used_bytes += bytes;
	if (heap->used_bytes > heap->used_high)
		heap->used_high = heap->used_bytes;
}

static uint64_t rounded(uint64_t bytes)
{
	return (bytes + SIM_SMALL_ALIGN - 1) & ~(uint64_t)(SIM_SMALL_ALIGN - 1);
}

static bool take_slots(struct sim_slab *slab, uint64_t bytes, uint64_t *address_out)
{
	unsigned need = (unsigned)(rounded(bytes) / SIM_SMALL_ALIGN), run = 0;

	if (slab->used_slots + need > SLAB_SLOTS)
		return false;
	for (unsigned i = 0; i < SLAB_SLOTS; i++) {
		run = slab->start[i] ? 0 : run + 1;
		if (run < need)
			continue;
		i -= need - 1;
		for (unsigned j = i; j < i + need; j++)
			slab->start[j] = (uint16_t)(i + 1);
		slab->bytes[i] = (uint32_t)bytes;
		slab->buffer_id[i] = sim_next_id_locked();
		slab->freeing[i] = false;
		slab->used_slots += need;
		*address_out = slab->region->span.base + (uint64_t)i * SIM_SMALL_ALIGN;
		return true;
	}
	return false;
}

CUresult sim_heap_alloc_locked(struct sim_heap *heap, uint64_t bytes, uint64_t *address_out)
{
	struct sim_region *region;
	struct sim_slab *slab;
	CUresult result;

	if (bytes > SMALL_MAX) {
		uint64_t size = (bytes + SIM_GRANULARITY - 1) & ~(SIM_GRANULARITY - 1);

		if (size < bytes)
			return CUDA_ERROR_OUT_OF_MEMORY;
		result = back_region(heap, size, &region);
		if (result != CUDA_SUCCESS)
			return result;
		region->kind = SIM_NATIVE;
		region->bytes = bytes;
		*address_out = region->span.base;
		count_used(heap, rounded(bytes));
		return CUDA_SUCCESS;
	}
	for (slab = heap->slabs; slab; slab = slab->next) {
		if (take_slots(slab, bytes, address_out)) {
			count_used(heap, rounded(bytes));
			return CUDA_SUCCESS;
		}
	}
	slab = calloc(1, sizeof(*slab));
	if (!slab)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = back_region(heap, SIM_GRANULARITY, &slab->region);
	if (result != CUDA_SUCCESS) {
		free(slab);
		return result;
	}
	slab->region->kind = SIM_SLAB;
	slab->region->slab = slab;
	slab->next = heap->slabs;
	heap->slabs = slab;
	take_slots(slab, bytes, address_out);
	count_used(heap, rounded(bytes));
	return CUDA_SUCCESS;
}

static void drop_slab(struct sim_heap *heap, struct sim_slab *slab)
{
	struct sim_slab **link = &heap->slabs;

	while (*link != slab)
		link = &(*link)->next;
	*link = slab->next;
	unback_region(heap, slab->region);
	free(slab);
}

void sim_heap_free_locked(const struct sim_block *block)
{
	struct sim_heap *heap = block->region->heap;
	struct sim_slab *slab = block->region->slab;
	unsigned first;

	heap->used_bytes -= rounded(block->bytes);
	if (!slab) {
		unback_region(heap, block->region);
		return;
	}
	first = (unsigned)((block->base - block->region->span.base) / SIM_SMALL_ALIGN);
	for (unsigned i = first; i < SLAB_SLOTS && slab->start[i] == first + 1; i++) {
		slab->start[i] = 0;
		slab->used_slots--;
	}
	if (!slab->used_slots)
		drop_slab(heap, slab);
}

void sim_heap_destroy_locked(struct sim_heap *heap)
{
	while (heap->slabs)
		drop_slab(heap, heap->slabs);
	for (size_t i = sim_regions.count; i-- > 0;) {
		struct sim_region *region = (struct sim_region *)sim_regions.items[i];

		if (region->heap == heap)
			unback_region(heap, region);
	}
	heap->used_bytes = 0;
}

bool sim_block_find_locked(uint64_t address, struct sim_block *block_out)
{
	struct sim_region *region = sim_region_find_locked(address);
	struct sim_slab *slab;
	unsigned slot;

	if (!region || !region->heap)
		return false;
	block_out->region = region;
	if (!region->slab) {
		block_out->base = region->span.base;
		block_out->bytes = region->bytes;
		block_out->buffer_id = region->buffer_id;
		block_out->freeing = &region->freeing;
		return address - region->span.base < region->bytes;
	}
	slab = region->slab;
	slot = slab->start[(address - region->span.base) / SIM_SMALL_ALIGN];
	if (!slot)
		return false;
	slot--;
	block_out->base = region->span.base + (uint64_t)slot * SIM_SMALL_ALIGN;
	block_out->bytes = slab->bytes[slot];
	block_out->buffer_id = slab->buffer_id[slot];
	block_out->freeing = &slab->freeing[slot];
	return address - block_out->base < block_out->bytes;
}
