/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the rules need around them: memory, kernels, threads, streams that are busy. */
#include "conform.h"

#include <dlfcn.h>
#include <semaphore.h>

#include "ptx.h"

void *conform_symbol(const char *name)
{
	return dlsym(RTLD_DEFAULT, name);
}

CUmemAllocationProp conform_prop(void)
{
	CUmemAllocationProp prop;

	memset(&prop, 0, sizeof(prop));
	prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	prop.location.id = 0;
	prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	return prop;
}

CUresult conform_access(CUdeviceptr address, size_t bytes, unsigned flags)
{
	CUmemAccessDesc access;

	memset(&access, 0, sizeof(access));
	access.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	access.flags = (CUmemAccess_flags)flags;
	return cuMemSetAccess(address, bytes, &access, 1);
}

CUdeviceptr conform_mapped(size_t bytes, CUmemGenericAllocationHandle *handle_out)
{
	CUmemAllocationProp prop = conform_prop();
	CUdeviceptr address;

	NEED(cuMemAddressReserve(&address, bytes, 0, 0, 0));
	NEED(cuMemCreate(handle_out, bytes, &prop, 0));
	NEED(cuMemMap(address, bytes, 0, *handle_out, 0));
	NEED(conform_access(address, bytes, CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
	return address;
}

size_t conform_free_bytes(void)
{
	size_t free_bytes, total;

	NEED(cuMemGetInfo(&free_bytes, &total));
	return free_bytes;
}

CUfunction conform_kernel(const char *name)
{
	static CUmodule module;
	CUfunction function;

	if (!module)
		NEED(cuModuleLoadData(&module, app_ptx));
	NEED(cuModuleGetFunction(&function, module, name));
	return function;
}

CUresult conform_fill(CUstream stream, CUdeviceptr words, uint64_t n, uint64_t wait_ns)
{
	unsigned seed = 1;
	void *params[] = { &words, &n, &seed, &wait_ns };

	return cuLaunchKernel(conform_kernel("app_slow_fill"), 1, 1, 1, 32, 1, 1, 0, stream, params,
			      NULL);
}

struct errand {
	CUresult (*function)(void *);
	void *argument;
	CUcontext context;
	CUresult result;
};

static void *run_errand(void *argument)
{
	struct errand *errand = argument;

	errand->result = cuCtxSetCurrent(errand->context);
	if (errand->result == CUDA_SUCCESS)
		errand->result = errand->function(errand->argument);
	return NULL;
}

CUresult conform_thread(CUresult (*function)(void *), void *argument)
{
	struct errand errand = { .function = function, .argument = argument };
	pthread_t thread;

	NEED(cuCtxGetCurrent(&errand.context));
	NEED(pthread_create(&thread, NULL, run_errand, &errand));
	NEED(pthread_join(thread, NULL));
	return errand.result;
}

static sem_t go;

static void CUDA_CB hold(void *unused)
{
	(void)unused;
	while (sem_wait(&go))
		;
}

void conform_hold(CUstream stream)
{
	NEED(sem_init(&go, 0, 0));
	NEED(cuLaunchHostFunc(stream, hold, NULL));
}

void conform_go(void)
{
	NEED(sem_post(&go));
}
