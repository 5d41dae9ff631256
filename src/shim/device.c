/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"
#include "config.h"
#include "ledger/ledger.h"
#include "shim/gate.h"
#include "shim/hooks.h"
#include "shim/meminfo.h"
#include "shim/newer.h"
#include "shim/steward.h"

enum device_state {
	DEVICE_UNKNOWN,
	DEVICE_SERVED,
	DEVICE_NATIVE,
};

struct ae_device {
	struct ae_lock lock; /* for the join */
	struct ae_lock limbo; /* limbo.h */
	int state; /* enum device_state; atomic */
	int ordinal;
	uint64_t limit; /* atomic */
	uint64_t cache_most; /* immutable once joined */
	uint64_t users; /* devices that may use its memory, a bit each; guarded by lock */
	struct ae_device_cuda cuda;
	struct ae_pool *pool;
	struct ae_native *native; /* NULL but with AEROSTAT_IPC=native */
	struct ae_ledger *ledger;
	struct ae_steward steward;
};

/*
 * The ledgers of the process that joined them, outside the page that a fork wipes: the child must
 * close the parent's alive locks. Written once each, under the device's lock.
 */
static struct ae_ledger *joined[AE_DEVICES_MOST];

/* By measurement: doc/performance.md, "The size of chunks". */
#define CHUNK_USUAL (UINT64_C(128) << 20)
#define CHUNK_MOST  (UINT64_C(1) << 30)

/* For a driver that does not say how much it lacks: a context takes half of this (H100). */
#define DRIVER_NEEDS (UINT64_C(1) << 30)
/*
 * What a peer's steward needs to hear that it is asked, and to give back a chunk, many times over on a
 * machine that is not overrun; and how many chunks are waited for.
 */
#define PEERS_BEGIN_NS INT64_C(5000000000)
#define PEERS_QUIET_NS INT64_C(250000000)
#define PEERS_ROUNDS   1000

struct ae_device *ae_devices_create(void)
{
	struct ae_device *devices = calloc(AE_DEVICES_MOST, sizeof(*devices));

	if (devices == NULL)
		return NULL;
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		ae_lock_init(&devices[i].lock, AE_LOCK_DEVICE);
		ae_lock_init(&devices[i].limbo, AE_LOCK_DEVICE);
		devices[i].ordinal = i;
	}
	return devices;
}

void ae_devices_destroy(struct ae_device *devices)
{
	free(devices);
}

void ae_devices_abandon(void)
{
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		if (joined[i] != NULL)
			ae_ledger_abandon(joined[i]);
		joined[i] = NULL;
	}
}

/*
 * A refusal is not final before what is used outside was measured anew. Called with the pool's lock
 * held: the driver's call takes none of ours.
 */
static int claim(void *arg, uint64_t bytes)
{
	struct ae_device *device = arg;
	bool is_measured = ae_ledger_measure_is_due(device->ledger);
	int error;

	if (is_measured)
		ae_device_measure(device);
	error = ae_ledger_claim(device->ledger, bytes);
	if (error == 0 || is_measured)
		return error;
	ae_device_measure(device);
	return ae_ledger_claim(device->ledger, bytes);
}

static void unclaim(void *arg, uint64_t bytes)
{
	struct ae_device *device = arg;

	ae_ledger_unclaim(device->ledger, bytes);
}

/* The first power of two that holds twice the device: fragments of address space cost nothing. */
static uint64_t reserve_step(uint64_t total)
{
	uint64_t step = UINT64_C(1) << 30;

	while (step < total * 2)
		step *= 2;
	return step;
}

