/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. Peer access: which contexts the program has let use the memory of which others.
 *
 * The driver opens the memory of cuMemAlloc to a context of another device, and not memory that was
 * mapped, which is opened to a device. So a device's pool is open to every device of which some
 * context has access to some context of the pool's device: more than natively, never less.
 *
 * One mutex, of rank AE_LOCK_PEERS. It is held over the driver's calls that enable and disable, and
 * over the setting of access that follows, so that the two cannot come in different orders.
 */
#ifndef AE_SHIM_PEERS_H
#define AE_SHIM_PEERS_H

#include <stdint.h>

#include "cuda/abi.h"
#include "shim/process.h"

struct ae_peers;

struct ae_peers *ae_peers_create(void);
void ae_peers_destroy(struct ae_peers *peers);

/*
 * A context has ended, and with it the access that it had and the access to it, as far as that was
 * enabled before that serial number (ae_pool_serial_last) was current.
 */
void ae_peers_context_ended(struct ae_process *process, CUcontext context, uint64_t serial);

#endif
