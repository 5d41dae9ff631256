/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is told to a member from outside, and how long the teller waits for it. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger_fixture.h"

#define WAIT_MS  30000
#define BRIEF_MS 200
#define MIB      (UINT64_C(1) << 20)

/* A member with a thread that does as a steward does: it obeys first, and shows its figures last. */
struct steward {
	struct ae_ledger *ledger;
	pthread_t thread;
	atomic_bool stop;
	atomic_uint trims;
	uint64_t cached; /* the thread's own */
	atomic_ullong limit;
	uint64_t delay_ns; /* between what it does and what it shows */
};

static void pause_ns(uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000) };

	nanosleep(&time, NULL);
}

static void *steward_run(void *arg)
{
	struct steward *steward = arg;
	struct ae_ledger_mailbag mail;

	while (!atomic_load(&steward->stop)) {
		uint32_t bell = ae_ledger_bell(steward->ledger);

		if (ae_ledger_take_mail(steward->ledger, &mail) == 0) {
			atomic_store(&steward->limit, mail.limit);
			if (mail.target != UINT64_MAX && steward->cached > 0) {
				ae_ledger_unclaim(steward->ledger, steward->cached);
				steward->cached = 0;
				atomic_fetch_add(&steward->trims, 1);
			}
			if (mail.map_asked != 0)
				ae_ledger_map_done(steward->ledger, mail.map_asked);
		}
		pause_ns(steward->delay_ns);
		fixture_report(steward->ledger, steward->cached, 1, 1);
		ae_ledger_bell_wait(steward->ledger, bell, 100000000);
	}
	return NULL;
}

static void steward_start(struct steward *steward, const char *model, uint64_t claimed,
			  uint64_t cached)
{
	steward->ledger = fixture_join(model);
	ck_assert_int_eq(ae_ledger_claim(steward->ledger, claimed), 0);
	steward->cached = cached;
	fixture_report(steward->ledger, cached, 1, 1);
	ck_assert_int_eq(pthread_create(&steward->thread, NULL, steward_run, steward), 0);
}

static void steward_end(struct steward *steward)
{
	atomic_store(&steward->stop, true);
	pthread_join(steward->thread, NULL);
	ae_ledger_close(steward->ledger);
}

static int settle(const struct ae_ledger_member *member, int timeout_ms)
{
	return ae_ledger_settle(fixture_path, member, timeout_ms, fixture_why, sizeof(fixture_why));
}

static int tell(const struct ae_ledger_member *member, enum ae_ledger_order order, uint64_t value)
{
	return ae_ledger_tell(fixture_path, member, order, value, fixture_why, sizeof(fixture_why));
}

START_TEST(settled_is_done_and_shown)
{
	struct steward steward = { .delay_ns = 50000000 };
	struct ae_ledger_member member;

	steward_start(&steward, "chat", 8 * MIB, 6 * MIB);
	member = fixture_read()->members[0];
	ck_assert_uint_eq(member.cached, 6 * MIB);
	ck_assert_int_eq(tell(&member, AE_LEDGER_SET_LIMIT, 123 * MIB), 0);
	ck_assert_int_eq(tell(&member, AE_LEDGER_ASK_TRIM, 0), 0);
	ck_assert_msg(settle(&member, WAIT_MS) == 0, "%s", fixture_why);
	ck_assert_uint_eq(atomic_load(&steward.trims), 1);
	ck_assert_uint_eq(atomic_load(&steward.limit), 123 * MIB);
	member = fixture_read()->members[0];
	ck_assert_uint_eq(member.cached, 0);
	ck_assert_uint_eq(member.claimed, 2 * MIB);
	ck_assert_uint_eq(member.limit, 123 * MIB);
	steward_end(&steward);
}
END_TEST

START_TEST(who_does_not_answer)
{
	struct ae_ledger_member member;
	pid_t pid = fixture_member("chat", 4 * MIB);

	member = fixture_read()->members[0];
	ck_assert_int_eq(tell(&member, AE_LEDGER_ASK_TRIM, 0), 0);
	ck_assert_int_eq(settle(&member, BRIEF_MS), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(fixture_why, "did not answer within 0.2 s"));
	ck_assert_ptr_nonnull(strstr(fixture_why, "of model chat"));
	fixture_kill(pid);
	ck_assert_int_eq(settle(&member, WAIT_MS), -ESRCH);
	ck_assert_ptr_nonnull(strstr(fixture_why, "has ended"));
	ck_assert_int_eq(tell(&member, AE_LEDGER_SET_LIMIT, MIB), -ESRCH);
}
END_TEST

START_TEST(another_in_the_slot_is_not_told)
{
	struct ae_ledger_member member;
	struct ae_ledger *ledger;
	pid_t pid = fixture_member("chat", 4 * MIB);

	member = fixture_read()->members[0];
	fixture_kill(pid);
	ledger = fixture_join("chat");
	ck_assert_uint_eq(fixture_read()->members[0].slot, member.slot);
	ck_assert_int_eq(tell(&member, AE_LEDGER_SET_LIMIT, MIB), -ESRCH);
	ck_assert_int_eq(settle(&member, BRIEF_MS), -ESRCH);
	ck_assert_uint_ne(fixture_read()->members[0].limit, MIB);
	ae_ledger_close(ledger);
}
END_TEST

static void *settle_often(void *arg)
{
	struct ae_ledger_member *member = arg;
	char why[512];

	for (int i = 0; i < 20; i++) {
		if (ae_ledger_settle(fixture_path, member, WAIT_MS, why, sizeof(why)) != 0)
			return arg;
	}
	return NULL;
}

/* There is room for one question in the mail: whose was overwritten asks again. */
START_TEST(many_ask_at_once)
{
	struct steward steward = { .delay_ns = 1000000 };
	struct ae_ledger_member member;
	pthread_t threads[4];
	void *failed;

	steward_start(&steward, "chat", 8 * MIB, 0);
	member = fixture_read()->members[0];
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, settle_often, &member), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &failed);
		ck_assert_ptr_null(failed);
	}
	steward_end(&steward);
}
END_TEST

START_TEST(reserves_add_up_to_what_there_is)
{
	struct ae_ledger *chat = fixture_join("chat"), *embed = fixture_join("embed");
	struct ae_ledger_member members[2];

	memcpy(members, fixture_read()->members, sizeof(members));
	ck_assert_int_eq(tell(&members[0], AE_LEDGER_SET_RESERVE, TOTAL / 2), 0);
	ck_assert_int_eq(tell(&members[1], AE_LEDGER_SET_RESERVE, TOTAL / 2 + MIB), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(fixture_why, "other models use or have reserved 40 GiB"));
	ck_assert_int_eq(tell(&members[1], AE_LEDGER_SET_RESERVE, TOTAL / 2), 0);
	ck_assert_uint_eq(fixture_read()->members[0].reserve, TOTAL / 2);
	ck_assert_uint_eq(fixture_read()->members[1].reserve, TOTAL / 2);
	ae_ledger_close(chat);
	ae_ledger_close(embed);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger_tell");
	TCase *tcase = tcase_create("tell");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, settled_is_done_and_shown);
	tcase_add_test(tcase, who_does_not_answer);
	tcase_add_test(tcase, another_in_the_slot_is_not_told);
	tcase_add_test(tcase, many_ask_at_once);
	tcase_add_test(tcase, reserves_add_up_to_what_there_is);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
