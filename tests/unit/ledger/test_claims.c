/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Claims of several processes: granted, refused, waited for, asked for; also from members that die or stop. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ledger/internal.h"
#include "ledger_fixture.h"
#include "ledger_peer.h"

#define GIB     ((uint64_t)1 << 30)
#define KILLS   400
#define BETWEEN 200

static struct peer peer_of(const char *model, uint64_t limit, uint64_t reserve)
{
	const struct ae_ledger_terms terms = {
		.model = model,
		.limit = limit,
		.reserve = reserve,
		.capacity = TOTAL,
		.idle_after_ms = 2000,
	};

	return peer_start(&terms);
}

START_TEST(no_more_than_there_is)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 50 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 31 * GIB), -EAGAIN);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 30 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 1), -EAGAIN);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 81 * GIB), -ENOMEM);
	ck_assert_int_eq(peer_do(&a, PEER_UNCLAIM, 20 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 20 * GIB), 0);
	ck_assert_uint_eq(peer_member(&a).claimed, 30 * GIB);
	ck_assert_uint_eq(peer_member(&b).claimed, 50 * GIB);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(a_limit_holds_for_the_model)
{
	struct peer a = peer_of("m", 20 * GIB, 0), b = peer_of("m", 20 * GIB, 0);
	struct peer other = peer_of("n", TOTAL, 0);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 15 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 6 * GIB), -ENOMEM);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 5 * GIB), 0);
	ck_assert_int_eq(peer_do(&other, PEER_CLAIM, 60 * GIB), 0);
	/* What a sibling has cached is trimmed, and waited for. */
	ck_assert_int_eq(peer_do(&a, PEER_CACHE, 4 * GIB), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 4 * GIB), -EAGAIN);
	ck_assert_int_eq(peer_do(&a, PEER_TARGET, 0), 11 * (int64_t)GIB);
	peer_kill(&a);
	peer_kill(&b);
	peer_kill(&other);
}
END_TEST

START_TEST(a_reserve_is_left_free)
{
	struct peer a = peer_of("a", TOTAL, 30 * GIB), b = peer_of("b", TOTAL, 0);
	struct ae_ledger *ledger = fixture_open();
	const struct ae_ledger_terms greedy = {
		.model = "c",
		.limit = TOTAL,
		.reserve = 51 * GIB,
		.capacity = TOTAL,
	};

	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 51 * GIB), -ENOMEM);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 50 * GIB), 0);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 30 * GIB), 0);
	/* A sum of reserves above the device: said with the arithmetic, and it has none. */
	ck_assert_int_eq(ae_ledger_join(ledger, &greedy, fixture_why, sizeof(fixture_why)), 0);
	ck_assert_msg(strstr(fixture_why,
			     "a reserve of 51 GiB cannot be kept: other models use or "
			     "have reserved 80 GiB of the 80 GiB that there is") != NULL,
		      "%s", fixture_why);
	for (size_t i = 0; i < fixture_read()->count; i++) {
		if (strcmp(fixture_read()->members[i].model, "c") == 0)
			ck_assert_uint_eq(fixture_read()->members[i].reserve, 0);
	}
	ae_ledger_close(ledger);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(a_reserve_above_the_device)
{
	const struct ae_ledger_terms terms = {
		.model = "c",
		.limit = 2 * TOTAL,
		.reserve = TOTAL + 1,
		.capacity = 2 * TOTAL,
	};
	struct ae_ledger *ledger = fixture_open();

	ck_assert_int_eq(ae_ledger_join(ledger, &terms, fixture_why, sizeof(fixture_why)), 0);
	ck_assert_ptr_nonnull(strstr(fixture_why, "cannot be kept"));
	ck_assert_uint_eq(fixture_read()->members[0].reserve, 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, TOTAL + 1), -ENOMEM);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(a_capacity_below_the_device)
{
	const struct ae_ledger_terms terms = { .model = "c", .limit = TOTAL, .capacity = 40 * GIB };
	struct peer a = peer_start(&terms), b = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 41 * GIB), -ENOMEM);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 30 * GIB), 0);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 11 * GIB), -EAGAIN);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 10 * GIB), 0);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(what_is_outside_is_left_room_for)
{
	struct ae_ledger *ledger = fixture_join("x"), *other = fixture_join("y");

