/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Members that come, account, and go, also by SIGKILL and fork. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger/layout.h"
#include "ledger_fixture.h"

#define JOINERS 12

START_TEST(one_member)
{
	struct ae_ledger *ledger = fixture_open();
	const struct ae_ledger_view *view = fixture_read();
	struct timespec now;

	ck_assert_uint_eq(view->count, 0);
	ck_assert_uint_eq(view->total, TOTAL);
	ck_assert_mem_eq(view->uuid, fixture_uuid, 16);
	ck_assert_str_eq(view->path, fixture_path);
	ae_ledger_claim(ledger, 5); /* nobody's */

	ck_assert_int_eq(fixture_try_join(ledger, "llama-8b", 700), 0);
	ck_assert_int_eq(fixture_try_join(ledger, "again", 7), -EALREADY);
	ae_ledger_claim(ledger, 100);
	ae_ledger_claim(ledger, 50);
	ae_ledger_unclaim(ledger, 30);
	fixture_report(ledger, 10, 2, 3);
	view = fixture_read();
	ck_assert_uint_eq(view->count, 1);
	ck_assert_int_eq(view->members[0].pid, getpid());
	ck_assert_str_eq(view->members[0].model, "llama-8b");
	ck_assert_uint_eq(view->members[0].limit, 700);
	ck_assert_uint_eq(view->members[0].claimed, 120);
	ck_assert_uint_eq(view->members[0].cached, 10);
	ck_assert_uint_eq(view->members[0].blocks, 2);
	ck_assert_uint_eq(view->members[0].chunks, 3);
	/* Not time(2): it may be a tick behind. */
	clock_gettime(CLOCK_REALTIME, &now);
	ck_assert_uint_le(view->members[0].joined_ns / 1000000000, (uint64_t)now.tv_sec);
	ck_assert_uint_ge(view->members[0].joined_ns / 1000000000, (uint64_t)now.tv_sec - 60);

	ae_ledger_close(ledger);
	ck_assert_uint_eq(fixture_read()->count, 0);
	ae_ledger_close(NULL);
	ae_ledger_abandon(NULL);
}
END_TEST

START_TEST(older_figures_do_not_replace_younger)
{
	struct ae_ledger *ledger = fixture_join("a");
	const struct ae_ledger_figures young = { 8, 3, 2, 1, UINT64_MAX, 0 },
				       old = { 7, 30, 20, 10, 1, 0 };

	ck_assert_int_eq(ae_ledger_claim(ledger, 5), 0);
	ae_ledger_report(ledger, &young);
	ae_ledger_report(ledger, &old);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 3);
	ck_assert_uint_eq(fixture_read()->members[0].blocks, 2);
	ck_assert_uint_eq(fixture_read()->members[0].chunks, 1);
	/* More than there is: all of it. */
	ck_assert_uint_eq(fixture_read()->members[0].pinned, 5);
	ae_ledger_close(ledger);
}
END_TEST

/* The steward looks in the midst of a free: that it shows no block keeps nothing of the end from showing. */
START_TEST(what_the_steward_shows_hides_nothing)
{
	struct ae_ledger *ledger = fixture_join("a");
	const struct ae_ledger_figures before = { .order = 1, .blocks = 1, .chunks = 1 },
				       amidst = { .order = 1, .chunks = 1 },
				       after = { .order = 2, .cached = 4, .chunks = 1 };

	ae_ledger_report(ledger, &before);
	ae_ledger_report_now(ledger, &amidst);
	ae_ledger_report(ledger, &after);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 4);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(slots_are_used_again_from_scratch)
{
	struct ae_ledger *ledger = fixture_join("a-name-that-is-much-longer-than-the-next-one");

	ae_ledger_claim(ledger, 100);
	fixture_report(ledger, 1, 1, 1);
	ae_ledger_close(ledger);
	ledger = fixture_join("b");
	ck_assert_str_eq(fixture_read()->members[0].model, "b");
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 0);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 0);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(model_names_are_made_printable)
{
	char longest[200];
	struct ae_ledger *a, *b;

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	a = fixture_join("\033[2Jmeta/llama\n\x7f\xc3\xb6");
	b = fixture_join(longest);
	ck_assert_str_eq(fixture_read()->members[0].model, "?[2Jmeta/llama????");
	ck_assert_uint_eq(strlen(fixture_read()->members[1].model), AE_LEDGER_NAME_MAX - 1);
	ae_ledger_close(a);
	ae_ledger_close(b);
}
END_TEST

