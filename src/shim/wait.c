/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/parse.h"
#include "ledger/ledger.h"

#define MS_NS INT64_C(1000000)
/* Asked again so often although nothing was heard: who rings can be killed before he does. */
#define AGAIN_NS   (500 * MS_NS)
#define REFUSED_NS (200 * MS_NS)
/* A process that was killed is taken apart by the driver, all of its memory, before that is free. */
#define DIED_NS  (2000 * MS_NS)
#define SCRUB_NS (5 * MS_NS)

/* Until when to ask again for what was refused since start; 0: no longer. */
static int64_t deadline_of(struct ae_device *device, int error, int64_t start)
{
	struct ae_ledger_others others;
	int64_t now = ae_clock_ns();

	if (error != -EBUSY && (error != -ENOMEM || !ae_device_cuda_was_refused()))
		return 0;
	ae_ledger_get_others(ae_device_ledger(device), &others);
	if (others.died_ns > now - DIED_NS && others.died_ns <= now)
		return others.died_ns + DIED_NS;
	return others.members > 0 ? start + REFUSED_NS : 0;
}

/* Claimed, or to be had of the ledger, but the driver has nothing (yet). */
static int try_refused(struct ae_device *device, int (*try)(void *arg), void *arg, int error)
{
	struct timespec step = { .tv_nsec = SCRUB_NS };
	int64_t start = ae_clock_ns();

	while (ae_clock_ns() < deadline_of(device, error, start)) {
		nanosleep(&step, NULL);
		ae_device_measure(device);
		error = try(arg);
	}
	return error == -EBUSY ? -ENOMEM : error;
}

static int stand_in_line(struct ae_device *device, int64_t deadline, int (*try)(void *arg),
			 void *arg)
{
	struct ae_ledger *ledger = ae_device_ledger(device);

	for (;;) {
		uint32_t event = ae_ledger_event(ledger);
		int64_t left;
		int error;

		ae_device_measure(device);
		error = try_refused(device, try, arg, try(arg));
		left = deadline - ae_clock_ns();
		if (error != -EAGAIN || left <= 0)
			return error;
		ae_ledger_wait(ledger, event, left < AGAIN_NS ? left : AGAIN_NS);
	}
}

int ae_wait_for_memory(struct ae_process *process, struct ae_device *device, uint64_t bytes,
		       int (*try)(void *arg), void *arg)
{
	uint64_t wait_ms = process->config.wait_ms;
	int64_t start, deadline;
	struct ae_ledger_wait wait;
	char text[32];
	int error, cancel;

	/* Nearly always from the cache: no time is taken. */
	error = try(arg);
	if (error == 0)
		return 0;
	start = ae_clock_ns();
	deadline = start +
		   (wait_ms < INT64_MAX / MS_NS / 2 ? (int64_t)wait_ms * MS_NS : INT64_MAX / 2);
	error = try_refused(device, try, arg, error);
	if (error != -EAGAIN)
		return error;
	/* The place in line is on this stack. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	/* What was ours to give back is gone by now, and the decision has to know. */
	ae_device_report_now(device);
	ae_ledger_wait_begin(ae_device_ledger(device), &wait, bytes, deadline);
	error = stand_in_line(device, deadline, try, arg);
	ae_ledger_wait_end(ae_device_ledger(device), &wait);
	pthread_setcancelstate(cancel, NULL);

	ae_format_bytes(bytes, text, sizeof(text));
	if (error == -EAGAIN) {
		ae_warn("device %d: out of memory: no %s became free within %" PRIu64
			" ms (AEROSTAT_WAIT); `aerostat ps` shows who has it",
			ae_device_cuda(device)->ordinal, text, process->config.wait_ms);
		return -ENOMEM;
	}
	ae_debug("device %d: waited %" PRId64 " ms for %s", ae_device_cuda(device)->ordinal,
		 (ae_clock_ns() - start) / MS_NS, text);
	return error;
}
