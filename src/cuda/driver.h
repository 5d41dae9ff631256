/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: cuda. The table of the driver's real entry points: nothing above calls a cu* function but
 * through it.
 *
 * Filled once, when the first driver name is asked for or the first hook is called; immutable from
 * then on and read without a lock. An entry that the installed driver lacks is NULL.
 */
#ifndef AE_CUDA_DRIVER_H
#define AE_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "cuda/abi.h"
#include "cuda/abi_opaque.h"

struct ae_driver {
#define AE_HOOK(symbol, gate, family, params, args, why) CUresult(*symbol) params;
#define AE_GATED(symbol, gate, params, args, why)        CUresult(*symbol) params;
#define AE_CALL(symbol, params)                          CUresult(*symbol) params;
#include "cuda/calls.def"
#include "cuda/gated.def"
#include "cuda/hooks.def"
#undef AE_HOOK
#undef AE_GATED
#undef AE_CALL
};

/* One row of the tables, for those who walk them: first calls.def, then gated.def, then hooks.def. */
struct ae_driver_entry {
	const char *symbol;
	size_t offset; /* of its pointer in struct ae_driver */
	bool wrapped; /* we export a function of that name */
};
extern const struct ae_driver_entry ae_driver_entries[];
extern const size_t ae_driver_entries_count;

/* The names of safe.def, whose entry points are known and not in struct ae_driver. */
extern const char *const ae_driver_safe[];
extern const size_t ae_driver_safe_count;

/* The real entry point of any name, in the driver that ae_driver_load has found; NULL: it has none. */
void *ae_driver_find(const char *symbol);

/*
 * Fills the table from the libcuda.so.1 that this process has loaded; loads nothing itself.
 * -ENOENT: there is none (the table stays empty, and a later call tries again).
 */
int ae_driver_load(struct ae_driver *driver_out);

/* The pointer of one entry. */
void *ae_driver_entry_get(const struct ae_driver *driver, const struct ae_driver_entry *entry);

/* -ENOMEM for the driver's out of memory, -EINVAL for its invalid value, -EIO for all else. */
int ae_driver_errno(CUresult result);

#endif
