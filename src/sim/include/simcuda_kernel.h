/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a C function stands in for a kernel on the simulated driver.
 *
 * For a PTX entry NAME a shared object listed in SIMCUDA_KERNELS exports
 *
 *	void simk_NAME(const struct simk_launch *launch, void *const *params);
 *
 * It runs once for the whole grid, in stream order, on the stream's thread. params[i] points to the
 * value of the i-th parameter, as cuLaunchKernel's kernelParams do. Pointers in it are device
 * addresses: simk_ptr() makes them usable. Touching memory that is not mapped ends the function
 * there and then, and is the context's CUDA_ERROR_ILLEGAL_ADDRESS: hold no lock, own no memory.
 */
#ifndef SIMCUDA_KERNEL_H
#define SIMCUDA_KERNEL_H

#include <stdint.h>

/* A device address is the address of its host mapping plus this; no such address is the host's. */
#define SIMK_DISTANCE (1ull << 47)
#if defined(__aarch64__)
/* User addresses have 48 bits here: mappings stay in the lowest quarter. */
#define SIMK_SPAN (1ull << 46)
#else
#define SIMK_SPAN (1ull << 47)
#endif

struct simk_launch {
	uint32_t size; /* of this structure */
	uint32_t grid[3];
	uint32_t block[3];
	uint32_t shared_bytes; /* dynamic shared memory */
	uint32_t cooperative;
	uint32_t device;
	const char *name;
};

/* Device memory, and managed and pinned host memory, whose device address is the host's. */
static inline void *simk_ptr(uint64_t device_address)
{
	uint64_t offset = device_address - SIMK_DISTANCE;

	return (void *)(uintptr_t)(offset < SIMK_SPAN ? offset : device_address);
}

typedef void simk_function(const struct simk_launch *launch, void *const *params);

#endif
