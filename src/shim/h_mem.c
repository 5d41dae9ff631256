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
#include "shim/green.h"
#include "shim/hooks.h"
#include "shim/limbo.h"
#include "shim/wait.h"

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

/* A block of the pool that is being asked for, perhaps several times. */
struct pool_request {
	struct ae_process *process;
	struct ae_device *device;
	uint64_t bytes, owner, address;
};

static int try_pool(void *arg)
{
	struct pool_request *request = arg;
	struct ae_pool *pool = ae_device_pool(request->device);
	int error = ae_pool_alloc(pool, request->bytes, request->owner, &request->address);

	if ((error == -ENOMEM || error == -EAGAIN) && ae_pool_limbo_count(pool) > 0) {
		/* What was freed in a stream's order is not free before the stream has come so far. */
		ae_limbo_settle(request->process, request->device, true);
		error = ae_pool_alloc(pool, request->bytes, request->owner, &request->address);
	}
	return error;
}

static CUresult allocate(struct ae_process *process, struct ae_device *device, CUcontext context,
			 uint64_t bytes, CUdeviceptr *dptr)
{
	struct pool_request request = {
		.process = process,
		.device = device,
		.bytes = bytes,
		.owner = (uint64_t)(uintptr_t)context,
	};
	int error;

	ae_limbo_settle(process, device, false);
	error = ae_wait_for_memory(process, device, bytes, try_pool, &request);
	/* As the driver does it: a failed allocation leaves a null pointer behind. */
	*dptr = error == 0 ? request.address : 0;
	if (error == 0)
		ae_device_report(device);
	return result_of(error);
}

/* The same for a block that the driver is to serve (native.h): its claim. */
struct native_request {
	struct ae_native *native;
	CUcontext owner;
	uint64_t bytes;
	struct ae_native_block *block;
};

static int try_native(void *arg)
{
	struct native_request *request = arg;

	return ae_native_claim(request->native, request->owner, request->bytes, &request->block);
}

/* NULL: out of memory. */
static struct ae_native_block *claim_native(struct ae_process *process, struct ae_device *device,
					    CUcontext owner, uint64_t bytes)
{
	struct native_request request = {
		.native = ae_device_native(device),
		.owner = owner,
		.bytes = bytes,
	};

	if (ae_wait_for_memory(process, device, bytes, try_native, &request) != 0)
		return NULL;
	return request.block;
}

/*
 * The device that serves this thread's allocation, and the context that it will belong to; NULL: the
 * driver is to answer.
 */
static struct ae_device *serving_device(struct ae_process *process, CUcontext *owner_out)
{
	CUcontext current = NULL;
	struct ae_device *device = ae_device_current(process, &current);

	if (device == NULL || ae_context_is_gone(process, current) || !ae_context_is_well())
		return NULL;
	*owner_out = ae_green_base(process, current);
	return device;
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
		device = serving_device(process, &context);
	if (device == NULL)
		return ae_driver()->cuMemAlloc_v2(dptr, bytesize);
	if (prohibited_in_capture(process, dptr))
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (ae_device_native(device) != NULL) {
		struct ae_native_block *block = claim_native(process, device, context, bytesize);
		CUresult result = CUDA_ERROR_OUT_OF_MEMORY;

		*dptr = 0;
		if (block != NULL)
			result = ae_native_alloc(ae_device_native(device), block, dptr);
		ae_device_report(device);
		return result;
	}
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
		device = serving_device(process, &context);
	if (device == NULL)
		goto native;
	unit = ae_device_cuda(device)->pitch;
	if (WidthInBytes > UINT64_MAX - unit)
		goto native;
	pitch = (WidthInBytes + unit - 1) / unit * unit;
	if (Height > UINT64_MAX / pitch)
		goto native;
	if (prohibited_in_capture(process, dptr))
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (ae_device_native(device) != NULL) {
		struct ae_native_block *block =
			claim_native(process, device, context, pitch * Height);

		*dptr = *pPitch = 0;
		result = CUDA_ERROR_OUT_OF_MEMORY;
		if (block != NULL)
			result =
				ae_native_alloc_pitch(ae_device_native(device), block, dptr, pPitch,
						      WidthInBytes, Height, ElementSizeBytes);
		ae_device_report(device);
		return result;
	}
	result = allocate(process, device, context, pitch * Height, dptr);
	if (result == CUDA_SUCCESS)
		*pPitch = pitch;
	return result;

native:
	return ae_driver()->cuMemAllocPitch_v2(dptr, pPitch, WidthInBytes, Height,
					       ElementSizeBytes);
}

/*
 * Waits for the work that may use a block: that of its own context, and of the calling thread's.
 * The driver's unmapping waits for nothing, so this fence is ours.
 */
static CUresult fence(struct ae_process *process, CUcontext owner)
{
	CUcontext current = NULL;
	CUresult result = ae_context_fence(process, owner);

	if (result == CUDA_SUCCESS && ae_driver()->cuCtxGetCurrent(&current) == CUDA_SUCCESS &&
	    current != NULL && current != owner)
		result = ae_context_fence(process, current);
	return result;
}

/*
 * Frees a block of the pool as cuMemFree does: it returns when the work enqueued before it is done,
 * and the memory is used for nothing else before that. While a capture is open, where nothing may be
 * synchronised, it returns at once, and the memory waits.
 */