	ck_assert(ae_ledger_measure_is_due(ledger));
	ck_assert_int_eq(ae_ledger_claim(other, 10 * GIB), 0);
	ae_ledger_measure(ledger, ae_ledger_measure_begin(ledger), 30 * GIB);
	ck_assert(!ae_ledger_measure_is_due(ledger));
	ck_assert_uint_eq(fixture_read()->outside, 20 * GIB);
	ck_assert_int_eq(ae_ledger_claim(ledger, 60 * GIB), -EAGAIN);
	ck_assert_int_eq(ae_ledger_claim(ledger, 61 * GIB), -EBUSY);
	ck_assert_int_eq(ae_ledger_claim(ledger, 81 * GIB), -ENOMEM);
	ck_assert_int_eq(ae_ledger_claim(ledger, 50 * GIB), 0);
	ae_ledger_close(ledger);
	ae_ledger_close(other);

	/* Forgotten once nobody is left: what it was measured for may have ended an hour ago. */
	ledger = fixture_join("x");
	ck_assert_uint_eq(fixture_read()->outside, 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, TOTAL), 0);
	ae_ledger_close(ledger);
}
END_TEST

/* The driver was asked before a peer gave back, and its answer came to the ledger after that. */
START_TEST(what_is_freed_while_measuring_is_not_outside)
{
	struct ae_ledger *ledger = fixture_join("x");
	struct peer a = peer_start(NULL);
	uint64_t claims, used;

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), 0);
	claims = ae_ledger_measure_begin(ledger);
	used = (uint64_t)peer_device->used;
	peer_do(&a, PEER_UNCLAIM, 60 * GIB);
	ae_ledger_measure(ledger, claims, used);
	ck_assert_uint_eq(fixture_read()->outside, 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, 70 * GIB), 0);
	ae_ledger_close(ledger);
	peer_kill(&a);
}
END_TEST

/* As it is between a claim and its creation: for a moment, so that it is not believed at once. */
START_TEST(less_outside_has_to_be_seen_twice)
{
	struct ae_ledger *ledger = fixture_join("x"), *other = fixture_join("y");

	ae_ledger_measure(ledger, 0, 20 * GIB);
	ae_ledger_measure(ledger, 0, 0);
	ck_assert_uint_eq(fixture_read()->outside, 20 * GIB);
	usleep(150000);
	ae_ledger_measure(ledger, 0, 20 * GIB);
	ae_ledger_measure(ledger, 0, 10 * GIB);
	ae_ledger_measure(ledger, 0, 5 * GIB);
	ck_assert_uint_eq(fixture_read()->outside, 20 * GIB);
	usleep(150000);
	ae_ledger_measure(ledger, 0, 5 * GIB);
	ck_assert_uint_eq(fixture_read()->outside, 10 * GIB);
	ae_ledger_close(other);
	ae_ledger_measure(ledger, 0, GIB);
	ck_assert_uint_eq(fixture_read()->outside, GIB);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(a_waiter_is_woken)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 50 * GIB), 0);
	peer_tell(&b, PEER_SLEEP, 40 * GIB);
	peer_wait_seen(&b);
	ck_assert_uint_eq(peer_member(&b).wait_bytes, 40 * GIB);
	ck_assert(!peer_is_done(&b));
	peer_do(&a, PEER_UNCLAIM, 10 * GIB);
	ck_assert_int_eq(peer_answer(&b), 0);
	ck_assert_uint_eq(peer_member(&b).claimed, 40 * GIB);
	ck_assert_uint_eq(peer_member(&b).wait_bytes, 0);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(first_come_first_served)
{
	struct peer a = peer_start(NULL), first = peer_start(NULL), second = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	peer_tell(&first, PEER_SLEEP, 40 * GIB);
	peer_wait_seen(&first);
	peer_tell(&second, PEER_SLEEP, 15 * GIB);
	peer_wait_seen(&second);
	/* Enough for the second, and for who comes along. */
	peer_do(&a, PEER_UNCLAIM, 20 * GIB);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 10 * GIB), -EAGAIN);
	usleep(100000);
	ck_assert(!peer_is_done(&first));
	ck_assert(!peer_is_done(&second));
	peer_do(&a, PEER_UNCLAIM, 10 * GIB);
	ck_assert_int_eq(peer_answer(&first), 0);
	usleep(100000);
	ck_assert(!peer_is_done(&second));
	peer_do(&a, PEER_UNCLAIM, 40 * GIB);
	ck_assert_int_eq(peer_answer(&second), 0);
	peer_kill(&a);
	peer_kill(&first);
	peer_kill(&second);
}
END_TEST

