/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/steward.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ledger/ledger.h"
#include "shim/device.h"
#include "shim/gate.h"
#include "shim/map.h"

enum {
	RESTING, /* asleep, or about to be: not in the driver */
	WORKING,
	STOPPING, /* as working, and to stop after it */
	STOPPED,
};

#define SECOND_NS INT64_C(1000000000)
/* Cached memory is as old as so many ticks when it goes: DECAY holds to an eighth. */
#define DECAY_TICKS  8
#define TICK_LEAST   (SECOND_NS / 100)
#define TICK_MOST_MS (UINT64_C(1) << 40) /* 35 years: no overflow in nanoseconds */
#define REST_NS      SECOND_NS
#define STOP_WAIT_NS (5 * SECOND_NS)
#define STACK_BYTES  (256u << 10)

/* Until the word is another, or the time is over, or for no reason. */
static void wait_word(uint32_t *word, uint32_t seen, int64_t timeout_ns)
{
	struct timespec timeout = { .tv_sec = timeout_ns / SECOND_NS,
				    .tv_nsec = timeout_ns % SECOND_NS };

	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, &timeout, NULL, 0);
}

static void wake_word(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static bool change_state(struct ae_steward *steward, uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&steward->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

static int64_t tick_ns(const struct ae_steward *steward)
{
	uint64_t ms = steward->decay_ms / DECAY_TICKS;
	int64_t tick = (int64_t)(ms < TICK_MOST_MS ? ms : TICK_MOST_MS) * (SECOND_NS / 1000);

	return tick > TICK_LEAST ? tick : TICK_LEAST;
}

/* Gives back cache until the claims are down to target, or nothing is cached any more. */
static void come_down(struct ae_steward *steward, uint64_t target)
{
	struct ae_pool *pool = ae_device_pool(steward->device);
	struct ae_pool_stats stats;
	uint64_t above;

	ae_pool_get_stats(pool, &stats);
	above = stats.bytes_resident > target ? stats.bytes_resident - target : 0;
	if (above == 0 || stats.bytes_cached == 0)
		return;
	above = ae_pool_trim(pool, stats.bytes_cached > above ? stats.bytes_cached - above : 0);
	ae_debug("cache: %" PRIu64 " bytes given back because they were asked for", above);
}

static void obey(struct ae_steward *steward, const struct ae_ledger_mailbag *mail)
{
	if (mail->limit != steward->limit) {
		steward->limit = mail->limit;
		ae_device_set_limit(steward->device, mail->limit);
	}
	if (mail->target != UINT64_MAX)
		come_down(steward, mail->target);
	if (mail->others_wait != steward->yields) {
		steward->yields = mail->others_wait;
		ae_device_set_caching(steward->device, !steward->yields);
	}
	if (mail->map_asked != 0) {
		ae_map_write(steward->device, mail->map_asked);
		ae_ledger_map_done(ae_device_ledger(steward->device), mail->map_asked);
	}
}

/* One round. Returns how long to rest after it. */
static int64_t work(struct ae_steward *steward)
{
	struct ae_pool *pool = ae_device_pool(steward->device);
	struct ae_ledger_mailbag mail;
	struct ae_pool_stats stats;
	int64_t now = ae_clock_ns();
	uint64_t given;

	if (ae_ledger_take_mail(ae_device_ledger(steward->device), &mail) == 0)
		obey(steward, &mail);
	if (now >= steward->next_tick_ns) {
		steward->next_tick_ns = now + tick_ns(steward);
		given = ae_pool_decay(pool, DECAY_TICKS);
		if (given > 0)
			ae_debug("cache: %" PRIu64 " bytes unused for %" PRIu64 " ms given back",
				 given, steward->decay_ms);
	}
	ae_gate_sample(now);
	ae_device_report_now(steward->device);
	ae_pool_get_stats(pool, &stats);
	if (stats.bytes_cached == 0 || steward->next_tick_ns - now > REST_NS)
		return REST_NS;
	return steward->next_tick_ns - now;
}

static void *run(void *arg)
{
	struct ae_steward *steward = arg;
	struct ae_ledger *ledger = ae_device_ledger(steward->device);
	int64_t rest_ns;
	uint32_t bell;

	pthread_setname_np(pthread_self(), "aerostat");
	steward->next_tick_ns = ae_clock_ns() + tick_ns(steward);
	steward->limit = ae_device_limit(steward->device);
	for (;;) {
		if (!change_state(steward, RESTING, WORKING))
			return NULL;
		bell = ae_ledger_bell(ledger);
		rest_ns = work(steward);
		if (!change_state(steward, WORKING, RESTING))
			break;
		ae_ledger_bell_wait(ledger, bell, rest_ns);
	}
	__atomic_store_n(&steward->state, STOPPED, __ATOMIC_RELEASE);
	wake_word(&steward->state);
	return NULL;
}

void ae_steward_start(struct ae_steward *steward, struct ae_device *device, uint64_t decay_ms)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	steward->device = device;
	steward->decay_ms = decay_ms;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	/* A signal of the program's is the program's: none is ever handled here. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, &attr, run, steward);
	if (error == EINVAL) /* thread-local variables that are larger than that stack */
		error = pthread_attr_setstacksize(&attr, 16 * STACK_BYTES)
				?: pthread_create(&thread, &attr, run, steward);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (error != 0) {
		steward->state = STOPPED;
		ae_warn("no background thread (%s): freed memory stays cached until it is needed",
			strerror(error));
	}
}

void ae_steward_stop(struct ae_steward *steward)
{
	int64_t deadline = ae_clock_ns() + STOP_WAIT_NS, left;

	if (change_state(steward, RESTING, STOPPED) || !change_state(steward, WORKING, STOPPING))
		return;
	while (__atomic_load_n(&steward->state, __ATOMIC_ACQUIRE) == STOPPING &&
	       (left = deadline - ae_clock_ns()) > 0)
		wait_word(&steward->state, STOPPING, left);
}
