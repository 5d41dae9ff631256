/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The steward: the one background thread of a member. It gives back cache that nobody
 * uses, and shows the member's figures while the program does nothing.
 *
 * Invisible to the program: all signals are blocked, its stack is small, it has a name, and it ends
 * before the driver does. It has no context of its own, and makes only driver calls that need none.
 */
#ifndef AE_SHIM_STEWARD_H
#define AE_SHIM_STEWARD_H

#include <stdint.h>

struct ae_device;

struct ae_steward {
	uint32_t state; /* steward.c; atomic */
	uint32_t bell; /* changed, and woken, when there is something to do; atomic */
	struct ae_device *device; /* immutable once started, as is decay_ms */
	uint64_t decay_ms;
};

/*
 * Starts the steward of a served device. A thread that cannot be had is no reason not to serve: one
 * line says so, and cached memory stays until something asks for it.
 */
void ae_steward_start(struct ae_steward *steward, struct ae_device *device, uint64_t decay_ms);

/*
 * At the exit of the process: when this returns the steward makes no driver call any more, and it
 * never will. Waits for the one that is under way, for a few seconds at most.
 */
void ae_steward_stop(struct ae_steward *steward);

#endif
