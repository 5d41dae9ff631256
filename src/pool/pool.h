/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. The elastic pool of one device in one process: all its reservations, chunks and
 * blocks. No CUDA, no clock, no thread, no environment.
 *
 * Thread-safe: one mutex a pool, held over the device operations that a call needs (the driver
 * serialises them anyway). Nothing here waits for GPU work: the fence between ae_pool_free_begin
 * and ae_pool_free_end is the caller's, with no lock held. Nor for another process: a claim that would
 * have to wait fails with -EAGAIN.
 */
#ifndef AE_POOL_POOL_H
#define AE_POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/device_ops.h"

struct ae_pool;

struct ae_pool_params {
	uint64_t granularity; /* bytes, a power of two; what the driver says */
	uint64_t chunk_usual; /* bytes: see ae_chunk_limit; a block of this size is one chunk */
	uint64_t chunk_most; /* bytes: no chunk is larger */
	uint64_t reserve_step; /* bytes: how much address space to reserve at a time, at least */
	uint64_t limit; /* bytes: most physical memory the pool may hold, live and cached */
	uint64_t cache_most; /* bytes: most cached memory (whole chunks without a live block) */
};

/* A block as the application knows it. */
struct ae_block_info {
	uint64_t address; /* what the allocation returned */
	uint64_t bytes; /* what was asked for, to the byte */
	uint64_t owner; /* the caller's word for whom it belongs to: a context */
	uint64_t serial; /* unique in the process, from 1 up: never used again */
	uint64_t tag; /* what ae_pool_free_defer was given; 0 before */
	uint64_t backing_address; /* the granules that back it: start and size */
	uint64_t backing_bytes;
};

struct ae_pool_stats {
	uint64_t blocks_live; /* blocks, small ones included */
	uint64_t bytes_asked; /* the sum of their sizes, as asked for */
	uint64_t bytes_resident; /* physical memory created: live and cached */
	uint64_t bytes_cached; /* of it, whole chunks in no block: to be given back */
	uint64_t bytes_limbo; /* in blocks in limbo, those that share a granule left out */
	uint64_t bytes_reserved; /* address space */
	uint64_t chunks; /* physical allocations */
	uint64_t reservations;
	uint64_t slabs; /* runs of small blocks */
	uint64_t allocs, frees; /* calls that succeeded, since the start */
	uint64_t alloc_hits; /* of allocs: served with no device operation */
	uint64_t creates, releases; /* chunks created and released since the start */
	uint64_t metadata_bytes; /* host memory of the pool's own records */
};

/*
 * Makes an empty pool; it reserves nothing until the first allocation. ops and device outlive it.
 * -EINVAL (granularity not a power of two from 16 KiB to 1 GiB, chunk_usual below it or above
 * chunk_most), -ENOMEM (host memory).
 */
int ae_pool_create(const struct ae_device_ops *ops, void *device,
		   const struct ae_pool_params *params, struct ae_pool **pool_out);

/* Releases every chunk and reservation, live or not, and the pool. Takes NULL. */
void ae_pool_destroy(struct ae_pool *pool);

/*
 * Serves a block of bytes (> 0), aligned to 512 at least and to the granularity when it is more than
 * half a granule (half a granule and less shares one). Cached memory first, best fit; new chunks
 * otherwise; when the limit or the device is in the way, cached memory that does not fit is given
 * back first. All or nothing.
 *
 * -EINVAL: bytes is 0. -ENOMEM: over the limit, the device is full, or host memory is. -EAGAIN: the
 * memory could not be claimed now; the caller may wait and ask again. Any other errno of a device
 * operation is passed on.
 */
int ae_pool_alloc(struct ae_pool *pool, uint64_t bytes, uint64_t owner, uint64_t *address_out);

/*
 * A free in two steps, with the caller's fence between them. begin: the block at exactly this
 * address stops being found, its memory is not reused yet. -ENOENT: no live block starts there.
 * Then one of: end (the memory is cached, and given back beyond cache_most), defer (the block waits
 * in limbo until ae_pool_limbo_take), cancel (the block is live again); on a block whose free was not
 * begun they do nothing. None of them can fail: what they need was allocated with the block.
 */
