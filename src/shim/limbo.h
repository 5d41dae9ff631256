/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Blocks that the program has freed and whose memory may not be used again yet: they
 * wait for a capture to end (nothing may be synchronised before), or for the work of a stream.
 *
 * The pool keeps them; their tag says what they wait for. A lock of the device's guards taking a
 * block and looking at its event together, so that an event is not looked at after its context ended.
 */
#ifndef AE_SHIM_LIMBO_H
#define AE_SHIM_LIMBO_H

#include <stdbool.h>

#include "shim/device.h"

/* The block (its free has begun) waits for the capture that is open, and then for its context. */
void ae_limbo_defer(struct ae_device *device, uint64_t address);

/*
 * The block (its free has begun) waits for what is now in the stream, whose handle is one that means
 * the same in every entry point. What the driver says; on failure nothing waits.
 */
CUresult ae_limbo_defer_stream(struct ae_device *device, uint64_t address, CUstream stream);

/*
 * Ends the blocks that need wait no longer, those of captures after a fence of their contexts; none
 * while a capture is open. For allocation and free, which natively synchronise too. patient: waits
 * up to a second for streams, because there is no memory otherwise.
 */
void ae_limbo_settle(struct ae_process *process, struct ae_device *device, bool patient);

/*
 * A context has ended: its blocks up to that serial number, and those that wait for its streams, wait
 * no longer.
 */
void ae_limbo_context_ended(struct ae_device *device, CUcontext context, uint64_t serial);

/*
 * The streams of a context have gone whose memory belongs to another one, base, and nobody knows any
 * more how far they were: what still waits for them waits until that one ends.
 */
void ae_limbo_streams_ended(struct ae_process *process, CUcontext context, CUcontext base);

#endif
