/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. What a member is told of a device's memory: the one arithmetic behind cuMemGetInfo,
 * cuDeviceTotalMem and NVML's queries. Pure.
 */
#ifndef AE_SHIM_MEMINFO_H
#define AE_SHIM_MEMINFO_H

#include <stdint.h>

#include "base/config.h"
#include "pool/pool.h"

/* The limit for memory of a device of total bytes. A limit above the device is the device's size. */
uint64_t ae_meminfo_limit(const struct ae_config *config, uint64_t total);

/*
 * The free bytes of a member under limit: what is left of the limit, but never more than the device has
 * free at this moment (real_free), with our own cache, and what was freed and still waits, counted as
 * free. (Other models' memory cannot be lent yet; telling of it would be a lie.) stats: of the member's
 * pool, zeros while it has none; native_bytes: what it has in blocks of the driver's own (native.h).
 */
uint64_t ae_meminfo_free(uint64_t limit, const struct ae_pool_stats *stats, uint64_t native_bytes,
			 uint64_t real_free);

#endif