int ae_pool_free_begin(struct ae_pool *pool, uint64_t address, struct ae_block_info *block_out);
void ae_pool_free_end(struct ae_pool *pool, uint64_t address);
void ae_pool_free_defer(struct ae_pool *pool, uint64_t address, uint64_t tag);
void ae_pool_free_cancel(struct ae_pool *pool, uint64_t address);

/*
 * Takes the block out of limbo that has waited longest, as if ae_pool_free_begin had just been called:
 * the caller ends it or defers it again (it is then the last). -ENOENT: none waits.
 */
int ae_pool_limbo_take(struct ae_pool *pool, struct ae_block_info *block_out);
/* How many blocks wait in limbo. One load, no lock. */
size_t ae_pool_limbo_count(const struct ae_pool *pool);

/*
 * Frees every live block of one owner (its context is gone, and its work with it) whose serial number
 * is at most serial_most: an owner's word may be used again, and a block that is younger than the
 * end of the first belongs to the second. Blocks whose free has begun, and those in limbo, are left
 * to whoever began it. O(blocks). Returns how many.
 */
size_t ae_pool_free_owner(struct ae_pool *pool, uint64_t owner, uint64_t serial_most);

/* The highest serial number given out so far, by any pool of the process. */
uint64_t ae_pool_serial_last(void);

/* The next serial number, given to no block: what else has an age that is compared with theirs. */
uint64_t ae_pool_serial_take(void);

/* The live block that contains address, interior addresses included. -ENOENT: none. */
int ae_pool_find(struct ae_pool *pool, uint64_t address, struct ae_block_info *block_out);

/* True when address lies in one of the pool's reservations, block or not. */
bool ae_pool_owns(struct ae_pool *pool, uint64_t address);

/* Gives cached chunks back until at most keep_bytes are cached. Returns the bytes given back. */
uint64_t ae_pool_trim(struct ae_pool *pool, uint64_t keep_bytes);

/*
 * One tick of the caller's clock, by which the age of cached memory is told: gives back what has
 * been cached, and not used, since so many ticks ago. The lock is released after every chunk: an
 * allocation waits for one at most. Returns the bytes given back.
 */
uint64_t ae_pool_decay(struct ae_pool *pool, uint64_t ticks);

/* A new cache_most; what is cached above it is given back at once. */
void ae_pool_set_cache(struct ae_pool *pool, uint64_t cache_most);

/*
 * Has the device set the access of all that is mapped again, live and cached: after those who may use
 * it have changed on the device's side. New chunks need no such call. Not all or nothing: where the
 * device fails, the access there is as it was, the rest is set all the same, and the first errno is
 * returned. One device operation for each extent.
 */
int ae_pool_reaccess(struct ae_pool *pool);

/* A new limit; below what is in use it only stops growth (cached memory is given back at once). */
void ae_pool_set_limit(struct ae_pool *pool, uint64_t limit);

void ae_pool_get_stats(struct ae_pool *pool, struct ae_pool_stats *stats_out);

/*
 * Checks every invariant of the pool's records; O(blocks). NULL, or a line that says what is wrong.
 * For tests.
 */
const char *ae_pool_check(struct ae_pool *pool);

/*
 * Calls visit for all that the pool holds, in address order and within the lock: it must not call the
 * pool. Each reservation comes before what is mapped in it, each block and each stretch of other use
 * before its chunks. For `debug map` and tests.
 */
enum ae_pool_item_kind {
	AE_POOL_RESERVATION,
	AE_POOL_BLOCK, /* a large one */
	AE_POOL_SHARED, /* a granule that small blocks share */
	AE_POOL_SMALL, /* one of those */
	AE_POOL_CACHED,
	AE_POOL_HELD, /* the device would not unmap it */
	AE_POOL_CHUNK,
};
struct ae_pool_item {
	enum ae_pool_item_kind kind;
	uint64_t address, bytes; /* of a block: as asked for */
	const struct ae_block_info *block; /* NULL but for blocks */
	bool is_freed; /* a block whose free has begun and is not complete */
};
void ae_pool_walk(struct ae_pool *pool, void (*visit)(void *arg, const struct ae_pool_item *),
		  void *arg);

#endif
