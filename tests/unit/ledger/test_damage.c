/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A ledger that changes under its members' feet: bits that flip, and a file that is cut. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger/layout.h"
#include "ledger_fixture.h"
#include "ledger_peer.h"

#define GIB   ((uint64_t)1 << 30)
#define CHURN 3

static int file_fd;

static void setup(void)
{
	fixture_setup();
	ae_ledger_close(fixture_open());
	file_fd = open(fixture_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(file_fd, 0);
}

static void teardown(void)
{
	close(file_fd);
	fixture_teardown();
}

static void flip(off_t offset, int bit)
{
	unsigned char byte;

	ck_assert_int_eq(pread(file_fd, &byte, 1, offset), 1);
	byte ^= (unsigned char)(1u << bit);
	ck_assert_int_eq(pwrite(file_fd, &byte, 1, offset), 1);
}

/* A bit in every word of what a living member says of itself. */
START_TEST(what_cannot_be_read_is_waited_for)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);
	off_t start = ae_ledger_slot_offset(peer_member(&a).slot);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), 0);
	for (off_t at = 0; at < (off_t)sizeof(struct ae_ledger_own); at += 4) {
		ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 20 * GIB), 0);
		peer_do(&b, PEER_UNCLAIM, 20 * GIB);
		flip(start + at, (int)(at / 4 % 8));
		peer_tell(&a, PEER_RING, 0);
		/* Less than there is, and more. */
		ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 1), -EAGAIN);
		ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 70 * GIB), -EAGAIN);
		ck_assert_int_eq(peer_answer(&a), 0); /* it is told */
		ck_assert_int_eq(peer_do(&a, PEER_MEND, 0), 0);
		ck_assert_uint_eq(peer_member(&a).claimed, 60 * GIB);
	}
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(damaged_mail_is_as_it_was)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);
	off_t start = ae_ledger_mail_offset(peer_member(&a).slot);
	struct ae_ledger_member member = peer_member(&a);

	ck_assert_int_eq(ae_ledger_tell(fixture_path, &member, AE_LEDGER_SET_LIMIT, 30 * GIB,
					fixture_why, sizeof(fixture_why)),
			 0);
	ck_assert_int_eq(peer_do(&a, PEER_LIMIT, 0), 30 * (int64_t)GIB);
	for (off_t at = 0; at < (off_t)offsetof(struct ae_ledger_mail, bell); at += 4) {
		flip(start + at, (int)(at / 4 % 8));
		/* Its own claims go by what it knows, the others' wait. */
		ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 31 * GIB), -ENOMEM);
		ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 30 * GIB), 0);
		peer_do(&a, PEER_UNCLAIM, 30 * GIB);
		ck_assert_int_eq(peer_do(&b, PEER_CLAIM, GIB), -EAGAIN);
		ck_assert_int_eq(peer_do(&a, PEER_LIMIT, 0), 30 * (int64_t)GIB);
		ck_assert_uint_eq(peer_member(&a).limit, 30 * GIB);
		ck_assert_int_eq(peer_do(&b, PEER_CLAIM, GIB), 0);
		peer_do(&b, PEER_UNCLAIM, GIB);
	}
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

/* What is constant in the header: nobody else could join or look, and it is written again. */
START_TEST(a_damaged_header_is_mended)
{
	struct peer a = peer_start(NULL);
	struct ae_ledger_view view;

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), 0);
	for (off_t at = 0; at < (off_t)offsetof(struct ae_ledger_header, total); at += 4) {
		struct ae_ledger *ledger = NULL;

		flip(at, (int)(at / 4 % 8));
		ck_assert_int_eq(
			ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view),
			at >= (off_t)offsetof(struct ae_ledger_header, uuid) ? 0 : -EPROTO);
		ck_assert_int_eq(ae_ledger_open(fixture_dir, "default", fixture_uuid, TOTAL,
						fixture_why, sizeof(fixture_why), &ledger),
				 -EPROTO);
		ck_assert_int_eq(peer_do(&a, PEER_CLAIM, GIB), 0);
		peer_do(&a, PEER_UNCLAIM, GIB);
		ck_assert_int_eq(peer_do(&a, PEER_MEND, 0), 0);
		ck_assert_uint_eq(peer_member(&a).claimed, 60 * GIB);
	}
	peer_kill(&a);
}
END_TEST

/* The rest of it has any value: claims are refused, or made to wait, until it is measured again. */
START_TEST(a_header_with_any_figures)
{
	const off_t first = (off_t)offsetof(struct ae_ledger_header, turn);
	struct peer a = peer_start(NULL), b = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), 0);
	for (off_t at = first; at < first + 40; at++) {
		int64_t ret;

		flip(at, (int)(at % 8));
		ret = peer_do(&b, PEER_CLAIM, 21 * GIB);
		ck_assert(ret == -EAGAIN || ret == -EBUSY);
		/* With what the driver says before each try. */
		ck_assert_int_eq(peer_do(&b, PEER_WAIT, 20 * GIB), 0);
		peer_do(&b, PEER_UNCLAIM, 20 * GIB);
		ck_assert_uint_eq(fixture_read()->count, 2);
	}
	ck_assert_uint_eq(peer_device->refused, 0);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

