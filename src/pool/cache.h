/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the index of cached memory: which whole chunks wait for the next block, and
 * which of them serves a request. Knows no device. Locked by the pool.
 *
 * Neighbours are joined lazily, when a request finds nothing that serves it: what is freed is most often
 * asked for again as it was, and joining it first only means cutting it out again.
 *
 * Two indexes, since a request is served by one chunk or by several neighbours: cached chunks by
 * their size (one list a size, and a bitmap of those that are not empty), and cached extents by
 * theirs. Chunks also stand in the order in which they were cached, for the choice of victims.
 */
#ifndef AE_POOL_CACHE_H
#define AE_POOL_CACHE_H

#include <stdint.h>

#include "pool/extent.h"

/* No chunk has more granules than this: it bounds the lists of chunks by size. */
#define AE_CHUNK_GRANULES_MOST 65536u

struct ae_cache {
	struct ae_tree extents;
	struct ae_link age; /* struct ae_chunk: warm first, the coldest last */
	struct ae_link *bins; /* struct ae_chunk: one list for each number of granules, from 0 */
	uint64_t *filled; /* bit n: list n is not empty */
	uint64_t sizes; /* lists */
	uint64_t bytes, chunks; /* cached */
	uint64_t
		unjoined; /* chunks at the warm end of age at most whose neighbours were not looked at */
	uint64_t tick; /* the caller's clock, for the age of chunks */
	unsigned shift; /* log2 of the granularity */
};

/* -ENOMEM. No chunk will have more than chunk_granules. */
int ae_cache_init(struct ae_cache *cache, unsigned shift, uint64_t chunk_granules,
		  uint64_t *account);
void ae_cache_clear(struct ae_cache *cache, uint64_t *account);

/* The extent, of whole chunks and in no tree, becomes cached. */
void ae_cache_add(struct ae_cache *cache, struct ae_extent *extent);

/*
 * Takes an extent that serves bytes (a multiple of the granularity) out of the cache: whole chunks
 * side by side, at most an eighth more than asked for. Its kind is AE_EXTENT_HELD. NULL: none.
 */
struct ae_extent *ae_cache_take(struct ae_cache *cache, struct ae_extent_stock *stock,
				uint64_t bytes);

/* Takes one cached chunk out, alone in its extent. */
struct ae_extent *ae_cache_take_chunk(struct ae_cache *cache, struct ae_extent_stock *stock,
				      struct ae_chunk *chunk);

/*
 * The chunk that has been cached for longest, which is the next to be given back; NULL: none. Cold
 * rather than large: what a program frees now is what it asks for next, so the largest chunk is as
 * likely as not the one that a step of its loop needs again, and a chunk costs the same driver time
 * whatever its size.
 */
struct ae_chunk *ae_cache_coldest(const struct ae_cache *cache);

/* How many ticks the coldest chunk has been cached for; 0 when nothing is. */
uint64_t ae_cache_age(const struct ae_cache *cache);

#endif
