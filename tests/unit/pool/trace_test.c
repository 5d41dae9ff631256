/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A long random trace against a model of plain arrays: a million steps by default.
 *
 * AEROSTAT_TEST_STEPS and AEROSTAT_TEST_SEED (or the first and second argument) set length and
 * seed. The seed is printed with a failure, and repeats it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_device.h"
#include "limbo.h"
#include "pool/pool.h"

#define KiB         UINT64_C(1024)
#define MiB         (1024 * KiB)
#define GiB         (1024 * MiB)
#define GRANULARITY (2 * MiB)
#define CAPACITY    (24 * GiB)
#define CACHE_MOST  (2 * GiB)
#define BLOCKS_MOST 1024
#define OWNERS      5
#define CHECK_EVERY 32 /* steps: a check of everything costs as much as hundreds of steps */

enum state {
	LIVE,
	FREEING,
	LIMBO
};

struct model_block {
	struct ae_block_info info;
	enum state state;
	uint64_t first, last; /* the identity of its memory, at both ends */
};

static struct model_block model[BLOCKS_MOST];
static size_t model_count;
static uint64_t limit;
static struct fake_device device;
static struct ae_pool *pool;
static uint64_t seed, random_state, step, steps;
static uint64_t count_ok, count_refused, count_failed, live_sum;

static uint64_t pick(uint64_t below)
{
	return fake_random(&random_state) % below;
}

static void fail(const char *what)
{
	fprintf(stderr, "trace_test: %s (seed %" PRIu64 ", step %" PRIu64 ")\n", what, seed, step);
	exit(1);
}

