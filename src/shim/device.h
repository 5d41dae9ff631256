/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The devices of this process that are served: each its pool, its ledger, its limit.
 *
 * A device is joined at the first call that concerns its memory, under the lock of its slot, and
 * immutable from then on: pool and ledger lock for themselves. A device that cannot be served is
 * left to the driver for the life of the process, and one line says why.
 */
#ifndef AE_SHIM_DEVICE_H
#define AE_SHIM_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "cuda/device_cuda.h"
#include "pool/pool.h"
#include "shim/native.h"
#include "shim/process.h"

#define AE_DEVICES_MOST 64

struct ae_device *ae_devices_create(void);
void ae_devices_destroy(struct ae_device *devices);

/* At exit: from then on nothing of ours calls the driver by itself. */
void ae_devices_stop(struct ae_process *process);

/* In the child of a fork: gives up what would keep the parent's membership alive. */
void ae_devices_abandon(void);

/*
 * The served device of that ordinal, joined now if need be. NULL: the driver's own is to answer.
 * Called with no lock held.
 */
struct ae_device *ae_device_serve(struct ae_process *process, int ordinal);

/* The served device of the current context, and the context; NULL as above, or no context. */
struct ae_device *ae_device_current(struct ae_process *process, CUcontext *context_out);

/* The served device in one of whose reservations address lies; NULL: not ours. Joins nothing. */
struct ae_device *ae_device_of(struct ae_process *process, uint64_t address);

/*
 * The limit that holds, or would hold, for memory of the device of that ordinal, of total bytes; total
 * itself where the device is not served. Joins nothing.
 */
uint64_t ae_device_limit_of(struct ae_process *process, int ordinal, uint64_t total);

/* The joined device of that ordinal, NULL when it is not (yet) served. Joins nothing. */
struct ae_device *ae_device_peek(struct ae_process *process, int ordinal);

/*
 * From now on the devices of that mask (a bit each) may use the memory of the device of that ordinal,
 * and no others but itself: what is mapped, and what will be, served by now or later. 0, or the errno
 * of a driver call that failed: then part of what is mapped is as it was.
 */
int ae_device_set_users(struct ae_process *process, int ordinal, uint64_t users);

struct ae_pool *ae_device_pool(struct ae_device *device);
/* Who serves its blocks in the pool's place, with AEROSTAT_IPC=native; NULL otherwise. */
struct ae_native *ae_device_native(struct ae_device *device);
struct ae_lock *ae_device_limbo_lock(struct ae_device *device); /* limbo.h */
const struct ae_device_cuda *ae_device_cuda(const struct ae_device *device);
struct ae_ledger *ae_device_ledger(struct ae_device *device);
uint64_t ae_device_limit(const struct ae_device *device); /* bytes, as it is now */
void ae_device_set_limit(struct ae_device *device, uint64_t limit);
/* How much of freed memory stays cached: as configured, or nothing while others wait for memory. */
void ae_device_set_caching(struct ae_device *device, bool caches);

/*
 * Tells the ledger how much of the device is used, by the driver's word. A context of the device is to
 * be current, otherwise it does nothing.
 */
void ae_device_measure(struct ae_device *device);

/*
 * After a driver call that was out of memory: has our own cache given back, of all served devices, or
 * else the peers', for which it waits a little. True: there may be room now.
 */
bool ae_devices_make_room(struct ae_process *process);

/* What the blocks that the driver serves come to: all 0 without AEROSTAT_IPC=native. */
void ae_device_native_stats(struct ae_device *device, struct ae_native_stats *stats_out);

/* What it has of its device, and the others; see meminfo.h. */
struct ae_meminfo_use;
void ae_device_get_use(struct ae_device *device, struct ae_meminfo_use *use_out);

/* Shows the figures of the pool, and of what the driver serves, in the ledger. */
void ae_device_report(struct ae_device *device);
void ae_device_report_now(struct ae_device *device); /* even if it was just shown */

#endif
