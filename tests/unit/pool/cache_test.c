/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What happens to freed memory over time: joined on demand, decayed, capped; and what is claimed. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "fake_device.h"
#include "pool/pool.h"

#define MiB         (UINT64_C(1) << 20)
#define GiB         (UINT64_C(1) << 30)
#define GRANULARITY (2 * MiB)

static struct fake_device device;
static struct ae_pool *pool;

static void set_up(void)
{
	struct ae_pool_params params = {
		.granularity = GRANULARITY,
		.chunk_usual = 128 * MiB,
		.chunk_most = 1024 * MiB,
		.reserve_step = 32 * GiB,
		.limit = 32 * GiB,
		.cache_most = 8 * GiB,
	};

	fake_init(&device, GRANULARITY, 48 * GiB);
	ck_assert_int_eq(ae_pool_create(&fake_ops, &device, &params, &pool), 0);
}

static void tear_down(void)
{
	ck_assert_ptr_eq((void *)ae_pool_check(pool), NULL);
	ck_assert_uint_eq(device.bytes_claimed, device.bytes_created);
	ae_pool_destroy(pool);
	ck_assert_msg(!device.violation, "%s", device.violation);
	ck_assert_uint_eq(device.bytes_claimed, 0);
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
	ck_assert_int_eq(ae_pool_free_begin(pool, address, NULL), 0);
	ae_pool_free_end(pool, address);
}

static struct ae_pool_stats get_stats(void)
{
	struct ae_pool_stats stats;

	ae_pool_get_stats(pool, &stats);
	return stats;
}

START_TEST(neighbours_join_whatever_the_order)
{
	uint64_t blocks[16], first, calls;

	for (unsigned i = 0; i < 16; i++)
		blocks[i] = alloc(8 * MiB);
	first = blocks[0];
	/* The even ones, then the odd ones: each joins on both sides. */
	for (unsigned i = 0; i < 16; i += 2)
		drop(blocks[i]);
	for (unsigned i = 15; i < 16; i -= 2)
		drop(blocks[i]);
	calls = fake_calls(&device);
	ck_assert_uint_eq(alloc(128 * MiB), first);
	ck_assert_uint_eq(fake_calls(&device), calls);
	drop(first);
	/* And parts of what was joined serve again. */
	for (unsigned i = 0; i < 4; i++)
		alloc(32 * MiB);
	ck_assert_uint_eq(fake_calls(&device), calls);
}
END_TEST

START_TEST(what_came_since_is_joined_with_what_was)
{
	uint64_t a = alloc(8 * MiB), b = alloc(8 * MiB), c = alloc(8 * MiB), calls, apart;

	alloc(2 * MiB);
	apart = alloc(8 * MiB);
	drop(a);
	drop(c);
	drop(apart);
	ck_assert_uint_ge(get_stats().bytes_cached, 20 * MiB);
	alloc(20 * MiB); /* finds nothing, and looks at all there is */
	drop(b);
	calls = fake_calls(&device);
	ck_assert_uint_eq(alloc(24 * MiB), a);
	ck_assert_uint_eq(fake_calls(&device), calls);
}
END_TEST

START_TEST(chunks_of_a_large_block_are_few)
{
	drop(alloc(8 * GiB));
	ck_assert_uint_eq(device.calls[FAKE_CREATE], 8);
	ck_assert_uint_eq(device.calls[FAKE_CLAIM], 1);
	ck_assert_uint_eq(get_stats().chunks, 8);
	alloc(24 * GiB);
	ck_assert_uint_eq(get_stats().chunks, 8 + 24);
}
END_TEST

START_TEST(unused_cache_decays)
{
	uint64_t old = alloc(100 * MiB), used = alloc(60 * MiB), young = alloc(40 * MiB);

	drop(old);
	drop(used);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 0);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 0);
	/* Used in between: young again. */
	ck_assert_uint_eq(alloc(60 * MiB), used);
	drop(used);
	drop(young);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 100 * MiB);
	ck_assert_uint_eq(get_stats().bytes_cached, 100 * MiB);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 0);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 100 * MiB);
	ck_assert_uint_eq(get_stats().bytes_resident, 0);
	ck_assert_uint_eq(ae_pool_decay(pool, 3), 0);
}
END_TEST

