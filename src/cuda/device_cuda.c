/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/device_cuda.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static __thread CUresult last_error;
static __thread bool refused;

CUresult ae_device_cuda_last_error(void)
{
	return last_error;
}

/*
 * A driver that is being torn down at process exit has freed everything already: what we would
 * give back is gone, which is what we wanted.
 */
static int down(CUresult result)
{
	if (result == CUDA_SUCCESS || result == CUDA_ERROR_DEINITIALIZED)
		return 0;
	last_error = result;
	return ae_driver_errno(result);
}

static int up(CUresult result)
{
	if (result != CUDA_SUCCESS)
		last_error = result;
	return ae_driver_errno(result);
}

static int op_reserve(void *arg, uint64_t bytes, uint64_t *address_out)
{
	struct ae_device_cuda *device = arg;
	CUdeviceptr address = 0;
	int error;

	error = up(device->driver->cuMemAddressReserve(&address, bytes, device->granularity, 0, 0));
	if (error == 0)
		*address_out = address;
	return error;
}

static int op_unreserve(void *arg, uint64_t address, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;

	return down(device->driver->cuMemAddressFree(address, bytes));
}

bool ae_device_cuda_was_refused(void)
{
	bool was = refused;

	refused = false;
	return was;
}

static int op_claim(void *arg, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;

	int error = device->claim(device->claim_arg, bytes);

	/* Not for the pool to tell apart: it has nothing that is outside. */
	refused = error == -EBUSY;
	return refused ? -ENOMEM : error;
}

static void op_unclaim(void *arg, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;

	device->unclaim(device->claim_arg, bytes);
}

static int op_create(void *arg, uint64_t bytes, uint64_t *handle_out)
{
	struct ae_device_cuda *device = arg;
	CUmemGenericAllocationHandle handle = 0;
	int error;

	error = up(device->driver->cuMemCreate(&handle, bytes, &device->prop, 0));
	if (error == 0)
		*handle_out = handle;
	else
		refused = error == -ENOMEM;
	return error;
}

static int op_release(void *arg, uint64_t handle, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;

	return down(device->driver->cuMemRelease(handle));
}

static int op_map(void *arg, uint64_t address, uint64_t bytes, uint64_t handle)
{
	struct ae_device_cuda *device = arg;

	return up(device->driver->cuMemMap(address, bytes, 0, handle, 0));
}

static int op_unmap(void *arg, uint64_t address, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;

	return down(device->driver->cuMemUnmap(address, bytes));
}

static void describe(CUmemAccessDesc *desc, int device, CUmemAccess_flags flags)
{
	desc->location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	desc->location.id = device;
	desc->flags = flags;
}