START_TEST(the_killed_are_gone)
{
	pid_t a = fixture_member("a", 1 << 20);
	pid_t b = fixture_member("b", 2 << 20);

	ck_assert_uint_eq(fixture_read()->count, 2);
	ck_assert_int_eq(fixture_read()->members[0].pid, a);
	ck_assert_uint_eq(fixture_read()->members[1].claimed, 2 << 20);
	fixture_kill(a);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_int_eq(fixture_read()->members[0].pid, b);
	a = fixture_member("c", 3);
	ck_assert_uint_eq(fixture_read()->count, 2);
	ck_assert_str_eq(fixture_read()->members[0].model, "c"); /* in the slot that was a's */
	fixture_kill(a);
	fixture_kill(b);
	ck_assert_uint_eq(fixture_read()->count, 0);
}
END_TEST

/* A member that forks, and whose child lives on. */
static pid_t member_with_child(int abandons, pid_t *child_out)
{
	int ready[2];
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct ae_ledger *ledger = fixture_join("parent");

		ae_ledger_claim(ledger, 10);
		pid = fork();
		if (pid == 0) {
			if (abandons)
				ae_ledger_abandon(ledger);
			ae_ledger_claim(ledger, abandons ? 1000 : 0);
			fixture_report(ledger, abandons ? 9 : 0, 0, 0);
			pid = getpid();
			if (write(ready[1], &pid, sizeof(pid)) != sizeof(pid))
				_exit(1);
		}
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(ready[0], child_out, sizeof(*child_out)), sizeof(*child_out));
	close(ready[0]);
	close(ready[1]);
	return pid;
}

START_TEST(a_forked_child_is_a_stranger)
{
	pid_t child, parent = member_with_child(1, &child);

	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 10);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 0);
	fixture_kill(parent);
	ck_assert_uint_eq(fixture_read()->count, 0);
	kill(child, SIGKILL);

	/* The other way round, so that the line above is known to test something. */
	parent = member_with_child(0, &child);
	fixture_kill(parent);
	ck_assert_uint_eq(fixture_read()->count, 1);
	kill(child, SIGKILL);
	for (int i = 0; i < 1000 && fixture_read()->count; i++)
		usleep(5000);
	ck_assert_uint_eq(fixture_read()->count, 0);
}
END_TEST

/* Everybody makes the directory, the file and the header at the same moment. */
START_TEST(all_join_at_once)
{
	pid_t pids[JOINERS];
	int start[2];
	char byte;

	ck_assert_int_eq(pipe(start), 0);
	for (int i = 0; i < JOINERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			char model[16];

			close(start[1]);
			if (read(start[0], &byte, 1) != 0)
				_exit(1);
			snprintf(model, sizeof(model), "m%d", i);
			fixture_join(model);
			for (;;)
				pause();
		}
	}
	close(start[0]);
	close(start[1]);
	for (int i = 0; i < 2000; i++) {
		struct ae_ledger_view view;

		if (ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view) == 0 &&
		    view.count == JOINERS)
			break;
		usleep(5000);
	}
	ck_assert_uint_eq(fixture_read()->count, JOINERS);
	for (size_t i = 0; i < JOINERS; i++) {
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(fixture_read()->members[i].model,
					 fixture_read()->members[j].model);
	}
	for (int i = 0; i < JOINERS; i++)
		fixture_kill(pids[i]);
}
END_TEST

