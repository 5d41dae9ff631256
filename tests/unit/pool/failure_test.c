/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every way in which an allocation can fail half-way. The same call is made to fail at its first,
 * second, third, ... device operation, then at its first, second, ... request for host memory,
 * until it succeeds; after each failure everything is as it was before. Host memory is made to fail
 * by the linker's --wrap.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_device.h"
#include "pool/pool.h"

#define KiB         UINT64_C(1024)
#define MiB         (1024 * KiB)
#define GRANULARITY (2 * MiB)
#define NOTES_MOST  64

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static uint64_t host_fail_in; /* 1: the next request for host memory; 0: none */
static uint64_t host_failed;

static bool host_fails(void)
{
	if (!host_fail_in || --host_fail_in)
		return false;
	host_failed++;
	return true;
}

void *__wrap_malloc(size_t bytes)
{
	return host_fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return host_fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
	return host_fails() ? NULL : __real_realloc(memory, bytes);
}

/* What can be seen of a pool. */
struct snapshot {
	struct ae_pool_stats stats;
	struct ae_block_info blocks[NOTES_MOST];
	size_t count;
};

static struct fake_device device;
static struct ae_pool *pool;
static const char *scene_name;
static uint64_t attempt;

static void fail(const char *what)
{
	fprintf(stderr, "failure_test: %s: %s (attempt %" PRIu64 ")\n", scene_name, what, attempt);
	exit(1);
}

