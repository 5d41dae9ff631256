/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Inside of the stand-in runtime: the driver's entry points and the runtime's own state.
 *
 * The stand-in reaches the driver as NVIDIA's runtime does and in no other way: one dlopen of
 * libcuda.so.1, one dlsym of cuGetProcAddress_v2, then the requests of lookups.def in their order.
 * It shares no code with the simulated driver and links to neither.
 *
 * Locking: one mutex in context.c guards which devices' primary contexts are retained. The driver
 * is called under it, and calls back into nothing of ours. The entry points are immutable once
 * loaded. The last error and the current device are each thread's own.
 */
#ifndef SIMCUDA_CUDART_H
#define SIMCUDA_CUDART_H

#include <cuda.h>
#include <cuda_runtime_api.h>

/* 0: streams given as NULL are the legacy default stream. 1: the thread's own (per_thread.c). */
#ifndef CUDART_PER_THREAD
#define CUDART_PER_THREAD 0
#endif

struct cudart_driver {
#define ENTRY(name, version)                               __typeof__(name) *p_##name;
#define STREAM_ENTRY(name, version, version_of_per_thread) __typeof__(name) *p_##name[2];
#include "driver.def"
#undef ENTRY
#undef STREAM_ENTRY
};

extern struct cudart_driver cudart_driver;

#define DRIVER(name)        (cudart_driver.p_##name)
#define DRIVER_STREAM(name) (cudart_driver.p_##name[CUDART_PER_THREAD])

/*
 * Loads the driver at the first call and initialises it. Every runtime call that needs no context
 * begins with it.
 */
cudaError_t cudart_load(void);

/* cudart_load, and makes the device's primary context current where the thread has none. */
cudaError_t cudart_enter(void);

/* The device that the calling thread chose, 0 at first. */
int cudart_device(void);

/* The runtime's code for one of the driver's. */
cudaError_t cudart_error(CUresult result);

/* Remembers an error for cudaGetLastError, and returns it. */
cudaError_t cudart_return(cudaError_t error);

/*
 * Body of a call that is one driver call. An entry point that the driver lacks is an error code, as
 * in NVIDIA's runtime.
 */
#define CUDART_CALL(entry, ...)                                                 \
	do {                                                                    \
		cudaError_t error_ = cudart_enter();                            \
		if (error_)                                                     \
			return cudart_return(error_);                           \
		if (!entry)                                                     \
			return cudart_return(cudaErrorCallRequiresNewerDriver); \
		return cudart_return(cudart_error(entry(__VA_ARGS__)));         \
	} while (0)

#endif
