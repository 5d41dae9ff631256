/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The mem family: allocation and free, served from the pool.
 *
 * Whatever is wrong with a call (no context, no size, nowhere to put the answer, a pointer that is
 * not ours) goes to the driver, which says what it always says.
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "shim/capture.h"
#include "shim/context.h"
#include "shim/device.h"
#include "shim/hooks.h"

/* The one place where the pool's errors become the driver's. */
static CUresult result_of(int error)
{
	switch (error) {
	case 0:
		return CUDA_SUCCESS;
	case -ENOMEM:
		return CUDA_ERROR_OUT_OF_MEMORY;
	case -EINVAL:
		return CUDA_ERROR_INVALID_VALUE;
	default:
		return ae_device_cuda_last_error() != CUDA_SUCCESS ? ae_device_cuda_last_error()
								   : CUDA_ERROR_UNKNOWN;
	}
}

/*
 * Ends the frees that had to wait for a capture to end. Only here, where natively nothing may be
 * capturing either: allocation and free are what a capture prohibits.
 */
static void limbo_end(struct ae_process *process, struct ae_device *device)
{
	struct ae_pool *pool = ae_device_pool(device);
	struct ae_block_info block;

	while (ae_pool_limbo_any(pool) && !ae_capture_open(process) &&
	       ae_pool_limbo_take(pool, &block) == 0) {
		CUresult result = ae_context_fence((CUcontext)(uintptr_t)block.owner);

		if (result == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED) {
			ae_pool_free_defer(pool, block.address);
			return;
		}
		/* A context with a sticky error runs no work any more that could touch the block. */
		if (result != CUDA_SUCCESS)
			ae_debug("device %d: fence of a freed block: CUDA error %d",
				 ae_device_cuda(device)->ordinal, result);
		ae_pool_free_end(pool, block.address);
	}
}

static CUresult allocate(struct ae_process *process, struct ae_device *device, CUcontext context,
			 uint64_t bytes, CUdeviceptr *dptr)
{
	uint64_t address = 0;
	int error;

	limbo_end(process, device);
	error = ae_pool_alloc(ae_device_pool(device), bytes, (uint64_t)(uintptr_t)context,
			      &address);
	/* As the driver does it: a failed allocation leaves a null pointer behind. */
	*dptr = error == 0 ? address : 0;
	if (error == 0)
		ae_device_report(device);
	return result_of(error);
}

/*
 * While a capture is open the driver decides whether this thread may allocate, and invalidates the
 * capture if it may not. An allocation of nothing asks it, and leaves a null pointer, as a failed
 * allocation does (measured).
 */
static bool prohibited_in_capture(struct ae_process *process, CUdeviceptr *dptr)
{
	return ae_capture_open(process) &&
	       ae_driver()->cuMemAlloc_v2(dptr, 0) == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

CUresult ae_h_cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = NULL;
	CUcontext context = NULL;

	if (dptr != NULL && bytesize != 0)
		device = ae_device_current(process, &context);
	if (device == NULL || ae_context_is_gone(process, context))
		return ae_driver()->cuMemAlloc_v2(dptr, bytesize);
	if (prohibited_in_capture(process, dptr))
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	return allocate(process, device, context, bytesize, dptr);
}

CUresult ae_h_cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pPitch, size_t WidthInBytes,
				 size_t Height, unsigned int ElementSizeBytes)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = NULL;
	CUcontext context = NULL;
	CUresult result;
	uint64_t pitch, unit;

	if (dptr != NULL && pPitch != NULL && WidthInBytes != 0 && Height != 0 &&
	    (ElementSizeBytes == 4 || ElementSizeBytes == 8 || ElementSizeBytes == 16))
		device = ae_device_current(process, &context);
	if (device == NULL || ae_context_is_gone(process, context))
		goto native;
	unit = ae_device_cuda(device)->pitch;
	if (WidthInBytes > UINT64_MAX - unit)
		goto native;
	pitch = (WidthInBytes + unit - 1) / unit * unit;
	if (Height > UINT64_MAX / pitch)
		goto native;
	if (prohibited_in_capture(process, dptr))
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	result = allocate(process, device, context, pitch * Height, dptr);
	if (result == CUDA_SUCCESS)
		*pPitch = pitch;
	return result;

