/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Waiting for memory that others have: an allocation that could not be claimed stands in
 * line for AEROSTAT_WAIT, with no lock held.
 */
#ifndef AE_SHIM_WAIT_H
#define AE_SHIM_WAIT_H

#include <stdint.h>

#include "shim/device.h"

/*
 * Calls try until it returns something else than -EAGAIN; between the calls it waits for what peers
 * give back. When the time is over, -ENOMEM and one line. bytes: what is waited for, shown to the
 * others. A context of the device is current.
 *
 * Memory that is claimed and that the driver refuses nevertheless (try returns -ENOMEM, and
 * ae_device_cuda_was_refused), or that is used outside the ledger (-EBUSY), is asked for again for a fifth
 * of a second where the device has other members, and for two seconds after one of them has died: what a
 * peer released is scrubbed before it can be had (measured: tens of milliseconds).
 */
int ae_wait_for_memory(struct ae_process *process, struct ae_device *device, uint64_t bytes,
		       int (*try)(void *arg), void *arg);

#endif
