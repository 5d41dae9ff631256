/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "fake_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define BASE     UINT64_C(0x7f0000000000)
#define GRANULES (UINT64_C(1) << 22)

struct fake_granule {
	uint32_t reservation; /* 0: not reserved; otherwise its first granule + 1 */
	uint32_t handle; /* 0: not mapped */
	bool is_first; /* of a mapping */
	bool is_accessible;
};

struct fake_handle {
	uint64_t bytes; /* 0: does not exist */
	uint64_t serial;
	bool is_mapped;
	uint32_t next_free;
};

uint64_t fake_random(uint64_t *state)
{
	uint64_t word = *state += UINT64_C(0x9e3779b97f4a7c15);

	word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
	return word ^ word >> 31;
}

void fake_init(struct fake_device *device, uint64_t granularity, uint64_t capacity)
{
	*device = (struct fake_device){ .granularity = granularity,
					.capacity = capacity,
					.fail_errno = EIO };
	device->granules =
		mmap(NULL, GRANULES * sizeof(struct fake_granule), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	device->table_used = 1; /* handle 0 is none */
	device->table_room = 64;
	device->table = calloc(device->table_room, sizeof(*device->table));
	if (device->granules == MAP_FAILED || !device->table) {
		perror("fake device");
		exit(99);
	}
}

void fake_fini(struct fake_device *device)
{
	munmap(device->granules, GRANULES * sizeof(struct fake_granule));
	free(device->table);
}

static int violate(struct fake_device *device, const char *what)
{
	if (!device->violation)
		device->violation = what;
	return -EINVAL;
}

/* Counts the call; an errno when it is to fail. */
static int enter(struct fake_device *device, enum fake_op op)
{
	bool fails = device->fail_op_always[op];

	device->calls[op]++;
	if (device->fail_in && !--device->fail_in)
		fails = true;
	if (device->fail_op_in[op] && !--device->fail_op_in[op])
		fails = true;
	if (device->fail_per_million &&
	    fake_random(&device->random) % 1000000 < device->fail_per_million)
		fails = true;
	if (!fails)
		return 0;
	device->failed[op]++;
	return -device->fail_errno;
}

/* The granules of a range, or NULL when it is not one. */
static struct fake_granule *range(struct fake_device *device, uint64_t address, uint64_t bytes,
				  uint64_t *count_out)
{
	uint64_t first = (address - BASE) / device->granularity;

	if (!bytes || address % device->granularity || bytes % device->granularity ||
	    address < BASE || first >= GRANULES || bytes / device->granularity > GRANULES - first)
		return NULL;
	*count_out = bytes / device->granularity;
	return &device->granules[first];
}

static int fake_reserve(void *arg, uint64_t bytes, uint64_t *address_out)
{
	struct fake_device *device = arg;
	uint64_t count = bytes / device->granularity, first = device->next_granule, tried = 0, i;
	int rc = enter(device, FAKE_RESERVE);

	if (rc)
		return rc;
	if (!bytes || bytes % device->granularity)
		return violate(device, "reserve: size is no multiple of the granularity");
	/* Round robin, with a gap now and then: neighbours in two reservations are not neighbours. */
	while (tried < 2 * GRANULES) {
		if (count >= GRANULES - first) {
			tried += GRANULES - first;
			first = 0;
			if (count >= GRANULES)
				break;
		}
		for (i = 0; i < count && !device->granules[first + i].reservation; i++)
			;
		if (i == count)
			break;
		first += i + 1;
		tried += i + 1;
	}
	if (tried >= 2 * GRANULES || count >= GRANULES)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		device->granules[first + i].reservation = (uint32_t)first + 1;
	device->next_granule = first + count + (device->reservations & 1);
	device->reservations++;
	device->bytes_reserved += bytes;
	*address_out = BASE + first * device->granularity;
	return 0;
}

static int fake_unreserve(void *arg, uint64_t address, uint64_t bytes)
{
	struct fake_device *device = arg;
	struct fake_granule *granule;
	uint64_t count, id;
	int rc = enter(device, FAKE_UNRESERVE);

	if (rc)
		return rc;
	granule = range(device, address, bytes, &count);
	if (!granule)
		return violate(device, "unreserve: no such range");
	id = (uint64_t)(granule - device->granules) + 1;
	for (uint64_t i = 0; i < count; i++) {
		if (granule[i].reservation != id)
			return violate(device, "unreserve: not one whole reservation");
		if (granule[i].handle)
			return violate(device, "unreserve: memory is mapped");
	}
	if (granule + count < device->granules + GRANULES && granule[count].reservation == id)
		return violate(device, "unreserve: only part of a reservation");
	for (uint64_t i = 0; i < count; i++)
		granule[i].reservation = 0;
	device->reservations--;
	device->bytes_reserved -= bytes;
	return 0;
}

static int fake_claim(void *arg, uint64_t bytes)
{
	struct fake_device *device = arg;
	int rc = enter(device, FAKE_CLAIM);

	if (rc)
		return rc;
	if (!bytes || bytes % device->granularity)
		return violate(device, "claim: size is no multiple of the granularity");
	if (device->bytes_claimed != device->bytes_created)
		return violate(device,
			       "claim: what was claimed before and not created is still claimed");
	device->bytes_claimed += bytes;
	return 0;
}

static void fake_unclaim(void *arg, uint64_t bytes)
{
	struct fake_device *device = arg;

	if (bytes > device->bytes_claimed - device->bytes_created)
		violate(device, "unclaim: more than was claimed and is not there");
	device->bytes_claimed -= bytes;
}

static int fake_create(void *arg, uint64_t bytes, uint64_t *handle_out)
{
	struct fake_device *device = arg;
	uint32_t handle = device->table_free;
	int rc = enter(device, FAKE_CREATE);

	if (rc)
		return rc;
	if (!bytes || bytes % device->granularity)
		return violate(device, "create: size is no multiple of the granularity");
	if (bytes > device->bytes_claimed - device->bytes_created)
		return violate(device, "create: not claimed");
	if (bytes > device->capacity - device->bytes_created)
		return -ENOMEM;
	if (handle) {
		device->table_free = device->table[handle].next_free;
	} else {
		if (device->table_used == device->table_room) {
			device->table_room *= 2;
			device->table =
				realloc(device->table, device->table_room * sizeof(*device->table));
			if (!device->table)
				exit(99);
		}
		handle = device->table_used++;
		device->table[handle].serial = 0;
	}
	device->table[handle].bytes = bytes;
	device->table[handle].is_mapped = false;
	device->table[handle].serial++;
	device->bytes_created += bytes;
	device->handles++;
	*handle_out = (uint64_t)handle << 8; /* not to be taken for an index */
	return 0;
}

static struct fake_handle *look_up(struct fake_device *device, uint64_t handle)
{
	if (handle & 0xff || handle >> 8 == 0 || handle >> 8 >= device->table_used ||
	    !device->table[handle >> 8].bytes)
		return NULL;
	return &device->table[handle >> 8];
}

static int fake_release(void *arg, uint64_t handle, uint64_t bytes)
{
	struct fake_device *device = arg;
	struct fake_handle *entry;
	int rc = enter(device, FAKE_RELEASE);

	if (rc)
		return rc;
	entry = look_up(device, handle);
	if (!entry)
		return violate(device, "release: no such handle");
	if (entry->bytes != bytes)
		return violate(device, "release: another size than it was created with");
	if (entry->is_mapped)
		return violate(device, "release: still mapped");
	entry->bytes = 0;
	entry->next_free = device->table_free;
	device->table_free = (uint32_t)(handle >> 8);
	device->bytes_created -= bytes;
	device->handles--;
	return 0;
}

static int fake_map(void *arg, uint64_t address, uint64_t bytes, uint64_t handle)
{
	struct fake_device *device = arg;
	struct fake_granule *granule;
	struct fake_handle *entry;
	uint64_t count;
	int rc = enter(device, FAKE_MAP);

	if (rc)
		return rc;
	granule = range(device, address, bytes, &count);
	entry = look_up(device, handle);
	if (!granule || !entry)
		return violate(device, "map: no such range or handle");
	if (entry->bytes != bytes || entry->is_mapped)
		return violate(device, "map: not the whole of a handle that is mapped nowhere");
	for (uint64_t i = 0; i < count; i++) {
		if (!granule[i].reservation || granule[i].reservation != granule[0].reservation)
			return violate(device, "map: not inside one reservation");
		if (granule[i].handle)
			return violate(device, "map: over another mapping");
	}
	for (uint64_t i = 0; i < count; i++) {
		granule[i].handle = (uint32_t)(handle >> 8);
		granule[i].is_first = !i;
		granule[i].is_accessible = false;
	}
	entry->is_mapped = true;
	device->bytes_mapped += bytes;
	return 0;
}

/* True when the range covers mappings, all of each. */
static bool is_whole(const struct fake_device *device, const struct fake_granule *granule,
		     uint64_t count)
{
	if (!granule[0].is_first)
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!granule[i].handle)
			return false;
	}
	return granule + count == device->granules + GRANULES || !granule[count].handle ||
	       granule[count].is_first;
}