static CUresult free_block(struct ae_process *process, struct ae_device *device, CUdeviceptr dptr)
{
	struct ae_pool *pool = ae_device_pool(device);
	struct ae_block_info block;
	CUcontext owner;
	CUresult result;

	/* Not a block's address, or freed by another thread a moment ago: the driver says what. */
	if (ae_pool_free_begin(pool, dptr, &block) != 0)
		return ae_driver()->cuMemFree_v2(dptr);
	owner = (CUcontext)(uintptr_t)block.owner;
	result = fence(process, owner);
	if (result == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED) {
		ae_limbo_defer(device, dptr);
		return CUDA_SUCCESS;
	}
	if (result != CUDA_SUCCESS && ae_context_was_lost(process, owner)) {
		/* The context ended while its block was being freed: with its work, and with the block. */
		result = CUDA_SUCCESS;
	} else if (result == CUDA_ERROR_CONTEXT_IS_DESTROYED ||
		   result == CUDA_ERROR_INVALID_CONTEXT) {
		/* It had ended before, though the call that ends it has not returned: nothing is there. */
		ae_pool_free_end(pool, dptr);
		return ae_driver()->cuMemFree_v2(dptr);
	}
	if (result != CUDA_SUCCESS) {
		/* As natively: the error that the work ran into, and nothing freed. */
		ae_pool_free_cancel(pool, dptr);
		ae_device_report(device);
		return result;
	}
	ae_pool_free_end(pool, dptr);
	ae_device_report(device);
	return CUDA_SUCCESS;
}

/* A block that the driver serves, as it is before the driver frees it; device is NULL: it is none. */
struct native_block {
	struct ae_device *device;
	CUdeviceptr address;
	uint64_t serial;
};

static struct native_block native_find(struct ae_process *process, CUdeviceptr address)
{
	struct native_block block = { .address = address };

	for (int i = 0; process->config.ipc == AE_IPC_NATIVE && i < AE_DEVICES_MOST; i++) {
		struct ae_device *device = ae_device_peek(process, i);

		if (device != NULL)
			block.serial = ae_native_find(ae_device_native(device), address);
		if (block.serial != 0) {
			block.device = device;
			break;
		}
	}
	return block;
}

static void native_freed(const struct native_block *block)
{
	if (block->device == NULL)
		return;
	ae_native_freed(ae_device_native(block->device), block->address, block->serial);
	ae_device_report(block->device);
}

static CUresult native_free(struct ae_process *process, CUdeviceptr dptr)
{
	struct native_block block = native_find(process, dptr);
	CUresult result = ae_driver()->cuMemFree_v2(dptr);

	if (result == CUDA_SUCCESS)
		native_freed(&block);
	return result;
}

CUresult ae_h_cuMemFree_v2(CUdeviceptr dptr)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = ae_device_of(process, dptr);
	CUcontext current = NULL;

	if (device == NULL)
		return native_free(process, dptr);
	/* No context is fine; one that is gone, or to which an error sticks, is not. */
	if (ae_driver()->cuCtxGetCurrent(&current) == CUDA_SUCCESS && current != NULL &&
	    (ae_context_is_gone(process, current) || !ae_context_is_well()))
		return ae_driver()->cuMemFree_v2(dptr);
	if (ae_capture_open(process)) {
		/* The driver takes no VMM address here; but it tells a prohibited call (measured). */
		CUresult result = ae_driver()->cuMemFree_v2(dptr);

		if (result == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED)
			return result;
	}
	ae_limbo_settle(process, device, false);
	return free_block(process, device, dptr);
}

/* Whether a free in that stream would become a node of a graph. */
static bool captures(struct ae_process *process, CUstream stream)
{
	CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

	return ae_capture_open(process) &&
	       (ae_driver()->cuStreamIsCapturing(stream, &status) != CUDA_SUCCESS ||
		status != CU_STREAM_CAPTURE_STATUS_NONE);
}

/*
 * The stream-ordered free of a pool block: it never waits. stream is a handle that means the same in
 * every entry point. False: the driver is to answer.
 */
static bool free_async(CUdeviceptr dptr, CUstream stream, CUresult *result_out)
{
	struct ae_process *process = ae_process_serving();
	struct ae_device *device = ae_device_of(process, dptr);
	struct ae_block_info block;

	/* Pool memory cannot be a node of a graph. */
	if (device == NULL || !ae_context_is_well() || captures(process, stream) ||
	    ae_pool_free_begin(ae_device_pool(device), dptr, &block) != 0)
		return false;
	*result_out = ae_limbo_defer_stream(device, dptr, stream);
	if (*result_out != CUDA_SUCCESS)
		ae_pool_free_cancel(ae_device_pool(device), dptr);
	return true;
}

/*
 * The same by the driver, for all that is not in the pool; handle is the program's. What the driver has
 * taken to free counts as free: the program has no other use for it.
 */
static CUresult free_async_native(CUdeviceptr dptr, CUstream handle, CUstream stream,
				  CUresult (*real)(CUdeviceptr, CUstream))
{
	struct ae_process *process = ae_process_serving();
	struct native_block block = native_find(process, dptr);
	bool frees = block.device != NULL && !captures(process, stream);
	CUresult result = real(dptr, handle);

	if (result == CUDA_SUCCESS && frees)
		native_freed(&block);
	return result;
}

CUresult ae_h_cuMemFreeAsync(CUdeviceptr dptr, CUstream hStream)
{
	CUresult result;

	return free_async(dptr, hStream, &result)
		       ? result
		       : free_async_native(dptr, hStream, hStream, ae_driver()->cuMemFreeAsync);
}

CUresult ae_h_cuMemFreeAsync_ptsz(CUdeviceptr dptr, CUstream hStream)
{
	/* A null handle is the thread's own stream here: its name is 2 everywhere. */
	CUstream stream = hStream != NULL ? hStream : (CUstream)2;
	CUresult result;

	return free_async(dptr, stream, &result)
		       ? result
		       : free_async_native(dptr, hStream, stream, ae_driver()->cuMemFreeAsync_ptsz);
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
