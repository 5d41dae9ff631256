/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the records of blocks and the table that finds them by their address, exactly
 * (uthash). Locked by the pool.
 */
#ifndef AE_POOL_BLOCK_H
#define AE_POOL_BLOCK_H

#include <stdint.h>

#include "base/hash.h"

enum ae_block_state {
	AE_BLOCK_LIVE,
	AE_BLOCK_FREEING, /* between free_begin and what follows it */
	AE_BLOCK_LIMBO, /* deferred: waits for ae_pool_limbo_take */
};

/* 104 bytes, 112 with malloc's header: a block has 160 to itself, all told. */
struct ae_block {
	uint64_t address; /* the key */
	uint64_t bytes; /* as asked for */
	uint64_t owner;
	uint64_t serial : 62;
	uint64_t state : 2; /* enum ae_block_state */
	union {
		struct ae_extent *extent; /* a large block's */
		struct ae_slab *slab; /* a small block's */
	};
	uint64_t tag; /* the caller's word, while in limbo and when it leaves */
	struct ae_block *limbo_next; /* AE_BLOCK_LIMBO */
	UT_hash_handle hh;
};

struct ae_blocks {
	struct ae_block *table; /* zeroed: empty */
};

/* A record with a serial number that no other of the process has, in no table; NULL: no memory. */
struct ae_block *ae_block_new(uint64_t bytes, uint64_t owner, uint64_t *account);
void ae_block_delete(struct ae_block *block, uint64_t *account);

/* Enters the block, whose address is set and not in the table. 0 or -ENOMEM. */
int ae_blocks_add(struct ae_blocks *blocks, struct ae_block *block);
void ae_blocks_remove(struct ae_blocks *blocks, struct ae_block *block);

/* The block that starts at address, whatever its state, or NULL. */
struct ae_block *ae_blocks_find(const struct ae_blocks *blocks, uint64_t address);

/* Every block, oldest first; the one given may be removed once the next is known. */
struct ae_block *ae_blocks_first(const struct ae_blocks *blocks);
struct ae_block *ae_blocks_next(const struct ae_block *block);

uint64_t ae_blocks_count(const struct ae_blocks *blocks);

/* Host memory of the table; the records are in the account. */
uint64_t ae_blocks_cost(const struct ae_blocks *blocks);

#endif