START_TEST(a_higher_priority_comes_first)
{
	const struct ae_ledger_terms high = {
		.model = "h",
		.limit = TOTAL,
		.capacity = TOTAL,
		.priority = 1,
	};
	struct peer a = peer_start(NULL), low = peer_start(NULL), late = peer_start(&high);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, TOTAL), 0);
	peer_tell(&low, PEER_SLEEP, 10 * GIB);
	peer_wait_seen(&low);
	peer_tell(&late, PEER_SLEEP, 20 * GIB);
	peer_wait_seen(&late);
	peer_do(&a, PEER_UNCLAIM, 20 * GIB);
	ck_assert_int_eq(peer_answer(&late), 0);
	ck_assert(!peer_is_done(&low));
	peer_do(&a, PEER_UNCLAIM, 10 * GIB);
	ck_assert_int_eq(peer_answer(&low), 0);
	peer_kill(&a);
	peer_kill(&low);
	peer_kill(&late);
}
END_TEST

START_TEST(the_memory_of_the_dead_is_free)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL), waiter = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	peer_kill(&a);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 75 * GIB), 0);

	/* Also for who waits already. */
	peer_tell(&waiter, PEER_WAIT, 10 * GIB);
	peer_wait_seen(&waiter);
	peer_kill(&b);
	ck_assert_int_eq(peer_answer(&waiter), 0);
	peer_kill(&waiter);
}
END_TEST

/* The driver takes its time with them: whoever is refused has to know that it is worth asking again. */
START_TEST(when_a_member_has_died_is_known)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);
	struct ae_ledger *ledger = fixture_join("x");
	struct ae_ledger_others others;
	struct timespec now;

	ae_ledger_get_others(ledger, &others);
	ck_assert_int_eq(others.died_ns, 0);
	peer_kill(&a); /* without claims */
	ck_assert_int_eq(ae_ledger_claim(ledger, 0), 0);
	ck_assert_int_eq(peer_do(&b, PEER_CLAIM, 70 * GIB), 0);
	peer_kill(&b);
	ck_assert_int_eq(ae_ledger_claim(ledger, 20 * GIB), 0);
	ae_ledger_get_others(ledger, &others);
	ck_assert_uint_eq(others.members, 0);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ck_assert_int_gt(others.died_ns, 0);
	ck_assert_int_le(others.died_ns / 1000000000, now.tv_sec);
	ck_assert_int_ge(others.died_ns / 1000000000, now.tv_sec - 60);
	ae_ledger_close(ledger);

	/* Found by who takes its place. */
	a = peer_start(NULL);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	usleep(20000);
	peer_kill(&a);
	ledger = fixture_join("x");
	now.tv_sec = others.died_ns;
	ae_ledger_get_others(ledger, &others);
	ck_assert_int_gt(others.died_ns, now.tv_sec);
	ae_ledger_close(ledger);
}
END_TEST

START_TEST(the_wait_of_the_dead_is_over)
{
	struct peer a = peer_start(NULL), first = peer_start(NULL), second = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	peer_tell(&first, PEER_WAIT, 40 * GIB);
	peer_wait_seen(&first);
	ck_assert_int_eq(peer_do(&second, PEER_CLAIM, 5 * GIB), -EAGAIN);
	peer_kill(&first);
	ck_assert_int_eq(peer_do(&second, PEER_CLAIM, 5 * GIB), 0);
	peer_kill(&a);
	peer_kill(&second);
}
END_TEST

