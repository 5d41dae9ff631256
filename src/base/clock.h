/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. The clock that everything of ours is timed by: monotonic, and the same for all processes
 * of a machine.
 */
#ifndef AE_BASE_CLOCK_H
#define AE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline int64_t ae_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
