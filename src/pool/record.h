/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Host memory for the pool's own records, and an account of it. The account is locked
 * by its owner.
 */
#ifndef AE_POOL_RECORD_H
#define AE_POOL_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What malloc takes for a record of this size: glibc's header and rounding, so nothing is hidden. */
static inline uint64_t ae_record_cost(size_t bytes)
{
	uint64_t cost = (bytes + 8 + 15) & ~UINT64_C(15);

	return cost < 32 ? 32 : cost;
}

/* A zeroed record, or NULL. */
static inline void *ae_record_new(uint64_t *account, size_t bytes)
{
	void *record = calloc(1, bytes);

	if (record)
		*account += ae_record_cost(bytes);
	return record;
}

static inline void ae_record_delete(uint64_t *account, void *record, size_t bytes)
{
	*account -= ae_record_cost(bytes);
	free(record);
}

#endif
