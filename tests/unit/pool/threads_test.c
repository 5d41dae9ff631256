/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several threads on one pool: for the thread sanitizer, and for what they can do to each other. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_device.h"
#include "limbo.h"
#include "pool/pool.h"

#define MiB         (UINT64_C(1) << 20)
#define GRANULARITY (2 * MiB)
#define THREADS     4
#define ROUNDS      20000
#define HELD        32

static struct fake_device device; /* locked by the pool's lock: operations come with it held */
static struct ae_pool *pool;

#define require(condition)                                                                    \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			fprintf(stderr, "threads_test: line %d: %s\n", __LINE__, #condition); \
			exit(1);                                                              \
		}                                                                             \
	} while (0)

static void end_free(uint64_t address, uint64_t dice)
{
	if (dice % 8)
		ae_pool_free_end(pool, address);
	else
		ae_pool_free_defer(pool, address, 0);
}

static void *work(void *arg)
{
	uint64_t owner = (uint64_t)(uintptr_t)arg, random = owner;
	uint64_t held[HELD] = { 0 }, sizes[HELD] = { 0 };
	struct ae_block_info info;

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t dice = fake_random(&random);
		unsigned i = dice % HELD;

		dice >>= 32;
		if (!held[i]) {
			sizes[i] = 1 + fake_random(&random) % (dice % 4 ? 65536 : 16 * MiB);
			if (ae_pool_alloc(pool, sizes[i], owner, &held[i]))
				held[i] = 0;
			continue;
		}
		require(!ae_pool_find(pool, held[i] + dice % sizes[i], &info));
		require(info.address == held[i] && info.owner == owner && info.bytes == sizes[i]);
		if (dice % 2) {
			require(!ae_pool_free_begin(pool, held[i], &info));
			require(info.serial);
			end_free(held[i], dice / 2);
			held[i] = 0;
		}
		if (dice % 64 == 1 && ae_pool_limbo_count(pool))
			limbo_end(pool);
		if (dice % 512 == 3)
			ae_pool_trim(pool, 0);
	}
	ae_pool_free_owner(pool, owner, UINT64_MAX);
	return NULL;
}

int main(void)
{
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 8 * MiB,
		.chunk_most = 8 * MiB,
		.reserve_step = 64 * MiB,
		.limit = 512 * MiB,
		.cache_most = 64 * MiB,
	};
	struct ae_pool_stats stats;
	pthread_t threads[THREADS];

	fake_init(&device, GRANULARITY, 512 * MiB);
	require(!ae_pool_create(&fake_ops, &device, &params, &pool));
	for (uintptr_t i = 0; i < THREADS; i++)
		require(!pthread_create(&threads[i], NULL, work, (void *)(i + 1)));
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	limbo_end(pool);
	ae_pool_get_stats(pool, &stats);
	require(!stats.blocks_live && stats.allocs == stats.frees);
	require(!ae_pool_check(pool));
	ae_pool_destroy(pool);
	require(!device.violation && !device.handles && !device.reservations);
	fake_fini(&device);
	return 0;
}
