/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Starting, and what can be asked about a device but its memory. */
#include "sim_nvml.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

/* How often nvmlInit was called more than nvmlShutdown. */
static _Atomic int starts;

/* A handle is the address of one of these; no more is in it. */
struct nvmlDevice_st {
	char unused;
};
static struct nvmlDevice_st devices[SIM_MAX_DEVICES];

bool nvml_started(void)
{
	return atomic_load(&starts) > 0;
}

int nvml_device_index(nvmlDevice_t device)
{
	for (int i = 0; i < sim_options()->devices; i++)
		if (device == &devices[i])
			return i;
	return -1;
}

nvmlReturn_t nvmlInit_v2(void)
{
	atomic_fetch_add(&starts, 1);
	return NVML_SUCCESS;
}

/* The flags say what to do without GPUs, or when one fails to start: nothing that can happen here. */
nvmlReturn_t nvmlInitWithFlags(unsigned int flags)
{
	(void)flags;
	return nvmlInit_v2();
}

nvmlReturn_t nvmlShutdown(void)
{
	int seen = atomic_load(&starts);

	do {
		if (seen <= 0)
			return NVML_ERROR_UNINITIALIZED;
	} while (!atomic_compare_exchange_weak(&starts, &seen, seen - 1));
	return NVML_SUCCESS;
}

const char *nvmlErrorString(nvmlReturn_t result)
{
	switch (result) {
	case NVML_SUCCESS:
		return "Success";
	case NVML_ERROR_UNINITIALIZED:
		return "Uninitialized";
	case NVML_ERROR_INVALID_ARGUMENT:
		return "Invalid Argument";
	case NVML_ERROR_NOT_FOUND:
		return "Not Found";
	case NVML_ERROR_INSUFFICIENT_SIZE:
		return "Insufficient Size";
	case NVML_ERROR_ARGUMENT_VERSION_MISMATCH:
		return "Argument version mismatch";
	default:
		return "Unknown Error";
	}
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int *deviceCount)
{
	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	if (!deviceCount)
		return NVML_ERROR_INVALID_ARGUMENT;
	*deviceCount = (unsigned)sim_options()->devices;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index, nvmlDevice_t *device)
{
	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	if (!device || index >= (unsigned)sim_options()->devices)
		return NVML_ERROR_INVALID_ARGUMENT;
	*device = &devices[index];
	return NVML_SUCCESS;
}

static void uuid_text(int device, char text[NVML_DEVICE_UUID_BUFFER_SIZE])
{
	unsigned char u[16];

	sim_device_uuid(device, u);
	snprintf(text, NVML_DEVICE_UUID_BUFFER_SIZE,
		 "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0],
		 u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13],
		 u[14], u[15]);
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
	char text[NVML_DEVICE_UUID_BUFFER_SIZE];

	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	if (!uuid || !device)
		return NVML_ERROR_INVALID_ARGUMENT;
	for (int i = 0; i < sim_options()->devices; i++) {
		uuid_text(i, text);
		if (strcmp(text, uuid) != 0)
			continue;
		*device = &devices[i];
		return NVML_SUCCESS;
	}
	return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t answer_text(nvmlDevice_t device, const char *text, char *out,
				unsigned int length)
{
	if (nvml_device_index(device) < 0 || !out)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (strlen(text) >= length)
		return NVML_ERROR_INSUFFICIENT_SIZE;
	memcpy(out, text, strlen(text) + 1);
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned int length)
{
	char text[NVML_DEVICE_UUID_BUFFER_SIZE];

	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	uuid_text(nvml_device_index(device), text);
	return answer_text(device, text, uuid, length);
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned int length)
{
	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	return answer_text(device, "Simulated CUDA device", name, length);
}
