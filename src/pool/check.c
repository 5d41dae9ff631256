/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ae_pool_check: everything that must hold between the records, told from scratch. */
#include <stdlib.h>

#include "pool/internal.h"

/* What a walk over all reservations adds up to. */
struct sums {
	uint64_t extents, free_extents, cached_extents;
	uint64_t chunks, cached_chunks, bytes_mapped, bytes_cached;
	uint64_t stuck_mapped, bytes_stuck;
	uint64_t slabs, slabs_open, spans_open, blocks;
};

#define require(condition, line)     \
	do {                         \
		if (!(condition))    \
			return line; \
	} while (0)

/* The chunks cover the extent and say that they are its own. */
static const char *check_chunks(struct ae_extent *extent, struct sums *sums)
{
	const struct ae_reservation *reservation = extent->reservation;
	uint64_t address = extent->node.address, end = ae_extent_end(extent);

	while (address != end) {
		struct ae_granule *granule = ae_granule_at(reservation, address);
		struct ae_chunk *chunk = granule->chunk;

		require(chunk, "a mapped extent has a granule without a chunk");
		require(chunk->address == address, "a chunk is not where the table has it");
		require(chunk->extent == extent, "a chunk belongs to another extent");
		require(chunk->bytes && chunk->bytes <= end - address, "a chunk crosses extents");
		for (uint64_t i = 0; i < chunk->bytes >> reservation->shift; i++)
			require(granule[i].chunk == chunk, "a chunk is not in all its granules");
		sums->chunks++;
		sums->bytes_mapped += chunk->bytes;
		if (extent->kind == AE_EXTENT_CACHED) {
			sums->cached_chunks++;
			sums->bytes_cached += chunk->bytes;
		}
		address += chunk->bytes;
	}
	return NULL;
}

static const char *check_slab(const struct ae_pool *pool, const struct ae_slab *slab,
			      struct sums *sums)
{
	uint32_t used = 0;

	for (uint32_t slot = 0; slot < slab->slots; slot++) {
		uint64_t address = slab->address + slot * slab->slot_bytes;
		const struct ae_block *block = ae_blocks_find(&pool->blocks, address);
		bool is_free = slab->free[slot / 64] >> slot % 64 & 1;

		require(is_free == !block, "a slot and its block disagree");
		if (!block)
			continue;
		require(block->slab == slab, "a block belongs to another slab");
		require(block->bytes <= slab->slot_bytes, "a block is larger than its slot");
		used++;
		sums->blocks++;
	}
	require(used == slab->used && used, "a slab counts its blocks wrongly, or is empty");
	sums->slabs++;
	sums->slabs_open += used < slab->slots;
	return NULL;
}

static const char *check_span(const struct ae_pool *pool, const struct ae_extent *extent,
			      struct sums *sums)
{
	const struct ae_span *span = extent->span;
	uint32_t used = 0;

	require(extent->node.bytes == pool->backing.granularity, "a span is not one granule");
	require(span->extent == extent, "a span belongs to another extent");
	for (unsigned unit = 0; unit < AE_SPAN_UNITS; unit++) {
		const struct ae_slab *slab = span->slabs[unit];
		const char *wrong;

		if (!slab)
			continue;
		used |= 1u << unit;
		require(slab->span == span, "a slab belongs to another span");
		require(slab->unit <= unit && unit < slab->unit + slab->units,
			"a slab is not in this unit");
		require(slab->unit % slab->units == 0, "a slab is not aligned");
		if (slab->unit != unit)
			continue;
		wrong = check_slab(pool, slab, sums);
		if (wrong)
			return wrong;
	}
	require(used == span->used && used, "a span counts its units wrongly, or is empty");
	sums->spans_open += used != UINT32_MAX;
	return NULL;
}

static const char *check_extent(const struct ae_pool *pool, struct ae_extent *extent,
				struct sums *sums)
{
	const struct ae_extent *after = ae_extent_after(extent);
	const struct ae_block *block;