START_TEST(no_more_than_all_slots)
{
	static struct ae_ledger *ledgers[AE_LEDGER_MEMBERS + 1];
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++)
		ledgers[i] = fixture_join("one-of-many");
	ck_assert_uint_eq(fixture_read()->count, AE_LEDGER_MEMBERS);
	ledgers[AE_LEDGER_MEMBERS] = fixture_open();
	ck_assert_int_eq(fixture_try_join(ledgers[AE_LEDGER_MEMBERS], "x", 0), -EUSERS);
	ck_assert_ptr_nonnull(strstr(fixture_why, "256 members"));
	ae_ledger_close(ledgers[100]);
	ledgers[100] = NULL;
	ck_assert_int_eq(fixture_try_join(ledgers[AE_LEDGER_MEMBERS], "x", 0), 0);
	ck_assert_str_eq(fixture_read()->members[100].model, "x");
	for (size_t i = 0; i <= AE_LEDGER_MEMBERS; i++)
		ae_ledger_close(ledgers[i]);
}
END_TEST

/* Somebody who was stopped in the middle of a change. */
START_TEST(a_frozen_lock_holder_is_not_waited_for_long)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = AE_LEDGER_LOCK_CHANGE, .l_len = 1 };
	struct ae_ledger *ledger = fixture_open(), *second;
	struct timespec start, end;
	int fd = open(fixture_path, O_RDWR);

	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	ck_assert_int_eq(fixture_try_join(ledger, "x", 0), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &end);
	ck_assert_int_ge(end.tv_sec - start.tv_sec, 1);
	ck_assert_int_le(end.tv_sec - start.tv_sec, 20);
	ck_assert_int_eq(ae_ledger_open(fixture_dir, "default", fixture_uuid, TOTAL, fixture_why,
					sizeof(fixture_why), &second),
			 -ETIMEDOUT);
	ck_assert_uint_eq(fixture_read()->count, 0); /* readers do not care */
	close(fd);
	ck_assert_int_eq(fixture_try_join(ledger, "x", 0), 0);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(groups_are_apart)
{
	struct ae_ledger *a = fixture_join("a"), *b = NULL;

	ck_assert_int_eq(ae_ledger_open(fixture_dir, "other", fixture_uuid, TOTAL, fixture_why,
					sizeof(fixture_why), &b),
			 0);
	ck_assert_int_eq(fixture_try_join(b, "b", 0), 0);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_str_eq(fixture_read()->members[0].model, "a");
	ae_ledger_close(a);
	ae_ledger_close(b);
}
END_TEST

/* Descriptors that the program closed, and gave to files of its own, are not ours to close. */
START_TEST(descriptors_taken_away)
{
	struct ae_ledger *ledger = fixture_join("x");
	int fds[300], last = -1;

	closefrom(3);
	for (int i = 0; i < 300; i++)
		fds[i] = last = open("/dev/null", O_RDWR);
	ck_assert_int_gt(last, 250);
	/* Alive all the same. */
	ck_assert_uint_eq(fixture_read()->count, 1);
	ae_ledger_close(ledger);
	ck_assert_uint_eq(fixture_read()->count, 0);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(close(fds[i]), 0);
}
END_TEST

/* As a program that closes all descriptors it does not know; Check needs its own. */
static void close_ledgers(void)
{
	char link[64], target[256];
	ssize_t n;

	for (int fd = 3; fd < 1024; fd++) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (strstr(target, ".ledger"))
			close(fd);
	}
}

/* What is done after standard error went to fixture_root/err, and how many lines came of it. */
static int saved_stderr;

static void catch_stderr(void)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/err", fixture_root);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	saved_stderr = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static int caught_lines(char *text, size_t text_size)
{
	ssize_t n = pread(STDERR_FILENO, text, text_size - 1, 0);
	int lines = 0;

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	ck_assert_int_ge(n, 0);
	text[n] = 0;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	return lines;
}

