/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: cuda. One real device as the pool sees it: its operations, on the driver's VMM calls.
 *
 * Immutable once opened, users and lost apart (claim functions are set before the pool gets it); the
 * driver locks for itself. None of the calls used needs a current context.
 */
#ifndef AE_CUDA_DEVICE_CUDA_H
#define AE_CUDA_DEVICE_CUDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cuda/driver.h"
#include "pool/device_ops.h"

struct ae_device_cuda {
	const struct ae_driver *driver;
	int ordinal;
	char name[96];
	unsigned char uuid[16];
	uint64_t total; /* bytes */
	uint64_t granularity; /* bytes */
	uint64_t pitch; /* bytes: rows of cuMemAllocPitch are a multiple */
	CUmemAllocationProp prop;
	/* Other devices that may use its memory, and that no longer may, a bit each; atomic. */
	uint64_t users, lost;
	/*
	 * The operations claim and unclaim of device_ops.h, whoever does the accounts. -EBUSY besides: out
	 * of memory, as long as what is used outside the accounts is so much.
	 */
	int (*claim)(void *arg, uint64_t bytes);
	void (*unclaim)(void *arg, uint64_t bytes);
	void *claim_arg;
};

/*
 * Asks the driver what the device is and can, and tries one granule. 0, or a negative errno with
 * the reason for people in why: -ENOTSUP when the device has no VMM.
 */
int ae_device_cuda_open(struct ae_device_cuda *device, const struct ae_driver *driver, int ordinal,
			char *why, size_t why_size);

/*
 * The device's UUID: of a part of a partitioned (MIG) device its own, where the driver tells the parts
 * from each other.
 */
CUresult ae_device_cuda_uuid(const struct ae_driver *driver, int ordinal,
			     unsigned char uuid_out[16]);

/*
 * What set_access sets from now on: the devices of users may use the memory besides its own, those of
 * lost may not. lost is of interest only where they had access; what is newly mapped is closed.
 */
void ae_device_cuda_set_users(struct ae_device_cuda *device, uint64_t users, uint64_t lost);

extern const struct ae_device_ops ae_device_cuda_ops;

/*
 * What the driver said in this thread's last operation that returned -EIO or another errno: what a
 * hook returns to the program instead of a guess.
 */
CUresult ae_device_cuda_last_error(void);

/*
 * True when, since this thread's last claim, the driver had no memory for what was claimed, or that claim
 * was -EBUSY. Says so once: an operation that fails without a claim is none of these.
 */
bool ae_device_cuda_was_refused(void);

#endif