static int device_join(struct ae_process *process, struct ae_device *device, char *why,
		       size_t why_size)
{
	const struct ae_config *config = &process->config;
	struct ae_ledger_terms terms;
	struct ae_pool_params params;
	int error;

	error = ae_device_cuda_open(&device->cuda, ae_driver(), device->ordinal, why, why_size);
	if (error != 0)
		return error;
	device->limit = ae_meminfo_limit(config, device->cuda.total);
	if (device->limit < device->cuda.granularity)
		ae_warn("AEROSTAT_LIMIT: %" PRIu64 " bytes are less than one granule of %" PRIu64
			": nothing can be allocated",
			device->limit, device->cuda.granularity);
	error = ae_ledger_open(config->dir, config->group, device->cuda.uuid, device->cuda.total,
			       why, why_size, &device->ledger);
	if (error != 0)
		return error;
	terms = (struct ae_ledger_terms){
		.model = config->model,
		.limit = device->limit,
		.reserve = ae_size_resolve(&config->reserve, device->cuda.total),
		.capacity = ae_size_resolve(&config->capacity, device->cuda.total),
		.priority = (int)config->priority,
		.quantum_ms = config->quantum_ms,
		.idle_after_ms = config->idle_after_ms,
	};
	error = ae_ledger_join(device->ledger, &terms, why, why_size);
	if (error != 0)
		goto err_ledger;
	if (why[0] != '\0')
		ae_warn("device %d: %s", device->ordinal, why);
	device->cuda.users = device->users;
	device->cuda.claim = claim;
	device->cuda.unclaim = unclaim;
	device->cuda.claim_arg = device;
	device->cache_most = ae_size_resolve(&config->cache, device->cuda.total);
	params = (struct ae_pool_params){
		.granularity = device->cuda.granularity,
		.chunk_usual = CHUNK_USUAL,
		.chunk_most = CHUNK_MOST,
		.reserve_step = reserve_step(device->cuda.total),
		.limit = device->limit,
		.cache_most = device->cache_most,
	};
	if (config->ipc == AE_IPC_NATIVE)
		device->native = ae_native_create(&device->cuda, device->limit);
	error = config->ipc == AE_IPC_NATIVE && device->native == NULL ? -ENOMEM : 0;
	if (error == 0)
		error = ae_pool_create(&ae_device_cuda_ops, &device->cuda, &params, &device->pool);
	if (error != 0) {
		snprintf(why, why_size, "no host memory for the pool");
		goto err_native;
	}
	joined[device->ordinal] = device->ledger;
	return 0;

err_native:
	ae_native_destroy(device->native);
	device->native = NULL;
err_ledger:
	ae_ledger_close(device->ledger);
	device->ledger = NULL;
	return error;
}

static void device_first_use(struct ae_process *process, struct ae_device *device)
{
	char why[512] = "unknown reason";
	char limit[32], total[32];

	if (device_join(process, device, why, sizeof(why)) != 0) {
		ae_warn("device %d: served natively by the driver: %s", device->ordinal, why);
		__atomic_store_n(&device->state, DEVICE_NATIVE, __ATOMIC_RELEASE);
		return;
	}
	ae_info("aerostat " PACKAGE_VERSION
		", device %d (%s): model %s, limit %s of %s, ledger %s/%s%s",
		device->ordinal, device->cuda.name, process->config.model,
		ae_format_bytes(device->limit, limit, sizeof(limit)),
		ae_format_bytes(device->cuda.total, total, sizeof(total)), process->config.dir,
		process->config.group,
		device->native != NULL ? ", memory from the driver (AEROSTAT_IPC=native)" : "");
	ae_steward_start(&device->steward, device, process->config.decay_ms);
	__atomic_store_n(&device->state, DEVICE_SERVED, __ATOMIC_RELEASE);
}

struct ae_device *ae_device_serve(struct ae_process *process, int ordinal)
{
	struct ae_device *device;
	int state;

	if (ordinal < 0 || ordinal >= AE_DEVICES_MOST)
		return NULL;
	device = &process->devices[ordinal];
	state = __atomic_load_n(&device->state, __ATOMIC_ACQUIRE);
	if (state == DEVICE_UNKNOWN) {
		ae_lock_acquire(&device->lock);
		if (device->state == DEVICE_UNKNOWN)
			device_first_use(process, device);
		ae_lock_release(&device->lock);
		state = __atomic_load_n(&device->state, __ATOMIC_ACQUIRE);
	}
	return state == DEVICE_SERVED ? device : NULL;
}

