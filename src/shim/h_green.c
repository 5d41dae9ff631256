/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The green family: which primary context a green one stands on, and its end. */
#include "shim/green.h"

#include <stdlib.h>

#include "base/lock.h"
#include "pool/pool.h"
#include "shim/capture.h"
#include "shim/context.h"
#include "shim/device.h"
#include "shim/hooks.h"
#include "shim/limbo.h"

struct green {
	CUgreenCtx handle;
	CUdevice device;
	CUcontext primary;
	CUcontext context; /* that stands for it; NULL until the program has asked */
	struct green *next;
};

struct ae_greens {
	struct ae_lock lock; /* guards all but count's readers */
	struct green *list;
	unsigned int count; /* atomic */
};

struct ae_greens *ae_greens_create(void)
{
	struct ae_greens *greens = calloc(1, sizeof(*greens));

	if (greens != NULL)
		ae_lock_init(&greens->lock, AE_LOCK_LEAF);
	return greens;
}

void ae_greens_destroy(struct ae_greens *greens)
{
	free(greens);
}

/* The record of a handle, or the end of the list. Locked. */
static struct green **find(struct ae_greens *greens, CUgreenCtx handle)
{
	struct green **at = &greens->list;

	while (*at != NULL && (*at)->handle != handle)
		at = &(*at)->next;
	return at;
}

/* Takes the record out; NULL: there is none. */
static struct green *take(struct ae_greens *greens, CUgreenCtx handle)
{
	struct green **at, *green;

	ae_lock_acquire(&greens->lock);
	at = find(greens, handle);
	green = *at;
	if (green != NULL) {
		*at = green->next;
		__atomic_sub_fetch(&greens->count, 1, __ATOMIC_RELEASE);
	}
	ae_lock_release(&greens->lock);
	return green;
}

static void put(struct ae_greens *greens, struct green *green)
{
	ae_lock_acquire(&greens->lock);
	green->next = greens->list;
	greens->list = green;
	__atomic_add_fetch(&greens->count, 1, __ATOMIC_RELEASE);
	ae_lock_release(&greens->lock);
}

CUcontext ae_green_base(struct ae_process *process, CUcontext context)
{
	struct ae_greens *greens = process->greens;

	if (__atomic_load_n(&greens->count, __ATOMIC_ACQUIRE) == 0)
		return context;
	ae_lock_acquire(&greens->lock);
	for (const struct green *green = greens->list; green != NULL; green = green->next) {
		if (green->context == context) {
			context = green->primary;
			break;
		}
	}
	ae_lock_release(&greens->lock);
	return context;
}

/* The green context holds the primary one: asking for its handle starts nothing and ends nothing. */
static CUcontext primary_below(CUdevice device)
{
	const struct ae_driver *driver = ae_driver();
	CUcontext primary = NULL;

	if (ae_h_cuDevicePrimaryCtxRetain(&primary, device) != CUDA_SUCCESS)
		return NULL;
	if (driver->cuDevicePrimaryCtxRelease_v2 != NULL)
		driver->cuDevicePrimaryCtxRelease_v2(device);
	else
		driver->cuDevicePrimaryCtxRelease(device);
	return primary;
}

CUresult ae_h_cuGreenCtxCreate(CUgreenCtx *phCtx, CUdevResourceDesc desc, CUdevice dev,
			       unsigned int flags)
{
	struct ae_process *process = ae_process_serving();
	struct green *green = calloc(1, sizeof(*green));
	CUresult result;

	if (green == NULL)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = ae_driver()->cuGreenCtxCreate(phCtx, desc, dev, flags);
	if (result == CUDA_ERROR_OUT_OF_MEMORY && ae_devices_make_room(process))
		result = ae_driver()->cuGreenCtxCreate(phCtx, desc, dev, flags);
	if (result == CUDA_SUCCESS)
		green->primary = primary_below(dev);
	if (green->primary == NULL) {
		free(green);
		return result;
	}
	green->handle = *phCtx;
	green->device = dev;
	/* A handle that was in use before, and whose end went past us. */
	free(take(process->greens, green->handle));
	put(process->greens, green);
	return result;
}

CUresult ae_h_cuCtxFromGreenCtx(CUcontext *pContext, CUgreenCtx hCtx)
{
	struct ae_process *process = ae_process_serving();
	CUresult result = ae_driver()->cuCtxFromGreenCtx(pContext, hCtx);
	struct green *green;

	if (result == CUDA_ERROR_OUT_OF_MEMORY && ae_devices_make_room(process))
		result = ae_driver()->cuCtxFromGreenCtx(pContext, hCtx);
	if (result != CUDA_SUCCESS)
		return result;
	ae_lock_acquire(&process->greens->lock);
	green = *find(process->greens, hCtx);
	if (green != NULL)
		green->context = *pContext;
	ae_lock_release(&process->greens->lock);
	return result;
}

/*
 * Its streams are detached, and nobody is told any more how far they are; that the driver waits for
 * their work is not documented. Blocks that were freed in their order are seen off before, which a
 * capture can forbid.
 */
static void settle(struct ae_process *process, const struct green *green)
{
	struct ae_device *device = ae_device_peek(process, green->device);

	if (green->context == NULL || device == NULL ||
	    ae_pool_limbo_count(ae_device_pool(device)) == 0)
		return;
	ae_context_fence(process, green->primary);
	ae_limbo_settle(process, device, false);
}

CUresult ae_h_cuGreenCtxDestroy(CUgreenCtx hCtx)
{
	struct ae_process *process = ae_process_serving();
	uint64_t serial = ae_pool_serial_last();
	/* Out of the list while it lasts: another thread may be given the handle anew. */
	struct green *green = take(process->greens, hCtx);
	CUresult result;

	if (green != NULL)
		settle(process, green);
	result = ae_driver()->cuGreenCtxDestroy(hCtx);
	if (green == NULL)
		return result;
	if (result != CUDA_SUCCESS) {
		put(process->greens, green);
		return result;
	}
	if (green->context != NULL) {
		ae_captures_forget_context(process->captures, green->context);
		ae_limbo_streams_ended(process, green->context, green->primary);
	}
	ae_context_primary_left(process, green->device, serial);
	free(green);
	return result;
}
