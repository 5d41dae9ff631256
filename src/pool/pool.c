/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool/internal.h"
#include "pool/record.h"

int ae_pool_create(const struct ae_device_ops *ops, void *device,
		   const struct ae_pool_params *params, struct ae_pool **pool_out)
{
	uint64_t account = 0;
	struct ae_pool *pool = ae_record_new(&account, sizeof(*pool));
	int rc;

	if (!pool)
		return -ENOMEM;
	rc = ae_backing_init(&pool->backing, ops, device, params);
	if (rc)
		goto err_pool;
	pool->backing.account += account;
	ae_slabs_init(&pool->slabs, &pool->backing);
	pool->small_most = params->granularity / 2;
	pool->limbo_end = &pool->limbo;
	rc = ae_lock_init(&pool->lock, AE_LOCK_POOL);
	if (rc)
		goto err_backing;
	*pool_out = pool;
	return 0;

err_backing:
	ae_backing_clear(&pool->backing);
err_pool:
	free(pool);
	return rc;
}

void ae_pool_destroy(struct ae_pool *pool)
{
	struct ae_block *block, *next;

	if (!pool)
		return;
	for (block = ae_blocks_first(&pool->blocks); block; block = next) {
		next = ae_blocks_next(block);
		ae_blocks_remove(&pool->blocks, block);
		ae_block_delete(block, &pool->backing.account);
	}
	for (size_t i = 0; i < pool->backing.reservations.count; i++) {
		struct ae_extent *extent = ae_extent_first(pool->backing.reservations.sorted[i]);

		for (; extent; extent = ae_extent_after(extent)) {
			if (extent->kind == AE_EXTENT_SPAN)
				ae_slabs_forget(&pool->slabs, extent);
		}
	}
	ae_backing_clear(&pool->backing);
	ae_lock_destroy(&pool->lock);
	free(pool);
}

static int small_alloc(struct ae_pool *pool, struct ae_block *block)
{
	struct ae_slot slot;
	int rc = ae_slabs_take(&pool->slabs, block->bytes, &slot);

	if (rc)
		return rc;
	block->address = slot.address;
	block->slab = slot.slab;
	rc = ae_blocks_add(&pool->blocks, block);
	if (rc)
		ae_slabs_undo(&pool->slabs, &slot);
	return rc;
}

static int large_alloc(struct ae_pool *pool, struct ae_block *block)
{
	uint64_t granularity = pool->backing.granularity;
	struct ae_taken taken;
	int rc;

	if (block->bytes > UINT64_MAX - (granularity - 1))
		return -ENOMEM;
	rc = ae_backing_take(&pool->backing,
			     (block->bytes + (granularity - 1)) & ~(granularity - 1), &taken);
	if (rc)
		return rc;
	block->address = taken.extent->node.address;
	block->extent = taken.extent;
	rc = ae_blocks_add(&pool->blocks, block);
	if (rc) {
		ae_backing_undo(&pool->backing, &taken);
		return rc;
	}
	taken.extent->kind = AE_EXTENT_BLOCK;
	taken.extent->block = block;
	return 0;
}

int ae_pool_alloc(struct ae_pool *pool, uint64_t bytes, uint64_t owner, uint64_t *address_out)
{
	struct ae_block *block;
	uint64_t calls;
	int rc;

	if (!bytes)
		return -EINVAL;
	ae_lock_acquire(&pool->lock);
	block = ae_block_new(bytes, owner, &pool->backing.account);
	if (!block) {
		rc = -ENOMEM;
		goto out_unlock;
	}
	calls = pool->backing.device.calls;
	rc = ae_pool_is_small(pool, bytes) ? small_alloc(pool, block) : large_alloc(pool, block);
	if (rc) {
		ae_block_delete(block, &pool->backing.account);
		goto out_unlock;
	}
	pool->blocks_live++;
	pool->bytes_asked += bytes;
	pool->allocs++;
	if (calls == pool->backing.device.calls)
		pool->alloc_hits++;
	*address_out = block->address;

out_unlock:
	ae_lock_release(&pool->lock);
	return rc;
}

/* The block's free is complete: record and memory. It is in no list. */
static void block_end(struct ae_pool *pool, struct ae_block *block)
{
	ae_blocks_remove(&pool->blocks, block);
	if (ae_pool_is_small(pool, block->bytes))
		ae_slabs_give(&pool->slabs, block->slab, block->address);
	else
		ae_backing_give(&pool->backing, block->extent);
	ae_block_delete(block, &pool->backing.account);
	pool->frees++;
}

