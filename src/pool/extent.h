/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the division of a reservation into extents: stretches of address space that are
 * used for one thing. They cover the reservation without gap or overlap. Locked by the pool.
 *
 * Extents are split and joined on paths that must not fail, a free above all. So their records come
 * from a stock that is filled when chunks and reservations are made: two for each chunk, one for
 * each reservation. That is always enough: every extent in use holds a chunk, apart from the free
 * ones, and a free one has another kind, or the reservation's end, after it.
 */
#ifndef AE_POOL_EXTENT_H
#define AE_POOL_EXTENT_H

#include <stdint.h>

#include "pool/chunk.h"
#include "pool/tree.h"

struct ae_block;
struct ae_span;

enum ae_extent_kind {
	AE_EXTENT_FREE, /* nothing is mapped; joined with free neighbours */
	AE_EXTENT_CACHED, /* whole chunks in no live block; joined with cached neighbours on demand */
	AE_EXTENT_HELD, /* being built, or with a mapping that the device would not undo */
	AE_EXTENT_BLOCK, /* backs one block */
	AE_EXTENT_SPAN, /* a granule that slabs share */
};

struct ae_extent {
	struct ae_tree_node node; /* address and size; free and cached: in the tree of the kind */
	struct ae_reservation *reservation;
	union {
		struct ae_block *block; /* AE_EXTENT_BLOCK */
		struct ae_span *span; /* AE_EXTENT_SPAN */
		struct ae_extent *next; /* in the stock */
		uint64_t stuck; /* AE_EXTENT_HELD: chunks still mapped in it */
	};
	enum ae_extent_kind kind;
};

struct ae_extent_stock {
	struct ae_extent *first;
	uint64_t count;
};

/* Puts count more records in the stock: 0, or -ENOMEM and the stock as it was. */
int ae_extent_stock_add(struct ae_extent_stock *stock, unsigned count, uint64_t *account);
/* Gives back the record of an extent that is no more, its reservation having ended. */
void ae_extent_stock_put(struct ae_extent_stock *stock, struct ae_extent *extent);
/* Frees count records of the stock. */
void ae_extent_stock_drop(struct ae_extent_stock *stock, uint64_t count, uint64_t *account);

/* The one extent of a new reservation, of kind AE_EXTENT_FREE and in no tree. */
struct ae_extent *ae_extent_whole(struct ae_extent_stock *stock,
				  struct ae_reservation *reservation);

/*
 * Cuts an extent that is in no tree at address, strictly inside and between chunks. Both parts have
 * its kind; which of them keeps its record is not said.
 */
void ae_extent_split(struct ae_extent_stock *stock, struct ae_extent *extent, uint64_t address,
		     struct ae_extent **low_out, struct ae_extent **high_out);

/* Joins two neighbours of a kind, in no tree. Returns the record that stays. */
struct ae_extent *ae_extent_join(struct ae_extent_stock *stock, struct ae_extent *low,
				 struct ae_extent *high);

/* The neighbour in address order, or NULL at the reservation's start or end. */
struct ae_extent *ae_extent_before(const struct ae_extent *extent);
struct ae_extent *ae_extent_after(const struct ae_extent *extent);

/* The first extent of a reservation: with ae_extent_after, all of them in order. */
struct ae_extent *ae_extent_first(const struct ae_reservation *reservation);

/* The chunk mapped at address, which lies in the extent or at its end; NULL: none, or the end. */
struct ae_chunk *ae_extent_chunk_at(const struct ae_extent *extent, uint64_t address);

static inline uint64_t ae_extent_end(const struct ae_extent *extent)
{
	return extent->node.address + extent->node.bytes;
}

/* Each chunk of an extent that is mapped throughout, in address order. */
#define ae_extent_for_each_chunk(extent_, chunk_)                                     \
	for (chunk_ = ae_extent_chunk_at((extent_), (extent_)->node.address); chunk_; \
	     chunk_ = ae_extent_chunk_at((extent_), chunk_->address + chunk_->bytes))

#endif
