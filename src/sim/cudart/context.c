/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Devices, and the primary context that the first use of each brings up. */
#include <pthread.h>
#include <string.h>

#include "cudart.h"

#define MAX_DEVICES 64

static struct {
	CUcontext context;
	/* Rises at each retain, so that threads notice a reset. 0: never retained. */
	unsigned int generation;
	int retained;
} devices[MAX_DEVICES];

static pthread_mutex_t devices_lock = PTHREAD_MUTEX_INITIALIZER;

static __thread int current_device;
static __thread unsigned int current_generation;

int cudart_device(void)
{
	return current_device;
}

/* Makes the primary context current for this thread, retaining it where nobody has yet. */
static cudaError_t primary_enter(int device)
{
	CUcontext context, current = NULL;
	CUresult result = CUDA_SUCCESS;

	pthread_mutex_lock(&devices_lock);
	if (!devices[device].retained) {
		result = DRIVER(cuDevicePrimaryCtxRetain)(&devices[device].context, device);
		if (result == CUDA_SUCCESS) {
			devices[device].retained = 1;
			devices[device].generation++;
		}
	}
	context = devices[device].context;
	unsigned int generation = devices[device].generation;
	pthread_mutex_unlock(&devices_lock);
	if (result)
		return cudart_error(result);

	result = DRIVER(cuCtxGetCurrent)(&current);
	/* A context of the program's own, made with the driver API, is used as it is. */
	if (result == CUDA_SUCCESS &&
	    (!current || (current == context && generation != current_generation)))
		result = DRIVER(cuCtxSetCurrent)(context);
	if (result == CUDA_SUCCESS)
		current_generation = generation;
	return cudart_error(result);
}

cudaError_t cudart_enter(void)
{
	cudaError_t error = cudart_load();
	return error ? error : primary_enter(current_device);
}

static cudaError_t device_check(int device)
{
	int count = 0;
	cudaError_t error = cudart_load();
	if (error)
		return error;
	error = cudart_error(DRIVER(cuDeviceGetCount)(&count));
	if (error)
		return error;
	return device < 0 || device >= count || device >= MAX_DEVICES ? cudaErrorInvalidDevice
								      : cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
	cudaError_t error = cudart_load();
	if (!error)
		error = count ? cudart_error(DRIVER(cuDeviceGetCount)(count))
			      : cudaErrorInvalidValue;
	return cudart_return(error);
}

cudaError_t cudaGetDevice(int *device)
{
	cudaError_t error = cudart_load();
	if (!error && !device)
		error = cudaErrorInvalidValue;
	if (!error)
		*device = current_device;
	return cudart_return(error);
}

cudaError_t cudaSetDevice(int device)
{
	cudaError_t error = device_check(device);
	if (error)
		return cudart_return(error);
	if (device != current_device) {
		current_device = device;
		current_generation = 0;
		error = cudart_error(DRIVER(cuCtxSetCurrent)(NULL));
	}
	if (!error)
		error = primary_enter(device);
	return cudart_return(error);
}

cudaError_t cudaDeviceReset(void)
{
	cudaError_t error = cudart_load();
	if (error)
		return cudart_return(error);
	pthread_mutex_lock(&devices_lock);
	if (devices[current_device].retained) {
		error = cudart_error(DRIVER(cuDevicePrimaryCtxReset)(current_device));
		devices[current_device].retained = 0;
	}
	pthread_mutex_unlock(&devices_lock);
	return cudart_return(error);
}

cudaError_t cudaDeviceSynchronize(void)
{
	CUDART_CALL(DRIVER(cuCtxSynchronize));
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attr, int device)
{
	cudaError_t error = device_check(device);
	if (!error)
		error = cudart_error(
			DRIVER(cuDeviceGetAttribute)(value, (CUdevice_attribute)attr, device));
	return cudart_return(error);
}

static int attribute(CUdevice_attribute which, int device)
{
	int value = 0;
	DRIVER(cuDeviceGetAttribute)(&value, which, device);
	return value;
}

cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int device)
{
	CUuuid uuid = { { 0 } };
	cudaError_t error = device_check(device);

	if (!error && !prop)
		error = cudaErrorInvalidValue;
	if (error)
		return cudart_return(error);
	memset(prop, 0, sizeof(*prop));
	DRIVER(cuDeviceGetName)(prop->name, sizeof(prop->name), device);
	DRIVER(cuDeviceGetUuid)(&uuid, device);
	memcpy(&prop->uuid, &uuid, sizeof(prop->uuid));
	DRIVER(cuDeviceTotalMem)(&prop->totalGlobalMem, device);

	static const struct {
		size_t offset;
		int attribute, wide;
	} fields[] = {
#define FIELD(field, number, wide) { offsetof(struct cudaDeviceProp, field), number, wide }
		FIELD(maxThreadsPerBlock, 1, 0),
		FIELD(maxThreadsDim[0], 2, 0),
		FIELD(maxThreadsDim[1], 3, 0),
		FIELD(maxThreadsDim[2], 4, 0),
		FIELD(maxGridSize[0], 5, 0),
		FIELD(maxGridSize[1], 6, 0),
		FIELD(maxGridSize[2], 7, 0),
		FIELD(sharedMemPerBlock, 8, 1),
		FIELD(totalConstMem, 9, 1),
		FIELD(warpSize, 10, 0),
		FIELD(memPitch, 11, 1),
		FIELD(regsPerBlock, 12, 0),
		FIELD(textureAlignment, 14, 1),
		FIELD(multiProcessorCount, 16, 0),
		FIELD(integrated, 18, 0),
		FIELD(canMapHostMemory, 19, 0),
		FIELD(major, 75, 0),
		FIELD(minor, 76, 0),
#undef FIELD
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		int value = attribute((CUdevice_attribute)fields[i].attribute, device);
		size_t wide = (size_t)value;
		memcpy((char *)prop + fields[i].offset,
		       fields[i].wide ? (void *)&wide : (void *)&value,
		       fields[i].wide ? sizeof(wide) : sizeof(value));
	}
	return cudart_return(cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int *driverVersion)
{
	cudaError_t error = cudart_load();
	if (error && error != cudaErrorInsufficientDriver)
		return cudart_return(error);
	if (!driverVersion)
		return cudart_return(cudaErrorInvalidValue);
	*driverVersion = 0; /* what is documented for "no driver" */
	if (DRIVER(cuDriverGetVersion))
		DRIVER(cuDriverGetVersion)(driverVersion);
	return cudart_return(cudaSuccess);
}

cudaError_t cudaRuntimeGetVersion(int *runtimeVersion)
{
	if (!runtimeVersion)
		return cudart_return(cudaErrorInvalidValue);
	*runtimeVersion = CUDART_VERSION;
	return cudart_return(cudaSuccess);
}
