/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/chunk.h"

uint64_t ae_chunk_limit(uint64_t bytes, uint64_t usual, uint64_t most, uint64_t granularity)
{
	uint64_t share = bytes / AE_CHUNKS_WANTED & ~(granularity - 1);

	/* Rounded up, so that there is no ninth with what is left over. */
	if (share * AE_CHUNKS_WANTED < bytes)
		share += granularity;
	if (share < usual)
		return usual;
	return share < most ? share : most;
}

uint64_t ae_chunk_next_bytes(uint64_t bytes, uint64_t done, uint64_t most, uint64_t granularity)
{
	uint64_t rest = bytes - done;
	uint64_t count = rest / most + (rest % most != 0);
	uint64_t granules = rest / granularity;

	/* Of what is left, an equal share rounded up: the larger ones come first. */
	return (granules / count + (granules % count != 0)) * granularity;
}

static void enter(struct ae_reservation *reservation, const struct ae_chunk *chunk,
		  struct ae_chunk *value)
{
	struct ae_granule *granule = ae_granule_at(reservation, chunk->address);
	uint64_t granules = chunk->bytes >> reservation->shift;
	uint64_t last = (uint64_t)(granule - reservation->table) + granules;

	for (uint64_t i = 0; i < granules; i++)
		granule[i].chunk = value;
	if (last > reservation->touched)
		reservation->touched = last;
}

int ae_chunk_map(struct ae_device *device, struct ae_reservation *reservation,
		 struct ae_chunk *chunk, uint64_t address)
{
	int rc = ae_device_call(device, map, address, chunk->bytes, chunk->handle);

	if (rc)
		return rc;
	chunk->address = address;
	enter(reservation, chunk, chunk);
	return 0;
}

int ae_chunk_unmap(struct ae_device *device, struct ae_reservation *reservation,
		   struct ae_chunk *chunk)
{
	int rc = ae_device_call(device, unmap, chunk->address, chunk->bytes);

	if (!rc)
		enter(reservation, chunk, NULL);
	return rc;
}