	sums->extents++;
	require(ae_granule_at(extent->reservation, ae_extent_end(extent) - 1)->edge == extent,
		"an extent's last granule does not name it");
	switch (extent->kind) {
	case AE_EXTENT_FREE:
		sums->free_extents++;
		require(!after || after->kind != AE_EXTENT_FREE, "free neighbours are not joined");
		return NULL;
	case AE_EXTENT_CACHED:
		sums->cached_extents++;
		return check_chunks(extent, sums);
	case AE_EXTENT_HELD:
		require(extent->stuck, "an extent is held for nothing");
		sums->stuck_mapped += extent->stuck;
		return NULL;
	case AE_EXTENT_BLOCK:
		block = extent->block;
		require(block->extent == extent, "a block belongs to another extent");
		require(block->address == extent->node.address, "a block is not at its start");
		require(ae_blocks_find(&pool->blocks, block->address) == block,
			"a block is not in the table");
		require(block->bytes <= extent->node.bytes, "a block is larger than its extent");
		sums->blocks++;
		return check_chunks(extent, sums);
	case AE_EXTENT_SPAN:
		return check_span(pool, extent, sums) ?: check_chunks(extent, sums);
	}
	return "an extent is of no kind";
}

static const char *check_reservations(const struct ae_pool *pool, struct sums *sums)
{
	const struct ae_reservations *all = &pool->backing.reservations;
	uint64_t end = 0, bytes = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct ae_reservation *reservation = all->sorted[i];
		struct ae_extent *extent = ae_extent_first(reservation);
		uint64_t address = reservation->address;

		require(!i || reservation->address >= end, "reservations are not in order");
		for (; extent; extent = ae_extent_after(extent)) {
			const char *wrong;

			require(extent->reservation == reservation, "an extent is astray");
			require(extent->node.address == address, "extents leave a gap or overlap");
			address = ae_extent_end(extent);
			wrong = check_extent(pool, extent, sums);
			if (wrong)
				return wrong;
		}
		end = reservation->address + reservation->bytes;
		require(address == end, "extents do not fill the reservation");
		bytes += reservation->bytes;
	}
	require(bytes == all->bytes, "the reservations' size is counted wrongly");
	return NULL;
}

/* Nodes of a tree in order, of extents of one kind: how many, or UINT64_MAX when out of order. */
static uint64_t count_tree(const struct ae_tree *tree, enum ae_extent_kind kind)
{
	const struct ae_tree_node *node = ae_tree_at_least(tree, 0), *next;
	uint64_t count = 0;

	for (; node; node = next) {
		if (((const struct ae_extent *)node)->kind != kind)
			return UINT64_MAX;
		count++;
		next = ae_tree_next(tree, node);
		if (next && next->bytes < node->bytes)
			return UINT64_MAX;
	}
	return count;
}

static uint64_t count_list(const struct ae_link *head)
{
	uint64_t count = 0;

	for (const struct ae_link *link = head->next; link != head; link = link->next)
		count++;
	return count;
}

static const char *check_cache(const struct ae_cache *cache, const struct sums *sums)
{
	uint64_t chunks = 0;

	require(count_tree(&cache->extents, AE_EXTENT_CACHED) == sums->cached_extents,
		"the index of cached extents is wrong");
	require(cache->bytes == sums->bytes_cached && cache->chunks == sums->cached_chunks,
		"cached memory is counted wrongly");
	require(count_list(&cache->age) == sums->cached_chunks, "the list by age is wrong");
	for (uint64_t size = 0; size < cache->sizes; size++) {
		bool is_filled = cache->filled[size / 64] >> size % 64 & 1;

		require(is_filled == !ae_list_is_empty(&cache->bins[size]),
			"the bitmap of chunk sizes is wrong");
		chunks += is_filled ? count_list(&cache->bins[size]) : 0;
	}
	require(chunks == sums->cached_chunks, "the lists by size are wrong");
	return NULL;
}

