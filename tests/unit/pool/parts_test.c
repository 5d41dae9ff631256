/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The pool's parts that can be looked at by themselves, and the locks of base. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "base/lock.h"
#include "fake_device.h"
#include "pool/chunk.h"
#include "pool/slab.h"
#include "pool/tree.h"

#define MiB   (UINT64_C(1) << 20)
#define NODES 500

START_TEST(tree_is_like_a_list)
{
	static struct ae_tree_node nodes[NODES];
	bool is_in[NODES] = { false };
	struct ae_tree tree = { NULL };
	uint64_t random = 1;

	for (unsigned round = 0; round < 20000; round++) {
		unsigned i = (unsigned)(fake_random(&random) % NODES);
		uint64_t bytes = fake_random(&random) % 60;
		struct ae_tree_node *best = NULL, *found = ae_tree_at_least(&tree, bytes);

		for (unsigned n = 0; n < NODES; n++) {
			if (is_in[n] && nodes[n].bytes >= bytes &&
			    (!best || nodes[n].bytes < best->bytes))
				best = &nodes[n];
		}
		ck_assert_ptr_eq(found, best);
		if (is_in[i]) {
			ae_tree_remove(&tree, &nodes[i]);
		} else {
			nodes[i].bytes = fake_random(&random) % 50;
			nodes[i].address = i * 2 * MiB;
			ae_tree_add(&tree, &nodes[i]);
		}
		is_in[i] = !is_in[i];
	}
}
END_TEST

static unsigned depth(const struct ae_tree_node *node)
{
	unsigned left, right;

	if (!node)
		return 0;
	left = depth(node->left);
	right = depth(node->right);
	return 1 + (left > right ? left : right);
}

START_TEST(tree_stays_flat)
{
	const unsigned count = 100000;
	struct ae_tree_node *nodes = calloc(count, sizeof(*nodes));
	struct ae_tree tree = { NULL };

	for (unsigned i = 0; i < count; i++) {
		nodes[i].bytes = 2 * MiB;
		nodes[i].address = UINT64_C(0x7f0000000000) + i * 4 * MiB;
		ae_tree_add(&tree, &nodes[i]);
	}
	/* log2 is 17; a random tree of this size is about 2.5 times as deep. */
	ck_assert_uint_lt(depth(tree.root), 60);
	free(nodes);
}
END_TEST

START_TEST(chunks_are_near_equal)
{
	for (uint64_t granules = 1; granules < 700; granules++) {
		uint64_t bytes = granules * 2 * MiB, done = 0, count = 0, least = UINT64_MAX;
		uint64_t most = 0;

		while (done < bytes) {
			uint64_t chunk = ae_chunk_next_bytes(bytes, done, 128 * MiB, 2 * MiB);

			ck_assert_uint_gt(chunk, 0);
			ck_assert_uint_eq(chunk % (2 * MiB), 0);
			least = chunk < least ? chunk : least;
			most = chunk > most ? chunk : most;
			done += chunk;
			count++;
		}
		ck_assert_uint_eq(done, bytes);
		ck_assert_uint_eq(count, (bytes + 128 * MiB - 1) / (128 * MiB));
		ck_assert_uint_le(most, 128 * MiB);
		ck_assert_uint_le(most - least, 2 * MiB);
	}
}
END_TEST

START_TEST(chunks_grow_with_the_block)
{
	const uint64_t usual = 128 * MiB, most = 1024 * MiB, wanted = AE_CHUNKS_WANTED;

	ck_assert_uint_eq(ae_chunk_limit(2 * MiB, usual, most, 2 * MiB), usual);
	ck_assert_uint_eq(ae_chunk_limit(wanted * usual, usual, most, 2 * MiB), usual);
	ck_assert_uint_eq(ae_chunk_limit(wanted * usual + 2 * MiB, usual, most, 2 * MiB),
			  usual + 2 * MiB);
	ck_assert_uint_eq(ae_chunk_limit(4 * wanted * usual, usual, most, 2 * MiB), 4 * usual);
	ck_assert_uint_eq(ae_chunk_limit(UINT64_C(64) << 30, usual, most, 2 * MiB), most);
	ck_assert_uint_eq(ae_chunk_limit(UINT64_MAX & ~(2 * MiB - 1), usual, most, 2 * MiB), most);
	/* In between never more chunks than wanted, and one of them moves by itself. */
	for (uint64_t bytes = wanted * usual; bytes < wanted * most; bytes += 38 * MiB) {
		uint64_t limit = ae_chunk_limit(bytes, usual, most, 2 * MiB);

		ck_assert_uint_eq(limit % (2 * MiB), 0);
		ck_assert_uint_le((bytes + limit - 1) / limit, wanted);
		ck_assert_uint_lt(limit, bytes / wanted + 2 * MiB + 1);
	}
}
END_TEST

START_TEST(classes_are_close)
{
	unsigned last = 0, index;
	uint64_t last_bytes = 0;

	for (uint64_t bytes = 1; bytes <= 4 * MiB; bytes += bytes < 70000 ? 1 : 509) {
		uint64_t slot = ae_slab_class_bytes(bytes, &index);

		ck_assert_uint_ge(slot, bytes);
		ck_assert_uint_eq(slot % 512, 0);
		if (bytes > 2048)
			ck_assert_uint_le((slot - bytes) * 5, slot);
		ck_assert(index == last ? !last_bytes || slot == last_bytes : index == last + 1);
		ck_assert_uint_lt(index, AE_SLAB_CLASSES);
		last = index;
		last_bytes = slot;
	}
}
END_TEST

START_TEST(locks_in_order)
{
	struct ae_lock pool, ledger;

	ck_assert_int_eq(ae_lock_init(&pool, AE_LOCK_POOL), 0);
	ck_assert_int_eq(ae_lock_init(&ledger, AE_LOCK_LEDGER), 0);
	ae_lock_acquire(&pool);
	ae_lock_acquire(&ledger);
	ck_assert(ae_lock_rank_held(AE_LOCK_POOL));
	ae_lock_release(&pool);
	ae_lock_release(&ledger);
	ae_lock_acquire(&pool);
	ae_lock_release(&pool);
	ae_lock_destroy(&ledger);
	ae_lock_destroy(&pool);
}
END_TEST

#if AE_LOCK_CHECKED
START_TEST(locks_out_of_order)
{
	static struct ae_lock ledger = AE_LOCK_INITIALIZER(AE_LOCK_LEDGER);
	static struct ae_lock pool = AE_LOCK_INITIALIZER(AE_LOCK_POOL);

	ae_lock_acquire(&ledger);
	ae_lock_acquire(&pool);
}
END_TEST

START_TEST(locks_of_one_rank)
{
	static struct ae_lock one = AE_LOCK_INITIALIZER(AE_LOCK_LEAF);
	static struct ae_lock two = AE_LOCK_INITIALIZER(AE_LOCK_LEAF);

	ae_lock_acquire(&one);
	ae_lock_acquire(&two);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("parts");
	TCase *tcase = tcase_create("parts");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, tree_is_like_a_list);
	tcase_add_test(tcase, tree_stays_flat);
	tcase_add_test(tcase, chunks_are_near_equal);
	tcase_add_test(tcase, chunks_grow_with_the_block);
	tcase_add_test(tcase, classes_are_close);
	tcase_add_test(tcase, locks_in_order);
#if AE_LOCK_CHECKED
	tcase_add_test_raise_signal(tcase, locks_out_of_order, SIGABRT);
	tcase_add_test_raise_signal(tcase, locks_of_one_rank, SIGABRT);
#endif
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
