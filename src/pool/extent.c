/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/extent.h"

#include <errno.h>

#include "pool/record.h"

static struct ae_extent *stock_take(struct ae_extent_stock *stock)
{
	struct ae_extent *extent = stock->first;

	stock->first = extent->next;
	stock->count--;
	return extent;
}

void ae_extent_stock_put(struct ae_extent_stock *stock, struct ae_extent *extent)
{
	extent->next = stock->first;
	stock->first = extent;
	stock->count++;
}

int ae_extent_stock_add(struct ae_extent_stock *stock, unsigned count, uint64_t *account)
{
	for (unsigned i = 0; i < count; i++) {
		struct ae_extent *extent = ae_record_new(account, sizeof(*extent));

		if (!extent) {
			ae_extent_stock_drop(stock, i, account);
			return -ENOMEM;
		}
		ae_extent_stock_put(stock, extent);
	}
	return 0;
}

void ae_extent_stock_drop(struct ae_extent_stock *stock, uint64_t count, uint64_t *account)
{
	while (count--)
		ae_record_delete(account, stock_take(stock), sizeof(struct ae_extent));
}

/* Both ends of the extent in the table, from which its neighbours find it. */
static void mark_edges(struct ae_extent *extent)
{
	const struct ae_reservation *reservation = extent->reservation;

	ae_granule_at(reservation, extent->node.address)->edge = extent;
	ae_granule_at(reservation, ae_extent_end(extent) - 1)->edge = extent;
}

struct ae_extent *ae_extent_whole(struct ae_extent_stock *stock, struct ae_reservation *reservation)
{
	struct ae_extent *extent = stock_take(stock);

	extent->node.address = reservation->address;
	extent->node.bytes = reservation->bytes;
	extent->reservation = reservation;
	extent->kind = AE_EXTENT_FREE;
	mark_edges(extent);
	return extent;
}

/* Tells the chunks in [address, address + bytes) whose they are now. */
static void relabel(struct ae_extent *extent, uint64_t address, uint64_t bytes)
{
	uint64_t end = address + bytes;

	if (extent->kind == AE_EXTENT_FREE)
		return;
	while (address != end) {
		struct ae_chunk *chunk = ae_granule_at(extent->reservation, address)->chunk;

		chunk->extent = extent;
		address += chunk->bytes;
	}
}

void ae_extent_split(struct ae_extent_stock *stock, struct ae_extent *extent, uint64_t address,
		     struct ae_extent **low_out, struct ae_extent **high_out)
{
	struct ae_extent *other = stock_take(stock);
	uint64_t low_bytes = address - extent->node.address;
	uint64_t high_bytes = extent->node.bytes - low_bytes;

	other->reservation = extent->reservation;
	other->kind = extent->kind;
	/* The new record goes to the smaller part: its chunks have to be told. */
	if (low_bytes < high_bytes) {
		other->node.address = extent->node.address;
		other->node.bytes = low_bytes;
		extent->node.address = address;
		extent->node.bytes = high_bytes;
		*low_out = other;
		*high_out = extent;
	} else {
		other->node.address = address;
		other->node.bytes = high_bytes;
		extent->node.bytes = low_bytes;
		*low_out = extent;
		*high_out = other;
	}
	relabel(other, other->node.address, other->node.bytes);
	mark_edges(extent);
	mark_edges(other);
}

struct ae_extent *ae_extent_join(struct ae_extent_stock *stock, struct ae_extent *low,
				 struct ae_extent *high)
{
	struct ae_extent *stays = low->node.bytes >= high->node.bytes ? low : high;
	struct ae_extent *goes = stays == low ? high : low;

	relabel(stays, goes->node.address, goes->node.bytes);
	stays->node.address = low->node.address;
	stays->node.bytes += goes->node.bytes;
	mark_edges(stays);
	ae_extent_stock_put(stock, goes);
	return stays;
}

struct ae_extent *ae_extent_before(const struct ae_extent *extent)
{
	const struct ae_reservation *reservation = extent->reservation;

	if (extent->node.address == reservation->address)
		return NULL;
	return ae_granule_at(reservation, extent->node.address - 1)->edge;
}

struct ae_extent *ae_extent_after(const struct ae_extent *extent)
{
	const struct ae_reservation *reservation = extent->reservation;

	if (ae_extent_end(extent) == reservation->address + reservation->bytes)
		return NULL;
	return ae_granule_at(reservation, ae_extent_end(extent))->edge;
}

struct ae_extent *ae_extent_first(const struct ae_reservation *reservation)
{
	return reservation->table[0].edge;
}

struct ae_chunk *ae_extent_chunk_at(const struct ae_extent *extent, uint64_t address)
{
	if (address == ae_extent_end(extent))
		return NULL;
	return ae_granule_at(extent->reservation, address)->chunk;
}
