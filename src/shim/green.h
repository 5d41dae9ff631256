/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Green contexts: shares of a primary context's processors.
 *
 * NVIDIA documents of the CUcontext that stands for one: it is no new context and does not change the
 * life time of the one below it, and what does not depend on its share of the processors is as in the
 * primary context. So memory that is allocated in it is the primary context's: it stays when the green
 * context is destroyed, and goes with the primary context, which a green context retains. (Of memory the
 * documentation says nothing outright. If a driver freed it with the green context, we would keep it for
 * longer, which no right program can notice but by the amount; the other way round, memory that is in
 * use would go.)
 *
 * One mutex guards the records; no driver call is made under it.
 */
#ifndef AE_SHIM_GREEN_H
#define AE_SHIM_GREEN_H

#include "cuda/abi.h"
#include "shim/process.h"

struct ae_greens;

struct ae_greens *ae_greens_create(void);
void ae_greens_destroy(struct ae_greens *greens);

/*
 * The context whose memory and peer access that one uses: the primary one for a green context,
 * otherwise itself. Where there is no green context: one load.
 */
CUcontext ae_green_base(struct ae_process *process, CUcontext context);

#endif
