/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns small blocks' places: those of at most half a granule share granules. Locked by
 * the pool.
 *
 * A granule that is shared, a span, is divided in 32 units. A slab is an aligned run of 1, 2, 4, 8,
 * 16 or 32 of them, cut in slots of one size class; it has at least eight slots where the granule
 * allows. So a few blocks of many sizes need few granules, and many blocks of one size none to
 * spare. Size classes are multiples of 512 bytes (cudaMalloc's alignment), four a doubling above
 * 2 KiB: at most a fifth of a slot is lost.
 */
#ifndef AE_POOL_SLAB_H
#define AE_POOL_SLAB_H

#include <stdint.h>

#include "pool/backing.h"

#define AE_SPAN_UNITS   32u
#define AE_SPAN_ORDERS  6u /* a slab has 2^0 to 2^5 units */
#define AE_SLOT_STEP    512u
#define AE_SLAB_CLASSES 128u /* enough for any granularity of 64 bits */

struct ae_span {
	struct ae_link link; /* among the spans whose largest free run has the same order */
	struct ae_extent *extent;
	uint32_t used; /* bit u: unit u is part of a slab */
	struct ae_slab *slabs[AE_SPAN_UNITS]; /* by unit */
};

struct ae_slab {
	struct ae_link link; /* among those of its class with a free slot */
	struct ae_span *span;
	uint64_t address;
	uint64_t slot_bytes; /* below 2^32 */
	uint32_t slots, used;
	uint8_t unit, units, class_index;
	uint64_t free[]; /* bit s: slot s is free */
};

struct ae_slabs {
	struct ae_backing *backing;
	uint64_t count; /* slabs */
	struct ae_link open[AE_SLAB_CLASSES]; /* struct ae_slab with a free slot, by class */
	struct ae_link spans[AE_SPAN_ORDERS]; /* struct ae_span with free units, by order */
};

/* What a take took, for an undo. */
struct ae_slot {
	struct ae_slab *slab;
	uint64_t address;
	struct ae_taken taken; /* extent NULL: no new span was needed */
};

void ae_slabs_init(struct ae_slabs *slabs, struct ae_backing *backing);

/* Frees the records of the slabs in an extent of kind AE_EXTENT_SPAN, as the pool ends. */
void ae_slabs_forget(struct ae_slabs *slabs, struct ae_extent *extent);

/* A slot for bytes, at most half a granule. Errors as ae_backing_take. */
int ae_slabs_take(struct ae_slabs *slabs, uint64_t bytes, struct ae_slot *slot_out);

/* As if the take had not been. */
void ae_slabs_undo(struct ae_slabs *slabs, const struct ae_slot *slot);

/* The slot at address is free again. An empty slab goes at once, an empty span is cached. */
void ae_slabs_give(struct ae_slabs *slabs, struct ae_slab *slab, uint64_t address);

/* The start of the slot that contains address, in a span; 0: that is in no slot. */
uint64_t ae_span_slot_start(const struct ae_span *span, uint64_t address);

/* The size of the slots in which a block of bytes lives, and the index of the class. */
uint64_t ae_slab_class_bytes(uint64_t bytes, unsigned *index_out);

/* The order of the largest run of free units, or -1. For the index and its check. */
int ae_span_free_order(const struct ae_span *span);

/* How the units of a span are numbered: one is so large. */
static inline uint64_t ae_span_unit_bytes(const struct ae_span *span)
{
	return span->extent->node.bytes / AE_SPAN_UNITS;
}

#endif
