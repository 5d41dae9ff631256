/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Blocks of a device that the driver's own cuMemAlloc serves, because the program wants to
 * export them (AEROSTAT_IPC=native). They are claimed before they are made, held to the limit, and shown
 * as the pool's are; where they lie, and when they go, is the driver's affair. They cannot move.
 *
 * What a block takes is reckoned as the driver does it (doc/driver-behaviour.md): whole granules above
 * half of one, and below that its own size, since the driver packs those.
 *
 * One mutex for each device, AE_LOCK_LEAF: claims and driver calls are made without it. An address may
 * be handed out again before the thread that freed it has said so here: a record is known by its
 * address and its serial number.
 */
#ifndef AE_SHIM_NATIVE_H
#define AE_SHIM_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#include "cuda/device_cuda.h"
#include "shim/process.h"

struct ae_native;

struct ae_native_stats {
	uint64_t blocks;
	uint64_t bytes_asked;
	uint64_t bytes; /* what they take */
	uint64_t allocs, frees;
};

/* device outlives it; its claims are used. NULL: no host memory. */
struct ae_native *ae_native_create(const struct ae_device_cuda *device, uint64_t limit);
void ae_native_destroy(struct ae_native *native);

/*
 * A block of bytes that is about to be made, for the owner that is the current context: claimed, and in
 * the accounts. -ENOMEM: the limit is in the way, or host memory; -EAGAIN as a claim.
 */
struct ae_native_block;
int ae_native_claim(struct ae_native *native, CUcontext owner, uint64_t bytes,
		    struct ae_native_block **block_out);

/*
 * cuMemAlloc and cuMemAllocPitch of the claimed block: what the driver says; when it fails the claim is
 * gone. A pitch that the driver chooses otherwise than expected is accounted for as it is.
 */
CUresult ae_native_alloc(struct ae_native *native, struct ae_native_block *block,
			 CUdeviceptr *dptr);
CUresult ae_native_alloc_pitch(struct ae_native *native, struct ae_native_block *block,
			       CUdeviceptr *dptr, size_t *pitch, size_t width, size_t height,
			       unsigned int element_bytes);

/* The serial number of the block at exactly this address, 0: none. And its end, once it is freed. */
uint64_t ae_native_find(struct ae_native *native, CUdeviceptr address);
void ae_native_freed(struct ae_native *native, CUdeviceptr address, uint64_t serial);

/* As ae_pool_free_owner: the driver has done it, the accounts follow. */
void ae_native_free_owner(struct ae_native *native, CUcontext owner, uint64_t serial_most);

/* A new limit; below what is in use it only stops growth. */
void ae_native_set_limit(struct ae_native *native, uint64_t limit);

void ae_native_get_stats(struct ae_native *native, struct ae_native_stats *stats_out);

#endif
