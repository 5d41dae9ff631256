/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Modules, libraries, launches, and what a faulting kernel leaves behind. */
#include "conform.h"

#include "ptx.h"

static CUdeviceptr block;
static uint64_t words = 4;
static unsigned seed = 1;
static void *params[] = { &block, &words, &seed };

static CUresult launch(CUfunction function, unsigned grid, unsigned threads, unsigned shared)
{
	return cuLaunchKernel(function, grid, 1, 1, threads, 1, 1, shared, NULL, params, NULL);
}

void rules_launches(void)
{
	CUfunction function, none;
	CUdeviceptr global;
	CUmodule module;
	size_t bytes;
	int value = 0;
	unsigned before = 0, after = 1;
	unsigned char packed[20];
	size_t packed_bytes = sizeof(packed);
	void *extra[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, packed, CU_LAUNCH_PARAM_BUFFER_SIZE,
			  &packed_bytes, CU_LAUNCH_PARAM_END };

	RULE("cuModuleLoadData of nonsense", CUDA_ERROR_INVALID_IMAGE,
	     cuModuleLoadData(&module, "nonsense"));
	RULE("cuModuleLoadData of NULL", CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(&module, NULL));
	RULE("cuModuleLoadData to NULL", CUDA_ERROR_INVALID_VALUE, cuModuleLoadData(NULL, app_ptx));
	NEED(cuModuleLoadData(&module, app_ptx));
	RULE("cuModuleGetFunction of no kernel", CUDA_ERROR_NOT_FOUND,
	     cuModuleGetFunction(&none, module, "app_nothing"));
	RULE("cuModuleGetFunction without a name", CUDA_ERROR_INVALID_VALUE,
	     cuModuleGetFunction(&none, module, NULL));
	RULE("cuModuleGetGlobal of nothing", CUDA_ERROR_NOT_FOUND,
	     cuModuleGetGlobal(&global, &bytes, module, "app_nothing"));
	NEED(cuModuleGetFunction(&function, module, "app_fill"));
	NEED(cuFuncGetAttribute(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, function));
	RULE("a block has up to 1024 threads", 1024, value);
	NEED(cuMemAlloc(&block, 4096));
	NEED(cuMemsetD32(block, 0, 1024));
	RULE("cuLaunchKernel of NULL", CUDA_ERROR_INVALID_HANDLE, launch(NULL, 1, 1, 0));
	RULE("cuLaunchKernel of no blocks", CUDA_ERROR_INVALID_VALUE, launch(function, 0, 1, 0));
	RULE("cuLaunchKernel of no threads", CUDA_ERROR_INVALID_VALUE, launch(function, 1, 0, 0));
	RULE("cuLaunchKernel of 2048 threads a block", CUDA_ERROR_INVALID_VALUE,
	     launch(function, 1, 2048, 0));
	RULE("cuLaunchKernel with 1 MiB of shared memory", CUDA_ERROR_INVALID_VALUE,
	     launch(function, 1, 1, 1 << 20));
	RULE("cuLaunchKernel with its parameters twice", CUDA_ERROR_INVALID_VALUE,
	     (memset(packed, 0, sizeof(packed)),
	      cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, NULL, params, extra)));
	RULE("cuLaunchKernel", CUDA_SUCCESS, launch(function, 1, 32, 0));
	NEED(cuMemcpyDtoH(&before, block + 12, 4));
	NEED(cuMemsetD32(block, 0, 1024));
	memcpy(packed, &block, 8);
	memcpy(packed + 8, &words, 8);
	memcpy(packed + 16, &seed, 4);
	RULE("cuLaunchKernel with packed parameters", CUDA_SUCCESS,
	     cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, NULL, NULL, extra));
	NEED(cuMemcpyDtoH(&after, block + 12, 4));
	RULE("packed parameters do the same", before, after);
	words = 1;
	NEED(launch(function, 1, 32, 0));
	words = 1024;
	NEED(cuMemcpyDtoH(&after, block + 16, 4));
	RULE("parameters are read when the call is made", 0, after);
	RULE("cuModuleUnload", CUDA_SUCCESS, cuModuleUnload(module));
	RULE("launches that were refused leave nothing behind", CUDA_SUCCESS, cuCtxSynchronize());
}