/* Stopped in the midst of a change it would be passed by, which is another test. */
static void stop_unlocked(struct peer *peer)
{
	int fd = open(fixture_path, O_RDWR), status;
	struct flock lock;

	do {
		kill(peer->pid, SIGCONT);
		usleep(10000);
		kill(peer->pid, SIGSTOP);
		ck_assert_int_eq(waitpid(peer->pid, &status, WUNTRACED), peer->pid);
		lock = (struct flock){ .l_type = F_WRLCK,
				       .l_start = AE_LEDGER_LOCK_CHANGE,
				       .l_len = 1 };
		ck_assert_int_eq(fcntl(fd, F_OFD_GETLK, &lock), 0);
	} while (lock.l_type != F_UNLCK);
	close(fd);
}

START_TEST(the_wait_of_the_stopped_is_over_in_time)
{
	struct peer a = peer_start(NULL), first = peer_start(NULL), second = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	peer_tell(&first, PEER_WAIT_SHORT, 40 * GIB);
	peer_wait_seen(&first);
	stop_unlocked(&first);
	ck_assert_int_eq(peer_do(&second, PEER_CLAIM, 5 * GIB), -EAGAIN);
	ck_assert_int_eq(peer_do(&second, PEER_WAIT, 5 * GIB), 0);
	peer_kill(&a);
	peer_kill(&first);
	peer_kill(&second);
}
END_TEST

START_TEST(a_cache_is_asked_for)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL);
	int64_t target = -1;

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	ck_assert_int_eq(peer_do(&a, PEER_CACHE, 30 * GIB), 0);
	ck_assert_int_eq(peer_do(&a, PEER_TARGET, 0), -1); /* nothing was asked */
	peer_tell(&a, PEER_RING, 0);
	peer_tell(&b, PEER_SLEEP, 25 * GIB);
	ck_assert_int_eq(peer_answer(&a), 0); /* the bell rang */
	for (int i = 0; i < 6000 && target == -1; i++) {
		usleep(5000);
		target = peer_do(&a, PEER_TARGET, 0);
	}
	ck_assert_int_eq(target, 55 * (int64_t)GIB);
	ck_assert_int_eq(peer_do(&a, PEER_OTHERS_WAIT, 0), 1);
	peer_do(&a, PEER_UNCLAIM, 15 * GIB);
	ck_assert_int_eq(peer_answer(&b), 0);
	ck_assert_int_eq(peer_do(&a, PEER_OTHERS_WAIT, 0), 0);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

/* What is freed from now on is not to be cached, by nobody, although there is nothing to ask for yet. */
START_TEST(all_hear_that_somebody_waits)
{
	struct peer a = peer_start(NULL), b = peer_start(NULL), c = peer_start(NULL);

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, TOTAL), 0);
	ck_assert_int_eq(peer_do(&a, PEER_OTHERS_WAIT, 0), 0);
	peer_tell(&a, PEER_RING, 0);
	peer_tell(&b, PEER_SLEEP, 25 * GIB);
	ck_assert_int_eq(peer_answer(&a), 0);
	ck_assert_int_eq(peer_do(&a, PEER_OTHERS_WAIT, 0), 1);
	/* Whoever waited alone did not know of any other. */
	peer_kill(&c);
	peer_do(&a, PEER_UNCLAIM, 25 * GIB);
	ck_assert_int_eq(peer_answer(&b), 0);
	peer_kill(&a);
	peer_kill(&b);
}
END_TEST

