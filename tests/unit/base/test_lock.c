/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A thread of the host that is cancelled takes no lock with it. */
#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"

static struct ae_lock outer = AE_LOCK_INITIALIZER(AE_LOCK_POOL);
static struct ae_lock inner = AE_LOCK_INITIALIZER(AE_LOCK_LEDGER);
static int reached; /* by the thread under test; read after its end */

enum {
	REACHED_OUTER = 1,
	REACHED_INNER,
	REACHED_RELEASE_ONE,
	REACHED_RELEASE_ALL,
	REACHED_END,
};

/* Passes a cancellation point with a cancel pending. */
static void be_cancellable(int here)
{
	reached = here;
	usleep(1);
}

static void *take_and_release(void *inner_first)
{
	pthread_cancel(pthread_self());
	ae_lock_acquire(&outer);
	be_cancellable(REACHED_OUTER);
	ae_lock_acquire(&inner);
	be_cancellable(REACHED_INNER);
	ae_lock_release(inner_first ? &inner : &outer);
	be_cancellable(REACHED_RELEASE_ONE);
	ae_lock_release(inner_first ? &outer : &inner);
	be_cancellable(REACHED_RELEASE_ALL);
	reached = REACHED_END;
	return NULL;
}

/* Runs work(arg) in a thread: true when it was cancelled. */
static bool cancelled(void *(*work)(void *arg), void *arg)
{
	pthread_t thread;
	void *result;

	reached = 0;
	ck_assert_int_eq(pthread_create(&thread, NULL, work, arg), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	return result == PTHREAD_CANCELED;
}

START_TEST(the_cancelled_release_their_locks)
{
	/* Forwards and backwards; what the rank checks allow is allowed. */
	for (int inner_first = 0; inner_first < 2; inner_first++) {
		ck_assert(cancelled(take_and_release, inner_first ? &inner : NULL));
		ck_assert_int_eq(reached, REACHED_RELEASE_ALL);
		ck_assert_int_eq(pthread_mutex_trylock(&outer.mutex), 0);
		ck_assert_int_eq(pthread_mutex_trylock(&inner.mutex), 0);
		pthread_mutex_unlock(&inner.mutex);
		pthread_mutex_unlock(&outer.mutex);
	}
}
END_TEST

static void *forbid_and_take(void *arg)
{
	int state = -1;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_cancel(pthread_self());
	ae_lock_acquire(&outer);
	ae_lock_release(&outer);
	be_cancellable(REACHED_RELEASE_ALL);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	reached = state == PTHREAD_CANCEL_DISABLE ? REACHED_END : 0;
	return arg;
}

START_TEST(what_the_program_forbade_stays_forbidden)
{
	ck_assert(!cancelled(forbid_and_take, NULL));
	ck_assert_int_eq(reached, REACHED_END);
}
END_TEST

static void *log_a_line(void *arg)
{
	pthread_cancel(pthread_self());
	ae_log_configure(AE_LOG_INFO, "/dev/null");
	ae_info("a line");
	be_cancellable(REACHED_RELEASE_ALL);
	reached = REACHED_END;
	return arg;
}

START_TEST(a_line_is_written_whole)
{
	ck_assert(cancelled(log_a_line, NULL));
	ck_assert_int_eq(reached, REACHED_RELEASE_ALL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, the_cancelled_release_their_locks);
	tcase_add_test(tcase, what_the_program_forbade_stays_forbidden);
	tcase_add_test(tcase, a_line_is_written_whole);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
