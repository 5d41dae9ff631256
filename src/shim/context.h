/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. What is to be known of contexts: which one is a device's primary, which ones are
 * gone, and how to wait for the work of one.
 *
 * Natively, memory from cuMemAlloc goes with its context; pool memory is not the context's, so the
 * hooks do it. One mutex guards the records; no driver call is made under it.
 */
#ifndef AE_SHIM_CONTEXT_H
#define AE_SHIM_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "cuda/abi.h"
#include "shim/process.h"

struct ae_contexts;

struct ae_contexts *ae_contexts_create(void);
void ae_contexts_destroy(struct ae_contexts *contexts);

/*
 * True when the context is known to be gone, though a thread still has it as its current one. A
 * handle that the driver uses again is found alive by asking it (cuMemGetInfo), and forgotten.
 * For contexts that were never lost: one load.
 */
bool ae_context_is_gone(struct ae_process *process, CUcontext context);

/* The same from the record alone: nothing is asked, and a handle used again still counts as gone. */
bool ae_context_was_lost(struct ae_process *process, CUcontext context);

/*
 * True when the calling thread's context works: there is one, it is not destroyed, and no error sticks
 * to it. One cheap driver call (cuCtxGetStreamPriorityRange, 26 ns; it reports a sticky error, and is
 * allowed in a capture). Where it is not, the driver is to answer, as natively.
 */
bool ae_context_is_well(void);

/*
 * Waits until the work enqueued in a context is done (cuCtxSynchronize), whatever context the
 * calling thread has. What the driver says of it; a context's sticky error comes out here. Called
 * with no lock held. CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED: a capture is open, which the driver's
 * call would break; nothing was done.
 */
CUresult ae_context_fence(struct ae_process *process, CUcontext context);

/*
 * A use of the device's primary context has ended; when it was the last, the context has ended, with
 * all that belonged to it up to that serial number (ae_pool_serial_last, from before).
 */
void ae_context_primary_left(struct ae_process *process, CUdevice device, uint64_t serial);

#endif
