/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The stand-in libnvidia-ml.so.1: devices and their memory, as the simulated driver has them. It is
 * part of the simulator and shares its options and its budget file. It only looks: unlike the driver
 * it makes no file and takes no part.
 */
#ifndef SIM_NVML_H
#define SIM_NVML_H

#pragma GCC visibility push(default)
#include "include/nvml.h"
#pragma GCC visibility pop

#include <stdbool.h>
#include <stdint.h>

/* What NVML counts and CUDA does not: the part of a device that its firmware keeps. */
#define NVML_RESERVED_BYTES (64ull << 20)

/* nvml.c: between nvmlInit and nvmlShutdown. */
bool nvml_started(void);
/* The number of a handle; -1: it is none. */
int nvml_device_index(nvmlDevice_t device);

/* look.c: what the budget file says, whether or not a driver has ever made it. */
void nvml_look(int device, uint64_t *free_out, uint64_t *total_out);

/* memory.c */
struct nvml_figures {
	uint64_t total, reserved, free, used;
};
nvmlReturn_t nvml_figures_get(nvmlDevice_t device, struct nvml_figures *figures_out);

#endif
