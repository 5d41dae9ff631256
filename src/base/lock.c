/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/lock.h"

/*
 * How many locks the thread holds, and whether it could be cancelled before it took the first. Of
 * the thread rather than of the lock, so that locks may be released in any order.
 */
static __thread struct {
	int held;
	int cancel_state;
} thread __attribute__((tls_model("initial-exec")));

#if AE_LOCK_CHECKED
#include <stdio.h>
#include <stdlib.h>

/* Bit r: the thread holds a lock of rank r. One bit is enough, since no rank is taken twice. */
static __thread unsigned held_ranks;

static void rank_fail(const char *what, const struct ae_lock *lock)
{
	fprintf(stderr, "aerostat: lock of rank %d %s, ranks held: %#x\n", (int)lock->rank, what,
		held_ranks);
	abort();
}

static void rank_take(const struct ae_lock *lock)
{
	if (held_ranks >> lock->rank)
		rank_fail("acquired out of order", lock);
	held_ranks |= 1u << lock->rank;
}

static void rank_drop(const struct ae_lock *lock)
{
	if (!(held_ranks & 1u << lock->rank))
		rank_fail("released but not held", lock);
	held_ranks &= ~(1u << lock->rank);
}

bool ae_lock_rank_held(enum ae_lock_rank rank)
{
	return held_ranks & 1u << rank;
}
#else
static void rank_take(const struct ae_lock *lock)
{
}

static void rank_drop(const struct ae_lock *lock)
{
}

bool ae_lock_rank_held(enum ae_lock_rank rank)
{
	return true;
}
#endif

int ae_lock_init(struct ae_lock *lock, enum ae_lock_rank rank)
{
	lock->rank = rank;
	return -pthread_mutex_init(&lock->mutex, NULL);
}

void ae_lock_destroy(struct ae_lock *lock)
{
	pthread_mutex_destroy(&lock->mutex);
}

void ae_lock_acquire(struct ae_lock *lock)
{
	/* Before the wait: what would deadlock is to be reported, not to hang. */
	rank_take(lock);
	if (thread.held++ == 0)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &thread.cancel_state);
	pthread_mutex_lock(&lock->mutex);
}

void ae_lock_release(struct ae_lock *lock)
{
	rank_drop(lock);
	pthread_mutex_unlock(&lock->mutex);
	if (--thread.held == 0)
		pthread_setcancelstate(thread.cancel_state, NULL);
}
