/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/backing.h"

#include <errno.h>

#include "pool/pool.h"
#include "pool/record.h"

/* See extent.h. */
#define EXTENTS_PER_CHUNK       2
#define EXTENTS_PER_RESERVATION 1

int ae_backing_init(struct ae_backing *backing, const struct ae_device_ops *ops, void *device,
		    const struct ae_pool_params *params)
{
	uint64_t granularity = params->granularity;
	uint64_t chunk_granules;
	unsigned shift;

	if (granularity < AE_GRANULARITY_LEAST || granularity > AE_GRANULARITY_MOST ||
	    granularity & (granularity - 1) || params->chunk_usual < granularity ||
	    params->chunk_usual > params->chunk_most)
		return -EINVAL;
	shift = (unsigned)__builtin_ctzll(granularity);
	chunk_granules = params->chunk_most >> shift;
	if (chunk_granules > AE_CHUNK_GRANULES_MOST)
		chunk_granules = AE_CHUNK_GRANULES_MOST;

	*backing = (struct ae_backing){
		.device = { .ops = ops, .arg = device },
		.granularity = granularity,
		.chunk_usual = params->chunk_usual & ~(granularity - 1),
		.chunk_most = chunk_granules << shift,
		.reserve_step = params->reserve_step & ~(granularity - 1),
		.cache_most = params->cache_most,
		.limit = params->limit,
		.reservations = { .shift = shift },
	};
	ae_list_init(&backing->stuck);
	return ae_cache_init(&backing->cache, shift, chunk_granules, &backing->account);
}

/* The reservation of an extent that spans it all and is in no tree ends, if the device lets it. */
static int reservation_end(struct ae_backing *backing, struct ae_extent *extent)
{
	int rc = ae_reservation_end(&backing->reservations, &backing->device, extent->reservation,
				    &backing->account);

	if (rc)
		return rc;
	ae_extent_stock_put(&backing->stock, extent);
	ae_extent_stock_drop(&backing->stock, EXTENTS_PER_RESERVATION, &backing->account);
	return 0;
}

/*
 * Nothing is mapped in the extent any more: it joins the free address space. One wholly free
 * reservation is kept for the next block, any further one ends.
 */
static void space_add(struct ae_backing *backing, struct ae_extent *extent)
{
	struct ae_extent *neighbour;

	extent->kind = AE_EXTENT_FREE;
	neighbour = ae_extent_before(extent);
	if (neighbour && neighbour->kind == AE_EXTENT_FREE) {
		ae_tree_remove(&backing->free, &neighbour->node);
		extent = ae_extent_join(&backing->stock, neighbour, extent);
	}
	neighbour = ae_extent_after(extent);
	if (neighbour && neighbour->kind == AE_EXTENT_FREE) {
		ae_tree_remove(&backing->free, &neighbour->node);
		extent = ae_extent_join(&backing->stock, extent, neighbour);
	}
	if (extent->node.bytes == extent->reservation->bytes) {
		if (!backing->spare)
			backing->spare = extent->reservation;
		else if (!reservation_end(backing, extent))
			return;
	}
	ae_tree_add(&backing->free, &extent->node);
}

/* A reservation that a failed call made, and that is wholly free again, ends with the call. */
static void space_undo(struct ae_backing *backing, uint64_t reservation_address)
{
	struct ae_reservation *spare = backing->spare;
	struct ae_extent *extent;

	if (!spare || spare->address != reservation_address)
		return;
	extent = ae_extent_first(spare);
	ae_tree_remove(&backing->free, &extent->node);
	if (reservation_end(backing, extent))
		ae_tree_add(&backing->free, &extent->node);
	else
		backing->spare = NULL;
}

static int space_reserve(struct ae_backing *backing, uint64_t bytes, struct ae_extent **extent_out)
{
	uint64_t step = bytes > backing->reserve_step ? bytes : backing->reserve_step;
	struct ae_reservation *reservation;
	int rc;

	rc = ae_extent_stock_add(&backing->stock, EXTENTS_PER_RESERVATION, &backing->account);
	if (rc)
		return rc;
	rc = ae_reservation_new(&backing->reservations, &backing->device, step, &backing->account,
				&reservation);
	/* Address space can be short too (a small device, RLIMIT_AS): then just what is needed. */
	if (rc == -ENOMEM && step > bytes)
		rc = ae_reservation_new(&backing->reservations, &backing->device, bytes,
					&backing->account, &reservation);
	if (rc) {
		ae_extent_stock_drop(&backing->stock, EXTENTS_PER_RESERVATION, &backing->account);
		return rc;
	}
	*extent_out = ae_extent_whole(&backing->stock, reservation);
	return 0;
}

