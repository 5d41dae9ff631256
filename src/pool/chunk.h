/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. Owns the chunk: one physical allocation, mapped whole at one place for as long as it
 * is mapped, never split. Here are its ways up and down on the device; what a chunk is used for is
 * its extent's affair. Locked by the pool.
 */
#ifndef AE_POOL_CHUNK_H
#define AE_POOL_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/device.h"
#include "pool/list.h"
#include "pool/reservation.h"

struct ae_chunk {
	struct ae_extent *extent; /* that it is mapped in; NULL: mapped nowhere */
	uint64_t address;
	uint64_t bytes;
	uint64_t handle;
	struct ae_link age; /* cached: from warm to cold; stuck: all that are */
	struct ae_link bin; /* cached: those of the same size */
	uint64_t cached_at; /* cached: the tick at which it became so */
};

/*
 * How large the chunks of a block of bytes may be. Every chunk costs driver calls, whatever its size,
 * and is what can move by itself: chunks of `usual` bytes, and for large blocks larger ones, up to
 * `most`, so that they are AE_CHUNKS_WANTED; an eighth of a block moves by itself then.
 */
#define AE_CHUNKS_WANTED 8
uint64_t ae_chunk_limit(uint64_t bytes, uint64_t usual, uint64_t most, uint64_t granularity);

/* How bytes are cut into near-equal chunks of at most most bytes: the size of the one at `done`. */
uint64_t ae_chunk_next_bytes(uint64_t bytes, uint64_t done, uint64_t most, uint64_t granularity);

/* Maps a created chunk at address in a reservation and enters it in the table. */
int ae_chunk_map(struct ae_device *device, struct ae_reservation *reservation,
		 struct ae_chunk *chunk, uint64_t address);

/* The reverse. On failure the chunk is mapped, and in the table, as before. */
int ae_chunk_unmap(struct ae_device *device, struct ae_reservation *reservation,
		   struct ae_chunk *chunk);

#endif
