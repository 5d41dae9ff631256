/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Came with the drivers of CUDA 11.6: older ones are built without this file. */
#include "sim_nvml.h"

nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
	struct nvml_figures figures;
	nvmlReturn_t result = nvml_figures_get(device, &figures);

	if (result != NVML_SUCCESS)
		return result;
	if (!memory)
		return NVML_ERROR_INVALID_ARGUMENT;
	if (memory->version != nvmlMemory_v2)
		return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
	memory->total = figures.total;
	memory->reserved = figures.reserved;
	memory->free = figures.free;
	memory->used = figures.used;
	return NVML_SUCCESS;
}