/* Takes bytes of free address space, from the low end of the smallest extent that has them. */
static int space_take(struct ae_backing *backing, uint64_t bytes, struct ae_taken *taken)
{
	struct ae_tree_node *node = ae_tree_at_least(&backing->free, bytes);
	struct ae_extent *extent = (struct ae_extent *)node, *rest;
	int rc;

	if (extent) {
		ae_tree_remove(&backing->free, node);
		if (extent->reservation == backing->spare)
			backing->spare = NULL;
	} else {
		rc = space_reserve(backing, bytes, &extent);
		if (rc)
			return rc;
		taken->is_reserved = true;
	}
	if (extent->node.bytes != bytes) {
		ae_extent_split(&backing->stock, extent, extent->node.address + bytes, &extent,
				&rest);
		ae_tree_add(&backing->free, &rest->node);
	}
	extent->kind = AE_EXTENT_HELD;
	extent->stuck = 0;
	taken->extent = extent;
	return 0;
}

static int chunk_new(struct ae_backing *backing, uint64_t bytes, struct ae_chunk **chunk_out)
{
	struct ae_chunk *chunk;
	int rc;

	rc = ae_extent_stock_add(&backing->stock, EXTENTS_PER_CHUNK, &backing->account);
	if (rc)
		return rc;
	chunk = ae_record_new(&backing->account, sizeof(*chunk));
	if (!chunk) {
		rc = -ENOMEM;
		goto err_stock;
	}
	rc = ae_device_call(&backing->device, create, bytes, &chunk->handle);
	if (rc)
		goto err_record;
	chunk->bytes = bytes;
	backing->bytes_resident += bytes;
	backing->chunks++;
	backing->creates++;
	*chunk_out = chunk;
	return 0;

err_record:
	ae_record_delete(&backing->account, chunk, sizeof(*chunk));
err_stock:
	ae_extent_stock_drop(&backing->stock, EXTENTS_PER_CHUNK, &backing->account);
	return rc;
}

static void chunk_stick(struct ae_backing *backing, struct ae_chunk *chunk)
{
	ae_list_push(&backing->stuck, &chunk->age);
	backing->bytes_stuck += chunk->bytes;
}

/* A chunk that is mapped nowhere, in no list: it is released, or stuck. True: it is gone. */
static bool chunk_end(struct ae_backing *backing, struct ae_chunk *chunk)
{
	if (ae_device_call(&backing->device, release, chunk->handle, chunk->bytes)) {
		chunk_stick(backing, chunk);
		return false;
	}
	ae_device_unclaim(&backing->device, chunk->bytes);
	backing->bytes_resident -= chunk->bytes;
	backing->chunks--;
	backing->releases++;
	ae_record_delete(&backing->account, chunk, sizeof(*chunk));
	ae_extent_stock_drop(&backing->stock, EXTENTS_PER_CHUNK, &backing->account);
	return true;
}

/*
 * Takes down what was built, up to `end`, in an extent that is held. All mappings go first, then
 * the address space, then the chunks: an extent may outlive its last chunk for no moment, since its
 * record is part of the chunk's share of the stock.
 */
static void unbuild(struct ae_backing *backing, const struct ae_taken *taken, uint64_t end)
{
	struct ae_extent *extent = taken->extent;
	uint64_t reservation_address = extent->reservation->address;
	uint64_t address = extent->node.address;
	struct ae_link down, *next;
	struct ae_chunk *chunk;

	ae_list_init(&down);
	extent->stuck = 0;
	while (address != end) {
		chunk = ae_granule_at(extent->reservation, address)->chunk;
		address += chunk->bytes;
		if (ae_chunk_unmap(&backing->device, extent->reservation, chunk)) {
			extent->stuck++;
			chunk_stick(backing, chunk);
		} else {
			chunk->extent = NULL;
			ae_list_push(&down, &chunk->age);
		}
	}
	if (!extent->stuck) {
		space_add(backing, extent);
		if (taken->is_reserved)
			space_undo(backing, reservation_address);
	}
	/* The list ends here: its links are not mended, and a chunk that sticks goes into another. */
	for (struct ae_link *link = down.next; link != &down; link = next) {
		next = link->next;
		chunk_end(backing, ae_link_entry(link, struct ae_chunk, age));
	}
}

