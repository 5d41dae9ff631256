/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Initialisation, and what can be asked about a device. No state but what cuInit sets up. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

static const struct {
	int number;
	int value;
} attributes[] = {
#define A(number, value) { number, value },
#include "attributes.def"
#undef A
};

CUresult cuInit(unsigned int Flags)
{
	CUresult result;

	ENTER_ANY(cuInit);
	if (sim_is_forked_child())
		return CUDA_ERROR_NOT_INITIALIZED;
	if (Flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_options()->devices)
		return CUDA_ERROR_NO_DEVICE;
	pthread_mutex_lock(&sim_lock);
	result = sim_budget_join();
	if (result == CUDA_SUCCESS)
		sim_set_initialised();
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuDriverGetVersion(int *driverVersion)
{
	ENTER_ANY(cuDriverGetVersion);
	if (!driverVersion)
		return CUDA_ERROR_INVALID_VALUE;
	*driverVersion = sim_driver_version;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
	CUresult result;

	ENTER(cuDeviceGet);
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(ordinal);
	if (result == CUDA_SUCCESS)
		*device = ordinal;
	return result;
}

CUresult cuDeviceGetCount(int *count)
{
	ENTER(cuDeviceGetCount);
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	*count = sim_options()->devices;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int len, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetName);
	if (!name || len <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result == CUDA_SUCCESS)
		snprintf(name, (size_t)len, "Simulated CUDA device");
	return result;
}

static CUresult get_uuid(CUuuid *uuid, CUdevice dev)
{
	CUresult result = sim_device_check(dev);

	if (!uuid)
		return CUDA_ERROR_INVALID_VALUE;
	if (result != CUDA_SUCCESS)
		return result;
	sim_device_uuid(dev, (unsigned char *)uuid->bytes);
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev)
{
	ENTER(cuDeviceGetUuid);
	return get_uuid(uuid, dev);
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev)
{
	ENTER(cuDeviceGetUuid_v2);
	return get_uuid(uuid, dev);
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceTotalMem_v2);
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result == CUDA_SUCCESS)
		*bytes = sim_budget_total(dev);
	return result;
}

CUresult cuDeviceTotalMem(unsigned int *bytes, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceTotalMem);
	if (!bytes)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result == CUDA_SUCCESS) {
		uint64_t total = sim_budget_total(dev);

		*bytes = total > UINT32_MAX ? UINT32_MAX : (unsigned)total;
	}
	return result;
}

static bool find_attribute(int number, int device, int *value_out)
{
	switch (number) {
	case CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED:
		*value_out = !sim_options()->no_vmm;
		return true;
	case CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID:
		*value_out = device;
		return true;
	case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
		*value_out = 0x51;
		return true;
	case CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED:
	case CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED:
		*value_out = 0;
		return true;
	case CU_DEVICE_ATTRIBUTE_MEMPOOL_SUPPORTED_HANDLE_TYPES:
		*value_out = CU_MEM_HANDLE_TYPE_NONE;
		return true;
	}
	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		if (attributes[i].number == number) {
			*value_out = attributes[i].value;
			return true;
		}
	}
	return false;
}

CUresult cuDeviceGetAttribute(int *pi, CUdevice_attribute attrib, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetAttribute);
	if (!pi)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	return find_attribute((int)attrib, dev, pi) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetProperties(CUdevprop *prop, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetProperties);
	if (!prop)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	find_attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK, dev, &prop->maxThreadsPerBlock);
	for (int i = 0; i < 3; i++) {
		find_attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + i, dev,
			       &prop->maxThreadsDim[i]);
		find_attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + i, dev, &prop->maxGridSize[i]);
	}
	find_attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK, dev,
		       &prop->sharedMemPerBlock);
	find_attribute(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY, dev, &prop->totalConstantMemory);
	find_attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE, dev, &prop->SIMDWidth);
	find_attribute(CU_DEVICE_ATTRIBUTE_MAX_PITCH, dev, &prop->memPitch);
	find_attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK, dev, &prop->regsPerBlock);
	find_attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE, dev, &prop->clockRate);
	find_attribute(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT, dev, &prop->textureAlign);
	return CUDA_SUCCESS;
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceComputeCapability);
	if (!major || !minor)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result == CUDA_SUCCESS) {
		find_attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, dev, major);
		find_attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, dev, minor);
	}
	return result;
}

CUresult cuDeviceGetPCIBusId(char *pciBusId, int len, CUdevice dev)
{
	CUresult result;

	ENTER(cuDeviceGetPCIBusId);
	if (!pciBusId || len < 13)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result == CUDA_SUCCESS)
		snprintf(pciBusId, (size_t)len, "0000:51:%02X.0", (unsigned)dev);
	return result;
}

CUresult cuDeviceGetByPCIBusId(CUdevice *dev, const char *pciBusId)
{
	unsigned domain = 0, bus, slot;

	ENTER(cuDeviceGetByPCIBusId);
	if (!dev || !pciBusId)
		return CUDA_ERROR_INVALID_VALUE;
	if (sscanf(pciBusId, "%x:%x:%x", &domain, &bus, &slot) != 3 &&
	    sscanf(pciBusId, "%x:%x", &bus, &slot) != 2)
		return CUDA_ERROR_INVALID_VALUE;
	if (domain || bus != 0x51 || slot >= (unsigned)sim_options()->devices)
		return CUDA_ERROR_INVALID_DEVICE;
	*dev = (CUdevice)slot;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetExecAffinitySupport(int *pi, CUexecAffinityType type, CUdevice dev)
{
	ENTER(cuDeviceGetExecAffinitySupport);
	if (!pi || type != CU_EXEC_AFFINITY_TYPE_SM_COUNT)
		return CUDA_ERROR_INVALID_VALUE;
	*pi = 0;
	return sim_device_check(dev);
}

CUresult cuProfilerInitialize(const char *config, const char *output, int mode)
{
	ENTER(cuProfilerInitialize);
	(void)config, (void)output, (void)mode;
	return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuProfilerStart(void)
{
	ENTER(cuProfilerStart);
	return CUDA_SUCCESS;
}

CUresult cuProfilerStop(void)
{
	ENTER(cuProfilerStop);
	return CUDA_SUCCESS;
}
