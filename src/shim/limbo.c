/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/limbo.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "shim/capture.h"
#include "shim/context.h"
#include "shim/hooks.h"

/* The tag of a block that waits for a stream; blocks that wait for a capture have 0. */
struct stream_free {
	CUevent event; /* NULL: it can be told no more */
	CUcontext context;
};

#define PATIENCE_MS 1000

void ae_limbo_defer(struct ae_device *device, uint64_t address)
{
	ae_pool_free_defer(ae_device_pool(device), address, 0);
}

static CUresult record(struct stream_free *wait, CUstream stream)
{
	const struct ae_driver *driver = ae_driver();
	CUcontext popped;
	CUresult result;

	/* An event is recorded only in a stream of its own context, which need not be current. */
	result = driver->cuStreamGetCtx(stream, &wait->context);
	if (result != CUDA_SUCCESS)
		return result;
	result = driver->cuCtxPushCurrent_v2(wait->context);
	if (result != CUDA_SUCCESS)
		return result;
	result = driver->cuEventCreate(&wait->event, CU_EVENT_DISABLE_TIMING);
	if (result == CUDA_SUCCESS) {
		result = driver->cuEventRecord(wait->event, stream);
		if (result != CUDA_SUCCESS)
			driver->cuEventDestroy_v2(wait->event);
	}
	driver->cuCtxPopCurrent_v2(&popped);
	return result;
}

CUresult ae_limbo_defer_stream(struct ae_device *device, uint64_t address, CUstream stream)
{
	struct stream_free *wait = calloc(1, sizeof(*wait));
	CUresult result;

	if (wait == NULL)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = record(wait, stream);
	if (result != CUDA_SUCCESS) {
		free(wait);
		return result;
	}
	ae_pool_free_defer(ae_device_pool(device), address, (uint64_t)(uintptr_t)wait);
	return CUDA_SUCCESS;
}

/* True when the stream has come so far, or its work has ended in an error and touches nothing. */
static bool has_passed(struct ae_process *process, struct stream_free *wait)
{
	const struct ae_driver *driver = ae_driver();
	CUcontext popped;
	bool passed = false;

	if (wait->event == NULL || !ae_capture_fence_enter(process))
		return false;
	if (driver->cuCtxPushCurrent_v2(wait->context) == CUDA_SUCCESS) {
		passed = driver->cuEventQuery(wait->event) != CUDA_ERROR_NOT_READY;
		if (passed)
			driver->cuEventDestroy_v2(wait->event);
		driver->cuCtxPopCurrent_v2(&popped);
	} else {
		passed = true;
	}
	ae_capture_fence_leave(process);
	return passed;
}

/* One block that waited for a capture, taken out of limbo. False: it had to go back. */
static bool end_of_capture(struct ae_process *process, struct ae_device *device,
			   const struct ae_block_info *block)
{
	CUresult result = ae_context_fence(process, (CUcontext)(uintptr_t)block->owner);

	if (result == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED) {
		ae_limbo_defer(device, block->address);
		return false;
	}
	/* A context with a sticky error runs no work any more that could touch the block. */
	if (result != CUDA_SUCCESS)
		ae_debug("device %d: fence of a freed block: CUDA error %d",
			 ae_device_cuda(device)->ordinal, result);
	ae_pool_free_end(ae_device_pool(device), block->address);
	return true;
}

/* Looks at every block once. */
static void settle(struct ae_process *process, struct ae_device *device)
{
	struct ae_pool *pool = ae_device_pool(device);
	size_t count = ae_pool_limbo_count(pool);

	while (count-- > 0 && !ae_capture_open(process)) {
		struct ae_lock *lock = ae_device_limbo_lock(device);
		struct ae_block_info block;
		struct stream_free *wait = NULL;

		ae_lock_acquire(lock);
		if (ae_pool_limbo_take(pool, &block) != 0) {
			ae_lock_release(lock);
			return;
		}
		wait = (struct stream_free *)(uintptr_t)block.tag;
		if (wait != NULL) {
			if (has_passed(process, wait)) {
				ae_pool_free_end(pool, block.address);
				free(wait);
			} else {
				ae_pool_free_defer(pool, block.address, block.tag);
			}
		}
		ae_lock_release(lock);
		/* This may wait for work, so it holds no lock. */
		if (wait == NULL && !end_of_capture(process, device, &block))
			return;
	}
}

void ae_limbo_settle(struct ae_process *process, struct ae_device *device, bool patient)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	if (ae_pool_limbo_count(ae_device_pool(device)) == 0)
		return;
	settle(process, device);
	for (int i = 0; patient && i < PATIENCE_MS; i++) {
		if (ae_pool_limbo_count(ae_device_pool(device)) == 0 || ae_capture_open(process))
			return;
		nanosleep(&pause, NULL);
		settle(process, device);
	}
}

void ae_limbo_context_ended(struct ae_device *device, CUcontext context, uint64_t serial)
{
	struct ae_pool *pool = ae_device_pool(device);
	struct ae_lock *lock = ae_device_limbo_lock(device);
	struct ae_block_info block;

	ae_lock_acquire(lock);
	for (size_t count = ae_pool_limbo_count(pool);
	     count > 0 && ae_pool_limbo_take(pool, &block) == 0; count--) {
		struct stream_free *wait = (struct stream_free *)(uintptr_t)block.tag;
		bool own = block.owner == (uint64_t)(uintptr_t)context && block.serial <= serial;

		if (wait != NULL && wait->context == context) {
			/* The event went with its context. */
			free(wait);
			ae_pool_free_end(pool, block.address);
		} else if (wait == NULL && own) {
			ae_pool_free_end(pool, block.address);
		} else {
			/* Another context's stream may still use it. */
			ae_pool_free_defer(pool, block.address, block.tag);
		}
	}
	ae_lock_release(lock);
}

static void streams_ended(struct ae_device *device, CUcontext context, CUcontext base)
{
	struct ae_pool *pool = ae_device_pool(device);
	struct ae_lock *lock = ae_device_limbo_lock(device);
	struct ae_block_info block;

	ae_lock_acquire(lock);
	for (size_t count = ae_pool_limbo_count(pool);
	     count > 0 && ae_pool_limbo_take(pool, &block) == 0; count--) {
		struct stream_free *wait = (struct stream_free *)(uintptr_t)block.tag;

		if (wait != NULL && wait->context == context) {
			/* Whether the event is still one is not documented: it is left alone. */
			wait->event = NULL;
			wait->context = base;
		}
		ae_pool_free_defer(pool, block.address, block.tag);
	}
	ae_lock_release(lock);
}

void ae_limbo_streams_ended(struct ae_process *process, CUcontext context, CUcontext base)
{
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);

		if (device != NULL && ae_pool_limbo_count(ae_device_pool(device)) > 0)
			streams_ended(device, context, base);
	}
}
