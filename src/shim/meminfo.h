/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. What a member is told of a device's memory: the one arithmetic behind cuMemGetInfo,
 * cuDeviceTotalMem and NVML's queries. Pure.
 */
#ifndef AE_SHIM_MEMINFO_H
#define AE_SHIM_MEMINFO_H

#include <stdint.h>

#include "base/config.h"
#include "ledger/ledger.h"

/* The limit for memory of a device of total bytes. A limit above the device is the device's size. */
uint64_t ae_meminfo_limit(const struct ae_config *config, uint64_t total);

/* What a member has of a device. */
struct ae_meminfo_use {
	uint64_t used; /* in live blocks, and what those keep from other uses */
	uint64_t spare; /* ours, and in no block: cached, or freed and waiting */
	struct ae_ledger_others others;
};

/*
 * The free bytes of a member under limit: what is left of the limit, which holds for all members of its
 * model, but never more than could be had at this moment: what the device has free (real_free), our own
 * and the others' caches, without what others have reserved. (Memory that others use cannot be lent yet;
 * telling of it would be a lie.) While all models fit, it is the limit less what the model uses.
 */
uint64_t ae_meminfo_free(uint64_t limit, const struct ae_meminfo_use *use, uint64_t real_free);

#endif