START_TEST(a_descriptor_that_was_closed)
{
	struct ae_ledger *ledger = fixture_join("first");
	const struct ae_ledger_view *view;
	int fds[300];
	pid_t second;

	ae_ledger_claim(ledger, 100);
	fixture_report(ledger, 10, 2, 3);
	close_ledgers();
	second = fixture_member("second", 1 << 20);
	view = fixture_read();
	ck_assert_uint_eq(view->count, 2);
	ck_assert_str_eq(view->members[0].model, "first");
	ck_assert_uint_eq(view->members[0].claimed, 100);

	/* The number now names a file of the program's. */
	for (int i = 0; i < 300; i++)
		fds[i] = open("/dev/shm", O_RDWR | O_TMPFILE, 0600);
	errno = 1234;
	ae_ledger_unclaim(ledger, 30);
	ck_assert_int_eq(errno, 1234);
	fixture_report(ledger, 11, 4, 5);
	view = fixture_read();
	ck_assert_uint_eq(view->count, 2);
	ck_assert_str_eq(view->members[1].model, "second");
	ck_assert_int_eq(view->members[1].pid, second);
	ck_assert_uint_eq(view->members[1].claimed, 1 << 20);
	ck_assert_uint_eq(view->members[1].cached, 0);
	ck_assert_str_eq(view->members[0].model, "first");
	ck_assert_int_eq(view->members[0].pid, getpid());
	ck_assert_uint_eq(view->members[0].limit, TOTAL);
	ck_assert_uint_eq(view->members[0].claimed, 70);
	ck_assert_uint_eq(view->members[0].cached, 11);
	ck_assert_uint_eq(view->members[0].blocks, 4);
	ck_assert_uint_eq(view->members[0].chunks, 5);
	for (int i = 0; i < 300 && fds[i] >= 0; i++) {
		ck_assert_int_eq(lseek(fds[i], 0, SEEK_END), 0);
		close(fds[i]);
	}

	/* And again, found out by a report, with nobody in the way. */
	close_ledgers();
	fixture_kill(second);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 11);
	fixture_report(ledger, 12, 4, 6);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 70);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 12);
	ae_ledger_close(ledger);
	ck_assert_uint_eq(fixture_read()->count, 0);
}
END_TEST

START_TEST(what_cannot_be_joined_again_is_done_without)
{
	struct ae_ledger *ledger = fixture_join("first");
	char text[2000];
	pid_t second;
	int lines;

	ae_ledger_claim(ledger, 100);
	close_ledgers();
	second = fixture_member("second", 1 << 20);
	ck_assert_int_eq(chmod(fixture_dir, 0777), 0);
	catch_stderr();
	ae_ledger_unclaim(ledger, 30);
	ae_ledger_claim(ledger, 1);
	fixture_report(ledger, 1, 1, 1);
	ck_assert_int_eq(chmod(fixture_dir, 0700), 0);
	ae_ledger_claim(ledger, 1);
	lines = caught_lines(text, sizeof(text));
	ck_assert_msg(lines == 1 && strstr(text, "goes on without one: ") != NULL, "%s", text);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 1 << 20);
	ae_ledger_close(ledger);
	fixture_kill(second);
}
END_TEST

/* By a program, or a person, that writes to what it should not. */
START_TEST(a_file_that_is_cut_or_removed)
{
	struct ae_ledger *ledger = fixture_join("x");
	char text[2000];
	int lines;

	ae_ledger_claim(ledger, 100);
	ck_assert_int_eq(truncate(fixture_path, 0), 0);
	/* Whoever else is to join again has the time to. */
	ck_assert_int_eq(ae_ledger_claim(ledger, 1), -EAGAIN);
	ck_assert_int_eq(ae_ledger_claim(ledger, 1), 0);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 101);

	ck_assert_int_eq(unlink(fixture_path), 0);
	fixture_report(ledger, 1, 1, 1);
	ck_assert_uint_eq(fixture_read()->count, 1);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 101);

	/* This leaves what is no ledger, and is left alone. */
	ck_assert_int_eq(truncate(fixture_path, 100), 0);
	catch_stderr();
	ae_ledger_claim(ledger, 1);
	fixture_report(ledger, 2, 2, 2);
	lines = caught_lines(text, sizeof(text));
	ck_assert_msg(lines == 1 && strstr(text, "is damaged") != NULL, "%s", text);
	ae_ledger_close(ledger);
}
END_TEST