/* The chunks of bytes that are claimed, mapped and accessible. Says how much it created. */
static int build_claimed(struct ae_backing *backing, uint64_t bytes, struct ae_taken *taken,
			 uint64_t *created_out)
{
	const uint64_t most = ae_chunk_limit(bytes, backing->chunk_usual, backing->chunk_most,
					     backing->granularity);
	struct ae_extent *extent;
	struct ae_chunk *chunk;
	uint64_t start, done = 0;
	int rc;

	*taken = (struct ae_taken){ .is_fresh = true };
	/* The first chunk comes before the address space: it is what fails when the device is full. */
	rc = chunk_new(backing, ae_chunk_next_bytes(bytes, 0, most, backing->granularity), &chunk);
	if (rc)
		return rc;
	*created_out = chunk->bytes;
	rc = space_take(backing, bytes, taken);
	if (rc) {
		chunk_end(backing, chunk);
		return rc;
	}
	extent = taken->extent;
	start = extent->node.address;

	for (;;) {
		rc = ae_chunk_map(&backing->device, extent->reservation, chunk, start + done);
		if (rc)
			goto err_chunk;
		chunk->extent = extent;
		done += chunk->bytes;
		if (done == bytes)
			break;
		rc = chunk_new(backing,
			       ae_chunk_next_bytes(bytes, done, most, backing->granularity),
			       &chunk);
		if (rc)
			goto err_extent;
		*created_out += chunk->bytes;
	}
	rc = ae_device_call(&backing->device, set_access, start, bytes);
	if (!rc)
		return 0;

err_extent:
	unbuild(backing, taken, start + done);
	return rc;

err_chunk:
	unbuild(backing, taken, start + done);
	chunk_end(backing, chunk);
	return rc;
}

static int build(struct ae_backing *backing, uint64_t bytes, struct ae_taken *taken)
{
	uint64_t created = 0;
	int rc = ae_device_call(&backing->device, claim, bytes);

	if (rc)
		return rc;
	rc = build_claimed(backing, bytes, taken, &created);
	/* What was created is claimed for as long as it is there. */
	if (rc)
		ae_device_unclaim(&backing->device, bytes - created);
	return rc;
}

/* Tries the way down of every stuck chunk once more. */
static void stuck_retry(struct ae_backing *backing)
{
	size_t count = 0;

	for (struct ae_link *link = backing->stuck.next; link != &backing->stuck; link = link->next)
		count++;
	/* From the end, for what sticks again goes to the front. */
	for (; count > 0; count--) {
		struct ae_chunk *chunk = ae_link_entry(backing->stuck.prev, struct ae_chunk, age);
		struct ae_extent *extent = chunk->extent;

		ae_list_remove(&chunk->age);
		backing->bytes_stuck -= chunk->bytes;
		if (extent) {
			if (ae_chunk_unmap(&backing->device, extent->reservation, chunk)) {
				chunk_stick(backing, chunk);
				continue;
			}
			chunk->extent = NULL;
			if (!--extent->stuck)
				space_add(backing, extent);
		}
		chunk_end(backing, chunk);
	}
}

/* The way down of one cached chunk. Where it cannot be unmapped it is cached again, and warm. */
static void cached_chunk_end(struct ae_backing *backing, struct ae_chunk *chunk)
{
	struct ae_extent *extent = ae_cache_take_chunk(&backing->cache, &backing->stock, chunk);

	if (ae_chunk_unmap(&backing->device, extent->reservation, chunk)) {
		ae_cache_add(&backing->cache, extent);
		return;
	}
	chunk->extent = NULL;
	space_add(backing, extent);
	chunk_end(backing, chunk);
}

uint64_t ae_backing_trim(struct ae_backing *backing, uint64_t keep_bytes)
{
	uint64_t before = backing->bytes_resident;
	uint64_t tries = backing->cache.chunks;

	stuck_retry(backing);
	while (backing->cache.bytes > keep_bytes && tries--)
		cached_chunk_end(backing, ae_cache_coldest(&backing->cache));
	return before - backing->bytes_resident;
}

bool ae_backing_decay(struct ae_backing *backing, uint64_t ticks, uint64_t *given)
{
	uint64_t before = backing->bytes_resident;

	if (!backing->cache.chunks || ae_cache_age(&backing->cache) < ticks)
		return false;
	cached_chunk_end(backing, ae_cache_coldest(&backing->cache));
	*given += before - backing->bytes_resident;
	return true;
}

/* The most that may stay cached without being above the limit. */
static uint64_t cached_within(const struct ae_backing *backing, uint64_t room)
{
	uint64_t used = backing->bytes_resident - backing->cache.bytes;

	return used < room ? room - used : 0;
}

void ae_backing_set_limit(struct ae_backing *backing, uint64_t limit)
{
	backing->limit = limit;
	if (backing->bytes_resident > limit)
		ae_backing_trim(backing, cached_within(backing, limit));
}