static int op_set_access(void *arg, uint64_t address, uint64_t bytes)
{
	struct ae_device_cuda *device = arg;
	uint64_t users = __atomic_load_n(&device->users, __ATOMIC_ACQUIRE);
	uint64_t lost = __atomic_load_n(&device->lost, __ATOMIC_ACQUIRE);
	CUmemAccessDesc access[1 + 64];
	size_t count = 0;

	describe(&access[count++], device->ordinal, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	for (uint64_t rest = users | lost; rest != 0; rest &= rest - 1) {
		int other = __builtin_ctzll(rest);

		describe(&access[count++], other,
			 users >> other & 1 ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE
					    : CU_MEM_ACCESS_FLAGS_PROT_NONE);
	}
	return up(device->driver->cuMemSetAccess(address, bytes, access, count));
}

void ae_device_cuda_set_users(struct ae_device_cuda *device, uint64_t users, uint64_t lost)
{
	__atomic_store_n(&device->lost, lost, __ATOMIC_RELEASE);
	__atomic_store_n(&device->users, users, __ATOMIC_RELEASE);
}

const struct ae_device_ops ae_device_cuda_ops = {
	.reserve = op_reserve,
	.unreserve = op_unreserve,
	.claim = op_claim,
	.unclaim = op_unclaim,
	.create = op_create,
	.release = op_release,
	.map = op_map,
	.unmap = op_unmap,
	.set_access = op_set_access,
};

static bool has_attribute(const struct ae_device_cuda *device, CUdevice_attribute attribute)
{
	int value = 0;

	return device->driver->cuDeviceGetAttribute(&value, attribute, device->ordinal) ==
		       CUDA_SUCCESS &&
	       value != 0;
}

/*
 * Asks for the granularity of memory with the present properties, and creates one granule: what an
 * attribute promises, tried. A device that is full refuses nothing.
 */
static CUresult try_properties(struct ae_device_cuda *device)
{
	const struct ae_driver *driver = device->driver;
	CUmemGenericAllocationHandle handle;
	size_t granularity = 0;
	CUresult result;

	result = driver->cuMemGetAllocationGranularity(&granularity, &device->prop,
						       CU_MEM_ALLOC_GRANULARITY_MINIMUM);
	if (result != CUDA_SUCCESS)
		return result;
	device->granularity = granularity;
	result = driver->cuMemCreate(&handle, granularity, &device->prop, 0);
	if (result == CUDA_SUCCESS)
		return driver->cuMemRelease(handle);
	return result == CUDA_ERROR_OUT_OF_MEMORY ? CUDA_SUCCESS : result;
}

/*
 * As much of what native memory can do as the driver lets chunks do. A container or a hypervisor may
 * forbid what an attribute promises, and an old driver does not know every flag: what is refused is
 * done without.
 */
static CUresult choose_properties(struct ae_device_cuda *device)
{
	CUmemAllocationProp *prop = &device->prop;

	if (has_attribute(device, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED))
		prop->requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	if (has_attribute(device, CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED))
		prop->allocFlags.gpuDirectRDMACapable = 1;
	prop->allocFlags.usage = CU_MEM_CREATE_USAGE_HW_DECOMPRESS;
	if (try_properties(device) == CUDA_SUCCESS)
		return CUDA_SUCCESS;
	prop->allocFlags.usage = 0;
	if (try_properties(device) == CUDA_SUCCESS)
		return CUDA_SUCCESS;
	prop->requestedHandleTypes = CU_MEM_HANDLE_TYPE_NONE;
	prop->allocFlags.gpuDirectRDMACapable = 0;
	return try_properties(device);
}

static bool has_vmm_calls(const struct ae_driver *driver)
{
	return driver->cuMemAddressReserve != NULL && driver->cuMemAddressFree != NULL &&
	       driver->cuMemCreate != NULL && driver->cuMemRelease != NULL &&
	       driver->cuMemMap != NULL && driver->cuMemUnmap != NULL &&
	       driver->cuMemSetAccess != NULL && driver->cuMemGetAllocationGranularity != NULL &&
	       driver->cuDeviceGetUuid != NULL && driver->cuMemGetInfo_v2 != NULL;
}

static int open_failed(char *why, size_t why_size, const char *call, CUresult result)
{
	snprintf(why, why_size, "%s failed with CUDA error %d", call, result);
	return -EIO;
}

CUresult ae_device_cuda_uuid(const struct ae_driver *driver, int ordinal,
			     unsigned char uuid_out[16])
{
	CUresult result;
	CUuuid uuid;

	if (driver->cuDeviceGetUuid_v2 != NULL)
		result = driver->cuDeviceGetUuid_v2(&uuid, ordinal);
	else if (driver->cuDeviceGetUuid != NULL)
		result = driver->cuDeviceGetUuid(&uuid, ordinal);
	else
		result = CUDA_ERROR_NOT_FOUND;
	if (result == CUDA_SUCCESS)
		memcpy(uuid_out, uuid.bytes, sizeof(uuid.bytes));
	return result;
}

int ae_device_cuda_open(struct ae_device_cuda *device, const struct ae_driver *driver, int ordinal,
			char *why, size_t why_size)
{
	size_t bytes = 0;
	int alignment = 0;
	CUresult result;

	memset(device, 0, sizeof(*device));
	device->driver = driver;
	device->ordinal = ordinal;
	if (!has_vmm_calls(driver)) {
		snprintf(why, why_size,
			 "the driver has no virtual memory management; 11.2 or newer is needed");
		return -ENOTSUP;
	}
	if (!has_attribute(device, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED)) {
		snprintf(why, why_size, "the device has no virtual memory management");
		return -ENOTSUP;
	}
	result = driver->cuDeviceGetName(device->name, sizeof(device->name), ordinal);
	if (result != CUDA_SUCCESS)
		return open_failed(why, why_size, "cuDeviceGetName", result);
	result = ae_device_cuda_uuid(driver, ordinal, device->uuid);
	if (result != CUDA_SUCCESS)
		return open_failed(why, why_size, "cuDeviceGetUuid", result);
	result = driver->cuDeviceTotalMem_v2(&bytes, ordinal);
	if (result != CUDA_SUCCESS)
		return open_failed(why, why_size, "cuDeviceTotalMem", result);
	device->total = bytes;
	result = driver->cuDeviceGetAttribute(&alignment, CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT,
					      ordinal);
	if (result != CUDA_SUCCESS || alignment <= 0)
		return open_failed(why, why_size, "cuDeviceGetAttribute", result);
	device->pitch = (uint64_t)alignment;

	device->prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	device->prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	device->prop.location.id = ordinal;
	result = choose_properties(device);
	if (result != CUDA_SUCCESS)
		return open_failed(why, why_size, "cuMemCreate", result);
	return 0;
}
