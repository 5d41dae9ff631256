/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Driver functions that are newer than our tables: a newer driver has functions, and variants
 * of functions, that none of them knows. They go to the driver as they are; a process that uses one will
 * never be evicted, once there is eviction. One line names the first of them. Lock-free.
 */
#ifndef AE_SHIM_NEWER_H
#define AE_SHIM_NEWER_H

#include <stdbool.h>

/* The driver has given out a function that no table knows; version as it was asked for, 0: by name alone. */
void ae_newer_seen(const char *symbol, int version);

/* Whether it has: the process is pinned as a whole. */
bool ae_newer_was_seen(void);

/* Says what was seen before, once, if the process is served by now. */
void ae_newer_say(void);

#endif
