/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How the driver is found: one dlopen, one dlsym, all else through cuGetProcAddress_v2. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include "cudart.h"

/* The oldest driver that this runtime works with: it needs its own major version. */
#define OLDEST_DRIVER 13000

static const struct request {
	const char *name;
	int version;
	cuuint64_t flags;
} requests[] = {
#define REQUEST(name, version, flags) { name, version, flags },
#include "lookups.def"
#undef REQUEST
};

#define REQUESTS (sizeof(requests) / sizeof(*requests))

struct cudart_driver cudart_driver;

static void *pointers[REQUESTS];
static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static cudaError_t load_error;

static void *pointer_find(const char *name, int version, cuuint64_t flags)
{
	for (size_t i = 0; i < REQUESTS; i++)
		if (requests[i].version == version && requests[i].flags == flags &&
		    !strcmp(requests[i].name, name))
			return pointers[i];
	return NULL;
}

static void pointers_assign(void)
{
#define ENTRY(name, version)     \
	cudart_driver.p_##name = \
		(__typeof__(cudart_driver.p_##name))pointer_find(#name, version, 0);
#define STREAM_ENTRY(name, version, version_of_per_thread)                               \
	cudart_driver.p_##name[0] =                                                      \
		(__typeof__(cudart_driver.p_##name[0]))pointer_find(#name, version, 0);  \
	cudart_driver.p_##name[1] = (__typeof__(cudart_driver.p_##name[1]))pointer_find( \
		#name, version_of_per_thread, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM);
#include "driver.def"
#undef ENTRY
#undef STREAM_ENTRY
}

static void load(void)
{
	void *libcuda = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!libcuda) {
		load_error = cudaErrorInsufficientDriver;
		return;
	}
	void *symbol = dlsym(libcuda, "cuGetProcAddress_v2");
	if (!symbol) {
		load_error = cudaErrorInsufficientDriver;
		return;
	}
	__typeof__(cuGetProcAddress) *get = (__typeof__(get))symbol;
	for (size_t i = 0; i < REQUESTS; i++) {
		CUdriverProcAddressQueryResult status;
		void *pointer = NULL;
		CUresult result = get(requests[i].name, &pointer, requests[i].version,
				      requests[i].flags, &status);
		pointers[i] = result == CUDA_SUCCESS ? pointer : NULL;
	}
	pointers_assign();

	int version = 0;
	if (!DRIVER(cuInit) || !DRIVER(cuDriverGetVersion) ||
	    DRIVER(cuDriverGetVersion)(&version) || version < OLDEST_DRIVER) {
		load_error = cudaErrorInsufficientDriver;
		return;
	}
	load_error = cudart_error(DRIVER(cuInit)(0));
}

cudaError_t cudart_load(void)
{
	pthread_once(&loaded, load);
	return load_error;
}