#define require(condition)                \
	do {                              \
		if (!(condition))         \
			fail(#condition); \
	} while (0)

static void note(void *arg, const struct ae_pool_item *item)
{
	struct snapshot *snapshot = arg;

	if (!item->block || item->is_freed)
		return;
	require(snapshot->count < NOTES_MOST);
	snapshot->blocks[snapshot->count++] = *item->block;
}

static void look(struct snapshot *snapshot)
{
	const char *wrong = ae_pool_check(pool);

	if (wrong)
		fail(wrong);
	if (device.violation)
		fail(device.violation);
	memset(snapshot, 0, sizeof(*snapshot));
	ae_pool_get_stats(pool, &snapshot->stats);
	ae_pool_walk(pool, note, snapshot);
	require(snapshot->stats.bytes_resident == device.bytes_created);
	require(snapshot->stats.bytes_reserved == device.bytes_reserved);
	/* These count what happened, not what is; and tables keep the room that they have grown to. */
	snapshot->stats.creates = snapshot->stats.releases = 0;
	snapshot->stats.metadata_bytes = 0;
}

static bool is_same(const struct snapshot *a, const struct snapshot *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static uint64_t must_alloc(uint64_t bytes)
{
	uint64_t address;

	require(!ae_pool_alloc(pool, bytes, 7, &address));
	return address;
}

static void must_free(uint64_t address)
{
	struct ae_block_info info;

	require(!ae_pool_free_begin(pool, address, &info));
	ae_pool_free_end(pool, address);
}

/* Where each scene starts, and what it asks for. */
struct scene {
	const char *name;
	void (*set)(void);
	uint64_t bytes;
};

static void set_nothing(void)
{
}

static void set_some(void)
{
	must_alloc(100 * MiB);
	must_alloc(100);
}

/* Every granule is full. */
static void set_small(void)
{
	for (unsigned i = 0; i < 40; i++)
		must_alloc(GRANULARITY / 2);
}

static void set_cached(void)
{
	uint64_t first = must_alloc(6 * MiB), second = must_alloc(30 * MiB);

	must_alloc(2 * MiB);
	must_free(first);
	must_free(second);
}

/* The first reservation is full, so that the next block needs one of its own. */
static void set_full(void)
{
	must_alloc(64 * MiB);
	must_alloc(64 * MiB);
}

static const struct scene scenes[] = {
	{ "large, empty pool", set_nothing, 70 * MiB },
	{ "small, empty pool", set_nothing, 100 },
	{ "large, pool in use", set_some, 70 * MiB },
	{ "small, another class", set_some, 300 * KiB },
	{ "small, new granule", set_small, GRANULARITY / 2 },
	{ "large, cached memory of no use", set_cached, 64 * MiB },
	{ "large, from the cache", set_cached, 6 * MiB },
	{ "small, granule from the cache", set_cached, 512 },
	{ "large, new reservation", set_full, 50 * MiB },
	{ "larger than a reservation's step", set_full, 300 * MiB },
};

static void scene_begin(const struct scene *scene)
{
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 16 * MiB,
		.chunk_most = 16 * MiB,
		.reserve_step = 128 * MiB,
		.limit = 1024 * MiB,
		.cache_most = 1024 * MiB,
	};

	scene_name = scene->name;
	fake_init(&device, GRANULARITY, 1024 * MiB);
	require(!ae_pool_create(&fake_ops, &device, &params, &pool));
	scene->set();
}

static void scene_end(void)
{
	memset(device.fail_op_always, 0, sizeof(device.fail_op_always));
	device.fail_in = 0;
	ae_pool_destroy(pool);
	if (device.violation)
		fail(device.violation);
	require(!device.handles && !device.reservations && !device.bytes_mapped);
	fake_fini(&device);
}

/* Errors other than out of memory: nothing is retried, nothing in the cache is touched. */
static uint64_t fail_device(const struct scene *scene)
{
	struct snapshot before, after;
	uint64_t address;

	scene_begin(scene);
	look(&before);
	device.fail_errno = EIO;
	for (attempt = 1;; attempt++) {
		uint64_t failed = device.failed[FAKE_RESERVE] + device.failed[FAKE_CLAIM] +
				  device.failed[FAKE_CREATE] + device.failed[FAKE_MAP] +
				  device.failed[FAKE_SET_ACCESS];

		address = 42;
		device.fail_in = attempt;
		if (!ae_pool_alloc(pool, scene->bytes, 7, &address))
			break;
		require(device.failed[FAKE_RESERVE] + device.failed[FAKE_CLAIM] +
				device.failed[FAKE_CREATE] + device.failed[FAKE_MAP] +
				device.failed[FAKE_SET_ACCESS] ==
			failed + 1);
		require(address == 42);
		look(&after);
		require(is_same(&before, &after));
	}
	device.fail_in = 0;
	must_free(address);
	look(&after);
	scene_end();
	return attempt;
}

static uint64_t fail_host(const struct scene *scene)
{
	struct snapshot before, after;
	uint64_t address;
	int rc;

	/* A scene of its own each time: tables keep the room that they have grown to. */
	for (attempt = 1;; attempt++) {
		scene_begin(scene);
		look(&before);
		host_failed = 0;
		host_fail_in = attempt;
		rc = ae_pool_alloc(pool, scene->bytes, 7, &address);
		host_fail_in = 0;
		if (!host_failed)
			break;
		look(&after);
		/*
		 * Where there is a cache it is given up, and the second try succeeds; where there
		 * is none for a whole step of address space, there may be for what is needed.
		 */
		if (rc) {
			require(rc == -ENOMEM);
			after.stats.bytes_resident +=
				before.stats.bytes_cached - after.stats.bytes_cached;
			after.stats.bytes_cached = before.stats.bytes_cached;
			after.stats.chunks = before.stats.chunks;
			require(is_same(&before, &after));
		} else {
			require(before.stats.bytes_cached ||
				after.stats.bytes_reserved % (128 * MiB) != 0);
		}
		must_free(must_alloc(scene->bytes));
		look(&after);
		scene_end();
	}
	require(!rc);
	scene_end();
	return attempt;
}

/* Enough blocks for their table to grow several times: its failures to grow are failures too. */
static void fail_growth(void)
{
	static const struct scene scene = { "growth", set_nothing, 0 };
	struct ae_pool_stats before, after;
	uint64_t address;
	uint64_t longest = 0;

	scene_begin(&scene);
	for (unsigned i = 0; i < 5000; i++) {
		ae_pool_get_stats(pool, &before);
		for (attempt = 1;; attempt++) {
			int rc;

			host_failed = 0;
			host_fail_in = attempt;
			rc = ae_pool_alloc(pool, 1, 7, &address);
			host_fail_in = 0;
			if (!host_failed)
				break;
			ae_pool_get_stats(pool, &after);
			/* A second, smaller reservation is a success, and leaves the loop. */
			if (!rc)
				break;
			require(after.blocks_live == before.blocks_live);
			require(after.bytes_resident == before.bytes_resident);
			require(after.slabs == before.slabs);
			require(after.reservations == before.reservations);
		}
		/* The first request is for the block, a second one in a slab in use for the table. */
		if (i % 128 && attempt - 1 > longest)
			longest = attempt - 1;
	}
	require(longest >= 2);
	require(!ae_pool_check(pool));
	scene_end();
}

/*
 * The way back fails too. What the device would not undo is still accounted for and out of use, and
 * goes with the first trim after the device has come to its senses.
 */
static void fail_twice(const struct scene *scene, enum fake_op down)
{
	struct snapshot before, after;
	uint64_t address, other;
	int rc;

	for (attempt = 1;; attempt++) {
		scene_begin(scene);
		ae_pool_trim(pool, 0);
		look(&before);
		device.fail_op_always[down] = true;
		device.fail_in = attempt;
		rc = ae_pool_alloc(pool, scene->bytes, 7, &address);
		device.fail_in = 0;
		if (!rc)
			break;
		look(&after);
		require(after.stats.blocks_live == before.stats.blocks_live);
		require(after.stats.bytes_resident - after.stats.bytes_cached ==
			before.stats.bytes_resident);
		/* The pool works on, around what is stuck. */
		other = must_alloc(40 * MiB);
		require(fake_is_accessible(&device, other, 40 * MiB));
		look(&after);
		must_free(other);
		ae_pool_trim(pool, 0);
		look(&after);

		device.fail_op_always[down] = false;
		ae_pool_trim(pool, 0);
		look(&after);
		require(after.stats.bytes_cached == 0);
		require(after.stats.bytes_resident == before.stats.bytes_resident);
		require(after.stats.chunks == before.stats.chunks);
		scene_end();
	}
	scene_end();
}

/* A trim and a limit that the device does not let through. */
static void fail_trim(enum fake_op down)
{
	static const struct scene scene = { "trim", set_cached, 0 };
	struct snapshot before, after;

	scene_begin(&scene);
	look(&before);
	require(before.stats.bytes_cached == 36 * MiB);
	device.fail_op_always[down] = true;
	require(!ae_pool_trim(pool, 0));
	look(&after);
	require(after.stats.bytes_cached == 36 * MiB);
	require(after.stats.bytes_resident == before.stats.bytes_resident);
	device.fail_op_always[down] = false;
	require(ae_pool_trim(pool, 0) == 36 * MiB);
	look(&after);
	require(!after.stats.bytes_cached && after.stats.bytes_resident == 2 * MiB);
	scene_end();
}

/* Several chunks stuck in one extent that come loose one by one, and one that makes room. */
static void fail_bit_by_bit(void)
{
	static const struct scene scene = { "stuck, bit by bit", set_nothing, 0 };
	struct snapshot now;
	uint64_t address;

	scene_begin(&scene);
	for (attempt = 1; attempt <= 3; attempt++) {
		device.fail_op_in[FAKE_SET_ACCESS] = 1;
		device.fail_op_always[FAKE_UNMAP] = true;
		require(ae_pool_alloc(pool, 48 * MiB, 7, &address) == -EIO);
		look(&now);
		require(now.stats.bytes_cached == 48 * MiB && now.stats.chunks == 3);

		/* Only the call of that number fails: one chunk stays in the extent. */
		device.fail_op_always[FAKE_UNMAP] = false;
		device.fail_op_in[FAKE_UNMAP] = attempt;
		require(ae_pool_trim(pool, 0) == 32 * MiB);
		look(&now);
		must_free(must_alloc(100 * MiB));
		look(&now);
		ae_pool_trim(pool, 0);
		look(&now);
		require(!now.stats.bytes_resident);
	}

	/* What is stuck does not count when a block needs all there is: it is tried again. */
	device.fail_op_in[FAKE_SET_ACCESS] = 1;
	device.fail_op_always[FAKE_UNMAP] = true;
	require(ae_pool_alloc(pool, 48 * MiB, 7, &address) == -EIO);
	device.fail_op_always[FAKE_UNMAP] = false;
	must_alloc(1024 * MiB);
	look(&now);
	require(now.stats.bytes_resident == 1024 * MiB);
	scene_end();
}

int main(void)
{
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		uint64_t on_device = fail_device(&scenes[i]), on_host = fail_host(&scenes[i]);

		printf("%s: %" PRIu64 " failures of the device, %" PRIu64 " of host memory\n",
		       scenes[i].name, on_device - 1, on_host - 1);
		fail_twice(&scenes[i], FAKE_UNMAP);
		fail_twice(&scenes[i], FAKE_RELEASE);
		fail_twice(&scenes[i], FAKE_UNRESERVE);
	}
	fail_bit_by_bit();
	fail_growth();
	fail_trim(FAKE_UNMAP);
	fail_trim(FAKE_RELEASE);
	return 0;
}
