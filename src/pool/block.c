/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/block.h"
#include "pool/pool.h"

#include <errno.h>
#include <stdatomic.h>

#include "pool/record.h"

/* One sequence for all pools of the process: a serial number says which block, of any device. */
static _Atomic uint64_t serial_last;

struct ae_block *ae_block_new(uint64_t bytes, uint64_t owner, uint64_t *account)
{
	struct ae_block *block = ae_record_new(account, sizeof(*block));

	if (!block)
		return NULL;
	block->bytes = bytes;
	block->owner = owner;
	block->serial = ae_pool_serial_take();
	block->state = AE_BLOCK_LIVE;
	return block;
}

void ae_block_delete(struct ae_block *block, uint64_t *account)
{
	ae_record_delete(account, block, sizeof(*block));
}

int ae_blocks_add(struct ae_blocks *blocks, struct ae_block *block)
{
	HASH_ADD(hh, blocks->table, address, sizeof(block->address), block);
	return ae_hash_added(block) ? 0 : -ENOMEM;
}

void ae_blocks_remove(struct ae_blocks *blocks, struct ae_block *block)
{
	HASH_DELETE(hh, blocks->table, block);
}

struct ae_block *ae_blocks_find(const struct ae_blocks *blocks, uint64_t address)
{
	struct ae_block *block;

	HASH_FIND(hh, blocks->table, &address, sizeof(address), block);
	return block;
}

struct ae_block *ae_blocks_first(const struct ae_blocks *blocks)
{
	return blocks->table;
}

struct ae_block *ae_blocks_next(const struct ae_block *block)
{
	return block->hh.next;
}

uint64_t ae_blocks_count(const struct ae_blocks *blocks)
{
	return HASH_COUNT(blocks->table);
}

uint64_t ae_blocks_cost(const struct ae_blocks *blocks)
{
	if (!blocks->table)
		return 0;
	return HASH_OVERHEAD(hh, blocks->table) -
	       (uint64_t)HASH_COUNT(blocks->table) * sizeof(UT_hash_handle);
}

uint64_t ae_pool_serial_take(void)
{
	return atomic_fetch_add_explicit(&serial_last, 1, memory_order_relaxed) + 1;
}

uint64_t ae_pool_serial_last(void)
{
	return atomic_load_explicit(&serial_last, memory_order_acquire);
}
