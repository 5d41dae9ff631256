/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/slab.h"

#include <errno.h>
#include <stdbool.h>

#include "pool/record.h"

#define SLOTS_WANTED 8u

void ae_slabs_init(struct ae_slabs *slabs, struct ae_backing *backing)
{
	slabs->backing = backing;
	slabs->count = 0;
	for (unsigned i = 0; i < AE_SLAB_CLASSES; i++)
		ae_list_init(&slabs->open[i]);
	for (unsigned i = 0; i < AE_SPAN_ORDERS; i++)
		ae_list_init(&slabs->spans[i]);
}

uint64_t ae_slab_class_bytes(uint64_t bytes, unsigned *index_out)
{
	uint64_t steps = (bytes - 1) / AE_SLOT_STEP; /* one less than needed */
	unsigned shift = 0;

	/* 1 to 8 steps have a class each; above that the three leading bits tell classes apart. */
	if (steps >= 8)
		shift = 61 - (unsigned)__builtin_clzll(steps);
	*index_out = shift * 4 + (unsigned)(steps >> shift);
	return (((steps >> shift) + 1) << shift) * AE_SLOT_STEP;
}

static size_t free_words(uint32_t slots)
{
	return (slots + 63) / 64;
}

static size_t slab_bytes(uint32_t slots)
{
	return sizeof(struct ae_slab) + free_words(slots) * sizeof(uint64_t);
}

/* The mask of a run of 2^order units. */
static uint32_t run_mask(unsigned order)
{
	return order == 5 ? UINT32_MAX : (1u << (1u << order)) - 1;
}

/* The lowest aligned run of 2^order free units; AE_SPAN_UNITS: none. */
static unsigned find_run(uint32_t used, unsigned order)
{
	uint32_t mask = run_mask(order);

	for (unsigned unit = 0; unit < AE_SPAN_UNITS; unit += 1u << order) {
		if (!(used >> unit & mask))
			return unit;
	}
	return AE_SPAN_UNITS;
}

int ae_span_free_order(const struct ae_span *span)
{
	for (int order = AE_SPAN_ORDERS - 1; order >= 0; order--) {
		if (find_run(span->used, (unsigned)order) != AE_SPAN_UNITS)
			return order;
	}
	return -1;
}

static void span_mark(struct ae_slabs *slabs, struct ae_span *span, uint32_t used)
{
	int order = ae_span_free_order(span);

	if (order >= 0)
		ae_list_remove(&span->link);
	span->used = used;
	order = ae_span_free_order(span);
	if (order >= 0)
		ae_list_push(&slabs->spans[order], &span->link);
}

static int span_new(struct ae_slabs *slabs, struct ae_taken *taken, struct ae_span **span_out)
{
	struct ae_span *span = ae_record_new(&slabs->backing->account, sizeof(*span));
	int rc;

	if (!span)
		return -ENOMEM;
	rc = ae_backing_take(slabs->backing, slabs->backing->granularity, taken);
	if (rc) {
		ae_record_delete(&slabs->backing->account, span, sizeof(*span));
		return rc;
	}
	span->extent = taken->extent;
	span->extent->kind = AE_EXTENT_SPAN;
	span->extent->span = span;
	ae_list_push(&slabs->spans[AE_SPAN_ORDERS - 1], &span->link);
	*span_out = span;
	return 0;
}

/* The record of an empty span; its extent is the caller's. */
static void span_end(struct ae_slabs *slabs, struct ae_span *span)
{
	ae_list_remove(&span->link);
	ae_record_delete(&slabs->backing->account, span, sizeof(*span));
}

/* The order of a slab for slots of this size: eight slots, or the whole granule. */
static unsigned slab_order(const struct ae_slabs *slabs, uint64_t slot_bytes)
{
	uint64_t unit_bytes = slabs->backing->granularity / AE_SPAN_UNITS;
	unsigned order = 0;

	while (order < AE_SPAN_ORDERS - 1 && (unit_bytes << order) < SLOTS_WANTED * slot_bytes)
		order++;
	return order;
}

static int slab_new(struct ae_slabs *slabs, uint64_t slot_bytes, unsigned class_index,
		    struct ae_taken *taken, struct ae_slab **slab_out)
{
	unsigned order = slab_order(slabs, slot_bytes), fit = order, unit;
	uint64_t unit_bytes = slabs->backing->granularity / AE_SPAN_UNITS;
	uint32_t slots = (uint32_t)((unit_bytes << order) / slot_bytes);
	struct ae_slab *slab = ae_record_new(&slabs->backing->account, slab_bytes(slots));
	struct ae_span *span;
	int rc;

	if (!slab)
		return -ENOMEM;
	/* The span with the smallest hole that will do: larger ones are for larger slabs. */
	while (fit < AE_SPAN_ORDERS && ae_list_is_empty(&slabs->spans[fit]))
		fit++;
	if (fit < AE_SPAN_ORDERS) {
		span = ae_link_entry(slabs->spans[fit].next, struct ae_span, link);
	} else {
		rc = span_new(slabs, taken, &span);
		if (rc) {
			ae_record_delete(&slabs->backing->account, slab, slab_bytes(slots));
			return rc;
		}
	}

