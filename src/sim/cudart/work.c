/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The calls that exist twice: with NULL as the legacy default stream, and (compiled a second time,
 * by per_thread.c) with NULL as the thread's own stream.
 */
#include <stdint.h>

#include "cudart.h"

#define ADDRESS(pointer) ((CUdeviceptr)(uintptr_t)(pointer))

cudaError_t cudaMemcpy(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind)
{
	switch (kind) {
	case cudaMemcpyHostToDevice:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyHtoD), ADDRESS(dst), src, count);
	case cudaMemcpyDeviceToHost:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyDtoH), dst, ADDRESS(src), count);
	case cudaMemcpyDeviceToDevice:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyDtoD), ADDRESS(dst), ADDRESS(src), count);
	case cudaMemcpyHostToHost:
	case cudaMemcpyDefault:
		CUDART_CALL(DRIVER_STREAM(cuMemcpy), ADDRESS(dst), ADDRESS(src), count);
	}
	return cudart_return(cudaErrorInvalidMemcpyDirection);
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t count, enum cudaMemcpyKind kind,
			    cudaStream_t stream)
{
	switch (kind) {
	case cudaMemcpyHostToDevice:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyHtoDAsync), ADDRESS(dst), src, count, stream);
	case cudaMemcpyDeviceToHost:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyDtoHAsync), dst, ADDRESS(src), count, stream);
	case cudaMemcpyDeviceToDevice:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyDtoDAsync), ADDRESS(dst), ADDRESS(src), count,
			    stream);
	case cudaMemcpyHostToHost:
	case cudaMemcpyDefault:
		CUDART_CALL(DRIVER_STREAM(cuMemcpyAsync), ADDRESS(dst), ADDRESS(src), count,
			    stream);
	}
	return cudart_return(cudaErrorInvalidMemcpyDirection);
}

/* Describes a copy of `height` rows. 0 where `kind` is none. */
static int copy_describe(CUDA_MEMCPY2D *copy, void *dst, size_t dpitch, const void *src,
			 size_t spitch, size_t width, size_t height, enum cudaMemcpyKind kind)
{
	static const CUmemorytype from[] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_HOST,
					     CU_MEMORYTYPE_DEVICE, CU_MEMORYTYPE_DEVICE,
					     CU_MEMORYTYPE_UNIFIED };
	static const CUmemorytype to[] = { CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE,
					   CU_MEMORYTYPE_HOST, CU_MEMORYTYPE_DEVICE,
					   CU_MEMORYTYPE_UNIFIED };

	if ((unsigned int)kind > cudaMemcpyDefault)
		return 0;
	*copy = (CUDA_MEMCPY2D){
		.srcMemoryType = from[kind],
		.srcHost = src,
		.srcDevice = ADDRESS(src),
		.srcPitch = spitch,
		.dstMemoryType = to[kind],
		.dstHost = dst,
		.dstDevice = ADDRESS(dst),
		.dstPitch = dpitch,
		.WidthInBytes = width,
		.Height = height,
	};
	return 1;
}

cudaError_t cudaMemcpy2D(void *dst, size_t dpitch, const void *src, size_t spitch, size_t width,
			 size_t height, enum cudaMemcpyKind kind)
{
	CUDA_MEMCPY2D copy;

	if (!copy_describe(&copy, dst, dpitch, src, spitch, width, height, kind))
		return cudart_return(cudaErrorInvalidMemcpyDirection);
	if (width > dpitch || width > spitch)
		return cudart_return(cudaErrorInvalidPitchValue);
	CUDART_CALL(DRIVER_STREAM(cuMemcpy2DUnaligned), &copy);
}

cudaError_t cudaMemcpy2DAsync(void *dst, size_t dpitch, const void *src, size_t spitch,
			      size_t width, size_t height, enum cudaMemcpyKind kind,
			      cudaStream_t stream)
{
	CUDA_MEMCPY2D copy;

	if (!copy_describe(&copy, dst, dpitch, src, spitch, width, height, kind))
		return cudart_return(cudaErrorInvalidMemcpyDirection);
	if (width > dpitch || width > spitch)
		return cudart_return(cudaErrorInvalidPitchValue);
	CUDART_CALL(DRIVER_STREAM(cuMemcpy2DAsync), &copy, stream);
}