/* The block stops being one of the live ones. */
static void block_leave(struct ae_pool *pool, struct ae_block *block, enum ae_block_state state)
{
	block->state = state;
	pool->blocks_live--;
	pool->bytes_asked -= block->bytes;
}

void ae_pool_fill_info(const struct ae_pool *pool, const struct ae_block *block,
		       struct ae_block_info *info)
{
	const struct ae_extent *extent =
		ae_pool_is_small(pool, block->bytes) ? block->slab->span->extent : block->extent;

	info->address = block->address;
	info->bytes = block->bytes;
	info->owner = block->owner;
	info->serial = block->serial;
	info->tag = block->tag;
	info->backing_address = extent->node.address;
	info->backing_bytes = extent->node.bytes;
}

static struct ae_block *find_state(const struct ae_pool *pool, uint64_t address,
				   enum ae_block_state state)
{
	struct ae_block *block = ae_blocks_find(&pool->blocks, address);

	return block && block->state == state ? block : NULL;
}

int ae_pool_free_begin(struct ae_pool *pool, uint64_t address, struct ae_block_info *block_out)
{
	struct ae_block *block;

	ae_lock_acquire(&pool->lock);
	block = find_state(pool, address, AE_BLOCK_LIVE);
	if (block) {
		block_leave(pool, block, AE_BLOCK_FREEING);
		if (block_out)
			ae_pool_fill_info(pool, block, block_out);
	}
	ae_lock_release(&pool->lock);
	return block ? 0 : -ENOENT;
}

void ae_pool_free_end(struct ae_pool *pool, uint64_t address)
{
	struct ae_block *block;

	ae_lock_acquire(&pool->lock);
	block = find_state(pool, address, AE_BLOCK_FREEING);
	if (block)
		block_end(pool, block);
	ae_lock_release(&pool->lock);
}

/* What of its own the block keeps from others; a small one shares its granule. */
static uint64_t own_bytes(const struct ae_pool *pool, const struct ae_block *block)
{
	return ae_pool_is_small(pool, block->bytes) ? 0 : block->extent->node.bytes;
}

void ae_pool_free_defer(struct ae_pool *pool, uint64_t address, uint64_t tag)
{
	struct ae_block *block;

	ae_lock_acquire(&pool->lock);
	block = find_state(pool, address, AE_BLOCK_FREEING);
	if (block) {
		block->state = AE_BLOCK_LIMBO;
		block->tag = tag;
		block->limbo_next = NULL;
		*pool->limbo_end = block;
		pool->limbo_end = &block->limbo_next;
		pool->bytes_limbo += own_bytes(pool, block);
		atomic_fetch_add_explicit(&pool->limbo_count, 1, memory_order_release);
	}
	ae_lock_release(&pool->lock);
}

void ae_pool_free_cancel(struct ae_pool *pool, uint64_t address)
{
	struct ae_block *block;

	ae_lock_acquire(&pool->lock);
	block = find_state(pool, address, AE_BLOCK_FREEING);
	if (block) {
		block->state = AE_BLOCK_LIVE;
		pool->blocks_live++;
		pool->bytes_asked += block->bytes;
	}
	ae_lock_release(&pool->lock);
}

int ae_pool_limbo_take(struct ae_pool *pool, struct ae_block_info *block_out)
{
	struct ae_block *block;

	ae_lock_acquire(&pool->lock);
	block = pool->limbo;
	if (block) {
		pool->limbo = block->limbo_next;
		if (!pool->limbo)
			pool->limbo_end = &pool->limbo;
		pool->bytes_limbo -= own_bytes(pool, block);
		atomic_fetch_sub_explicit(&pool->limbo_count, 1, memory_order_release);
		block->state = AE_BLOCK_FREEING;
		ae_pool_fill_info(pool, block, block_out);
	}
	ae_lock_release(&pool->lock);
	return block ? 0 : -ENOENT;
}

size_t ae_pool_limbo_count(const struct ae_pool *pool)
{
	return atomic_load_explicit(&pool->limbo_count, memory_order_acquire);
}

