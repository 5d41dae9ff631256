/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ends every block in limbo, as a caller does whose fence costs nothing. Returns how many. */
#ifndef TEST_LIMBO_H
#define TEST_LIMBO_H

#include "pool/pool.h"

static inline size_t limbo_end(struct ae_pool *pool)
{
	struct ae_block_info block;
	size_t count = 0;

	for (; ae_pool_limbo_take(pool, &block) == 0; count++)
		ae_pool_free_end(pool, block.address);
	return count;
}

#endif