START_TEST(a_limit_is_told)
{
	struct peer a = peer_start(NULL);
	struct ae_ledger_member member;

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 30 * GIB), 0);
	member = peer_member(&a);
	peer_tell(&a, PEER_RING, 0);
	ck_assert_int_eq(ae_ledger_tell(fixture_path, &member, AE_LEDGER_SET_LIMIT, 40 * GIB,
					fixture_why, sizeof(fixture_why)),
			 0);
	ck_assert_int_eq(peer_answer(&a), 0);
	ck_assert_int_eq(peer_do(&a, PEER_LIMIT, 0), 40 * (int64_t)GIB);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 11 * GIB), -ENOMEM);
	ck_assert_int_eq(ae_ledger_tell(fixture_path, &member, AE_LEDGER_SET_LIMIT, TOTAL,
					fixture_why, sizeof(fixture_why)),
			 0);
	/* It holds for the next claim, whenever the steward comes to it. */
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 11 * GIB), 0);
	/* Below what it has: nothing is taken from it, and it gets nothing. */
	ck_assert_int_eq(ae_ledger_tell(fixture_path, &member, AE_LEDGER_SET_LIMIT, GIB,
					fixture_why, sizeof(fixture_why)),
			 0);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 1), -ENOMEM);
	ck_assert_uint_eq(peer_member(&a).claimed, 41 * GIB);
	peer_kill(&a);
	ck_assert_int_eq(ae_ledger_tell(fixture_path, &member, AE_LEDGER_SET_LIMIT, TOTAL,
					fixture_why, sizeof(fixture_why)),
			 -ESRCH);
}
END_TEST

#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL == 0
/*
 * The ledger's pread(2) is this one: while the whole file is read, the memory passes from the first member
 * to the last, once, in the midst of it.
 */
static struct ae_ledger *giver, *taker;

ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
	const size_t half = sizeof(struct ae_ledger_file) / 2;
	ssize_t first, rest;

	if (!giver || offset != 0 || size != sizeof(struct ae_ledger_file))
		return syscall(SYS_pread64, fd, buffer, size, offset);
	first = syscall(SYS_pread64, fd, buffer, half, offset);
	ae_ledger_unclaim(giver, TOTAL);
	giver = NULL;
	ck_assert_int_eq(ae_ledger_claim(taker, TOTAL), 0);
	rest = syscall(SYS_pread64, fd, (char *)buffer + half, size - half, (off_t)half);
	return first < 0 || rest < 0 ? -1 : first + rest;
}

START_TEST(a_view_never_shows_memory_twice)
{
	static struct ae_ledger *between[BETWEEN];
	struct ae_ledger *first = fixture_join("first");
	const struct ae_ledger_view *view;

	for (int i = 0; i < BETWEEN; i++)
		between[i] = fixture_join("between");
	taker = fixture_join("last");
	ck_assert_int_eq(ae_ledger_claim(first, TOTAL), 0);
	giver = first;
	view = fixture_read();
	ck_assert_ptr_null(giver); /* it has passed on */
	ck_assert_uint_eq(view->count, BETWEEN + 2);
	ck_assert_uint_eq(view->members[0].claimed, 0);
	ck_assert_uint_eq(view->members[BETWEEN + 1].claimed, TOTAL);
	ck_assert_uint_eq(view->outside, 0);
	for (int i = 0; i < BETWEEN; i++)
		ae_ledger_close(between[i]);
	ae_ledger_close(first);
	ae_ledger_close(taker);
}
END_TEST
#endif

/* What is outside was measured before claims grew: it is shown as what they leave. */
START_TEST(a_view_never_shows_more_than_there_is)
{
	struct ae_ledger *ledger = fixture_join("x");

	ae_ledger_measure(ledger, 0, 50 * GIB);
	ck_assert_int_eq(ae_ledger_claim(ledger, 30 * GIB), 0);
	ae_ledger_measure(ledger, 0, TOTAL);
	ck_assert_uint_eq(fixture_read()->outside, 50 * GIB);
	/* As it is when the lock is held by somebody who is stopped: nobody was asked. */
	ledger->own.claimed = 60 * GIB;
	ck_assert_int_eq(ae_ledger_write_own(ledger), 0);
	ck_assert_uint_eq(fixture_read()->members[0].claimed, 60 * GIB);
	ck_assert_uint_eq(fixture_read()->outside, 20 * GIB);
	ae_ledger_close(ledger);
}
END_TEST

struct queue {
	struct ae_ledger *ledger;
	uint64_t bytes;
	int ret;
};

