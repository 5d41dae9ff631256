/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A million live blocks: every look-up is right, the table of blocks has spread them, and a block's
 * record costs what it may. Then the same for blocks of a granule and more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fake_device.h"
#include "pool/internal.h"
#include "pool/pool.h"

#define MiB         (UINT64_C(1) << 20)
#define GRANULARITY (2 * MiB)
#define BLOCKS      1000000u
#define LARGE       20000u

static uint64_t addresses[BLOCKS];
static uint32_t sizes[BLOCKS];

#define require(condition)                                                                    \
	do {                                                                                  \
		if (!(condition)) {                                                           \
			fprintf(stderr, "million_test: line %d: %s\n", __LINE__, #condition); \
			exit(1);                                                              \
		}                                                                             \
	} while (0)

static void check_look_ups(struct ae_pool *pool, uint64_t *random)
{
	struct ae_block_info info;

	for (unsigned i = 0; i < BLOCKS; i++) {
		uint64_t inside = addresses[i] + fake_random(random) % sizes[i];

		require(!ae_pool_find(pool, addresses[i], &info));
		require(info.address == addresses[i] && info.bytes == sizes[i] && info.owner == i);
		require(!ae_pool_find(pool, inside, &info));
		require(info.address == addresses[i]);
		if (sizes[i] % 512)
			require(ae_pool_find(pool, addresses[i] + sizes[i], &info) == -ENOENT);
	}
}

/* Elements compared in the mean by a look-up that succeeds, in thousandths. */
static uint64_t chain_e3(const struct ae_pool *pool)
{
	const UT_hash_table *table = pool->blocks.table->hh.tbl;
	uint64_t compared = 0;

	for (unsigned i = 0; i < table->num_buckets; i++) {
		uint64_t count = table->buckets[i].count;

		compared += count * (count + 1) / 2;
	}
	require(!table->noexpand);
	return compared * 1000 / table->num_items;
}

static void free_all(struct ae_pool *pool, unsigned count)
{
	struct ae_block_info info;

	for (unsigned i = 0; i < count; i++) {
		require(!ae_pool_free_begin(pool, addresses[i], &info));
		ae_pool_free_end(pool, addresses[i]);
	}
}

int main(void)
{
	static struct fake_device device;
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 128 * MiB,
		.chunk_most = 128 * MiB,
		.reserve_step = UINT64_C(1) << 37,
		.limit = UINT64_MAX,
		.cache_most = UINT64_MAX,
	};
	uint64_t random = 1, empty;
	struct ae_pool_stats stats;
	struct ae_pool *pool;
	const char *wrong;

	fake_init(&device, GRANULARITY, UINT64_MAX);
	require(!ae_pool_create(&fake_ops, &device, &params, &pool));
	ae_pool_get_stats(pool, &stats);
	empty = stats.metadata_bytes;

	for (unsigned i = 0; i < BLOCKS; i++) {
		sizes[i] = 1 + (uint32_t)(fake_random(&random) % (i % 16 ? 4096 : 65536));
		require(!ae_pool_alloc(pool, sizes[i], i, &addresses[i]));
	}
	ae_pool_get_stats(pool, &stats);
	printf("small: %" PRIu64 " bytes a block, %" PRIu64 ".%03" PRIu64 " compared a look-up, "
	       "%" PRIu64 " %% of resident memory asked for\n",
	       stats.metadata_bytes / BLOCKS, chain_e3(pool) / 1000, chain_e3(pool) % 1000,
	       stats.bytes_asked * 100 / stats.bytes_resident);
	require(stats.metadata_bytes / BLOCKS <= 160);
	require(chain_e3(pool) < 8000);
	check_look_ups(pool, &random);
	wrong = ae_pool_check(pool);
	if (wrong)
		fprintf(stderr, "million_test: %s\n", wrong);
	require(!wrong);
	free_all(pool, BLOCKS);
	ae_pool_get_stats(pool, &stats);
	require(!stats.blocks_live && !stats.slabs && stats.bytes_cached == stats.bytes_resident);
	ae_pool_trim(pool, 0);
	ae_pool_get_stats(pool, &stats);
	require(!stats.bytes_resident && !stats.chunks);
	printf("empty: %" PRIu64 " bytes, at the start %" PRIu64 "\n", stats.metadata_bytes, empty);

	for (unsigned i = 0; i < LARGE; i++)
		require(!ae_pool_alloc(pool, GRANULARITY, i, &addresses[i]));
	ae_pool_get_stats(pool, &stats);
	printf("large: %" PRIu64 " bytes a block of one granule, %.4f %%\n",
	       stats.metadata_bytes / LARGE,
	       100.0 * (double)stats.metadata_bytes / (double)stats.bytes_resident);
	require(stats.metadata_bytes < stats.bytes_resident / 1000);
	require(chain_e3(pool) < 8000);
	free_all(pool, LARGE);

	ae_pool_destroy(pool);
	require(!device.violation && !device.handles && !device.reservations);
	fake_fini(&device);
	return 0;
}
