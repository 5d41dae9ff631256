/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The stream captures that are open in this process. While there is one, nothing may be
 * synchronised: cuCtxSynchronize would invalidate it, in any mode and from any thread (measured).
 *
 * The count rises before the real begin and falls after the real end. It is read without a lock;
 * the list of capturing streams has a mutex, under which no driver call is made.
 */
#ifndef AE_SHIM_CAPTURE_H
#define AE_SHIM_CAPTURE_H

#include <stdbool.h>

#include "cuda/abi.h"
#include "shim/process.h"

struct ae_captures;

struct ae_captures *ae_captures_create(void);
void ae_captures_destroy(struct ae_captures *captures);

/* True when a capture is open or about to be. One load. */
bool ae_capture_open(struct ae_process *process);

/*
 * Around a driver call that would break an open capture (a synchronisation, an event's query). enter:
 * false when a capture is open, and nothing is entered; otherwise none begins before leave.
 *
 * A begin waits for those inside, but no longer than a tenth of a second: a thread that has been
 * inside so long is blocked in the driver, where a capture that begins does not meet it (measured),
 * and may be waiting for the very thread that begins.
 */
bool ae_capture_fence_enter(struct ae_process *process);
void ae_capture_fence_leave(struct ae_process *process);

/* Drops the captures that went with a context. */
void ae_captures_forget_context(struct ae_captures *captures, CUcontext context);

#endif