struct ae_device *ae_device_peek(struct ae_process *process, int ordinal)
{
	struct ae_device *device;

	if (ordinal < 0 || ordinal >= AE_DEVICES_MOST)
		return NULL;
	device = &process->devices[ordinal];
	return __atomic_load_n(&device->state, __ATOMIC_ACQUIRE) == DEVICE_SERVED ? device : NULL;
}

uint64_t ae_device_limit_of(struct ae_process *process, int ordinal, uint64_t total)
{
	int vmm = 0;

	if (ordinal < 0 || ordinal >= AE_DEVICES_MOST ||
	    __atomic_load_n(&process->devices[ordinal].state, __ATOMIC_ACQUIRE) == DEVICE_NATIVE)
		return total;
	if (ae_device_peek(process, ordinal) == NULL &&
	    (ae_driver()->cuDeviceGetAttribute(
		     &vmm, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, ordinal) !=
		     CUDA_SUCCESS ||
	     vmm == 0))
		return total;
	return ae_meminfo_limit(&process->config, total);
}

struct ae_lock *ae_device_limbo_lock(struct ae_device *device)
{
	return &device->limbo;
}

struct ae_device *ae_device_current(struct ae_process *process, CUcontext *context_out)
{
	const struct ae_driver *driver = ae_driver();
	CUcontext context = NULL;
	CUdevice ordinal;

	if (driver->cuCtxGetCurrent(&context) != CUDA_SUCCESS || context == NULL ||
	    driver->cuCtxGetDevice(&ordinal) != CUDA_SUCCESS)
		return NULL;
	*context_out = context;
	return ae_device_serve(process, ordinal);
}

struct ae_device *ae_device_of(struct ae_process *process, uint64_t address)
{
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);

		if (device != NULL && ae_pool_owns(device->pool, address))
			return device;
	}
	return NULL;
}

int ae_device_set_users(struct ae_process *process, int ordinal, uint64_t users)
{
	struct ae_device *device = &process->devices[ordinal];
	uint64_t lost;
	int error;

	/* A join is before this or after it: either it knows of them, or it is known here. */
	ae_lock_acquire(&device->lock);
	lost = device->users & ~users;
	device->users = users;
	ae_lock_release(&device->lock);
	if (ae_device_peek(process, ordinal) == NULL)
		return 0;
	ae_device_cuda_set_users(&device->cuda, users, lost);
	error = ae_pool_reaccess(device->pool);
	ae_device_cuda_set_users(&device->cuda, users, 0);
	return error;
}

struct ae_pool *ae_device_pool(struct ae_device *device)
{
	return device->pool;
}

struct ae_native *ae_device_native(struct ae_device *device)
{
	return device->native;
}

const struct ae_device_cuda *ae_device_cuda(const struct ae_device *device)
{
	return &device->cuda;
}

struct ae_ledger *ae_device_ledger(struct ae_device *device)
{
	return device->ledger;
}

uint64_t ae_device_limit(const struct ae_device *device)
{
	return __atomic_load_n(&device->limit, __ATOMIC_RELAXED);
}

void ae_device_set_limit(struct ae_device *device, uint64_t limit)
{
	if (limit > device->cuda.total)
		limit = device->cuda.total;
	__atomic_store_n(&device->limit, limit, __ATOMIC_RELAXED);
	ae_pool_set_limit(device->pool, limit);
	if (device->native != NULL)
		ae_native_set_limit(device->native, limit);
}

void ae_device_set_caching(struct ae_device *device, bool caches)
{
	ae_pool_set_cache(device->pool, caches ? device->cache_most : 0);
}