/* Beyond RLIMIT_FSIZE a write is a signal that ends the program: also one of Check's own. */
START_TEST(a_limit_on_the_size_of_files)
{
	struct rlimit limit = { 1000, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	struct ae_ledger *ledger = fixture_join("x"), *second;
	char text[2000];
	int ret;

	catch_stderr();
	setrlimit(RLIMIT_FSIZE, &limit);
	ae_ledger_claim(ledger, 101); /* in the first slot, below the limit */
	setrlimit(RLIMIT_FSIZE, &none);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 101);

	limit.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &limit);
	ae_ledger_claim(ledger, 1);
	unlink(fixture_path);
	ret = ae_ledger_open(fixture_dir, "default", fixture_uuid, TOTAL, fixture_why,
			     sizeof(fixture_why), &second);
	setrlimit(RLIMIT_FSIZE, &none);
	ck_assert_int_eq(ret, -EFBIG);
	ck_assert_ptr_nonnull(strstr(fixture_why, "File too large"));
	caught_lines(text, sizeof(text));
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(sums_that_cannot_be)
{
	struct ae_ledger *ledger = fixture_join("x");

	ae_ledger_claim(ledger, 100);
	ae_ledger_unclaim(ledger, 101);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, UINT64_MAX), -ENOMEM);
	ck_assert_int_eq(ae_ledger_claim(ledger, 7), 0);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 7);
	ae_ledger_close(ledger);
}
END_TEST

/* Allocations from the cache change no chunk: they show when what is shown is old. */
START_TEST(reports_show_after_a_while)
{
	struct ae_ledger *ledger = fixture_join("x");

	fixture_report(ledger, 10, 2, 3);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 10);
	usleep(50000);
	fixture_report(ledger, 11, 3, 3);
	ck_assert_uint_eq(fixture_read()->members[0].cached, 11);
	ck_assert_uint_eq(fixture_read()->members[0].blocks, 3);
	ae_ledger_close(ledger);
}
END_TEST

static void *claim_and_unclaim(void *ledger)
{
	for (int i = 0; i < 100000; i++) {
		ae_ledger_claim(ledger, 3);
		ae_ledger_unclaim(ledger, 2);
	}
	return NULL;
}

START_TEST(threads_account_together)
{
	struct ae_ledger *ledger = fixture_join("x");
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, claim_and_unclaim, ledger), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(fixture_read()->count, 1);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 400000);
	ae_ledger_close(ledger);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("members");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, one_member);
	tcase_add_test(tcase, slots_are_used_again_from_scratch);
	tcase_add_test(tcase, older_figures_do_not_replace_younger);
	tcase_add_test(tcase, what_the_steward_shows_hides_nothing);
	tcase_add_test(tcase, model_names_are_made_printable);
	tcase_add_test(tcase, the_killed_are_gone);
	tcase_add_test(tcase, a_forked_child_is_a_stranger);
	tcase_add_test(tcase, all_join_at_once);
	tcase_add_test(tcase, no_more_than_all_slots);
	tcase_add_test(tcase, a_frozen_lock_holder_is_not_waited_for_long);
	tcase_add_test(tcase, groups_are_apart);
	tcase_add_test(tcase, descriptors_taken_away);
	tcase_add_test(tcase, a_descriptor_that_was_closed);
	tcase_add_test(tcase, what_cannot_be_joined_again_is_done_without);
	tcase_add_test(tcase, a_file_that_is_cut_or_removed);
	tcase_add_test(tcase, a_limit_on_the_size_of_files);
	tcase_add_test(tcase, sums_that_cannot_be);
	tcase_add_test(tcase, reports_show_after_a_while);
	tcase_add_test(tcase, threads_account_together);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