cudaError_t cudaMemset(void *devPtr, int value, size_t count)
{
	CUDART_CALL(DRIVER_STREAM(cuMemsetD8), ADDRESS(devPtr), (unsigned char)value, count);
}

cudaError_t cudaMemset2D(void *devPtr, size_t pitch, int value, size_t width, size_t height)
{
	CUDART_CALL(DRIVER_STREAM(cuMemsetD2D8), ADDRESS(devPtr), pitch, (unsigned char)value,
		    width, height);
}

cudaError_t cudaMemsetAsync(void *devPtr, int value, size_t count, cudaStream_t stream)
{
	CUDART_CALL(DRIVER_STREAM(cuMemsetD8Async), ADDRESS(devPtr), (unsigned char)value, count,
		    stream);
}

cudaError_t cudaMallocAsync(void **devPtr, size_t size, cudaStream_t hStream)
{
	CUdeviceptr address = 0;
	cudaError_t error = cudart_enter();

	if (!error && !devPtr)
		error = cudaErrorInvalidValue;
	if (!error && size)
		error = cudart_error(DRIVER_STREAM(cuMemAllocAsync)(&address, size, hStream));
	if (!error)
		*devPtr = (void *)(uintptr_t)address;
	return cudart_return(error);
}

cudaError_t cudaFreeAsync(void *devPtr, cudaStream_t hStream)
{
	CUDART_CALL(DRIVER_STREAM(cuMemFreeAsync), ADDRESS(devPtr), hStream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamSynchronize), stream);
}

cudaError_t cudaStreamQuery(cudaStream_t stream)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamQuery), stream);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamWaitEvent), stream, event, flags);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
	CUDART_CALL(DRIVER_STREAM(cuEventRecord), event, stream);
}

/* A cudaKernel_t from cudaLibraryGetKernel: the driver takes it in a function's place. */
cudaError_t cudaLaunchKernel(const void *func, dim3 gridDim, dim3 blockDim, void **args,
			     size_t sharedMem, cudaStream_t stream)
{
	if (!func)
		return cudart_return(cudaErrorInvalidDeviceFunction);
	CUDART_CALL(DRIVER_STREAM(cuLaunchKernel), (CUfunction)(uintptr_t)func, gridDim.x,
		    gridDim.y, gridDim.z, blockDim.x, blockDim.y, blockDim.z,
		    (unsigned int)sharedMem, stream, args, NULL);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t fn, void *userData)
{
	CUDART_CALL(DRIVER_STREAM(cuLaunchHostFunc), stream, fn, userData);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamBeginCapture), stream, (CUstreamCaptureMode)mode);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *pGraph)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamEndCapture), stream, pGraph);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *pCaptureStatus)
{
	CUDART_CALL(DRIVER_STREAM(cuStreamIsCapturing), stream,
		    (CUstreamCaptureStatus *)pCaptureStatus);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graphExec, cudaStream_t stream)
{
	CUDART_CALL(DRIVER_STREAM(cuGraphLaunch), graphExec, stream);
}

cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **funcPtr,
					     unsigned int cudaVersion, unsigned long long flags,
					     enum cudaDriverEntryPointQueryResult *driverStatus)
{
	CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
	void *pointer = NULL;
	cudaError_t error = cudart_load();

	if (!error && (!symbol || !funcPtr))
		error = cudaErrorInvalidValue;
	if (flags == cudaEnableDefault)
		flags = CUDART_PER_THREAD ? cudaEnablePerThreadDefaultStream
					  : cudaEnableLegacyStream;
	if (!error)
		error = cudart_error(DRIVER(cuGetProcAddress)(symbol, &pointer, (int)cudaVersion,
							      flags, &status));
	if (error)
		return cudart_return(error);
	*funcPtr = pointer;
	if (driverStatus)
		*driverStatus = (enum cudaDriverEntryPointQueryResult)status;
	return cudart_return(cudaSuccess);
}

cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **funcPtr, unsigned long long flags,
				    enum cudaDriverEntryPointQueryResult *driverStatus)
{
	return cudaGetDriverEntryPointByVersion(symbol, funcPtr, CUDART_VERSION, flags,
						driverStatus);
}
