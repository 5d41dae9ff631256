/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the reservations of a pool and, for each, the table that says what every
 * granule of it is. Locked by the pool.
 *
 * The table is anonymous memory that nobody touches ahead of need: a granule that was never mapped
 * costs nothing. From an address to its granule: a binary search among the reservations, which are
 * few, and one index.
 */
#ifndef AE_POOL_RESERVATION_H
#define AE_POOL_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/device.h"

struct ae_chunk;
struct ae_extent;

struct ae_granule {
	struct ae_chunk *chunk; /* the chunk mapped here, or NULL: set in each of its granules */
	struct ae_extent *edge; /* the extent that begins or ends here; elsewhere stale, not read */
};

struct ae_reservation {
	uint64_t address; /* immutable, as are bytes, shift and table */
	uint64_t bytes;
	unsigned shift; /* log2 of the granularity */
	struct ae_granule *table;
	uint64_t touched; /* granules from the first to the last one that was ever in use */
};

struct ae_reservations {
	struct ae_reservation **sorted; /* by address */
	size_t count, room;
	unsigned shift;
	uint64_t bytes; /* the sum of their sizes */
	/* Atomic, read without a lock: every reservation lies, and lay, in between. */
	uint64_t lowest, highest;
};

/*
 * Reserves bytes of address space. -ENOMEM (the device's address space, or host memory), or what
 * the device says.
 */
int ae_reservation_new(struct ae_reservations *all, struct ae_device *device, uint64_t bytes,
		       uint64_t *account, struct ae_reservation **reservation_out);

/*
 * Ends a reservation in which nothing is mapped. When the device refuses, its errno: then the
 * reservation is still there, and usable.
 */
int ae_reservation_end(struct ae_reservations *all, struct ae_device *device,
		       struct ae_reservation *reservation, uint64_t *account);

/* The host's part of the end alone: for a pool that is destroyed while the device refuses. */
void ae_reservation_forget(struct ae_reservations *all, struct ae_reservation *reservation,
			   uint64_t *account);

/* The reservation that contains address, or NULL. */
struct ae_reservation *ae_reservation_find(const struct ae_reservations *all, uint64_t address);

/* False when address can be in no reservation; two loads, no lock. */
static inline bool ae_reservations_near(const struct ae_reservations *all, uint64_t address)
{
	return address >= __atomic_load_n(&all->lowest, __ATOMIC_ACQUIRE) &&
	       address <= __atomic_load_n(&all->highest, __ATOMIC_ACQUIRE);
}

/* Host memory of the tables: what was touched of them, and of the array. */
uint64_t ae_reservations_cost(const struct ae_reservations *all);

/* Frees the array; every reservation has been ended. */
void ae_reservations_clear(struct ae_reservations *all);

static inline struct ae_granule *ae_granule_at(const struct ae_reservation *reservation,
					       uint64_t address)
{
	return &reservation->table[(address - reservation->address) >> reservation->shift];
}

#endif