static void *wait_in_line(void *arg)
{
	struct queue *queue = arg;
	struct ae_ledger_wait wait;

	ae_ledger_wait_begin(queue->ledger, &wait, queue->bytes, INT64_MAX);
	for (int i = 0; i < 60; i++) {
		uint32_t event = ae_ledger_event(queue->ledger);

		queue->ret = ae_ledger_claim(queue->ledger, queue->bytes);
		if (queue->ret != -EAGAIN)
			break;
		ae_ledger_wait(queue->ledger, event, 500000000);
	}
	ae_ledger_wait_end(queue->ledger, &wait);
	return NULL;
}

static void wait_shown(uint64_t bytes)
{
	for (int i = 0; i < 6000; i++) {
		for (size_t j = 0; j < fixture_read()->count; j++) {
			if (fixture_read()->members[j].wait_bytes == bytes)
				return;
		}
		usleep(5000);
	}
	ck_abort_msg("nobody waits for %llu", (unsigned long long)bytes);
}

/* A large request does not starve because other threads of the process take what becomes free. */
START_TEST(threads_wait_in_line)
{
	struct ae_ledger *ledger = fixture_join("x");
	struct queue first = { .ledger = ledger, .bytes = 40 * GIB };
	struct queue second = { .ledger = ledger, .bytes = 10 * GIB };
	struct peer a = peer_start(NULL);
	pthread_t threads[2];

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	ck_assert_int_eq(pthread_create(&threads[0], NULL, wait_in_line, &first), 0);
	wait_shown(40 * GIB);
	ck_assert_int_eq(pthread_create(&threads[1], NULL, wait_in_line, &second), 0);
	/* A third one, which does not wait, comes after both; and is refused what can never be. */
	ck_assert_int_eq(ae_ledger_claim(ledger, 10 * GIB), -EAGAIN);
	ck_assert_int_eq(ae_ledger_claim(ledger, 81 * GIB), -ENOMEM);
	peer_do(&a, PEER_UNCLAIM, 10 * GIB);
	usleep(100000);
	ck_assert_uint_eq(peer_member(&a).claimed, 60 * GIB);
	ck_assert_int_eq(ae_ledger_claim(ledger, 10 * GIB), -EAGAIN);
	peer_do(&a, PEER_UNCLAIM, 20 * GIB);
	pthread_join(threads[0], NULL);
	ck_assert_int_eq(first.ret, 0);
	peer_do(&a, PEER_UNCLAIM, 40 * GIB);
	pthread_join(threads[1], NULL);
	ck_assert_int_eq(second.ret, 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, 30 * GIB), 0);
	ae_ledger_close(ledger);
	peer_kill(&a);
}
END_TEST

/* The child of a process whose thread waits: the wait is the parent's, and ends with it. */
START_TEST(a_fork_during_a_wait)
{
	struct ae_ledger *ledger = fixture_join("x");
	struct queue queue = { .ledger = ledger, .bytes = 40 * GIB };
	struct peer a = peer_start(NULL);
	pthread_t thread;
	int status;
	pid_t pid;

	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 70 * GIB), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_in_line, &queue), 0);
	wait_shown(40 * GIB);
	pid = fork();
	if (pid == 0) {
		alarm(30);
		ae_ledger_abandon(ledger);
		if (ae_ledger_claim(ledger, GIB) != 0)
			_exit(1);
		ae_ledger_unclaim(ledger, GIB);
		ae_ledger_close(ledger);
		/* A member of its own, behind its parent. */
		ledger = fixture_join("child");
		_exit(ae_ledger_claim(ledger, GIB) == -EAGAIN ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	peer_do(&a, PEER_UNCLAIM, 30 * GIB);
	pthread_join(thread, NULL);
	ck_assert_int_eq(queue.ret, 0);
	ae_ledger_close(ledger);
	peer_kill(&a);
}
END_TEST

/* Stopped in the midst of a claim: the others wait for it at length once, then briefly, and go on. */
START_TEST(a_stopped_lock_holder_is_passed_by)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = AE_LEDGER_LOCK_CHANGE, .l_len = 1 };
	struct ae_ledger *ledger = fixture_join("x");
	struct timespec start, end;
	struct peer a = peer_start(NULL);
	int fd = open(fixture_path, O_RDWR);

	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &lock), 0);
	ck_assert_int_eq(ae_ledger_claim(ledger, GIB), 0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(ae_ledger_claim(ledger, GIB), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* 20 times 2 s would be 40. */
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 20);
	ck_assert_uint_eq(fixture_read()->count, 2);
	close(fd);
	/* Asked again from now on, and what was taken meanwhile counts. */
	ck_assert_int_eq(ae_ledger_claim(ledger, 70 * GIB), -ENOMEM);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 60 * GIB), -EAGAIN);
	ck_assert_int_eq(peer_do(&a, PEER_CLAIM, 59 * GIB), 0);
	ae_ledger_close(ledger);
	peer_kill(&a);
}
END_TEST