START_TEST(decay_gives_up_on_what_the_device_keeps)
{
	drop(alloc(10 * MiB));
	drop(alloc(4 * MiB));
	device.fail_errno = EIO;
	device.fail_op_always[FAKE_UNMAP] = true;
	ck_assert_uint_eq(ae_pool_decay(pool, 1), 0);
	ck_assert_uint_eq(get_stats().bytes_cached, 14 * MiB);
	/* Warm again: it is not asked at every tick. */
	ck_assert_uint_eq(ae_pool_decay(pool, 2), 0);
	ck_assert_uint_eq(device.calls[FAKE_UNMAP], 2);
	device.fail_op_always[FAKE_UNMAP] = false;
	ck_assert_uint_eq(ae_pool_decay(pool, 2), 14 * MiB);
}
END_TEST

START_TEST(decay_retries_what_is_stuck)
{
	drop(alloc(10 * MiB));
	device.fail_errno = EIO;
	device.fail_op_always[FAKE_RELEASE] = true;
	ck_assert_uint_eq(ae_pool_decay(pool, 1), 0);
	ck_assert_uint_eq(device.bytes_claimed, 10 * MiB);
	device.fail_op_always[FAKE_RELEASE] = false;
	ck_assert_uint_eq(ae_pool_decay(pool, 1), 10 * MiB);
	ck_assert_uint_eq(device.bytes_claimed, 0);
}
END_TEST

START_TEST(the_watermark_moves)
{
	drop(alloc(300 * MiB));
	ae_pool_set_cache(pool, 150 * MiB);
	ck_assert_uint_le(get_stats().bytes_cached, 150 * MiB);
	ae_pool_set_cache(pool, 0);
	ck_assert_uint_eq(get_stats().bytes_resident, 0);
	drop(alloc(10 * MiB));
	ck_assert_uint_eq(get_stats().bytes_resident, 0);
	ae_pool_set_cache(pool, GiB);
	drop(alloc(10 * MiB));
	ck_assert_uint_eq(get_stats().bytes_cached, 10 * MiB);
}
END_TEST

START_TEST(a_claim_that_has_to_wait)
{
	uint64_t address = 42, live = alloc(20 * MiB);

	drop(alloc(50 * MiB));
	device.fail_errno = EAGAIN;
	device.fail_op_always[FAKE_CLAIM] = true;
	/* Our own cache goes first, and then it is asked once more. */
	ck_assert_int_eq(ae_pool_alloc(pool, 100 * MiB, 1, &address), -EAGAIN);
	ck_assert_uint_eq(device.calls[FAKE_CLAIM], 4);
	ck_assert_uint_eq(address, 42);
	ck_assert_uint_eq(get_stats().bytes_resident, 20 * MiB);
	ck_assert_int_eq(ae_pool_alloc(pool, 100, 1, &address), -EAGAIN);
	ck_assert_uint_eq(get_stats().slabs, 0);
	device.fail_op_always[FAKE_CLAIM] = false;
	ck_assert_int_eq(ae_pool_alloc(pool, 100 * MiB, 1, &address), 0);
	drop(live);
}
END_TEST

START_TEST(what_fails_on_the_way_is_not_claimed)
{
	uint64_t address;

	for (unsigned nth = 1; nth <= 4; nth++) {
		device.fail_errno = ENODEV;
		device.fail_op_in[FAKE_CREATE] = nth;
		ck_assert_int_eq(ae_pool_alloc(pool, 512 * MiB, 1, &address), -ENODEV);
		ck_assert_uint_eq(device.bytes_claimed, 0);
		device.fail_op_in[FAKE_MAP] = nth;
		ck_assert_int_eq(ae_pool_alloc(pool, 512 * MiB, 1, &address), -ENODEV);
		ck_assert_uint_eq(device.bytes_claimed, 0);
	}
	device.fail_op_in[FAKE_RESERVE] = 1;
	ck_assert_int_eq(ae_pool_alloc(pool, 512 * MiB, 1, &address), -ENODEV);
	ck_assert_uint_eq(device.bytes_claimed, 0);
	device.fail_op_in[FAKE_SET_ACCESS] = 1;
	ck_assert_int_eq(ae_pool_alloc(pool, 512 * MiB, 1, &address), -ENODEV);
	ck_assert_uint_eq(device.bytes_claimed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *tcase = tcase_create("cache");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, neighbours_join_whatever_the_order);
	tcase_add_test(tcase, what_came_since_is_joined_with_what_was);
	tcase_add_test(tcase, chunks_of_a_large_block_are_few);
	tcase_add_test(tcase, unused_cache_decays);
	tcase_add_test(tcase, decay_gives_up_on_what_the_device_keeps);
	tcase_add_test(tcase, decay_retries_what_is_stuck);
	tcase_add_test(tcase, the_watermark_moves);
	tcase_add_test(tcase, a_claim_that_has_to_wait);
	tcase_add_test(tcase, what_fails_on_the_way_is_not_claimed);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