static const char *check_slab_lists(const struct ae_slabs *slabs, const struct sums *sums)
{
	uint64_t slabs_open = 0, spans_open = 0;

	for (unsigned i = 0; i < AE_SLAB_CLASSES; i++) {
		const struct ae_link *head = &slabs->open[i];

		for (struct ae_link *link = head->next; link != head; link = link->next) {
			const struct ae_slab *slab = ae_link_entry(link, struct ae_slab, link);

			require(slab->class_index == i, "a slab is listed in another class");
			require(slab->used < slab->slots, "a full slab is listed as open");
			slabs_open++;
		}
	}
	for (unsigned i = 0; i < AE_SPAN_ORDERS; i++) {
		const struct ae_link *head = &slabs->spans[i];

		for (struct ae_link *link = head->next; link != head; link = link->next) {
			const struct ae_span *span = ae_link_entry(link, struct ae_span, link);

			require(ae_span_free_order(span) == (int)i,
				"a span is listed under the wrong order");
			spans_open++;
		}
	}
	require(slabs_open == sums->slabs_open, "a slab with a free slot is not listed");
	require(spans_open == sums->spans_open, "a span with free units is not listed");
	return NULL;
}

static const char *check_blocks(const struct ae_pool *pool)
{
	uint64_t live = 0, asked = 0, limbo = 0, listed = 0, freeing = 0, limbo_bytes = 0;

	for (const struct ae_block *block = ae_blocks_first(&pool->blocks); block;
	     block = ae_blocks_next(block)) {
		if (block->state == AE_BLOCK_LIVE) {
			live++;
			asked += block->bytes;
		} else if (block->state == AE_BLOCK_LIMBO) {
			limbo++;
		} else {
			freeing++;
		}
	}
	for (const struct ae_block *block = pool->limbo; block; block = block->limbo_next) {
		listed++;
		if (!ae_pool_is_small(pool, block->bytes))
			limbo_bytes += block->extent->node.bytes;
	}
	require(limbo_bytes == pool->bytes_limbo, "bytes in limbo are counted wrongly");
	require(live == pool->blocks_live && asked == pool->bytes_asked,
		"live blocks are counted wrongly");
	require(limbo == listed && limbo == atomic_load(&pool->limbo_count),
		"blocks in limbo are counted wrongly");
	require(pool->allocs - pool->frees == live + limbo + freeing,
		"allocations and frees do not add up");
	return NULL;
}

static const char *check(const struct ae_pool *pool)
{
	const struct ae_backing *backing = &pool->backing;
	struct sums sums = { 0 };
	const char *wrong = check_reservations(pool, &sums);

	if (wrong)
		return wrong;
	for (const struct ae_link *link = backing->stuck.next; link != &backing->stuck;
	     link = link->next) {
		const struct ae_chunk *chunk = ae_link_entry(link, struct ae_chunk, age);

		sums.chunks++;
		sums.bytes_mapped += chunk->bytes;
		sums.bytes_stuck += chunk->bytes;
		sums.stuck_mapped -= chunk->extent ? 1 : 0;
	}
	require(!sums.stuck_mapped, "chunks stuck in held extents are counted wrongly");
	require(sums.bytes_stuck == backing->bytes_stuck, "stuck memory is counted wrongly");
	require(sums.chunks == backing->chunks, "chunks are counted wrongly");
	require(sums.bytes_mapped == backing->bytes_resident, "resident memory is counted wrongly");
	require(backing->creates - backing->releases == backing->chunks,
		"creates and releases do not add up");
	require(count_tree(&backing->free, AE_EXTENT_FREE) == sums.free_extents,
		"the index of free address space is wrong");
	require(backing->stock.count + sums.extents ==
			2 * backing->chunks + backing->reservations.count,
		"the stock of extents is wrong");
	require(sums.slabs == pool->slabs.count, "slabs are counted wrongly");
	require(sums.blocks == ae_blocks_count(&pool->blocks), "blocks are counted wrongly");
	return check_cache(&backing->cache, &sums) ?: check_slab_lists(&pool->slabs, &sums)
	       ?: check_blocks(pool);
}

const char *ae_pool_check(struct ae_pool *pool)
{
	const char *wrong;

	ae_lock_acquire(&pool->lock);
	wrong = check(pool);
	ae_lock_release(&pool->lock);
	return wrong;
}