/*
 * At any point, also in the midst of a change: the lock and the memory of the dead are everybody's at once,
 * and who is not killed goes on.
 */
START_TEST(killed_at_any_point)
{
	struct peer peers[3], survivor = peer_start(NULL), last;
	unsigned int seed = 1;
	int64_t ret = -EBUSY;

	ck_assert_int_eq(peer_do(&survivor, PEER_STEWARD, 0), 0);
	peer_tell(&survivor, PEER_CHURN, 3000);
	for (size_t i = 0; i < 3; i++) {
		peers[i] = peer_start(NULL);
		peer_tell(&peers[i], PEER_CHURN, 60000);
	}
	for (int kills = 0; kills < KILLS; kills++) {
		size_t victim = (size_t)rand_r(&seed) % 3;

		usleep((useconds_t)rand_r(&seed) % 3000);
		peer_kill(&peers[victim]);
		peers[victim] = peer_start(NULL);
		peer_tell(&peers[victim], PEER_CHURN, 60000);
	}
	ck_assert_int_eq(peer_answer(&survivor), 0);
	for (size_t i = 0; i < 3; i++)
		peer_kill(&peers[i]);
	ck_assert_uint_eq(peer_device->refused, 0);
	/*
	 * In no line, as the shim asks: what was measured while one died can count as outside a moment
	 * longer, and the answer is -EBUSY then.
	 */
	last = peer_start(NULL);
	for (int i = 0; i < 6000; i++) {
		ret = peer_do(&last, PEER_ASK, TOTAL);
		if (ret != -EBUSY)
			break;
		usleep(5000);
	}
	ck_assert_int_eq(ret, 0);
	peer_kill(&last);
	peer_kill(&survivor);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("claims");
	TCase *tcase = tcase_create("claims");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, no_more_than_there_is);
	tcase_add_test(tcase, a_limit_holds_for_the_model);
	tcase_add_test(tcase, a_reserve_is_left_free);
	tcase_add_test(tcase, a_reserve_above_the_device);
	tcase_add_test(tcase, a_capacity_below_the_device);
	tcase_add_test(tcase, what_is_outside_is_left_room_for);
	tcase_add_test(tcase, what_is_freed_while_measuring_is_not_outside);
	tcase_add_test(tcase, less_outside_has_to_be_seen_twice);
	tcase_add_test(tcase, a_waiter_is_woken);
	tcase_add_test(tcase, first_come_first_served);
	tcase_add_test(tcase, a_higher_priority_comes_first);
	tcase_add_test(tcase, the_memory_of_the_dead_is_free);
	tcase_add_test(tcase, when_a_member_has_died_is_known);
	tcase_add_test(tcase, the_wait_of_the_dead_is_over);
	tcase_add_test(tcase, the_wait_of_the_stopped_is_over_in_time);
	tcase_add_test(tcase, a_cache_is_asked_for);
	tcase_add_test(tcase, all_hear_that_somebody_waits);
	tcase_add_test(tcase, a_limit_is_told);
#if !defined(__USE_FORTIFY_LEVEL) || __USE_FORTIFY_LEVEL == 0
	tcase_add_test(tcase, a_view_never_shows_memory_twice);
#endif
	tcase_add_test(tcase, a_view_never_shows_more_than_there_is);
	tcase_add_test(tcase, threads_wait_in_line);
	tcase_add_test(tcase, a_fork_during_a_wait);
	tcase_add_test(tcase, a_stopped_lock_holder_is_passed_by);
	tcase_add_test(tcase, killed_at_any_point);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
