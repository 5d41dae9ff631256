/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. What the pool asks of a device: a small table of operations, so that the pool knows
 * no driver and its tests need none.
 *
 * Every operation returns 0 or a negative errno and has no effect when it fails. -ENOMEM means that
 * the device (or the address space) has no more to give; anything else is passed up unchanged. All
 * sizes are in bytes and multiples of the pool's granularity. An operation may be called with the
 * pool's lock held and must not call back into the pool.
 */
#ifndef AE_POOL_DEVICE_OPS_H
#define AE_POOL_DEVICE_OPS_H

#include <stdint.h>

struct ae_device_ops {
	/* A range of device addresses, nothing behind it (cuMemAddressReserve); and its end. */
	int (*reserve)(void *device, uint64_t bytes, uint64_t *address_out);
	int (*unreserve)(void *device, uint64_t address, uint64_t bytes);

	/*
	 * Accounts for bytes that are about to be created, all that one block needs at once; and for
	 * bytes that are gone, or were never created. -ENOMEM: not to be had. -EAGAIN: not now,
	 * others are to give back first; passed up for the caller to wait, with no lock held.
	 */
	int (*claim)(void *device, uint64_t bytes);
	void (*unclaim)(void *device, uint64_t bytes);

	/* Physical memory that is claimed (cuMemCreate, cuMemRelease). */
	int (*create)(void *device, uint64_t bytes, uint64_t *handle_out);
	int (*release)(void *device, uint64_t handle, uint64_t bytes);

	/* A whole physical allocation behind part of a reservation (cuMemMap, cuMemUnmap). */
	int (*map)(void *device, uint64_t address, uint64_t bytes, uint64_t handle);
	int (*unmap)(void *device, uint64_t address, uint64_t bytes);

	/*
	 * Makes mapped memory readable and writable for those who may use it now, and for nobody else
	 * (cuMemSetAccess); the range covers whole maps. Called again when they change.
	 */
	int (*set_access)(void *device, uint64_t address, uint64_t bytes);
};

#endif
