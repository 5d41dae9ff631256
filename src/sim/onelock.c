/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * SIMCUDA_ONE_LOCK=MS: calls that take a real driver long (memory made, mapped, opened, unmapped,
 * released, allocated, freed, pinned; contexts made and ended) go through one after the other, and
 * take MS at least. Whoever waits for work in such a call keeps the others out meanwhile. Pinning
 * host memory also holds up what is enqueued, as measured. Taken before sim_lock, never under it.
 */
#include "sim.h"

#include <time.h>

static pthread_mutex_t slow = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t pinning = PTHREAD_RWLOCK_INITIALIZER;

/* What a call holds: nothing, the one lock, or the lock that what is enqueued passes too. */
enum {
	HOLDS_NOTHING,
	HOLDS_SLOW,
	HOLDS_PINNING
};

int sim_slow_enter(bool host)
{
	uint64_t ms = sim_options()->one_lock_ms;
	struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	if (!ms)
		return HOLDS_NOTHING;
	pthread_mutex_lock(&slow);
	if (host)
		pthread_rwlock_wrlock(&pinning);
	nanosleep(&pause, NULL);
	return host ? HOLDS_PINNING : HOLDS_SLOW;
}

void sim_slow_leave(int *held)
{
	if (*held == HOLDS_NOTHING)
		return;
	if (*held == HOLDS_PINNING)
		pthread_rwlock_unlock(&pinning);
	pthread_mutex_unlock(&slow);
}

void sim_slow_pass(void)
{
	if (!sim_options()->one_lock_ms)
		return;
	pthread_rwlock_rdlock(&pinning);
	pthread_rwlock_unlock(&pinning);
}