/* Makes bytes fit under the limit, if they can be made to fit. */
static int make_room(struct ae_backing *backing, uint64_t bytes)
{
	uint64_t used = backing->bytes_resident - backing->cache.bytes - backing->bytes_stuck;

	if (bytes > backing->limit || used > backing->limit - bytes)
		return -ENOMEM;
	if (backing->bytes_resident > backing->limit - bytes)
		ae_backing_trim(backing, cached_within(backing, backing->limit - bytes));
	return backing->bytes_resident > backing->limit - bytes ? -ENOMEM : 0;
}

int ae_backing_take(struct ae_backing *backing, uint64_t bytes, struct ae_taken *taken_out)
{
	struct ae_taken taken = { 0 };
	int rc;

	taken.extent = ae_cache_take(&backing->cache, &backing->stock, bytes);
	if (taken.extent) {
		*taken_out = taken;
		return 0;
	}
	rc = make_room(backing, bytes);
	if (rc)
		return rc;
	rc = build(backing, bytes, &taken);
	if ((rc == -ENOMEM || rc == -EAGAIN) && backing->cache.chunks) {
		ae_backing_trim(backing, 0);
		/* Asked again: what the first try could not take down counts against the limit. */
		rc = make_room(backing, bytes);
		if (!rc)
			rc = build(backing, bytes, &taken);
	}
	if (!rc)
		*taken_out = taken;
	return rc;
}

void ae_backing_undo(struct ae_backing *backing, const struct ae_taken *taken)
{
	if (taken->is_fresh)
		unbuild(backing, taken, ae_extent_end(taken->extent));
	else
		ae_cache_add(&backing->cache, taken->extent);
}

/* Gives back what is cached above the watermark, or resident above the limit. */
static void obey(struct ae_backing *backing)
{
	uint64_t keep_bytes = cached_within(backing, backing->limit);

	if (keep_bytes > backing->cache_most)
		keep_bytes = backing->cache_most;
	if (backing->cache.bytes > keep_bytes)
		ae_backing_trim(backing, keep_bytes);
}

void ae_backing_give(struct ae_backing *backing, struct ae_extent *extent)
{
	ae_cache_add(&backing->cache, extent);
	obey(backing);
}

void ae_backing_set_cache(struct ae_backing *backing, uint64_t cache_most)
{
	backing->cache_most = cache_most;
	obey(backing);
}

struct ae_extent *ae_backing_find(const struct ae_backing *backing, uint64_t address)
{
	struct ae_reservation *reservation = ae_reservation_find(&backing->reservations, address);
	struct ae_chunk *chunk;

	if (!reservation)
		return NULL;
	chunk = ae_granule_at(reservation, address)->chunk;
	return chunk ? chunk->extent : NULL;
}

/* The end of a chunk whose pool ends: what the device says changes nothing any more. */
static void chunk_destroy(struct ae_backing *backing, struct ae_chunk *chunk)
{
	if (chunk->extent)
		(void)ae_device_call(&backing->device, unmap, chunk->address, chunk->bytes);
	(void)ae_device_call(&backing->device, release, chunk->handle, chunk->bytes);
	ae_device_unclaim(&backing->device, chunk->bytes);
	ae_record_delete(&backing->account, chunk, sizeof(*chunk));
}

void ae_backing_clear(struct ae_backing *backing)
{
	struct ae_link *next_stuck;

	for (struct ae_link *link = backing->stuck.next; link != &backing->stuck;
	     link = next_stuck) {
		next_stuck = link->next;
		chunk_destroy(backing, ae_link_entry(link, struct ae_chunk, age));
	}
	ae_list_init(&backing->stuck);
	while (backing->reservations.count) {
		struct ae_reservation *reservation =
			backing->reservations.sorted[backing->reservations.count - 1];
		struct ae_extent *extent = ae_extent_first(reservation), *next;

		for (; extent; extent = next) {
			uint64_t address = extent->node.address, end = ae_extent_end(extent);

			next = ae_extent_after(extent);
			if (extent->kind == AE_EXTENT_FREE || extent->kind == AE_EXTENT_HELD)
				address = end;
			while (address != end) {
				struct ae_chunk *chunk = ae_granule_at(reservation, address)->chunk;

				address += chunk->bytes;
				chunk_destroy(backing, chunk);
			}
			ae_extent_stock_put(&backing->stock, extent);
		}
		if (ae_reservation_end(&backing->reservations, &backing->device, reservation,
				       &backing->account))
			ae_reservation_forget(&backing->reservations, reservation,
					      &backing->account);
	}
	ae_reservations_clear(&backing->reservations);
	ae_extent_stock_drop(&backing->stock, backing->stock.count, &backing->account);
	ae_cache_clear(&backing->cache, &backing->account);
}