void ae_device_measure(struct ae_device *device)
{
	uint64_t claims = ae_ledger_measure_begin(device->ledger);
	size_t free_bytes, total_bytes;
	CUdevice ordinal;

	if (ae_driver()->cuCtxGetDevice(&ordinal) == CUDA_SUCCESS && ordinal == device->ordinal &&
	    ae_driver()->cuMemGetInfo_v2(&free_bytes, &total_bytes) == CUDA_SUCCESS &&
	    free_bytes <= total_bytes)
		ae_ledger_measure(device->ledger, claims, total_bytes - free_bytes);
}

void ae_device_native_stats(struct ae_device *device, struct ae_native_stats *stats_out)
{
	*stats_out = (struct ae_native_stats){ 0 };
	if (device->native != NULL)
		ae_native_get_stats(device->native, stats_out);
}

void ae_device_get_use(struct ae_device *device, struct ae_meminfo_use *use_out)
{
	struct ae_native_stats native;
	struct ae_pool_stats stats;

	ae_pool_get_stats(device->pool, &stats);
	ae_device_native_stats(device, &native);
	use_out->spare = stats.bytes_cached + stats.bytes_limbo;
	use_out->used = stats.bytes_resident - use_out->spare + native.bytes;
	ae_ledger_get_others(device->ledger, &use_out->others);
}

static struct ae_ledger_figures figures_of(struct ae_device *device)
{
	struct ae_native_stats native;
	struct ae_pool_stats stats;

	ae_pool_get_stats(device->pool, &stats);
	ae_device_native_stats(device, &native);
	return (struct ae_ledger_figures){
		.order = stats.allocs + stats.frees + stats.creates + stats.releases +
			 native.allocs + native.frees,
		.cached = stats.bytes_cached,
		.blocks = stats.blocks_live + native.blocks,
		.chunks = stats.chunks,
		.pinned = ae_newer_was_seen() ? UINT64_MAX : native.bytes,
		.active_ns = ae_gate_active_ns(),
	};
}

void ae_device_report(struct ae_device *device)
{
	struct ae_ledger_figures figures = figures_of(device);

	ae_ledger_report(device->ledger, &figures);
}

void ae_device_report_now(struct ae_device *device)
{
	struct ae_ledger_figures figures = figures_of(device);

	ae_ledger_report_now(device->ledger, &figures);
}

void ae_devices_stop(struct ae_process *process)
{
	/* Those too that are not served yet: what runs at the exit behind us may allocate. */
	for (int i = 0; i < AE_DEVICES_MOST; i++)
		ae_steward_stop(&process->devices[i].steward);
}

static uint64_t trim_all(struct ae_process *process)
{
	uint64_t given = 0;

	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);

		if (device == NULL)
			continue;
		given += ae_pool_trim(device->pool, 0);
		ae_device_report(device);
	}
	return given;
}

/*
 * Until a peer has begun to give back, and then until they have been quiet for a moment: each chunk is
 * an event.
 */
static void wait_for_peers(struct ae_ledger *ledger, uint32_t event)
{
	int64_t patience = PEERS_BEGIN_NS;

	for (int i = 0; i < PEERS_ROUNDS; i++) {
		uint32_t now;

		ae_ledger_wait(ledger, event, PEERS_QUIET_NS);
		now = ae_ledger_event(ledger);
		patience = now == event ? patience - PEERS_QUIET_NS : 0;
		if (now == event && patience <= 0)
			return;
		event = now;
	}
}

bool ae_devices_make_room(struct ae_process *process)
{
	CUcontext context;
	bool asked = false;

	if (trim_all(process) > 0)
		return true;
	/* It may be the first call of this process that is about memory. */
	ae_device_current(process, &context);
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);
		uint32_t event;

		if (device == NULL)
			continue;
		event = ae_ledger_event(device->ledger);
		if (ae_ledger_ask(device->ledger, DRIVER_NEEDS)) {
			wait_for_peers(device->ledger, event);
			asked = true;
		}
	}
	return asked;
}