#define require(condition)                \
	do {                              \
		if (!(condition))         \
			fail(#condition); \
	} while (0)

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

static bool is_small(uint64_t bytes)
{
	return bytes <= GRANULARITY / 2;
}

static struct ae_pool_stats get_stats(void)
{
	struct ae_pool_stats stats;

	ae_pool_get_stats(pool, &stats);
	return stats;
}

static bool is_same_info(const struct ae_block_info *a, const struct ae_block_info *b)
{
	return a->address == b->address && a->bytes == b->bytes && a->owner == b->owner &&
	       a->serial == b->serial && a->backing_address == b->backing_address &&
	       a->backing_bytes == b->backing_bytes;
}

/* What is true of a new block, next to every other, whatever state that is in. */
static void check_new(const struct ae_block_info *info)
{
	require(info->address % 512 == 0);
	require(is_small(info->bytes) || info->address % GRANULARITY == 0);
	require(info->backing_address <= info->address);
	require(info->address + info->bytes <= info->backing_address + info->backing_bytes);
	require(fake_is_accessible(&device, info->backing_address, info->backing_bytes));
	for (size_t i = 0; i < model_count; i++) {
		const struct ae_block_info *other = &model[i].info;

		require(!overlap(info->address, info->bytes, other->address, other->bytes));
		require(info->serial > other->serial);
		if (!is_small(info->bytes) || !is_small(other->bytes))
			require(!overlap(info->backing_address, info->backing_bytes,
					 other->backing_address, other->backing_bytes));
	}
}

/* A time of the trace: what sizes are asked for, and whether blocks become more or fewer. */
static struct {
	enum {
		SMALL,
		MIDDLE,
		LARGE,
		USUAL,
		MIXED,
		KINDS
	} kind;
	unsigned allocs; /* steps in a thousand that allocate */
} times;

static uint64_t pick_bytes(void)
{
	static const uint64_t usual[] = { 512,      4 * KiB,  1 * MiB,  2 * MiB,
					  20 * MiB, 64 * MiB, 130 * MiB };

	switch (times.kind == MIXED ? pick(KINDS) : times.kind) {
	case SMALL:
		return 1 + pick(pick(2) ? 4 * KiB : GRANULARITY / 2);
	case MIDDLE:
		return 1 + pick(64 * MiB);
	case LARGE:
		return pick(50) ? 1 + pick(3 * GiB) : UINT64_MAX - pick(5 * GiB);
	case USUAL:
		return usual[pick(sizeof(usual) / sizeof(*usual))];
	default:
		return 1 + pick(512);
	}
}

/* A failed allocation changes nothing, save that cached memory may be gone. */
static void check_refused(const struct ae_pool_stats *before, uint64_t bytes, uint64_t down, int rc)
{
	struct ae_pool_stats after = get_stats();
	uint64_t used = before->bytes_resident - before->bytes_cached;

	require(rc == -ENOMEM || rc == -EIO);
	require(after.blocks_live == before->blocks_live);
	require(after.bytes_asked == before->bytes_asked);
	require(after.slabs == before->slabs);
	require(after.allocs == before->allocs && after.frees == before->frees);
	require(after.alloc_hits == before->alloc_hits);
	require(after.bytes_resident - after.bytes_cached == used);
	if (down != fake_failed_down(&device))
		return;
	require(after.bytes_cached <= before->bytes_cached);
	require(after.bytes_reserved <= before->bytes_reserved);
	/* What cannot fit is refused before the cache is touched. */
	if (!is_small(bytes) && (bytes > limit || used > limit - bytes))
		require(after.bytes_cached == before->bytes_cached);
}

static void step_alloc(void)
{
	struct ae_pool_stats before = get_stats();
	uint64_t bytes = pick_bytes(), owner = pick(OWNERS), down = fake_failed_down(&device);
	struct model_block *block = &model[model_count];
	uint64_t address = 42;
	int rc;

	if (model_count == BLOCKS_MOST)
		return;
	rc = ae_pool_alloc(pool, bytes, owner, &address);
	if (rc) {
		require(address == 42);
		check_refused(&before, bytes, down, rc);
		count_refused++;
		count_failed += rc == -EIO;
		return;
	}
	require(!ae_pool_find(pool, address, &block->info));
	require(block->info.address == address && block->info.bytes == bytes);
	require(block->info.owner == owner);
	check_new(&block->info);
	block->state = LIVE;
	block->first = fake_identity(&device, address);
	block->last = fake_identity(&device, address + bytes - 1);
	require(get_stats().bytes_resident <= limit ||
		get_stats().bytes_resident <= before.bytes_resident);
	model_count++;
	count_ok++;
}

/* The memory behind the block is what it was when the block was made. */
static void check_memory(const struct model_block *block)
{
	uint64_t address = block->info.address;

	require(fake_identity(&device, address) == block->first);
	require(fake_identity(&device, address + block->info.bytes - 1) == block->last);
}

static void model_remove(size_t i)
{
	model[i] = model[--model_count];
}

static struct model_block *pick_block(enum state state)
{
	for (unsigned tries = 0; model_count && tries < 4; tries++) {
		struct model_block *block = &model[pick(model_count)];

		if (block->state == state)
			return block;
	}
	return NULL;
}

static void step_free(void)
{
	struct model_block *block = pick_block(LIVE);
	struct ae_block_info info;
	uint64_t address;

	if (!block)
		return;
	address = block->info.address;
	check_memory(block);
	require(!ae_pool_free_begin(pool, address, &info));
	require(is_same_info(&info, &block->info));
	require(ae_pool_find(pool, address, &info) == -ENOENT);
	require(ae_pool_free_begin(pool, address, &info) == -ENOENT);
	block->state = FREEING;
}

/* What follows a begin; often at once, as a caller does, but other steps may come between. */
static void step_free_finish(void)
{
	struct model_block *block = pick_block(FREEING);
	struct ae_block_info info;

	if (!block)
		return;
	check_memory(block);
	switch (pick(8)) {
	case 0:
		ae_pool_free_cancel(pool, block->info.address);
		block->state = LIVE;
		require(!ae_pool_find(pool, block->info.address, &info));
		require(is_same_info(&info, &block->info));
		break;
	case 1:
		ae_pool_free_defer(pool, block->info.address, 0);
		block->state = LIMBO;
		require(ae_pool_limbo_count(pool));
		break;
	default:
		ae_pool_free_end(pool, block->info.address);
		model_remove((size_t)(block - model));
	}
}

static void step_limbo_end(void)
{
	size_t count = 0;

	for (size_t i = model_count; i-- > 0;) {
		if (model[i].state != LIMBO)
			continue;
		check_memory(&model[i]);
		model_remove(i);
		count++;
	}
	require(ae_pool_limbo_count(pool) == count);
	require(limbo_end(pool) == count);
	require(!ae_pool_limbo_count(pool));
}

static void step_free_owner(void)
{
	uint64_t owner = pick(OWNERS);
	size_t count = 0;

	for (size_t i = model_count; i-- > 0;) {
		if (model[i].info.owner != owner || model[i].state != LIVE)
			continue;
		check_memory(&model[i]);
		model_remove(i);
		count++;
	}
	require(ae_pool_free_owner(pool, owner, UINT64_MAX) == count);
}

static void step_decay(void)
{
	struct ae_pool_stats before = get_stats(), after;
	uint64_t given = ae_pool_decay(pool, 1 + pick(8));

	after = get_stats();
	require(before.bytes_resident - after.bytes_resident == given);
	require(after.bytes_resident - after.bytes_cached ==
		before.bytes_resident - before.bytes_cached);
}

static void step_trim(void)
{
	struct ae_pool_stats before = get_stats(), after;
	uint64_t keep = pick(2) ? 0 : pick(4 * GiB), down = fake_failed_down(&device);
	uint64_t given = ae_pool_trim(pool, keep);

	after = get_stats();
	require(before.bytes_resident - after.bytes_resident == given);
	if (down == fake_failed_down(&device))
		require(after.bytes_cached <= keep);
}

static void step_limit(void)
{
	uint64_t before = get_stats().bytes_resident, down = fake_failed_down(&device);
	struct ae_pool_stats after;

	limit = pick(4) ? 4 * GiB + pick(CAPACITY) : pick(2 * GiB);
	ae_pool_set_limit(pool, limit);
	after = get_stats();
	require(after.bytes_resident <= before);
	if (down == fake_failed_down(&device))
		require(after.bytes_resident <= limit || !after.bytes_cached);
}

/* Finds at, inside and around a block, and at random. */
static void step_find(void)
{
	struct model_block *block;
	struct ae_block_info info;
	uint64_t address;
	bool expected;
	int rc;

	if (!model_count)
		return;
	block = &model[pick(model_count)];
	switch (pick(4)) {
	case 0:
		address = block->info.address + block->info.bytes - 1;
		break;
	case 1:
		address = block->info.address + block->info.bytes;
		break;
	case 2:
		address = block->info.address - 1;
		break;
	default:
		address = block->info.address + pick(block->info.bytes);
	}
	rc = ae_pool_find(pool, address, &info);
	expected = false;
	for (size_t i = 0; i < model_count; i++) {
		if (model[i].state == LIVE &&
		    address - model[i].info.address < model[i].info.bytes) {
			require(!rc && is_same_info(&info, &model[i].info));
			expected = true;
		}
	}
	require(expected == !rc);
	require(ae_pool_owns(pool, block->info.address));
}

static uint64_t visited_last;
static uint64_t visited_bytes;
static size_t visited;

static void visit(void *arg, const struct ae_pool_item *item)
{
	if (item->kind == AE_POOL_CHUNK)
		visited_bytes += item->bytes;
	if (!item->block)
		return;
	require(item->address > visited_last);
	visited_last = item->address;
	if (!item->is_freed)
		visited++;
}

static void check_all(void)
{
	struct ae_pool_stats stats = get_stats();
	const char *wrong = ae_pool_check(pool);
	size_t live = 0;
	uint64_t asked = 0;

	if (wrong)
		fail(wrong);
	for (size_t i = 0; i < model_count; i++) {
		check_memory(&model[i]);
		require(fake_is_accessible(&device, model[i].info.address, model[i].info.bytes));
		if (model[i].state != LIVE)
			continue;
		live++;
		asked += model[i].info.bytes;
	}
	require(stats.blocks_live == live && stats.bytes_asked == asked);
	require(stats.allocs - stats.frees == model_count);
	visited = visited_bytes = visited_last = 0;
	ae_pool_walk(pool, visit, NULL);
	require(visited == live);
	require(visited_bytes == device.bytes_mapped);
}

static void check_accounts(void)
{
	struct ae_pool_stats stats = get_stats();

	if (device.violation)
		fail(device.violation);
	require(stats.bytes_resident == device.bytes_created);
	require(stats.bytes_reserved == device.bytes_reserved);
	require(stats.chunks == device.handles);
	require(stats.reservations == device.reservations);
	require(stats.bytes_cached <= stats.bytes_resident);
}

static void take_step(void)
{
	uint64_t dice = pick(1000);

	/* Long stretches with a sound device, and shorter ones in which any call may fail. */
	if (step % 4096 == 0) {
		device.fail_per_million = pick(3) ? 0 : (uint32_t)pick(pick(2) ? 100000 : 600000);
		device.fail_errno = pick(2) ? EIO : ENOMEM;
		times.kind = pick(KINDS);
		times.allocs = 250 + (unsigned)pick(200);
	}
	if (dice < times.allocs)
		step_alloc();
	else if (dice < 620)
		step_free();
	else if (dice < 920)
		step_free_finish();
	else if (dice < 980)
		step_find();
	else if (dice < 985)
		step_limbo_end();
	else if (dice < 988)
		step_trim();
	else if (dice < 992)
		step_decay();
	else if (dice == 992)
		step_limit();
	else if (dice == 993 && !pick(10))
		step_free_owner();
	live_sum += model_count;
}

static uint64_t setting(const char *name, const char *argument, uint64_t preset)
{
	const char *text = argument ? argument : getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : preset;
}

int main(int argc, char **argv)
{
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 128 * MiB,
		.chunk_most = 128 * MiB,
		.reserve_step = 8 * GiB,
		.limit = CAPACITY,
		.cache_most = CACHE_MOST,
	};

	steps = setting("AEROSTAT_TEST_STEPS", argc > 1 ? argv[1] : NULL, 1000000);
	seed = setting("AEROSTAT_TEST_SEED", argc > 2 ? argv[2] : NULL, 1);
	random_state = seed;
	limit = params.limit;
	fake_init(&device, GRANULARITY, CAPACITY);
	device.random = ~seed;
	require(!ae_pool_create(&fake_ops, &device, &params, &pool));

	for (step = 0; step < steps; step++) {
		take_step();
		check_accounts();
		if (step % CHECK_EVERY == 0)
			check_all();
	}
	check_all();
	printf("trace_test: seed %" PRIu64 ", %" PRIu64 " steps: %" PRIu64 " allocations, %" PRIu64
	       " refused (%" PRIu64 " by an error of the device), %" PRIu64 " hits, %" PRIu64
	       " blocks in the mean\n",
	       seed, steps, count_ok, count_refused, count_failed, get_stats().alloc_hits,
	       steps ? live_sum / steps : 0);

	device.fail_per_million = 0;
	ae_pool_destroy(pool);
	if (device.violation)
		fail(device.violation);
	require(!device.handles && !device.reservations && !device.bytes_mapped);
	fake_fini(&device);
	return 0;
}
