/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Device, host and managed memory. */
#include <stdint.h>

#include "cudart.h"

cudaError_t cudaMalloc(void **devPtr, size_t size)
{
	CUdeviceptr address = 0;
	cudaError_t error = cudart_enter();

	if (!error && !devPtr)
		error = cudaErrorInvalidValue;
	/* Nothing of memory is a success here, other than in the driver. */
	if (!error && size)
		error = cudart_error(DRIVER(cuMemAlloc)(&address, size));
	if (!error)
		*devPtr = (void *)(uintptr_t)address;
	return cudart_return(error);
}

cudaError_t cudaFree(void *devPtr)
{
	cudaError_t error = cudart_enter();

	if (!error && devPtr)
		error = cudart_error(DRIVER(cuMemFree)((CUdeviceptr)(uintptr_t)devPtr));
	return cudart_return(error);
}

cudaError_t cudaMallocPitch(void **devPtr, size_t *pitch, size_t width, size_t height)
{
	CUdeviceptr address = 0;
	size_t bytes = 0;
	cudaError_t error = cudart_enter();

	if (!error && (!devPtr || !pitch))
		error = cudaErrorInvalidValue;
	if (!error && width && height)
		error = cudart_error(DRIVER(cuMemAllocPitch)(&address, &bytes, width, height, 4));
	if (!error) {
		*devPtr = (void *)(uintptr_t)address;
		*pitch = bytes;
	}
	return cudart_return(error);
}

cudaError_t cudaHostAlloc(void **pHost, size_t size, unsigned int flags)
{
	cudaError_t error = cudart_enter();

	if (!error && !pHost)
		error = cudaErrorInvalidValue;
	if (!error && !size)
		*pHost = NULL;
	else if (!error)
		error = cudart_error(DRIVER(cuMemHostAlloc)(pHost, size, flags));
	return cudart_return(error);
}

cudaError_t cudaMallocHost(void **ptr, size_t size)
{
	return cudaHostAlloc(ptr, size, cudaHostAllocDefault);
}

cudaError_t cudaFreeHost(void *ptr)
{
	cudaError_t error = cudart_enter();

	if (!error && ptr)
		error = cudart_error(DRIVER(cuMemFreeHost)(ptr));
	return cudart_return(error);
}

cudaError_t cudaMallocManaged(void **devPtr, size_t size, unsigned int flags)
{
	CUdeviceptr address = 0;
	cudaError_t error = cudart_enter();

	if (!error && !devPtr)
		error = cudaErrorInvalidValue;
	if (!error)
		error = cudart_error(DRIVER(cuMemAllocManaged)(&address, size, flags));
	if (!error)
		*devPtr = (void *)(uintptr_t)address;
	return cudart_return(error);
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
	CUDART_CALL(DRIVER(cuMemGetInfo), free, total);
}

cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *ptr)
{
	CUpointer_attribute asked[] = {
		CU_POINTER_ATTRIBUTE_MEMORY_TYPE,    CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
		CU_POINTER_ATTRIBUTE_HOST_POINTER,   CU_POINTER_ATTRIBUTE_IS_MANAGED,
		CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
	};
	unsigned int type = 0, managed = 0;
	CUdeviceptr device_pointer = 0;
	void *host_pointer = NULL;
	int ordinal = -2;
	void *answers[] = { &type, &device_pointer, &host_pointer, &managed, &ordinal };
	cudaError_t error = cudart_enter();

	if (!error && !attributes)
		error = cudaErrorInvalidValue;
	if (!error)
		error = cudart_error(DRIVER(cuPointerGetAttributes)(sizeof(asked) / sizeof(*asked),
								    asked, answers,
								    (CUdeviceptr)(uintptr_t)ptr));
	if (error)
		return cudart_return(error);
	*attributes = (struct cudaPointerAttributes){
		.type = managed                        ? cudaMemoryTypeManaged
			: type == CU_MEMORYTYPE_DEVICE ? cudaMemoryTypeDevice
			: type == CU_MEMORYTYPE_HOST   ? cudaMemoryTypeHost
						       : cudaMemoryTypeUnregistered,
		.device = ordinal,
		.devicePointer = (void *)(uintptr_t)device_pointer,
		.hostPointer = type ? host_pointer : (void *)(uintptr_t)ptr,
	};
	return cudart_return(cudaSuccess);
}
