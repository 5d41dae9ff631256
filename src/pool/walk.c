/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A walk over all that a pool holds. */
#include "pool/internal.h"

struct walk {
	const struct ae_pool *pool;
	void (*visit)(void *arg, const struct ae_pool_item *item);
	void *arg;
};

static void visit_range(const struct walk *walk, enum ae_pool_item_kind kind, uint64_t address,
			uint64_t bytes)
{
	const struct ae_pool_item item = { .kind = kind, .address = address, .bytes = bytes };

	walk->visit(walk->arg, &item);
}

static void visit_block(const struct walk *walk, enum ae_pool_item_kind kind,
			const struct ae_block *block)
{
	struct ae_block_info info;
	struct ae_pool_item item = {
		.kind = kind,
		.address = block->address,
		.bytes = block->bytes,
		.block = &info,
		.is_freed = block->state != AE_BLOCK_LIVE,
	};

	ae_pool_fill_info(walk->pool, block, &info);
	walk->visit(walk->arg, &item);
}

static void visit_small_blocks(const struct walk *walk, const struct ae_span *span)
{
	for (unsigned unit = 0; unit < AE_SPAN_UNITS; unit++) {
		const struct ae_slab *slab = span->slabs[unit];

		if (!slab || slab->unit != unit)
			continue;
		for (uint32_t slot = 0; slot < slab->slots; slot++) {
			uint64_t address = slab->address + slot * slab->slot_bytes;
			const struct ae_block *block = ae_blocks_find(&walk->pool->blocks, address);

			if (block)
				visit_block(walk, AE_POOL_SMALL, block);
		}
	}
}

/* Of a held extent some granules may be mapped and others not. */
static void visit_chunks(const struct walk *walk, const struct ae_extent *extent)
{
	uint64_t address = extent->node.address, end = ae_extent_end(extent);

	while (address != end) {
		const struct ae_chunk *chunk = ae_granule_at(extent->reservation, address)->chunk;

		if (chunk)
			visit_range(walk, AE_POOL_CHUNK, chunk->address, chunk->bytes);
		address += chunk ? chunk->bytes : UINT64_C(1) << extent->reservation->shift;
	}
}

static void visit_extent(const struct walk *walk, const struct ae_extent *extent)
{
	switch (extent->kind) {
	case AE_EXTENT_FREE:
		return;
	case AE_EXTENT_CACHED:
		visit_range(walk, AE_POOL_CACHED, extent->node.address, extent->node.bytes);
		break;
	case AE_EXTENT_HELD:
		visit_range(walk, AE_POOL_HELD, extent->node.address, extent->node.bytes);
		break;
	case AE_EXTENT_BLOCK:
		visit_block(walk, AE_POOL_BLOCK, extent->block);
		break;
	case AE_EXTENT_SPAN:
		visit_range(walk, AE_POOL_SHARED, extent->node.address, extent->node.bytes);
		visit_small_blocks(walk, extent->span);
		break;
	}
	visit_chunks(walk, extent);
}

void ae_pool_walk(struct ae_pool *pool, void (*visit)(void *arg, const struct ae_pool_item *),
		  void *arg)
{
	const struct ae_reservations *all = &pool->backing.reservations;
	const struct walk walk = { pool, visit, arg };

	ae_lock_acquire(&pool->lock);
	for (size_t i = 0; i < all->count; i++) {
		const struct ae_reservation *reservation = all->sorted[i];
		const struct ae_extent *extent = ae_extent_first(reservation);

		visit_range(&walk, AE_POOL_RESERVATION, reservation->address, reservation->bytes);
		for (; extent; extent = ae_extent_after(extent))
			visit_extent(&walk, extent);
	}
	ae_lock_release(&pool->lock);
}
