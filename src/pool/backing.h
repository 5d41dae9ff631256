/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the memory of a pool in whole granules, whatever it is used for: address space,
 * chunks, the cache, the limit. Extents go out of it and come back. Locked by the pool.
 *
 * Nothing is lost when the device fails on the way down. A cached chunk that it will not unmap
 * stays cached, and usable. A chunk that was unmapped and not released, or that a failed
 * allocation could not unmap, is *stuck*: it is in use for nothing, counts as resident and as
 * cached, keeps its address range out of use while it may be mapped there, and its way down is
 * tried again at each trim.
 */
#ifndef AE_POOL_BACKING_H
#define AE_POOL_BACKING_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/cache.h"

struct ae_pool_params;

/* Slabs divide a granule in 32 units of at least one slot, and count within it in 32 bits. */
#define AE_GRANULARITY_LEAST (UINT64_C(16) << 10)
#define AE_GRANULARITY_MOST  (UINT64_C(1) << 30)

struct ae_backing {
	struct ae_device device;
	uint64_t granularity; /* immutable, as are chunk_usual, chunk_most and reserve_step */
	uint64_t chunk_usual, chunk_most;
	uint64_t reserve_step;
	uint64_t cache_most;
	uint64_t limit;

	struct ae_reservations reservations;
	struct ae_extent_stock stock;
	struct ae_tree free; /* struct ae_extent: address space with nothing mapped */
	struct ae_cache cache;
	struct ae_link stuck; /* struct ae_chunk, by age */
	struct ae_reservation *spare; /* the one wholly free reservation that is kept, or NULL */

	uint64_t bytes_resident, bytes_stuck;
	uint64_t chunks, creates, releases;
	uint64_t account; /* host memory of records */
};

/* What a take took; an undo needs to know how. */
struct ae_taken {
	struct ae_extent *extent; /* AE_EXTENT_HELD: the taker sets the kind */
	bool is_fresh; /* its chunks were created by this call, */
	bool is_reserved; /* and so was its reservation */
};

/* -EINVAL, -ENOMEM. ops, device: see ae_pool_create. */
int ae_backing_init(struct ae_backing *backing, const struct ae_device_ops *ops, void *device,
		    const struct ae_pool_params *params);

/* Gives everything back to the device, whatever it says. */
void ae_backing_clear(struct ae_backing *backing);

/*
 * An extent of bytes (a multiple of the granularity, not 0) or up to an eighth more, mapped and
 * accessible. 0, -ENOMEM, -EAGAIN (see device_ops.h), or a device's errno; then nothing has changed, but that cached memory may
 * have been given back.
 */
int ae_backing_take(struct ae_backing *backing, uint64_t bytes, struct ae_taken *taken_out);

/* As if the take had not been, for a caller that failed after it. */
void ae_backing_undo(struct ae_backing *backing, const struct ae_taken *taken);

/* The extent is cached; what is now cached above the watermark, or resident above the limit, goes. */
void ae_backing_give(struct ae_backing *backing, struct ae_extent *extent);

/* See ae_pool_trim, ae_pool_set_limit. */
uint64_t ae_backing_trim(struct ae_backing *backing, uint64_t keep_bytes);
void ae_backing_set_limit(struct ae_backing *backing, uint64_t limit);

void ae_backing_set_cache(struct ae_backing *backing, uint64_t cache_most);

/*
 * Gives back the coldest chunk when it has been cached for so many ticks, and adds what came of it to
 * given. False: there is none.
 */
bool ae_backing_decay(struct ae_backing *backing, uint64_t ticks, uint64_t *given);

/* The extent whose chunk is mapped at address, or NULL. */
struct ae_extent *ae_backing_find(const struct ae_backing *backing, uint64_t address);

#endif
