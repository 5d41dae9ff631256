/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The context family: blocks go with the context they were made in. */
#include <stdlib.h>

#include "base/lock.h"
#include "base/log.h"
#include "shim/capture.h"
#include "shim/context.h"
#include "shim/device.h"
#include "shim/hooks.h"
#include "shim/limbo.h"
#include "shim/peers.h"

struct context {
	CUcontext handle;
	unsigned int attached; /* uses beyond the first, by cuCtxAttach */
	bool gone;
	struct context *next;
};

struct ae_contexts {
	struct ae_lock lock; /* guards all but gone_count's readers */
	struct context *list; /* the few contexts of which there is something to remember */
	unsigned int gone_count; /* atomic */
	CUcontext primary[AE_DEVICES_MOST];
};

struct ae_contexts *ae_contexts_create(void)
{
	struct ae_contexts *contexts = calloc(1, sizeof(*contexts));

	if (contexts != NULL)
		ae_lock_init(&contexts->lock, AE_LOCK_LEAF);
	return contexts;
}

void ae_contexts_destroy(struct ae_contexts *contexts)
{
	free(contexts);
}

/* The record of a context, made when there is none; NULL when host memory ran out. Locked. */
static struct context *record(struct ae_contexts *contexts, CUcontext handle)
{
	struct context *context;

	for (context = contexts->list; context != NULL; context = context->next) {
		if (context->handle == handle)
			return context;
	}
	context = calloc(1, sizeof(*context));
	if (context == NULL)
		return NULL;
	context->handle = handle;
	context->next = contexts->list;
	contexts->list = context;
	return context;
}

static void set_gone(struct ae_contexts *contexts, CUcontext handle, bool gone)
{
	struct context *context;

	ae_lock_acquire(&contexts->lock);
	context = record(contexts, handle);
	if (context != NULL && context->gone != gone) {
		context->gone = gone;
		__atomic_add_fetch(&contexts->gone_count, gone ? 1 : -1, __ATOMIC_RELEASE);
	}
	ae_lock_release(&contexts->lock);
}

bool ae_context_was_lost(struct ae_process *process, CUcontext handle)
{
	struct ae_contexts *contexts = process->contexts;
	bool gone = false;

	if (__atomic_load_n(&contexts->gone_count, __ATOMIC_ACQUIRE) == 0)
		return false;
	ae_lock_acquire(&contexts->lock);
	for (struct context *context = contexts->list; context != NULL; context = context->next) {
		if (context->handle == handle)
			gone = context->gone;
	}
	ae_lock_release(&contexts->lock);
	return gone;
}

bool ae_context_is_gone(struct ae_process *process, CUcontext handle)
{
	if (!ae_context_was_lost(process, handle))
		return false;
	if (ae_driver()->cuMemGetInfo_v2(NULL, NULL) != CUDA_SUCCESS)
		return true;
	set_gone(process->contexts, handle, false);
	return false;
}

bool ae_context_is_well(void)
{
	return ae_driver()->cuCtxGetStreamPriorityRange(NULL, NULL) == CUDA_SUCCESS;
}

static CUresult synchronize(CUcontext handle)
{
	const struct ae_driver *driver = ae_driver();
	CUcontext current = NULL;
	CUresult result;

	if (driver->cuCtxGetCurrent(&current) == CUDA_SUCCESS && current == handle)
		return driver->cuCtxSynchronize();
	result = driver->cuCtxPushCurrent_v2(handle);
	if (result != CUDA_SUCCESS)
		return result;
	result = driver->cuCtxSynchronize();
	driver->cuCtxPopCurrent_v2(&current);
	return result;
}

CUresult ae_context_fence(struct ae_process *process, CUcontext handle)
{
	CUresult result;

	if (!ae_capture_fence_enter(process))
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	result = synchronize(handle);
	ae_capture_fence_leave(process);
	return result;
}

/*
 * The driver has ended the context, and its work with it. Its blocks go, and so does the cache: who
 * resets a device expects its memory back. serial is from before the driver did it: the handle may
 * be another context's by now, and what that one has allocated stays.
 */
static void context_ended(struct ae_process *process, CUcontext handle, uint64_t serial)
{
	ae_captures_forget_context(process->captures, handle);
	set_gone(process->contexts, handle, true);
	ae_peers_context_ended(process, handle, serial);
	for (int i = 0; i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);
		size_t blocks;

		if (device == NULL)
			continue;
		ae_limbo_context_ended(device, handle, serial);
		blocks = ae_pool_free_owner(ae_device_pool(device), (uint64_t)(uintptr_t)handle,
					    serial);
		if (ae_device_native(device) != NULL)
			ae_native_free_owner(ae_device_native(device), handle, serial);
		ae_pool_trim(ae_device_pool(device), 0);
		ae_device_report(device);
		if (blocks > 0)
			ae_debug("device %d: %zu blocks went with their context", i, blocks);
	}
}

