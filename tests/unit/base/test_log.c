/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The log: one line each, errno kept, no SIGPIPE, and no line in a file that is not the log's. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static char dir[64], path[96], text[8192];

static void make_dir(void)
{
	strcpy(dir, "/tmp/aerostat-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/log", dir);
}

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

/* The whole of a file, as text. */
static const char *contents(const char *file)
{
	int fd = open(file, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	text[n] = 0;
	close(fd);
	return text;
}

START_TEST(lines_and_levels)
{
	char expected[256];

	ae_log_configure(AE_LOG_INFO, path);
	errno = 1234;
	ae_info("device %d: evicted %s", 0, "12.4 GiB");
	ae_debug("not written");
	ae_error("%s", "two\nlines\x1b[0m");
	ck_assert_int_eq(errno, 1234);
	snprintf(expected, sizeof(expected),
		 "aerostat[%d]: device 0: evicted 12.4 GiB\naerostat[%d]: two?lines?[0m\n",
		 getpid(), getpid());
	ck_assert_str_eq(contents(path), expected);
	ck_assert(ae_log_enabled(AE_LOG_INFO) && !ae_log_enabled(AE_LOG_DEBUG));
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char longest[3000];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	ae_log_configure(AE_LOG_TRACE, path);
	ae_log(AE_LOG_TRACE, "%s", longest);
	contents(path);
	ck_assert_uint_eq(strlen(text), 1000);
	ck_assert_ptr_eq(strchr(text, '\n'), text + 999);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	dup2(fd, STDERR_FILENO);
	ae_log_configure(AE_LOG_INFO, "/nonexistent/log");
	ae_info("still here");
	dup2(saved, STDERR_FILENO);
	contents(path);
	ck_assert_ptr_nonnull(strstr(text, "cannot open log file /nonexistent/log: No such file"));
	ck_assert_ptr_nonnull(strstr(text, ": still here\n"));
}
END_TEST

/* The log of what is done, written to a file instead of to standard error. */
static const char *on_stderr(const char *log_file)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	dup2(fd, STDERR_FILENO);
	close(fd);
	ae_log_configure(AE_LOG_INFO, log_file);
	ae_info("still here");
	dup2(saved, STDERR_FILENO);
	close(saved);
	return contents(path);
}

/* What could make the program wait, with nobody at the other end or with somebody who does not read. */
START_TEST(a_fifo_is_no_log_file)
{
	char fifo[128];
	int reader;

	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	on_stderr(fifo);
	ck_assert_ptr_nonnull(strstr(text, "/fifo: neither a file nor a device; logging to"));
	ck_assert_ptr_nonnull(strstr(text, ": still here\n"));
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader, 0);
	on_stderr(fifo);
	ck_assert_ptr_nonnull(strstr(text, "/fifo: neither a file nor a device; logging to"));
	ck_assert_ptr_nonnull(strstr(text, ": still here\n"));
	ck_assert_int_eq(read(reader, text, 1), 0);
	close(reader);
	unlink(fifo);
	on_stderr(dir);
	ck_assert_ptr_nonnull(strstr(text, "Is a directory; logging to standard error"));
	ck_assert_str_eq(on_stderr("/dev/null"), "");
}
END_TEST

/* A program that closes all it does not know, and gets the numbers back for its own files. */
START_TEST(a_descriptor_taken_away)
{
	char other[128];
	int fd = -1;

	snprintf(other, sizeof(other), "%s/other", dir);
	ae_log_configure(AE_LOG_INFO, path);
	ae_info("one");
	for (int i = 3; i < 1024; i++)
		close(i);
	ae_info("two");
	do {
		fd = open(other, O_RDWR | O_CREAT, 0600);
	} while (fd >= 0 && fd < 300);
	ae_info("three");
	ck_assert_str_eq(contents(other), "");
	unlink(other);
	contents(path);
	ck_assert_ptr_nonnull(strstr(text, "one\n"));
	ck_assert_ptr_nonnull(strstr(text, "two\n"));
	ck_assert_ptr_nonnull(strstr(text, "three\n"));
}
END_TEST

START_TEST(a_closed_pipe_kills_nobody)
{
	int ends[2], saved = dup(STDERR_FILENO);
	sigset_t pending;

	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
	ae_error("into the void");
	dup2(saved, STDERR_FILENO);
	sigpending(&pending);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
}
END_TEST

START_TEST(a_limit_on_the_size_of_files_kills_nobody)
{
	struct rlimit limit = { 10, RLIM_INFINITY };
	sigset_t pending;

	signal(SIGXFSZ, SIG_DFL);
	ae_log_configure(AE_LOG_INFO, path);
	setrlimit(RLIMIT_FSIZE, &limit);
	ae_error("up to the limit");
	ae_error("beyond it");
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	sigpending(&pending);
	ck_assert_int_eq(sigismember(&pending, SIGXFSZ), 0);
	ck_assert_uint_eq(strlen(contents(path)), 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, make_dir, remove_dir);
	tcase_add_test(tcase, lines_and_levels);
	tcase_add_test(tcase, long_lines_are_cut);
	tcase_add_test(tcase, a_file_that_cannot_be_opened);
	tcase_add_test(tcase, a_fifo_is_no_log_file);
	tcase_add_test(tcase, a_descriptor_taken_away);
	tcase_add_test(tcase, a_closed_pipe_kills_nobody);
	tcase_add_test(tcase, a_limit_on_the_size_of_files_kills_nobody);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