size_t ae_pool_free_owner(struct ae_pool *pool, uint64_t owner, uint64_t serial_most)
{
	struct ae_block *block, *next;
	size_t count = 0;

	ae_lock_acquire(&pool->lock);
	for (block = ae_blocks_first(&pool->blocks); block; block = next) {
		next = ae_blocks_next(block);
		if (block->owner != owner || block->serial > serial_most ||
		    block->state != AE_BLOCK_LIVE)
			continue;
		block_leave(pool, block, AE_BLOCK_FREEING);
		block_end(pool, block);
		count++;
	}
	ae_lock_release(&pool->lock);
	return count;
}

/* The block whose bytes contain address, from the granule that does. */
static struct ae_block *find_inside(const struct ae_pool *pool, uint64_t address)
{
	const struct ae_extent *extent = ae_backing_find(&pool->backing, address);
	uint64_t start;

	if (!extent)
		return NULL;
	if (extent->kind == AE_EXTENT_BLOCK)
		return extent->block;
	if (extent->kind != AE_EXTENT_SPAN)
		return NULL;
	start = ae_span_slot_start(extent->span, address);
	return start ? ae_blocks_find(&pool->blocks, start) : NULL;
}

int ae_pool_find(struct ae_pool *pool, uint64_t address, struct ae_block_info *block_out)
{
	struct ae_block *block;
	int rc = -ENOENT;

	ae_lock_acquire(&pool->lock);
	block = find_inside(pool, address);
	if (block && block->state == AE_BLOCK_LIVE && address - block->address < block->bytes) {
		if (block_out)
			ae_pool_fill_info(pool, block, block_out);
		rc = 0;
	}
	ae_lock_release(&pool->lock);
	return rc;
}

bool ae_pool_owns(struct ae_pool *pool, uint64_t address)
{
	bool owns;

	/* Most addresses that programs ask about are not ours: those cost no lock. */
	if (!ae_reservations_near(&pool->backing.reservations, address))
		return false;
	ae_lock_acquire(&pool->lock);
	owns = ae_reservation_find(&pool->backing.reservations, address) != NULL;
	ae_lock_release(&pool->lock);
	return owns;
}

uint64_t ae_pool_trim(struct ae_pool *pool, uint64_t keep_bytes)
{
	uint64_t given;

	ae_lock_acquire(&pool->lock);
	given = ae_backing_trim(&pool->backing, keep_bytes);
	ae_lock_release(&pool->lock);
	return given;
}

uint64_t ae_pool_decay(struct ae_pool *pool, uint64_t ticks)
{
	uint64_t given = 0, tries;
	bool more;

	ae_lock_acquire(&pool->lock);
	pool->backing.cache.tick++;
	tries = pool->backing.cache.chunks;
	given = ae_backing_trim(&pool->backing, UINT64_MAX); /* what is stuck */
	ae_lock_release(&pool->lock);
	/* What the device does not take is warm again, and not tried twice. */
	do {
		ae_lock_acquire(&pool->lock);
		more = tries-- && ae_backing_decay(&pool->backing, ticks, &given);
		ae_lock_release(&pool->lock);
	} while (more);
	return given;
}

void ae_pool_set_cache(struct ae_pool *pool, uint64_t cache_most)
{
	ae_lock_acquire(&pool->lock);
	ae_backing_set_cache(&pool->backing, cache_most);
	ae_lock_release(&pool->lock);
}

void ae_pool_set_limit(struct ae_pool *pool, uint64_t limit)
{
	ae_lock_acquire(&pool->lock);
	ae_backing_set_limit(&pool->backing, limit);
	ae_lock_release(&pool->lock);
}

void ae_pool_get_stats(struct ae_pool *pool, struct ae_pool_stats *stats_out)
{
	const struct ae_backing *backing = &pool->backing;

	ae_lock_acquire(&pool->lock);
	*stats_out = (struct ae_pool_stats){
		.blocks_live = pool->blocks_live,
		.bytes_asked = pool->bytes_asked,
		.bytes_resident = backing->bytes_resident,
		.bytes_cached = backing->cache.bytes + backing->bytes_stuck,
		.bytes_limbo = pool->bytes_limbo,
		.bytes_reserved = backing->reservations.bytes,
		.chunks = backing->chunks,
		.reservations = backing->reservations.count,
		.slabs = pool->slabs.count,
		.allocs = pool->allocs,
		.frees = pool->frees,
		.alloc_hits = pool->alloc_hits,
		.creates = backing->creates,
		.releases = backing->releases,
		.metadata_bytes = backing->account + ae_reservations_cost(&backing->reservations) +
				  ae_blocks_cost(&pool->blocks),
	};
	ae_lock_release(&pool->lock);
}
