/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. A device as the pool holds it: its operations, and a count of the calls, which is
 * how an allocation knows that it was served without any. Locked by the pool.
 */
#ifndef AE_POOL_DEVICE_H
#define AE_POOL_DEVICE_H

#include <stdint.h>

#include "pool/device_ops.h"

struct ae_device {
	const struct ae_device_ops *ops; /* immutable, as is arg */
	void *arg;
	uint64_t calls;
};

/* ae_device_call(device, map, address, bytes, handle) */
#define ae_device_call(device, op, ...) \
	((device)->calls++, (device)->ops->op((device)->arg, __VA_ARGS__))

static inline void ae_device_unclaim(struct ae_device *device, uint64_t bytes)
{
	if (bytes)
		device->ops->unclaim(device->arg, bytes);
}

#endif
