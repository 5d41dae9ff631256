/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. NVML's memory queries: what cuMemGetInfo says, to programs that ask NVML instead, and to
 * those that ask before (or without ever) initialising CUDA, which nothing here does for them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cuda/device_cuda.h"
#include "shim/device.h"
#include "shim/hooks.h"
#include "shim/meminfo.h"
#include "shim/nvml.h"
#include "shim/process.h"

/* The figures of both versions of the query. */
struct figures {
	uint64_t total;
	uint64_t reserved;
	uint64_t free;
	uint64_t used;
};

#define UUID_TEXT NVML_DEVICE_UUID_V2_BUFFER_SIZE

static bool device_has_uuid(CUdevice ordinal, const char *text)
{
	unsigned char uuid[16];
	char own[UUID_TEXT];
	size_t at;

	if (ae_device_cuda_uuid(ae_driver(), ordinal, uuid) != CUDA_SUCCESS)
		return false;
	at = (size_t)snprintf(own, sizeof(own), "GPU-");
	for (size_t i = 0; i < sizeof(uuid); i++)
		at += (size_t)snprintf(own + at, sizeof(own) - at,
				       i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
				       uuid[i]);
	return strcmp(own, text) == 0;
}

/* The number that CUDA has for a GPU in this process, -1: none, CUDA does not see it. */
static CUdevice ordinal_of(const char *uuid)
{
	int count = 0;

	if (ae_driver()->cuDeviceGetCount(&count) != CUDA_SUCCESS)
		return -1;
	for (CUdevice i = 0; i < count; i++) {
		if (device_has_uuid(i, uuid))
			return i;
	}
	return -1;
}

/* What this process has of a GPU. */
struct share {
	uint64_t whole; /* the device's bytes, of which the limit is a part */
	uint64_t limit;
	struct ae_meminfo_use use;
};

/* Of a GPU that this process uses, or may yet use. False: not served. Joins nothing. */
static bool share_of_member(struct ae_process *process, const char *uuid, struct share *share_out)
{
	CUdevice ordinal = ordinal_of(uuid);
	struct ae_device *device;
	size_t whole;

	if (process->config.meminfo == AE_MEMINFO_PHYSICAL || ordinal < 0 ||
	    ae_driver()->cuDeviceTotalMem_v2(&whole, ordinal) != CUDA_SUCCESS)
		return false;
	share_out->whole = whole;
	share_out->limit = ae_device_limit_of(process, ordinal, whole);
	device = ae_device_peek(process, ordinal);
	if (device != NULL)
		ae_device_get_use(device, &share_out->use);
	return true;
}

/*
 * While CUDA is not initialised: what the options say, read each time, because they may change until
 * then. The device's size is NVML's, which CUDA's is a little less than.
 */
static bool share_of_stranger(uint64_t total, struct share *share_out)
{
	struct ae_config config;

	ae_config_load(NULL, &config, NULL, NULL);
	if (config.meminfo == AE_MEMINFO_PHYSICAL)
		return false;
	share_out->whole = total;
	share_out->limit = ae_meminfo_limit(&config, total);
	return true;
}

/* Puts this process's figures in the place of NVML's. */
static void tell(nvmlDevice_t device, struct figures *figures)
{
	struct ae_process *process = ae_process_serving();
	char uuid[UUID_TEXT] = "";
	struct share share = { .use.others.room = UINT64_MAX };
	uint64_t free;

	/* A part of a GPU ("MIG-") has a size of its own, which is the truth. */
	if (ae_nvml()->nvmlDeviceGetUUID == NULL ||
	    ae_nvml()->nvmlDeviceGetUUID(device, uuid, sizeof(uuid)) != NVML_SUCCESS ||
	    strncmp(uuid, "GPU-", 4) != 0)
		return;
	if (!(process != NULL ? share_of_member(process, uuid, &share)
			      : share_of_stranger(figures->total, &share)))
		return;
	if (share.limit >= share.whole && share.use.used + share.use.spare == 0)
		return;
	free = ae_meminfo_free(share.limit, &share.use, figures->free);
	if (share.limit < share.whole) {
		/* What the driver keeps for itself is no part of the limit. */
		figures->total = share.limit;
		figures->reserved = 0;
		figures->used = share.limit - free;
	} else {
		figures->used += figures->free - free;
	}
	figures->free = free;
}

nvmlReturn_t ae_h_nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	nvmlReturn_t result = ae_nvml()->nvmlDeviceGetMemoryInfo(device, memory);
	struct figures figures = { 0 };

	if (result != NVML_SUCCESS)
		return result;
	figures.total = memory->total;
	figures.free = memory->free;
	figures.used = memory->used;
	tell(device, &figures);
	memory->total = figures.total;
	memory->free = figures.free;
	memory->used = figures.used;
	return result;
}

nvmlReturn_t ae_h_nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	nvmlReturn_t result = ae_nvml()->nvmlDeviceGetMemoryInfo_v2(device, memory);
	struct figures figures = { 0 };

	if (result != NVML_SUCCESS)
		return result;
	figures.total = memory->total;
	figures.reserved = memory->reserved;
	figures.free = memory->free;
	figures.used = memory->used;
	tell(device, &figures);
	memory->total = figures.total;
	memory->reserved = figures.reserved;
	memory->free = figures.free;
	memory->used = figures.used;
	return result;
}