static int fake_unmap(void *arg, uint64_t address, uint64_t bytes)
{
	struct fake_device *device = arg;
	struct fake_granule *granule;
	uint64_t count;
	int rc = enter(device, FAKE_UNMAP);

	if (rc)
		return rc;
	granule = range(device, address, bytes, &count);
	if (!granule || !is_whole(device, granule, count))
		return violate(device, "unmap: not whole mappings");
	for (uint64_t i = 0; i < count; i++) {
		device->table[granule[i].handle].is_mapped = false;
		granule[i].handle = 0;
		granule[i].is_first = granule[i].is_accessible = false;
	}
	device->bytes_mapped -= bytes;
	return 0;
}

static int fake_set_access(void *arg, uint64_t address, uint64_t bytes)
{
	struct fake_device *device = arg;
	struct fake_granule *granule;
	uint64_t count;
	int rc = enter(device, FAKE_SET_ACCESS);

	if (rc)
		return rc;
	granule = range(device, address, bytes, &count);
	if (!granule || !is_whole(device, granule, count))
		return violate(device, "set access: not whole mappings");
	for (uint64_t i = 0; i < count; i++)
		granule[i].is_accessible = true;
	return 0;
}

const struct ae_device_ops fake_ops = {
	.reserve = fake_reserve,
	.unreserve = fake_unreserve,
	.claim = fake_claim,
	.unclaim = fake_unclaim,
	.create = fake_create,
	.release = fake_release,
	.map = fake_map,
	.unmap = fake_unmap,
	.set_access = fake_set_access,
};

uint64_t fake_calls(const struct fake_device *device)
{
	uint64_t sum = 0;

	for (unsigned op = 0; op < FAKE_OPS; op++)
		sum += device->calls[op];
	return sum;
}

uint64_t fake_failed_down(const struct fake_device *device)
{
	return device->failed[FAKE_UNMAP] + device->failed[FAKE_RELEASE] +
	       device->failed[FAKE_UNRESERVE];
}

bool fake_is_accessible(const struct fake_device *device, uint64_t address, uint64_t bytes)
{
	uint64_t first = (address - BASE) / device->granularity;
	uint64_t last = (address + bytes - 1 - BASE) / device->granularity;

	if (address < BASE || last >= GRANULES || last < first)
		return false;
	for (uint64_t i = first; i <= last; i++) {
		if (!device->granules[i].is_accessible)
			return false;
	}
	return true;
}

void fake_close(struct fake_device *device)
{
	for (uint64_t i = 0; i < device->next_granule; i++)
		device->granules[i].is_accessible = false;
}

uint64_t fake_identity(const struct fake_device *device, uint64_t address)
{
	uint32_t handle = device->granules[(address - BASE) / device->granularity].handle;

	return handle ? device->table[handle].serial << 32 | handle : 0;
}