void rules_libraries(void)
{
	CUresult (*load)(CUlibrary *, const void *, void *, void **, unsigned, void *, void **,
			 unsigned);
	CUresult (*kernel)(CUkernel *, CUlibrary, const char *);
	CUresult (*function)(CUfunction *, CUkernel);
	CUresult (*unload)(CUlibrary);
	CUlibrary library;
	CUkernel found;
	CUfunction made;

	*(void **)&load = conform_symbol("cuLibraryLoadData");
	*(void **)&kernel = conform_symbol("cuLibraryGetKernel");
	*(void **)&function = conform_symbol("cuKernelGetFunction");
	*(void **)&unload = conform_symbol("cuLibraryUnload");
	NEED_TRUE(load && kernel && function && unload);
	RULE("cuLibraryLoadData", CUDA_SUCCESS,
	     load(&library, app_ptx, NULL, NULL, 0, NULL, NULL, 0));
	RULE("cuLibraryGetKernel of no kernel", CUDA_ERROR_NOT_FOUND,
	     kernel(&found, library, "app_nothing"));
	NEED(kernel(&found, library, "app_fill"));
	RULE("cuKernelGetFunction", CUDA_SUCCESS, function(&made, found));
	NEED(cuMemAlloc(&block, 4096));
	words = 4;
	RULE("cuLaunchKernel of a library's kernel", CUDA_SUCCESS, launch(made, 1, 32, 0));
	RULE("a library's kernel runs", CUDA_SUCCESS, cuCtxSynchronize());
	RULE("cuLaunchKernel of a kernel's handle", CUDA_SUCCESS,
	     launch((CUfunction)found, 1, 32, 0));
	RULE("cuLibraryUnload", CUDA_SUCCESS, unload(library));
}

/* Everything that is asked of a context after one of its kernels faulted. */
static void sticky(const char *what)
{
	CUdeviceptr a = 0;
	CUcontext again;
	CUstream stream;
	size_t bytes;
	unsigned word;

	rule(conform_name("%s: cuCtxSynchronize", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuCtxSynchronize());
	rule(conform_name("%s: then cuCtxSynchronize", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuCtxSynchronize());
	rule(conform_name("%s: then cuMemAlloc", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuMemAlloc(&a, 100));
	rule(conform_name("%s: then cuMemFree(0)", what), CUDA_ERROR_ILLEGAL_ADDRESS, cuMemFree(0));
	rule(conform_name("%s: then cuMemFree", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuMemFree(block));
	rule(conform_name("%s: then cuMemGetInfo", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuMemGetInfo(&bytes, &bytes));
	rule(conform_name("%s: then cuMemcpyDtoH", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuMemcpyDtoH(&word, block, 4));
	rule(conform_name("%s: then cuStreamQuery", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuStreamQuery(NULL));
	rule(conform_name("%s: then cuStreamCreate", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuStreamCreate(&stream, 0));
	rule(conform_name("%s: then cuCtxCreate", what), CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuCtxCreate_v2(&again, 0, 0));
	rule(conform_name("%s: then cuCtxGetCurrent", what), CUDA_SUCCESS, cuCtxGetCurrent(&again));
	rule(conform_name("%s: cuDevicePrimaryCtxReset", what), CUDA_SUCCESS,
	     cuDevicePrimaryCtxReset(0));
	rule(conform_name("%s: cuDevicePrimaryCtxRetain after the reset", what),
	     CUDA_ERROR_ILLEGAL_ADDRESS, cuDevicePrimaryCtxRetain(&again, 0));
	rule(conform_name("%s: cuMemAlloc after the reset", what), CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuMemAlloc(&a, 100));
}

void rules_fault_reserved(void)
{
	CUdeviceptr a;

	NEED(cuMemAlloc(&block, 100));
	NEED(cuMemAddressReserve(&a, 2 * MIB, 0, 0, 0));
	RULE("a kernel in a reservation: cuLaunchKernel", CUDA_SUCCESS,
	     conform_fill(NULL, a, 4, 0));
	sticky("a kernel in a reservation");
}

void rules_fault_no_access(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = conform_mapped(2 * MIB, &handle);

	NEED(cuMemAlloc(&block, 100));
	NEED(cuMemUnmap(a, 2 * MIB));
	NEED(cuMemMap(a, 2 * MIB, 0, handle, 0));
	RULE("a kernel without access: cuLaunchKernel", CUDA_SUCCESS, conform_fill(NULL, a, 4, 0));
	sticky("a kernel without access");
}

/* cuMemUnmap does not wait for the kernel that is about to touch the memory. */
void rules_fault_unmapped(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = conform_mapped(2 * MIB, &handle);
	CUresult running;

	NEED(cuMemAlloc(&block, 100));
	NEED(conform_fill(NULL, a, 4, 1000)); /* the module is loaded, the kernel ran once */
	NEED(cuCtxSynchronize());
	NEED(conform_fill(NULL, a, 4, 500000000));
	RULE("unmapped under a kernel: cuMemUnmap", CUDA_SUCCESS, cuMemUnmap(a, 2 * MIB));
	running = cuStreamQuery(NULL);
	RULE("unmapped under a kernel: cuMemUnmap does not wait", CUDA_ERROR_NOT_READY, running);
	sticky("unmapped under a kernel");
}

void rules_fault_read_only(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = conform_mapped(2 * MIB, &handle);

	NEED(conform_access(a, 2 * MIB, CU_MEM_ACCESS_FLAGS_PROT_READ));
	NEED(conform_fill(NULL, a, 4, 0));
	RULE("a kernel that writes where it may read: cuCtxSynchronize", CUDA_ERROR_ILLEGAL_ADDRESS,
	     cuCtxSynchronize());
}