static CUcontext primary_of(struct ae_process *process, CUdevice device)
{
	CUcontext handle = NULL;

	if (device < 0 || device >= AE_DEVICES_MOST)
		return NULL;
	ae_lock_acquire(&process->contexts->lock);
	handle = process->contexts->primary[device];
	ae_lock_release(&process->contexts->lock);
	return handle;
}

CUresult ae_h_cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)
{
	struct ae_process *process = ae_process_serving();
	CUresult result = ae_driver()->cuDevicePrimaryCtxRetain(pctx, dev);

	if (result == CUDA_SUCCESS && dev >= 0 && dev < AE_DEVICES_MOST) {
		ae_lock_acquire(&process->contexts->lock);
		process->contexts->primary[dev] = *pctx;
		ae_lock_release(&process->contexts->lock);
	}
	return result;
}

void ae_context_primary_left(struct ae_process *process, CUdevice device, uint64_t serial)
{
	CUcontext handle = primary_of(process, device);
	unsigned int flags;
	int active = 0;

	/* A release that was not the last leaves the context, and its blocks, as they were. */
	if (handle != NULL &&
	    ae_driver()->cuDevicePrimaryCtxGetState(device, &flags, &active) == CUDA_SUCCESS &&
	    !active)
		context_ended(process, handle, serial);
}

static CUresult primary_left(CUresult result, CUdevice dev, uint64_t serial)
{
	if (result == CUDA_SUCCESS)
		ae_context_primary_left(ae_process_serving(), dev, serial);
	return result;
}

CUresult ae_h_cuDevicePrimaryCtxRelease_v2(CUdevice dev)
{
	uint64_t serial = ae_pool_serial_last();

	return primary_left(ae_driver()->cuDevicePrimaryCtxRelease_v2(dev), dev, serial);
}

CUresult ae_h_cuDevicePrimaryCtxRelease(CUdevice dev)
{
	uint64_t serial = ae_pool_serial_last();

	return primary_left(ae_driver()->cuDevicePrimaryCtxRelease(dev), dev, serial);
}

/* A reset ends the context whether or not another thread has started it again by now. */
static CUresult primary_reset(CUresult result, CUdevice dev, uint64_t serial)
{
	CUcontext handle = primary_of(ae_process_serving(), dev);

	if (result == CUDA_SUCCESS && handle != NULL)
		context_ended(ae_process_serving(), handle, serial);
	return result;
}

CUresult ae_h_cuDevicePrimaryCtxReset_v2(CUdevice dev)
{
	uint64_t serial = ae_pool_serial_last();

	return primary_reset(ae_driver()->cuDevicePrimaryCtxReset_v2(dev), dev, serial);
}

CUresult ae_h_cuDevicePrimaryCtxReset(CUdevice dev)
{
	uint64_t serial = ae_pool_serial_last();

	return primary_reset(ae_driver()->cuDevicePrimaryCtxReset(dev), dev, serial);
}

static CUresult destroyed(CUresult result, CUcontext handle, uint64_t serial)
{
	if (result == CUDA_SUCCESS)
		context_ended(ae_process_serving(), handle, serial);
	return result;
}

CUresult ae_h_cuCtxDestroy_v2(CUcontext ctx)
{
	uint64_t serial = ae_pool_serial_last();

	return destroyed(ae_driver()->cuCtxDestroy_v2(ctx), ctx, serial);
}

CUresult ae_h_cuCtxDestroy(CUcontext ctx)
{
	uint64_t serial = ae_pool_serial_last();

	return destroyed(ae_driver()->cuCtxDestroy(ctx), ctx, serial);
}

CUresult ae_h_cuCtxAttach(CUcontext *pctx, unsigned int flags)
{
	struct ae_contexts *contexts = ae_process_serving()->contexts;
	CUresult result = ae_driver()->cuCtxAttach(pctx, flags);
	struct context *context;

	if (result != CUDA_SUCCESS)
		return result;
	ae_lock_acquire(&contexts->lock);
	context = record(contexts, *pctx);
	if (context != NULL)
		context->attached++;
	ae_lock_release(&contexts->lock);
	return result;
}

CUresult ae_h_cuCtxDetach(CUcontext ctx)
{
	struct ae_process *process = ae_process_serving();
	struct ae_contexts *contexts = process->contexts;
	uint64_t serial = ae_pool_serial_last();
	CUresult result = ae_driver()->cuCtxDetach(ctx);
	struct context *context;
	bool last = true;

	if (result != CUDA_SUCCESS)
		return result;
	ae_lock_acquire(&contexts->lock);
	context = record(contexts, ctx);
	if (context != NULL && context->attached > 0) {
		context->attached--;
		last = false;
	}
	ae_lock_release(&contexts->lock);
	if (last)
		context_ended(process, ctx, serial);
	return result;
}
