/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the pool promises, one behaviour at a time. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "fake_device.h"
#include "limbo.h"
#include "pool/pool.h"

#define KiB         UINT64_C(1024)
#define MiB         (1024 * KiB)
#define GiB         (1024 * MiB)
#define GRANULARITY (2 * MiB)

static struct fake_device device;
static struct ae_pool *pool;

static void set_up(void)
{
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 128 * MiB,
		.chunk_most = 128 * MiB,
		.reserve_step = 1 * GiB,
		.limit = 8 * GiB,
		.cache_most = 4 * GiB,
	};

	fake_init(&device, GRANULARITY, 16 * GiB);
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &params, &pool), 0);
}

static void tear_down(void)
{
	ck_assert_ptr_eq((void *)ae_pool_check(pool), NULL);
	ae_pool_destroy(pool);
	ck_assert_msg(!device.violation, "%s", device.violation);
	ck_assert_uint_eq(device.handles, 0);
	ck_assert_uint_eq(device.reservations, 0);
	fake_fini(&device);
}

static uint64_t alloc(uint64_t bytes)
{
	uint64_t address;

	ck_assert_int_eq(ae_pool_alloc(pool, bytes, 1, &address), 0);
	return address;
}

static void drop(uint64_t address)
{
	struct ae_block_info info;

	ck_assert_int_eq(ae_pool_free_begin(pool, address, &info), 0);
	ae_pool_free_end(pool, address);
}

static struct ae_pool_stats get_stats(void)
{
	struct ae_pool_stats stats;

	ae_pool_get_stats(pool, &stats);
	return stats;
}

START_TEST(create_refuses_parameters)
{
	struct ae_pool_params good = { GRANULARITY, 128 * MiB, GiB, GiB, GiB, GiB }, bad;
	struct ae_pool *none = NULL;

	bad = good;
	bad.granularity = 3 * MiB;
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &bad, &none), -EINVAL);
	bad.granularity = 0;
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &bad, &none), -EINVAL);
	bad.granularity = 8 * KiB;
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &bad, &none), -EINVAL);
	bad = good;
	bad.chunk_usual = MiB;
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &bad, &none), -EINVAL);
	bad = good;
	bad.chunk_most = 126 * MiB;
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &bad, &none), -EINVAL);
	ck_assert_ptr_eq(none, NULL);
	ae_pool_destroy(NULL);
}
END_TEST

START_TEST(create_touches_nothing)
{
	struct ae_pool_stats stats = get_stats();

	ck_assert_uint_eq(fake_calls(&device), 0);
	ck_assert_uint_eq(stats.bytes_reserved, 0);
}
END_TEST

START_TEST(sizes_refused)
{
	uint64_t address = 42;

	ck_assert_int_eq(ae_pool_alloc(pool, 0, 1, &address), -EINVAL);
	ae_pool_set_limit(pool, UINT64_MAX);
	for (uint64_t less = 0; less < 3 * GRANULARITY; less += GRANULARITY / 4 + 1)
		ck_assert_int_eq(ae_pool_alloc(pool, UINT64_MAX - less, 1, &address), -ENOMEM);
	for (unsigned bit = 40; bit < 64; bit++)
		ck_assert_int_eq(ae_pool_alloc(pool, UINT64_C(1) << bit, 1, &address), -ENOMEM);
	ck_assert_uint_eq(address, 42);
	ck_assert_uint_eq(get_stats().bytes_resident, 0);
	ck_assert_uint_eq(get_stats().bytes_reserved, 0);
}
END_TEST