	unit = find_run(span->used, order);
	span_mark(slabs, span, span->used | run_mask(order) << unit);
	for (unsigned i = 0; i < 1u << order; i++)
		span->slabs[unit + i] = slab;
	slab->span = span;
	slab->address = span->extent->node.address + unit * unit_bytes;
	slab->slot_bytes = slot_bytes;
	slab->slots = slots;
	slab->unit = (uint8_t)unit;
	slab->units = (uint8_t)(1u << order);
	slab->class_index = (uint8_t)class_index;
	for (uint32_t s = 0; s < slots; s++)
		slab->free[s / 64] |= UINT64_C(1) << s % 64;
	ae_list_push(&slabs->open[class_index], &slab->link);
	slabs->count++;
	*slab_out = slab;
	return 0;
}

/* Ends an empty slab. Returns its span when that is empty too, otherwise NULL. */
static struct ae_span *slab_end(struct ae_slabs *slabs, struct ae_slab *slab)
{
	struct ae_span *span = slab->span;
	unsigned order = (unsigned)__builtin_ctz(slab->units);

	for (unsigned i = 0; i < slab->units; i++)
		span->slabs[slab->unit + i] = NULL;
	span_mark(slabs, span, span->used & ~(run_mask(order) << slab->unit));
	ae_list_remove(&slab->link);
	ae_record_delete(&slabs->backing->account, slab, slab_bytes(slab->slots));
	slabs->count--;
	return span->used ? NULL : span;
}

static uint32_t slot_take(struct ae_slab *slab)
{
	size_t word = 0;
	unsigned bit;

	while (!slab->free[word])
		word++;
	bit = (unsigned)__builtin_ctzll(slab->free[word]);
	slab->free[word] &= slab->free[word] - 1;
	if (++slab->used == slab->slots)
		ae_list_remove(&slab->link);
	return (uint32_t)(word * 64 + bit);
}

/*
 * Last in, first out among the slabs with a free slot: one that was full a moment ago has the
 * fewest free slots of all, and filling it up lets the emptier ones drain and go. (The lowest
 * address would pack as well, for a tree where this is a list.)
 */
static void slot_give(struct ae_slabs *slabs, struct ae_slab *slab, uint64_t address)
{
	uint32_t slot = (uint32_t)((address - slab->address) / slab->slot_bytes);

	slab->free[slot / 64] |= UINT64_C(1) << slot % 64;
	if (slab->used-- == slab->slots)
		ae_list_push(&slabs->open[slab->class_index], &slab->link);
}

int ae_slabs_take(struct ae_slabs *slabs, uint64_t bytes, struct ae_slot *slot_out)
{
	struct ae_taken taken = { 0 };
	struct ae_slab *slab;
	unsigned class_index;
	uint64_t slot_bytes = ae_slab_class_bytes(bytes, &class_index);
	int rc;

	if (ae_list_is_empty(&slabs->open[class_index])) {
		rc = slab_new(slabs, slot_bytes, class_index, &taken, &slab);
		if (rc)
			return rc;
	} else {
		slab = ae_link_entry(slabs->open[class_index].next, struct ae_slab, link);
	}
	slot_out->slab = slab;
	slot_out->address = slab->address + slot_take(slab) * slot_bytes;
	slot_out->taken = taken;
	return 0;
}

void ae_slabs_undo(struct ae_slabs *slabs, const struct ae_slot *slot)
{
	struct ae_span *span = NULL;

	slot_give(slabs, slot->slab, slot->address);
	if (!slot->slab->used)
		span = slab_end(slabs, slot->slab);
	/* Only a span that this take made can be empty. */
	if (span) {
		span_end(slabs, span);
		ae_backing_undo(slabs->backing, &slot->taken);
	}
}

void ae_slabs_give(struct ae_slabs *slabs, struct ae_slab *slab, uint64_t address)
{
	struct ae_span *span;
	struct ae_extent *extent;

	slot_give(slabs, slab, address);
	if (slab->used)
		return;
	span = slab_end(slabs, slab);
	if (!span)
		return;
	extent = span->extent;
	span_end(slabs, span);
	ae_backing_give(slabs->backing, extent);
}

void ae_slabs_forget(struct ae_slabs *slabs, struct ae_extent *extent)
{
	struct ae_span *span = extent->span;

	for (unsigned unit = 0; unit < AE_SPAN_UNITS;) {
		struct ae_slab *slab = span->slabs[unit];

		unit += slab ? slab->units : 1;
		if (slab)
			ae_record_delete(&slabs->backing->account, slab, slab_bytes(slab->slots));
	}
	ae_record_delete(&slabs->backing->account, span, sizeof(*span));
}

uint64_t ae_span_slot_start(const struct ae_span *span, uint64_t address)
{
	uint64_t offset = address - span->extent->node.address;
	const struct ae_slab *slab = span->slabs[offset / ae_span_unit_bytes(span)];
	uint32_t slot;

	if (!slab)
		return 0;
	/* A slab is at most a granule, far below 4 GiB: the short division is the fast one. */
	slot = (uint32_t)(address - slab->address) / (uint32_t)slab->slot_bytes;
	return slot < slab->slots ? slab->address + slot * slab->slot_bytes : 0;
}
