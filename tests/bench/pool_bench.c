/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the pool's operations cost on the CPU, with a device that costs nothing. Usage:
 *
 *   pool_bench KIND LIVE ROUNDS
 *
 * KIND: small (512-byte blocks), large (2 MiB), cached (2 MiB with LIVE of them cached), huge (8 GiB
 * in chunks of 1 GiB; LIVE is not used), exact, interior (look-ups among 512-byte blocks), exact-large, interior-large, or none. Prints
 * nanoseconds a round. Instructions: run it under callgrind with
 * --toggle-collect="rounds_*", which counts the rounds alone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool/pool.h"

#define MiB         (UINT64_C(1) << 20)
#define GiB         (UINT64_C(1) << 30)
#define GRANULARITY (2 * MiB)

static uint64_t next_address = UINT64_C(0x7f0000000000);

static int reserve(void *device, uint64_t bytes, uint64_t *address_out)
{
	*address_out = next_address;
	next_address += bytes;
	return 0;
}

static int range_op(void *device, uint64_t address, uint64_t bytes)
{
	return 0;
}

static int claim(void *device, uint64_t bytes)
{
	return 0;
}

static void unclaim(void *device, uint64_t bytes)
{
}

static int create(void *device, uint64_t bytes, uint64_t *handle_out)
{
	*handle_out = 1;
	return 0;
}

static int release(void *device, uint64_t handle, uint64_t bytes)
{
	return 0;
}

static int map(void *device, uint64_t address, uint64_t bytes, uint64_t handle)
{
	return 0;
}

static const struct ae_device_ops ops = {
	.reserve = reserve,
	.unreserve = range_op,
	.claim = claim,
	.unclaim = unclaim,
	.create = create,
	.release = release,
	.map = map,
	.unmap = range_op,
	.set_access = range_op,
};

static uint64_t *addresses;
static uint64_t live;

static void rounds_malloc(struct ae_pool *pool, uint64_t bytes, uint64_t rounds)
{
	struct ae_block_info info;
	uint64_t address;

	for (uint64_t i = 0; i < rounds; i++) {
		if (ae_pool_alloc(pool, bytes, 1, &address) ||
		    ae_pool_free_begin(pool, address, &info))
			abort();
		ae_pool_free_end(pool, address);
	}
}

static void rounds_find(struct ae_pool *pool, uint64_t offset, uint64_t rounds)
{
	struct ae_block_info info;

	for (uint64_t i = 0; i < rounds; i++) {
		if (ae_pool_find(pool, addresses[i * 7919 % live] + offset, &info))
			abort();
	}
}

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char **argv)
{
	struct ae_pool_params params = { GRANULARITY, 128 * MiB,  GiB,
					 64 * GiB,    UINT64_MAX, UINT64_MAX };
	const char *kind = argc > 1 ? argv[1] : "small";
	uint64_t rounds = argc > 3 ? strtoull(argv[3], NULL, 0) : 1000000;
	bool is_cached = !strcmp(kind, "cached");
	bool is_large = strstr(kind, "large") || !strcmp(kind, "huge") || is_cached;
	struct ae_pool *pool;
	double start;

	live = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;
	if (!live || ae_pool_create(&ops, NULL, &params, &pool))
		return 1;
	addresses = calloc(live, sizeof(*addresses));
	for (uint64_t i = 0; addresses && i < live; i++) {
		if (ae_pool_alloc(pool, is_large ? GRANULARITY : 512, 1, &addresses[i]))
			return 1;
	}
	/* Once outside the measurement, so that the rounds are served from the cache. */
	rounds_malloc(pool, 8 * GiB, 1);
	rounds_malloc(pool, GRANULARITY, 1);

	for (uint64_t i = 0; is_cached && i < live; i++) {
		if (ae_pool_free_begin(pool, addresses[i], NULL))
			return 1;
		ae_pool_free_end(pool, addresses[i]);
	}

	start = now_ns();
	if (!strcmp(kind, "small"))
		rounds_malloc(pool, 512, rounds);
	else if (!strcmp(kind, "large") || is_cached)
		rounds_malloc(pool, GRANULARITY, rounds);
	else if (!strcmp(kind, "huge"))
		rounds_malloc(pool, 8 * GiB, rounds);
	else if (!strncmp(kind, "exact", 5))
		rounds_find(pool, 0, rounds);
	else if (!strncmp(kind, "interior", 8))
		rounds_find(pool, 300, rounds);
	printf("%s, %" PRIu64 " live blocks: %.1f ns a round\n", kind, live,
	       (now_ns() - start) / (double)(rounds ? rounds : 1));
	ae_pool_destroy(pool);
	free(addresses);
	return 0;
}