native:
	return ae_driver()->cuMemAllocPitch_v2(dptr, pPitch, WidthInBytes, Height,
					       ElementSizeBytes);
}

/*
 * Frees a block of the pool as cuMemFree does: it returns when the work enqueued before it is done,
 * and the memory is used for nothing else before that. The driver's unmapping waits for nothing, so
 * the fence is ours: the block's own context, and the calling thread's, which may use the block too.
 */
static CUresult free_block(struct ae_process *process, struct ae_device *device, CUdeviceptr dptr)
{
	struct ae_pool *pool = ae_device_pool(device);
	struct ae_block_info block;
	CUcontext current = NULL, owner;
	CUresult result;

	limbo_end(process, device);
	/* Not a block's address, or freed by another thread a moment ago: the driver says what. */
	if (ae_pool_free_begin(pool, dptr, &block) != 0)
		return ae_driver()->cuMemFree_v2(dptr);
	if (ae_capture_open(process)) {
		ae_pool_free_defer(pool, dptr);
		return CUDA_SUCCESS;
	}
	owner = (CUcontext)(uintptr_t)block.owner;
	result = ae_context_fence(owner);
	if (result == CUDA_SUCCESS && ae_driver()->cuCtxGetCurrent(&current) == CUDA_SUCCESS &&
	    current != NULL && current != owner)
		result = ae_context_fence(current);
	if (result != CUDA_SUCCESS) {
		/* As natively: the error that the work ran into, and nothing freed. */
		ae_pool_free_cancel(pool, dptr);
		return result;
	}
	ae_pool_free_end(pool, dptr);
	ae_device_report(device);
	return CUDA_SUCCESS;
}

CUresult ae_h_cuMemFree_v2(CUdeviceptr dptr)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = ae_device_of(process, dptr);
	CUcontext current = NULL;

	if (device == NULL)
		return ae_driver()->cuMemFree_v2(dptr);
	if (ae_driver()->cuCtxGetCurrent(&current) == CUDA_SUCCESS && current != NULL &&
	    ae_context_is_gone(process, current))
		return ae_driver()->cuMemFree_v2(dptr);
	if (ae_capture_open(process)) {
		/* The driver takes no VMM address here; but it tells a prohibited call (measured). */
		CUresult result = ae_driver()->cuMemFree_v2(dptr);

		if (result == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)
			return result;
	}
	return free_block(process, device, dptr);
}

/*
 * The stream-ordered free of a pool block. It frees later than it has to: when all work of the
 * context is done, not only the stream's.
 */
static bool free_async(CUdeviceptr dptr, CUresult *result_out)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = ae_device_of(process, dptr);

	/* In a capture it would become a node of the graph, which pool memory cannot be. */
	if (device == NULL || ae_capture_open(process))
		return false;
	*result_out = free_block(process, device, dptr);
	return true;
}

CUresult ae_h_cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream)
{
	CUresult result;

	return free_async(dptr, &result) ? result : ae_driver()->cuMemFreeAsync(dptr, hStream);
}

CUresult ae_h_cuMemFreeAsync_ptsz(CUdeviceptr dptr, CUstream hStream)
{
	CUresult result;

	return free_async(dptr, &result) ? result : ae_driver()->cuMemFreeAsync_ptsz(dptr, hStream);
}

/* The pre-3.2 calls: their pointers are too short for the pool's addresses. */
CUresult ae_h_cuMemAlloc(CUdeviceptr_v1 *dptr, unsigned int bytesize)
{
	return ae_driver()->cuMemAlloc(dptr, bytesize);
}

CUresult ae_h_cuMemAllocPitch(CUdeviceptr_v1 *dptr, unsigned int *pPitch, unsigned int WidthInBytes,
			      unsigned int Height, unsigned int ElementSizeBytes)
{
	return ae_driver()->cuMemAllocPitch(dptr, pPitch, WidthInBytes, Height, ElementSizeBytes);
}

CUresult ae_h_cuMemFree(CUdeviceptr_v1 dptr)
{
	return ae_driver()->cuMemFree(dptr);
}
