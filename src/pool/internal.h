/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. The pool's own structure, for pool.c and for those who look at all of it (check.c).
 * Everything in it is locked by lock, limbo_count apart.
 */
#ifndef AE_POOL_INTERNAL_H
#define AE_POOL_INTERNAL_H

#include <stdatomic.h>

#include "base/lock.h"
#include "pool/backing.h"
#include "pool/block.h"
#include "pool/pool.h"
#include "pool/slab.h"

struct ae_pool {
	struct ae_lock lock; /* held over device operations */
	struct ae_backing backing;
	struct ae_slabs slabs;
	struct ae_blocks blocks;
	struct ae_block *limbo; /* by limbo_next, the longest waiting first */
	struct ae_block **limbo_end;
	uint64_t bytes_limbo;
	_Atomic size_t limbo_count; /* written with the lock, read without */

	uint64_t small_most; /* immutable: the largest small block */
	uint64_t blocks_live, bytes_asked;
	uint64_t allocs, alloc_hits, frees;
};

/* What the caller of the pool is told of a block. */
void ae_pool_fill_info(const struct ae_pool *pool, const struct ae_block *block,
		       struct ae_block_info *info);

static inline bool ae_pool_is_small(const struct ae_pool *pool, uint64_t bytes)
{
	return bytes <= pool->small_most;
}

#endif
