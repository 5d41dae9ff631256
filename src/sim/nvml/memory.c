/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim_nvml.h"

nvmlReturn_t nvml_figures_get(nvmlDevice_t device, struct nvml_figures *figures_out)
{
	int index = nvml_device_index(device);
	uint64_t total;

	if (!nvml_started())
		return NVML_ERROR_UNINITIALIZED;
	if (index < 0)
		return NVML_ERROR_INVALID_ARGUMENT;
	nvml_look(index, &figures_out->free, &total);
	figures_out->used = total - figures_out->free;
	figures_out->reserved = NVML_RESERVED_BYTES;
	figures_out->total = total + NVML_RESERVED_BYTES;
	return NVML_SUCCESS;
}

nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
	struct nvml_figures figures;
	nvmlReturn_t result = nvml_figures_get(device, &figures);

	if (result != NVML_SUCCESS)
		return result;
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	memory->total = figures.total;
	memory->free = figures.free;
	memory->used = figures.used + figures.reserved;
	return NVML_SUCCESS;
}
