/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sorted arrays of address spans. Callers hold sim_lock. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

size_t sim_array_lower(const struct sim_array *array, uint64_t address)
{
	size_t low = 0, high = array->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct sim_span *span = array->items[middle];

		if (span->base + span->size <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct sim_span *sim_array_find(const struct sim_array *array, uint64_t address)
{
	size_t i = sim_array_lower(array, address);

	if (i < array->count && array->items[i]->base <= address)
		return array->items[i];
	return NULL;
}

bool sim_array_insert(struct sim_array *array, struct sim_span *span)
{
	size_t at = sim_array_lower(array, span->base);

	if (array->count == array->room) {
		size_t room = array->room ? array->room * 2 : 64;
		struct sim_span **items = realloc(array->items, room * sizeof(*items));

		if (!items)
			return false;
		array->items = items;
		array->room = room;
	}
	memmove(array->items + at + 1, array->items + at,
		(array->count - at) * sizeof(*array->items));
	array->items[at] = span;
	array->count++;
	return true;
}

void sim_array_remove(struct sim_array *array, struct sim_span *span)
{
	size_t at = sim_array_lower(array, span->base);

	while (at < array->count && array->items[at] != span)
		at++;
	if (at == array->count)
		return;
	array->count--;
	memmove(array->items + at, array->items + at + 1,
		(array->count - at) * sizeof(*array->items));
}
