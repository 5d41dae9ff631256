/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The exported driver functions: which real entry point each stands for, and which of
 * ours stands for a real one.
 *
 * The table is built once, when a driver is loaded and first asked for, and published with one
 * atomic store; lock-free and right in the child of a fork, whenever the fork happened.
 */
#ifndef AE_SHIM_HOOKS_H
#define AE_SHIM_HOOKS_H

#include <stdbool.h>

#include "cuda/driver.h"

/* The real entry points; all NULL while no driver is loaded or AEROSTAT_DISABLE is set. */
const struct ae_driver *ae_driver(void);

/* Our function that stands for a real entry point, or NULL when that is not one we hook. */
void *ae_hooks_wrapper(void *real);

/*
 * False when a real entry point is in none of our tables: a function, or a variant of one, that is
 * newer than this library.
 */
bool ae_hooks_known(void *real);

/* True when address is one of our exported driver functions; *real_out is what it stands for. */
bool ae_hooks_is_wrapper(void *address, void **real_out);

/* True when AEROSTAT_DISABLE is set. */
bool ae_hooks_disabled(void);

/* The implementations, ae_h_<symbol>, in h_<family>.c. Called only while the process is served. */
#define AE_HOOK(symbol, gate, family, params, args, why) CUresult ae_h_##symbol params;
#include "cuda/hooks.def"
#undef AE_HOOK

#endif