static void cut_file(void)
{
	ck_assert_int_eq(truncate(fixture_path, 0), 0);
}

static void remove_file(void)
{
	ck_assert_int_eq(unlink(fixture_path), 0);
}

static void clear_file(void)
{
	static const struct ae_ledger_file nothing;

	ck_assert_int_eq(pwrite(file_fd, &nothing, sizeof(nothing), 0), sizeof(nothing));
}

/* Whoever is not in the new file yet is not forgotten: its memory is used. */
static void lose_file_during_a_wait(void (*cut)(void))
{
	struct peer a = peer_start(NULL), b = peer_start(NULL), c = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_STEWARD, 0), 0);
	peer_tell(&b, PEER_WAIT, 30 * GIB);
	peer_wait_seen(&b);
	cut();
	/* Whichever of them found out first, and made the file anew. */
	for (int i = 0; i < 20; i++)
		ck_assert_int_ne(peer_do(&c, PEER_ASK, 30 * GIB), 0);
	usleep(700000);
	ck_assert(!peer_is_done(&b));
	ck_assert_int_eq(peer_do(&a, PEER_MEND, 0), 0);
	ck_assert_uint_eq(peer_member(&a).claimed, 60 * GIB);
	ck_assert_int_eq(peer_do(&c, PEER_MEND, 0), 0);
	ck_assert_uint_eq(peer_member(&b).wait_bytes, 30 * GIB);
	ck_assert_int_eq(peer_do(&c, PEER_ASK, 30 * GIB), -EAGAIN);
	ck_assert(!peer_is_done(&b));
	peer_do(&a, PEER_UNCLAIM, 20 * GIB);
	ck_assert_int_eq(peer_answer(&b), 0);
	ck_assert_uint_eq(peer_device->refused, 0);
	peer_kill(&a);
	peer_kill(&b);
	peer_kill(&c);
}

START_TEST(a_file_that_is_cut_during_a_wait)
{
	lose_file_during_a_wait(cut_file);
}
END_TEST

START_TEST(a_file_that_is_removed_during_a_wait)
{
	lose_file_during_a_wait(remove_file);
}
END_TEST

START_TEST(a_file_that_is_cleared_during_a_wait)
{
	lose_file_during_a_wait(clear_file);
}
END_TEST

START_TEST(a_file_that_is_cut_under_a_sleeper)
{
	struct peer a = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, GIB), 0);
	ck_assert_int_eq(peer_do(&a, PEER_STEWARD, 0), 0);
	usleep(20000);
	cut_file();
	/* Not by a signal; and it sees to its entry by itself. */
	for (int i = 0; i < 6000; i++) {
		struct ae_ledger_view view;

		if (ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view) == 0 &&
		    view.count == 1)
			break;
		usleep(5000);
	}
	ck_assert_uint_eq(peer_member(&a).claimed, GIB);
	peer_kill(&a);
}
END_TEST

/* Any bit, at any time, while three members claim and wait. */
START_TEST(bits_that_flip_under_their_feet)
{
	struct peer peers[CHURN];
	unsigned int seed = 1;
	time_t end;
	int status;

	for (int i = 0; i < CHURN; i++) {
		peers[i] = peer_start(NULL);
		ck_assert_int_eq(peer_do(&peers[i], PEER_STEWARD, 0), 0);
		peer_tell(&peers[i], PEER_CHURN, 2500);
	}
	end = time(NULL) + 2;
	while (time(NULL) < end) {
		struct ae_ledger_view view;
		off_t size = ae_ledger_slot_offset(CHURN);

		flip(rand_r(&seed) % size, rand_r(&seed) % 8);
		(void)ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view);
		usleep((useconds_t)rand_r(&seed) % 2000);
	}
	for (int i = 0; i < CHURN; i++) {
		ck_assert_int_eq(peer_answer(&peers[i]), 0);
		ck_assert_int_eq(waitpid(peers[i].pid, &status, WNOHANG), 0);
	}
	ck_assert_uint_eq(peer_device->refused, 0);
	ck_assert_int_eq(peer_device->used, 0);
	for (int i = 0; i < CHURN; i++)
		peer_kill(&peers[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("damage");
	TCase *tcase = tcase_create("damage");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_cannot_be_read_is_waited_for);
	tcase_add_test(tcase, damaged_mail_is_as_it_was);
	tcase_add_test(tcase, a_damaged_header_is_mended);
	tcase_add_test(tcase, a_header_with_any_figures);
	tcase_add_test(tcase, a_file_that_is_cut_during_a_wait);
	tcase_add_test(tcase, a_file_that_is_removed_during_a_wait);
	tcase_add_test(tcase, a_file_that_is_cleared_during_a_wait);
	tcase_add_test(tcase, a_file_that_is_cut_under_a_sleeper);
	tcase_add_test(tcase, bits_that_flip_under_their_feet);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
