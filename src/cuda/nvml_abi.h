/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: cuda. The part of NVML's ABI that aerostat uses, under its official names and written from
 * NVIDIA's documentation. tests/abi proves it against an official nvml.h where one is found.
 */
#ifndef AE_CUDA_NVML_ABI_H
#define AE_CUDA_NVML_ABI_H

typedef int nvmlReturn_t;
enum {
	NVML_SUCCESS = 0,
	NVML_ERROR_UNINITIALIZED = 1,
	NVML_ERROR_FUNCTION_NOT_FOUND = 13,
};

typedef struct nvmlDevice_st *nvmlDevice_t;

#define NVML_DEVICE_UUID_V2_BUFFER_SIZE 96

/* used counts what the driver keeps for itself, too: total = free + used. */
typedef struct nvmlMemory_st {
	unsigned long long total;
	unsigned long long free;
	unsigned long long used;
} nvmlMemory_t;

/* What the driver keeps for itself is told apart. */
typedef struct nvmlMemory_v2_st {
	unsigned int version;
	unsigned long long total;
	unsigned long long reserved;
	unsigned long long free;
	unsigned long long used;
} nvmlMemory_v2_t;

#endif
