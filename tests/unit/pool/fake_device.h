/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A device for tests of the pool: it has no memory, only the driver's rules. Whoever breaks one is
 * named in `violation`. Every operation is counted, and can be made to fail. Not locked: the pool
 * calls it with its own lock held, and so do tests that use several threads.
 */
#ifndef AE_TESTS_FAKE_DEVICE_H
#define AE_TESTS_FAKE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "pool/device_ops.h"

enum fake_op {
	FAKE_RESERVE,
	FAKE_UNRESERVE,
	FAKE_CLAIM,
	FAKE_CREATE,
	FAKE_RELEASE,
	FAKE_MAP,
	FAKE_UNMAP,
	FAKE_SET_ACCESS,
	FAKE_OPS,
};

struct fake_device {
	uint64_t granularity, capacity; /* bytes */
	const char *violation; /* the first rule broken, or NULL */

	/* Made to fail with fail_errno: the call of that number from now on, or so many in a million. */
	uint64_t fail_in; /* any operation: 1 is the next call; 0: never */
	uint64_t fail_op_in[FAKE_OPS];
	bool fail_op_always[FAKE_OPS];
	uint32_t fail_per_million;
	uint64_t random; /* state of the generator that this takes */
	int fail_errno;

	uint64_t calls[FAKE_OPS]; /* that came, whether or not they failed */
	uint64_t failed[FAKE_OPS]; /* that were made to fail */
	uint64_t bytes_claimed, bytes_created, bytes_mapped, bytes_reserved; /* now */
	uint64_t handles, reservations; /* now */

	struct fake_granule *granules;
	uint64_t next_granule;
	struct fake_handle *table;
	uint32_t table_used, table_room, table_free;
};

extern const struct ae_device_ops fake_ops;

void fake_init(struct fake_device *device, uint64_t granularity, uint64_t capacity);
void fake_fini(struct fake_device *device);

uint64_t fake_calls(const struct fake_device *device); /* of all operations */
uint64_t fake_failed_down(const struct fake_device *device); /* unmap, release, unreserve */

/* True when every byte of the range is mapped and accessible. */
bool fake_is_accessible(const struct fake_device *device, uint64_t address, uint64_t bytes);

/* What is mapped stays mapped, and nobody may use it. */
void fake_close(struct fake_device *device);

/* A number that stays while the same physical memory is behind address; 0: none is. */
uint64_t fake_identity(const struct fake_device *device, uint64_t address);

/* A small good generator (splitmix64), for the tests too. */
uint64_t fake_random(uint64_t *state);

#endif