START_TEST(large_is_cut_in_equal_chunks)
{
	struct ae_block_info info;
	uint64_t address = alloc(20 * MiB - 5);

	ck_assert_uint_eq(device.calls[FAKE_CREATE], 1);
	ck_assert_uint_eq(device.calls[FAKE_SET_ACCESS], 1);
	ck_assert_int_eq(ae_pool_find(pool, address, &info), 0);
	ck_assert_uint_eq(info.bytes, 20 * MiB - 5);
	ck_assert_uint_eq(info.backing_address, address);
	ck_assert_uint_eq(info.backing_bytes, 20 * MiB);

	/* 300 MiB is three chunks of 100 MiB, not two of 128 and one of 44. */
	address = alloc(300 * MiB);
	ck_assert_uint_eq(device.calls[FAKE_CREATE], 4);
	ck_assert_uint_eq(device.calls[FAKE_SET_ACCESS], 2);
	ck_assert(fake_identity(&device, address) ==
		  fake_identity(&device, address + 100 * MiB - 1));
	ck_assert(fake_identity(&device, address) != fake_identity(&device, address + 100 * MiB));
	ck_assert_uint_eq(get_stats().chunks, 4);
	ck_assert_uint_eq(get_stats().reservations, 1);
}
END_TEST

START_TEST(find_knows_the_bytes_asked_for)
{
	uint64_t large = alloc(3 * MiB + 1), small = alloc(1000);
	struct ae_block_info info;

	ck_assert_int_eq(ae_pool_find(pool, large + 3 * MiB, &info), 0);
	ck_assert_uint_eq(info.address, large);
	ck_assert_int_eq(ae_pool_find(pool, large + 3 * MiB + 1, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_find(pool, large - 1, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_find(pool, small + 999, &info), 0);
	ck_assert_uint_eq(info.address, small);
	ck_assert_uint_eq(info.bytes, 1000);
	ck_assert_uint_eq(info.backing_bytes, GRANULARITY);
	ck_assert_int_eq(ae_pool_find(pool, small + 1000, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_find(pool, 0, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_find(pool, UINT64_MAX, &info), -ENOENT);
	ck_assert(ae_pool_owns(pool, large + 4 * MiB));
	ck_assert(!ae_pool_owns(pool, 4096));
}
END_TEST

START_TEST(free_takes_exact_addresses_once)
{
	uint64_t address = alloc(4 * MiB);
	struct ae_block_info info;

	ck_assert_int_eq(ae_pool_free_begin(pool, address + 512, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_free_begin(pool, 0, &info), -ENOENT);
	/* Nothing begun: nothing happens. */
	ae_pool_free_end(pool, address);
	ae_pool_free_defer(pool, address, 0);
	ae_pool_free_cancel(pool, address);
	ck_assert_int_eq(ae_pool_find(pool, address, &info), 0);
	drop(address);
	ck_assert_int_eq(ae_pool_free_begin(pool, address, &info), -ENOENT);
}
END_TEST

START_TEST(freed_memory_is_a_hit)
{
	uint64_t address = alloc(64 * MiB), calls, again;

	drop(address);
	ck_assert_uint_eq(get_stats().bytes_cached, 64 * MiB);
	calls = fake_calls(&device);
	again = alloc(64 * MiB);
	ck_assert_uint_eq(again, address);
	ck_assert_uint_eq(fake_calls(&device), calls);
	ck_assert_uint_eq(get_stats().alloc_hits, 1);
	ck_assert_uint_eq(get_stats().bytes_cached, 0);
}
END_TEST

START_TEST(memory_waits_for_the_end_of_a_free)
{
	uint64_t address = alloc(8 * MiB);
	struct ae_block_info info;

	ck_assert_int_eq(ae_pool_free_begin(pool, address, &info), 0);
	ck_assert_uint_ne(alloc(8 * MiB), address);
	ck_assert_uint_eq(get_stats().bytes_cached, 0);
	ae_pool_free_defer(pool, address, 0);
	ck_assert_uint_eq(ae_pool_limbo_count(pool), 1);
	ck_assert_uint_ne(alloc(8 * MiB), address);
	ck_assert_uint_eq(limbo_end(pool), 1);
	ck_assert_uint_eq(ae_pool_limbo_count(pool), 0);
	ck_assert_uint_eq(alloc(8 * MiB), address);
}
END_TEST

START_TEST(cancelled_free_was_none)
{
	uint64_t address = alloc(8 * MiB);
	struct ae_block_info before, after;

	ck_assert_int_eq(ae_pool_free_begin(pool, address, &before), 0);
	ck_assert_uint_eq(get_stats().blocks_live, 0);
	ae_pool_free_cancel(pool, address);
	ck_assert_int_eq(ae_pool_find(pool, address, &after), 0);
	ck_assert_uint_eq(before.serial, after.serial);
	ck_assert_uint_eq(get_stats().blocks_live, 1);
	ck_assert_uint_eq(get_stats().frees, 0);
}
END_TEST

START_TEST(cached_neighbours_serve_a_larger_block)
{
	uint64_t first = alloc(100 * MiB), second = alloc(100 * MiB), calls;

	ck_assert_uint_eq(second, first + 100 * MiB);
	drop(first);
	drop(second);
	calls = fake_calls(&device);
	ck_assert_uint_eq(alloc(200 * MiB), first);
	ck_assert_uint_eq(fake_calls(&device), calls);
}
END_TEST

START_TEST(part_of_a_cached_extent_is_enough)
{
	uint64_t address = alloc(300 * MiB), calls;

	drop(address);
	calls = fake_calls(&device);
	/* Whole chunks of 100 MiB: one, and then the two beside it, and nothing is left. */
	alloc(96 * MiB);
	alloc(190 * MiB);
	ck_assert_uint_eq(fake_calls(&device), calls);
	ck_assert_uint_eq(get_stats().bytes_cached, 0);
}
END_TEST

START_TEST(waste_is_bounded)
{
	struct ae_block_info info;

	drop(alloc(100 * MiB));
	/* An eighth more than 80 MiB is 90: the chunk of 100 is too large, and stays. */
	alloc(80 * MiB);
	ck_assert_uint_eq(get_stats().bytes_cached, 100 * MiB);
	ck_assert_int_eq(ae_pool_find(pool, alloc(90 * MiB), &info), 0);
	ck_assert_uint_eq(info.backing_bytes, 100 * MiB);
	ck_assert_uint_eq(info.bytes, 90 * MiB);

	/* Below eight granules only what fits exactly. */
	drop(alloc(4 * MiB));
	alloc(2 * MiB);
	ck_assert_uint_eq(get_stats().bytes_cached, 4 * MiB);
}
END_TEST

START_TEST(best_fit_takes_the_smallest)
{
	uint64_t big = alloc(70 * MiB), gap = alloc(2 * MiB), fit = alloc(64 * MiB);

	alloc(2 * MiB);
	drop(big);
	drop(fit);
	ck_assert_uint_eq(alloc(64 * MiB), fit);
	ck_assert_uint_eq(alloc(64 * MiB), big);
	drop(gap);
}
END_TEST

START_TEST(limit_holds)
{
	uint64_t address, kept = alloc(1 * GiB), releases;

	ae_pool_set_limit(pool, 2 * GiB);
	ck_assert_int_eq(ae_pool_alloc(pool, 1 * GiB + 1, 1, &address), -ENOMEM);
	drop(alloc(700 * MiB));
	releases = get_stats().releases;
	/* Cannot fit whatever is given back: the cache stays. */
	ck_assert_int_eq(ae_pool_alloc(pool, 1025 * MiB, 1, &address), -ENOMEM);
	ck_assert_uint_eq(get_stats().bytes_cached, 700 * MiB);
	ck_assert_uint_eq(get_stats().releases, releases);
	/* Fits when some of it is given back. */
	alloc(1 * GiB);
	ck_assert_uint_eq(get_stats().bytes_resident, 2 * GiB);
	drop(kept);
	ae_pool_set_limit(pool, 1500 * MiB);
	ck_assert_uint_le(get_stats().bytes_resident, 1500 * MiB);
	/* Below what is in use: nothing is taken away, nothing is added, a free gives back. */
	kept = alloc(100 * MiB);
	ae_pool_set_limit(pool, 10 * MiB);
	ck_assert_int_eq(ae_pool_alloc(pool, 1, 1, &address), -ENOMEM);
	drop(kept);
	ck_assert_uint_eq(get_stats().bytes_cached, 0);
}
END_TEST

START_TEST(full_device_takes_the_cache_first)
{
	ae_pool_set_limit(pool, 64 * GiB);
	drop(alloc(4 * GiB));
	alloc(13 * GiB);
	ck_assert_uint_le(get_stats().bytes_resident, 16 * GiB);
}
END_TEST

START_TEST(coldest_goes_first)
{
	uint64_t cold = alloc(10 * MiB), warm = alloc(10 * MiB), calls;

	alloc(10 * MiB);
	drop(cold);
	drop(warm);
	ck_assert_uint_eq(ae_pool_trim(pool, 10 * MiB), 10 * MiB);
	calls = fake_calls(&device);
	ck_assert_uint_eq(alloc(10 * MiB), warm);
	ck_assert_uint_eq(fake_calls(&device), calls);
}
END_TEST

START_TEST(cache_has_a_watermark)
{
	uint64_t cached;

	for (unsigned i = 0; i < 6; i++)
		drop(alloc((1 + i) * GiB));
	ck_assert_uint_le(get_stats().bytes_cached, 4 * GiB);
	cached = get_stats().bytes_cached;
	ck_assert_uint_gt(cached, 3 * GiB);
	ck_assert_uint_eq(ae_pool_trim(pool, 0), cached);
	ck_assert_uint_eq(get_stats().bytes_resident, 0);
	ck_assert_uint_eq(get_stats().reservations, 1);
}
END_TEST

START_TEST(small_blocks_share_a_granule)
{
	uint64_t addresses[1000];

	for (unsigned i = 0; i < 1000; i++) {
		addresses[i] = alloc(256);
		ck_assert_uint_eq(addresses[i] % 512, 0);
	}
	ck_assert_uint_eq(get_stats().bytes_resident, GRANULARITY);
	/* Blocks of ten other sizes find room in it. */
	for (unsigned i = 1; i <= 10; i++)
		alloc(i * 700);
	ck_assert_uint_eq(get_stats().bytes_resident, GRANULARITY);
	for (unsigned i = 0; i < 1000; i++)
		drop(addresses[i]);
	ck_assert_uint_eq(get_stats().bytes_cached, 0);
	ae_pool_free_owner(pool, 1, UINT64_MAX);
	ck_assert_uint_eq(get_stats().slabs, 0);
	ck_assert_uint_eq(get_stats().bytes_cached, GRANULARITY);
}
END_TEST

START_TEST(half_a_granule_is_small)
{
	uint64_t first = alloc(GRANULARITY / 2), second = alloc(GRANULARITY / 2);

	ck_assert_uint_eq(second, first + GRANULARITY / 2);
	ck_assert_uint_eq(get_stats().bytes_resident, GRANULARITY);
	ck_assert_uint_eq(alloc(GRANULARITY / 2 + 1) % GRANULARITY, 0);
	ck_assert_uint_eq(get_stats().bytes_resident, 2 * GRANULARITY);
}
END_TEST

START_TEST(every_small_size_fits_its_slot)
{
	struct ae_block_info info;
	uint64_t end;

	for (uint64_t bytes = 1; bytes <= GRANULARITY / 2; bytes += bytes / 3 + 1) {
		uint64_t first = alloc(bytes), second = alloc(bytes);

		end = first < second ? second : first;
		ck_assert_uint_ge(end - (first < second ? first : second), bytes);
		ck_assert_int_eq(ae_pool_find(pool, end + bytes - 1, &info), 0);
		ck_assert_uint_eq(info.address, end);
		ck_assert(fake_is_accessible(&device, end, bytes));
	}
}
END_TEST

START_TEST(owner_takes_its_blocks_along)
{
	struct ae_block_info info;
	uint64_t address, limbo = alloc(4 * MiB), begun = alloc(4 * MiB), other;

	alloc(100);
	ck_assert_int_eq(ae_pool_alloc(pool, 4 * MiB, 2, &other), 0);
	ck_assert_int_eq(ae_pool_free_begin(pool, limbo, &info), 0);
	ae_pool_free_defer(pool, limbo, 0);
	ck_assert_int_eq(ae_pool_free_begin(pool, begun, &info), 0);
	ck_assert_uint_eq(ae_pool_free_owner(pool, 1, UINT64_MAX), 1);
	ck_assert_uint_eq(ae_pool_limbo_count(pool), 1);
	ck_assert_int_eq(ae_pool_find(pool, other, &info), 0);
	ck_assert_uint_eq(info.owner, 2);
	ae_pool_free_end(pool, begun);
	limbo_end(pool);
	ck_assert_int_eq(ae_pool_alloc(pool, 4 * MiB, 3, &address), 0);
	ck_assert(address == limbo || address == begun);
	ck_assert_uint_eq(ae_pool_free_owner(pool, 99, UINT64_MAX), 0);
}
END_TEST

START_TEST(owner_that_comes_back_keeps_its_blocks)
{
	struct ae_block_info info;
	uint64_t before = alloc(4 * MiB), serial = ae_pool_serial_last(), after = alloc(4 * MiB);

	ck_assert_uint_eq(ae_pool_free_owner(pool, 1, serial), 1);
	ck_assert_int_eq(ae_pool_find(pool, before, &info), -ENOENT);
	ck_assert_int_eq(ae_pool_find(pool, after, &info), 0);
}
END_TEST

START_TEST(limbo_is_a_queue_with_tags)
{
	uint64_t addresses[3] = { alloc(4 * MiB), alloc(100), alloc(6 * MiB) };
	struct ae_block_info info;

	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_int_eq(ae_pool_free_begin(pool, addresses[i], &info), 0);
		ck_assert_uint_eq(info.tag, 0);
		ae_pool_free_defer(pool, addresses[i], i + 10);
	}
	/* The small one shares its granule: it keeps nothing from anyone. */
	ck_assert_uint_eq(get_stats().bytes_limbo, 10 * MiB);
	ck_assert_int_eq(ae_pool_limbo_take(pool, &info), 0);
	ck_assert_uint_eq(info.address, addresses[0]);
	ck_assert_uint_eq(info.tag, 10);
	ae_pool_free_defer(pool, info.address, 20);
	for (uint64_t i = 1; i < 4; i++) {
		ck_assert_int_eq(ae_pool_limbo_take(pool, &info), 0);
		ck_assert_uint_eq(info.address, addresses[i % 3]);
		ck_assert_uint_eq(info.tag, i < 3 ? i + 10 : 20);
		ae_pool_free_end(pool, info.address);
	}
	ck_assert_int_eq(ae_pool_limbo_take(pool, &info), -ENOENT);
	ck_assert_uint_eq(get_stats().bytes_limbo, 0);
}
END_TEST

START_TEST(serials_are_never_used_again)
{
	uint64_t last = 0;

	for (unsigned i = 0; i < 100; i++) {
		struct ae_block_info info;
		uint64_t address = alloc(1 + i * MiB / 10);

		ck_assert_int_eq(ae_pool_find(pool, address, &info), 0);
		ck_assert_uint_gt(info.serial, last);
		last = info.serial;
		drop(address);
	}
}
END_TEST

START_TEST(address_space_is_reserved_in_steps)
{
	for (unsigned i = 0; i < 8; i++)
		alloc(128 * MiB);
	ck_assert_uint_eq(get_stats().reservations, 1);
	ck_assert_uint_eq(get_stats().bytes_reserved, 1 * GiB);
	alloc(3 * GiB);
	ck_assert_uint_eq(get_stats().reservations, 2);
	ck_assert_uint_eq(get_stats().bytes_reserved, 4 * GiB);
	ae_pool_free_owner(pool, 1, UINT64_MAX);
	ae_pool_trim(pool, 0);
	ck_assert_uint_eq(get_stats().reservations, 1);
}
END_TEST

START_TEST(short_address_space_gets_what_is_needed)
{
	device.fail_op_in[FAKE_RESERVE] = 1;
	device.fail_errno = ENOMEM;
	alloc(64 * MiB);
	ck_assert_uint_eq(get_stats().bytes_reserved, 64 * MiB);
}
END_TEST

START_TEST(other_errors_are_passed_on)
{
	uint64_t address;

	device.fail_op_in[FAKE_MAP] = 2;
	device.fail_errno = EBUSY;
	ck_assert_int_eq(ae_pool_alloc(pool, 300 * MiB, 1, &address), -EBUSY);
	ck_assert_uint_eq(device.bytes_created, 0);
	ck_assert_uint_eq(device.bytes_reserved, 0);
}
END_TEST

START_TEST(destroy_gives_back_what_is_live)
{
	struct ae_block_info info;
	uint64_t address = alloc(10);

	alloc(300 * MiB);
	drop(alloc(40 * MiB));
	ck_assert_int_eq(ae_pool_free_begin(pool, address, &info), 0);
	ae_pool_free_defer(pool, address, 0);
	/* tear_down looks at what is left. */
}
END_TEST

START_TEST(access_is_set_again_for_all_that_is_mapped)
{
	uint64_t large = alloc(300 * MiB), cached = alloc(20 * MiB), small = alloc(100);
	uint64_t chunks, calls;

	drop(cached);
	fake_close(&device);
	ck_assert(!fake_is_accessible(&device, large, 300 * MiB));
	chunks = device.calls[FAKE_CREATE];
	calls = fake_calls(&device);
	ck_assert_int_eq(ae_pool_reaccess(pool), 0);
	ck_assert(fake_is_accessible(&device, large, 300 * MiB));
	ck_assert(fake_is_accessible(&device, small, 100));
	/* From the cache, with no call that would open it. */
	ck_assert_uint_eq(alloc(20 * MiB), cached);
	ck_assert(fake_is_accessible(&device, cached, 20 * MiB));
	ck_assert_uint_eq(device.calls[FAKE_CREATE], chunks);
	/* One call for each extent: the driver asks for as much time for each chunk either way. */
	ck_assert_uint_eq(fake_calls(&device) - calls, 3);

	/* One that fails does not keep the others closed. */
	fake_close(&device);
	device.fail_op_in[FAKE_SET_ACCESS] = 1;
	ck_assert_int_eq(ae_pool_reaccess(pool), -EIO);
	ck_assert(!fake_is_accessible(&device, large, 300 * MiB));
	ck_assert(fake_is_accessible(&device, cached, 20 * MiB));
	ck_assert(fake_is_accessible(&device, small, 100));
	ck_assert_int_eq(ae_pool_reaccess(pool), 0);
	ck_assert(fake_is_accessible(&device, large, 300 * MiB));
}
END_TEST

START_TEST(serials_are_taken_by_others_too)
{
	uint64_t first = ae_pool_serial_take(), block = alloc(100);
	struct ae_block_info info;

	ck_assert_int_eq(ae_pool_find(pool, block, &info), 0);
	ck_assert_uint_gt(info.serial, first);
	ck_assert_uint_gt(ae_pool_serial_take(), info.serial);
}
END_TEST

static Suite *suite(void)
{
	const TTest *const tests[] = {
		create_refuses_parameters,
		create_touches_nothing,
		sizes_refused,
		large_is_cut_in_equal_chunks,
		find_knows_the_bytes_asked_for,
		free_takes_exact_addresses_once,
		freed_memory_is_a_hit,
		memory_waits_for_the_end_of_a_free,
		cancelled_free_was_none,
		cached_neighbours_serve_a_larger_block,
		part_of_a_cached_extent_is_enough,
		waste_is_bounded,
		best_fit_takes_the_smallest,
		limit_holds,
		full_device_takes_the_cache_first,
		coldest_goes_first,
		cache_has_a_watermark,
		small_blocks_share_a_granule,
		half_a_granule_is_small,
		every_small_size_fits_its_slot,
		limbo_is_a_queue_with_tags,
		owner_that_comes_back_keeps_its_blocks,
		owner_takes_its_blocks_along,
		access_is_set_again_for_all_that_is_mapped,
		serials_are_taken_by_others_too,
		serials_are_never_used_again,
		address_space_is_reserved_in_steps,
		short_address_space_gets_what_is_needed,
		other_errors_are_passed_on,
		destroy_gives_back_what_is_live,
	};
	Suite *whole = suite_create("pool");
	TCase *tcase = tcase_create("pool");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(whole, tcase);
	return whole;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
