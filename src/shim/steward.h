/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The steward: the one background thread of a member. It gives back cache that nobody
 * uses, does what peers and the tool ask of the member, and shows its figures. It sleeps on its bell in
 * the ledger, and looks once a second whether it has missed something.
 *
 * Invisible to the program: all signals are blocked, its stack is small, it has a name, and it ends
 * before the driver does. It has no context of its own, and makes only driver calls that need none.
 */
#ifndef AE_SHIM_STEWARD_H
#define AE_SHIM_STEWARD_H

#include <stdbool.h>
#include <stdint.h>

struct ae_device;

struct ae_steward {
	uint32_t state; /* steward.c; atomic */
	struct ae_device *device; /* immutable once started, as is decay_ms */
	uint64_t decay_ms;
	int64_t next_tick_ns; /* the rest is the thread's own */
	uint64_t limit; /* as the ledger last had it */
	bool yields; /* nothing is cached, because others wait */
};

/*
 * Starts the steward of a served device. A thread that cannot be had is no reason not to serve: one
 * line says so, and cached memory stays until something asks for it.
 */
void ae_steward_start(struct ae_steward *steward, struct ae_device *device, uint64_t decay_ms);

/*
 * At the exit of the process: when this returns the steward makes no driver call any more, and it
 * never will, also if it is started only after this. Waits for the one that is under way, for a few
 * seconds at most.
 */
void ae_steward_stop(struct ae_steward *steward);

#endif
