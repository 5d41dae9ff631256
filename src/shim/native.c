/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/native.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/lock.h"
#include "pool/pool.h"
#include "shim/hooks.h"

#define SMALL_ALIGNMENT 512

struct ae_native_block {
	uint64_t address; /* the key */
	uint64_t bytes; /* as asked for */
	uint64_t charged; /* what it takes */
	uint64_t serial;
	CUcontext owner;
	struct ae_native_block *next; /* of those that are out of the table and about to go */
	UT_hash_handle hh;
};

struct ae_native {
	const struct ae_device_cuda *device; /* immutable */
	struct ae_lock lock; /* guards the rest */
	uint64_t limit;
	struct ae_native_block *table;
	struct ae_native_stats stats;
};

struct ae_native *ae_native_create(const struct ae_device_cuda *device, uint64_t limit)
{
	struct ae_native *native = calloc(1, sizeof(*native));

	if (native == NULL)
		return NULL;
	native->device = device;
	native->limit = limit;
	ae_lock_init(&native->lock, AE_LOCK_LEAF);
	return native;
}

void ae_native_destroy(struct ae_native *native)
{
	free(native);
}

static uint64_t charge_of(const struct ae_native *native, uint64_t bytes)
{
	uint64_t unit = bytes > native->device->granularity / 2 ? native->device->granularity
								: SMALL_ALIGNMENT;

	return bytes > UINT64_MAX - unit ? UINT64_MAX : (bytes + unit - 1) / unit * unit;
}

static void unclaim(const struct ae_native *native, uint64_t bytes)
{
	if (bytes != 0)
		native->device->unclaim(native->device->claim_arg, bytes);
}

static bool charge(struct ae_native *native, uint64_t bytes)
{
	bool fits;

	ae_lock_acquire(&native->lock);
	fits = bytes <= native->limit && native->stats.bytes <= native->limit - bytes;
	if (fits)
		native->stats.bytes += bytes;
	ae_lock_release(&native->lock);
	return fits;
}

int ae_native_claim(struct ae_native *native, CUcontext owner, uint64_t bytes,
		    struct ae_native_block **block_out)
{
	struct ae_native_block *block = calloc(1, sizeof(*block));
	int error = -ENOMEM;

	if (block == NULL)
		return error;
	block->bytes = bytes;
	block->charged = charge_of(native, bytes);
	block->owner = owner;
	block->serial = ae_pool_serial_take();
	if (charge(native, block->charged)) {
		error = native->device->claim(native->device->claim_arg, block->charged);
		if (error == 0) {
			*block_out = block;
			return 0;
		}
		ae_lock_acquire(&native->lock);
		native->stats.bytes -= block->charged;
		ae_lock_release(&native->lock);
	}
	free(block);
	return error;
}

/* The block is in no table, and its memory is the device's. */
static void block_end(struct ae_native *native, struct ae_native_block *block)
{
	ae_lock_acquire(&native->lock);
	native->stats.bytes -= block->charged;
	ae_lock_release(&native->lock);
	unclaim(native, block->charged);
	free(block);
}

/* Locked. */
static void table_remove(struct ae_native *native, struct ae_native_block *block)
{
	HASH_DELETE(hh, native->table, block);
	native->stats.blocks--;
	native->stats.bytes_asked -= block->bytes;
	native->stats.frees++;
}

/* The block is there. False: no host memory for the table. */
static bool block_enter(struct ae_native *native, struct ae_native_block *block,
			CUdeviceptr address)
{
	struct ae_native_block *stale;
	bool added;

	block->address = address;
	ae_lock_acquire(&native->lock);
	/* The driver hands the address out again: what was there is freed. */
	HASH_FIND(hh, native->table, &block->address, sizeof(block->address), stale);
	if (stale != NULL)
		table_remove(native, stale);
	HASH_ADD(hh, native->table, address, sizeof(block->address), block);
	added = ae_hash_added(block);
	if (added) {
		native->stats.blocks++;
		native->stats.bytes_asked += block->bytes;
		native->stats.allocs++;
	}
	ae_lock_release(&native->lock);
	if (stale != NULL)
		block_end(native, stale);
	return added;
}

static CUresult block_done(struct ae_native *native, struct ae_native_block *block, CUresult result,
			   CUdeviceptr *dptr)
{
	if (result == CUDA_SUCCESS && !block_enter(native, block, *dptr)) {
		ae_driver()->cuMemFree_v2(*dptr);
		*dptr = 0;
		result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (result != CUDA_SUCCESS)
		block_end(native, block);
	return result;
}

CUresult ae_native_alloc(struct ae_native *native, struct ae_native_block *block, CUdeviceptr *dptr)
{
	return block_done(native, block, ae_driver()->cuMemAlloc_v2(dptr, block->bytes), dptr);
}

CUresult ae_native_alloc_pitch(struct ae_native *native, struct ae_native_block *block,
			       CUdeviceptr *dptr, size_t *pitch, size_t width, size_t height,
			       unsigned int element_bytes)
{
	uint64_t charged;
	CUresult result;

	result = ae_driver()->cuMemAllocPitch_v2(dptr, pitch, width, height, element_bytes);
	if (result == CUDA_SUCCESS && *pitch * height != block->bytes) {
		block->bytes = *pitch * height;
		charged = charge_of(native, block->bytes);
		/* It is there, whatever a claim says: what cannot be claimed is not accounted for. */
		if (charged > block->charged &&
		    native->device->claim(native->device->claim_arg, charged - block->charged) != 0)
			charged = block->charged;
		if (charged < block->charged)
			unclaim(native, block->charged - charged);
		ae_lock_acquire(&native->lock);
		native->stats.bytes += charged - block->charged;
		ae_lock_release(&native->lock);
		block->charged = charged;
	}
	return block_done(native, block, result, dptr);
}

uint64_t ae_native_find(struct ae_native *native, CUdeviceptr address)
{
	uint64_t key = address, serial = 0;
	struct ae_native_block *block;

	ae_lock_acquire(&native->lock);
	HASH_FIND(hh, native->table, &key, sizeof(key), block);
	if (block != NULL)
		serial = block->serial;
	ae_lock_release(&native->lock);
	return serial;
}

void ae_native_freed(struct ae_native *native, CUdeviceptr address, uint64_t serial)
{
	uint64_t key = address;
	struct ae_native_block *block;

	ae_lock_acquire(&native->lock);
	HASH_FIND(hh, native->table, &key, sizeof(key), block);
	if (block != NULL && block->serial == serial)
		table_remove(native, block);
	else
		block = NULL;
	ae_lock_release(&native->lock);
	if (block != NULL)
		block_end(native, block);
}

void ae_native_free_owner(struct ae_native *native, CUcontext owner, uint64_t serial_most)
{
	struct ae_native_block *block, *next, *gone = NULL;

	ae_lock_acquire(&native->lock);
	for (block = native->table; block != NULL; block = next) {
		next = block->hh.next;
		if (block->owner != owner || block->serial > serial_most)
			continue;
		table_remove(native, block);
		block->next = gone;
		gone = block;
	}
	ae_lock_release(&native->lock);
	for (; gone != NULL; gone = next) {
		next = gone->next;
		block_end(native, gone);
	}
}

void ae_native_set_limit(struct ae_native *native, uint64_t limit)
{
	ae_lock_acquire(&native->lock);
	native->limit = limit;
	ae_lock_release(&native->lock);
}

void ae_native_get_stats(struct ae_native *native, struct ae_native_stats *stats_out)
{
	ae_lock_acquire(&native->lock);
	*stats_out = native->stats;
	ae_lock_release(&native->lock);
}
