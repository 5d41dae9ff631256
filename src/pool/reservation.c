/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/reservation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool/record.h"

#define PAGE_BYTES 4096u

/* The most that an H100's driver reserves in one piece: for more, no table is made. */
#define RESERVATION_MOST (UINT64_C(1) << 46)

/* The index of the first reservation that ends above address; count when there is none. */
static size_t position(const struct ae_reservations *all, uint64_t address)
{
	size_t low = 0, high = all->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ae_reservation *at = all->sorted[middle];

		/* The last byte, since a reservation may end at 2^64. */
		if (at->address + (at->bytes - 1) >= address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct ae_reservation *ae_reservation_find(const struct ae_reservations *all, uint64_t address)
{
	size_t at = position(all, address);

	return at < all->count && all->sorted[at]->address <= address ? all->sorted[at] : NULL;
}

static size_t table_bytes(const struct ae_reservation *reservation)
{
	return (reservation->bytes >> reservation->shift) * sizeof(struct ae_granule);
}

static int make_room(struct ae_reservations *all)
{
	struct ae_reservation **sorted;
	size_t room = all->room ? 2 * all->room : 8;

	if (all->count < all->room)
		return 0;
	sorted = realloc(all->sorted, room * sizeof(struct ae_reservation *));
	if (!sorted)
		return -ENOMEM;
	all->sorted = sorted;
	all->room = room;
	return 0;
}

static void widen(struct ae_reservations *all, uint64_t first, uint64_t last)
{
	/* The upper bound is 0 while there is no reservation: nothing is near. */
	if (all->highest == 0 || first < all->lowest)
		__atomic_store_n(&all->lowest, first, __ATOMIC_RELEASE);
	if (last > all->highest)
		__atomic_store_n(&all->highest, last, __ATOMIC_RELEASE);
}

int ae_reservation_new(struct ae_reservations *all, struct ae_device *device, uint64_t bytes,
		       uint64_t *account, struct ae_reservation **reservation_out)
{
	struct ae_reservation *reservation;
	size_t at;
	int rc;

	if (bytes > RESERVATION_MOST)
		return -ENOMEM;
	rc = make_room(all);
	if (rc)
		return rc;
	reservation = ae_record_new(account, sizeof(*reservation));
	if (!reservation)
		return -ENOMEM;
	reservation->bytes = bytes;
	reservation->shift = all->shift;

	/*
	 * Large enough that malloc maps it: pages that nobody touches cost nothing. Not mapped here,
	 * because a leak checker of the program's does not look into mappings.
	 */
	reservation->table = calloc(1, table_bytes(reservation));
	if (!reservation->table) {
		rc = -ENOMEM;
		goto err_record;
	}
	rc = ae_device_call(device, reserve, bytes, &reservation->address);
	if (rc)
		goto err_table;

	widen(all, reservation->address, reservation->address + (bytes - 1));
	at = position(all, reservation->address);
	memmove(&all->sorted[at + 1], &all->sorted[at],
		(all->count - at) * sizeof(struct ae_reservation *));
	all->sorted[at] = reservation;
	all->count++;
	all->bytes += bytes;
	*reservation_out = reservation;
	return 0;

err_table:
	free(reservation->table);
err_record:
	ae_record_delete(account, reservation, sizeof(*reservation));
	return rc;
}

int ae_reservation_end(struct ae_reservations *all, struct ae_device *device,
		       struct ae_reservation *reservation, uint64_t *account)
{
	int rc = ae_device_call(device, unreserve, reservation->address, reservation->bytes);

	if (!rc)
		ae_reservation_forget(all, reservation, account);
	return rc;
}

void ae_reservation_forget(struct ae_reservations *all, struct ae_reservation *reservation,
			   uint64_t *account)
{
	size_t at = position(all, reservation->address);

	all->count--;
	all->bytes -= reservation->bytes;
	memmove(&all->sorted[at], &all->sorted[at + 1],
		(all->count - at) * sizeof(struct ae_reservation *));
	free(reservation->table);
	ae_record_delete(account, reservation, sizeof(*reservation));
}

uint64_t ae_reservations_cost(const struct ae_reservations *all)
{
	uint64_t cost = all->room * sizeof(struct ae_reservation *);

	for (size_t i = 0; i < all->count; i++) {
		uint64_t touched = all->sorted[i]->touched * sizeof(struct ae_granule);
		uint64_t whole = table_bytes(all->sorted[i]);

		/* Whole pages, and one for the edge of the last extent. */
		touched = (touched / PAGE_BYTES + 2) * PAGE_BYTES;
		cost += touched < whole ? touched : whole;
	}
	return cost;
}

void ae_reservations_clear(struct ae_reservations *all)
{
	free(all->sorted);
	all->sorted = NULL;
	all->count = all->room = 0;
}
