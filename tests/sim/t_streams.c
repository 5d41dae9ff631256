/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Order: streams, events, the legacy default stream, host functions; faults and what they leave. */
#include "check.h"

static CUfunction add;

static void launch(CUdeviceptr to, unsigned value, CUstream stream)
{
	unsigned triple[3] = { 0, 0, 0 };
	void *params[] = { &to, &value, triple };

	OK(cuLaunchKernel(add, 1, 1, 1, 4, 1, 1, 0, stream, params, NULL));
	value = 12345; /* the parameters were copied */
}

static void order(void)
{
	CUstream a, b, free_running;
	CUevent event, end;
	CUdeviceptr memory;
	CUcontext ctx;
	unsigned values[4];
	float ms;
	atomic_int slow = 0;

	OK(cuStreamCreate(&a, CU_STREAM_DEFAULT));
	OK(cuStreamCreate(&b, CU_STREAM_DEFAULT));
	OK(cuStreamCreate(&free_running, CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&event, 0));
	OK(cuEventCreate(&end, 0));
	OK(cuMemAlloc(&memory, 16));
	OK(cuMemsetD32(memory, 1, 4));
	OK(cuEventRecord(end, a));
	OK(cuLaunchHostFunc(a, test_slow, &slow));
	launch(memory, 2, a);
	OK(cuEventRecord(event, a));
	EXPECT(cuEventQuery(event), CUDA_ERROR_NOT_READY);
	EXPECT(cuStreamQuery(a), CUDA_ERROR_NOT_READY);
	OK(cuStreamQuery(free_running));
	OK(cuStreamWaitEvent(b, event, 0));
	OK(cuMemcpyDtoHAsync(values, memory, 16, b)); /* pageable: done at return */
	CHECK(values[3] == 3 && slow == 1);
	OK(cuEventElapsedTime(&ms, end, event));
	CHECK(ms > 50);
	/* The legacy stream waits for a blocking stream, and not for the other kind. */
	OK(cuLaunchHostFunc(a, test_slow, &slow));
	OK(cuMemcpyDtoH(values, memory, 16));
	CHECK(slow == 2);
	OK(cuLaunchHostFunc(free_running, test_slow, &slow));
	OK(cuMemcpyDtoH(values, memory, 16));
	CHECK(slow == 2);
	/* cuMemFree waits for all of it. */
	OK(cuMemFree(memory));
	CHECK(slow == 3);
	OK(cuLaunchHostFunc(free_running, test_slow, &slow));
	OK(cuCtxGetCurrent(&ctx));
	OK(cuCtxRecordEvent(ctx, event));
	EXPECT(cuEventQuery(event), CUDA_ERROR_NOT_READY);
	OK(cuEventSynchronize(event));
	CHECK(slow == 4);
	OK(cuLaunchHostFunc(CU_STREAM_PER_THREAD, test_slow, &slow));
	OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
	CHECK(slow == 5);
	OK(cuStreamDestroy(a));
	EXPECT(cuStreamQuery(a), CUDA_ERROR_INVALID_HANDLE);
	OK(cuStreamDestroy(b));
	OK(cuStreamDestroy(free_running));
	OK(cuEventDestroy(event));
	OK(cuEventDestroy(end));
}

static CUresult inside;

static void calls_driver(void *unused)
{
	(void)unused;
	inside = cuStreamQuery(NULL);
}

static void callbacks(void)
{
	OK(cuLaunchHostFunc(NULL, calls_driver, NULL));
	OK(cuStreamSynchronize(NULL));
	EXPECT(inside, CUDA_ERROR_NOT_PERMITTED);
}

/* A launch whose memory is unmapped before it runs: unmapping does not wait. */
static void launch_faults(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr address = test_mapped(2 * MIB, &handle), other;
	CUcontext ctx;
	atomic_int slow = 0;

	launch(address, 1, NULL);
	OK(cuCtxSynchronize());
	OK(cuLaunchHostFunc(NULL, test_slow, &slow));
	launch(address, 1, NULL);
	OK(cuMemUnmap(address, 2 * MIB));
	CHECK(slow == 0);
	EXPECT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
	EXPECT(cuMemAlloc(&other, 16), CUDA_ERROR_ILLEGAL_ADDRESS);
	EXPECT(cuStreamSynchronize(NULL), CUDA_ERROR_ILLEGAL_ADDRESS);
	/* Only a new process helps. */
	OK(cuDevicePrimaryCtxReset(0));
	EXPECT(cuDevicePrimaryCtxRetain(&ctx, 0), CUDA_ERROR_ILLEGAL_ADDRESS);
	EXPECT(cuCtxCreate(&ctx, NULL, 0, 0), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void copy_faults(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr address = test_mapped(2 * MIB, &handle);
	CUmemAccessDesc access = { .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	atomic_int slow = 0;

	/* The driver looks the address of a fill or a copy up at the call: an error, not a fault. */
	OK(cuMemUnmap(address, 2 * MIB));
	EXPECT(cuMemsetD8(address, 0, 16), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemcpyHtoD(address, &handle, 4), CUDA_ERROR_INVALID_VALUE);
	OK(cuCtxSynchronize());
	/* A copy that was fine when it was enqueued is a fault like any other. */
	OK(cuMemMap(address, 2 * MIB, 0, handle, 0));
	EXPECT(cuMemsetD8(address, 0, 16), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemSetAccess(address, 2 * MIB, &access, 1));
	EXPECT(cuMemsetD8(address, 0, 2 * MIB + 1), CUDA_ERROR_INVALID_VALUE);
	OK(cuLaunchHostFunc(NULL, test_slow, &slow));
	OK(cuMemsetD8(address, 0, 16));
	OK(cuMemUnmap(address, 2 * MIB));
	EXPECT(cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
}

static void modules(void)
{
	CUmodule module;
	CUlibrary library;
	CUkernel kernel;
	CUfunction function;
	CUdeviceptr memory;
	size_t offset, size;
	unsigned char packed[24];
	unsigned result, value = 5;
	size_t packed_size = sizeof(packed);
	void *extra[] = { CU_LAUNCH_PARAM_BUFFER_POINTER, packed, CU_LAUNCH_PARAM_BUFFER_SIZE,
			  &packed_size, CU_LAUNCH_PARAM_END };

	EXPECT(cuModuleLoadData(&module, "ELF, or so"), CUDA_ERROR_INVALID_IMAGE);
	OK(cuModuleLoadData(&module, test_ptx));
	EXPECT(cuModuleGetFunction(&function, module, "lonely"), CUDA_ERROR_NOT_FOUND);
	EXPECT(cuModuleGetFunction(&function, module, "nobody"), CUDA_ERROR_NOT_FOUND);
	OK(cuModuleUnload(module));
	OK(cuLibraryLoadData(&library, test_ptx, NULL, NULL, 0, NULL, NULL, 0));
	OK(cuLibraryGetKernel(&kernel, library, "add"));
	OK(cuKernelGetFunction(&add, kernel));
	OK(cuFuncGetParamInfo(add, 2, &offset, &size));
	CHECK(offset == 12 && size == 12);
	EXPECT(cuFuncGetParamInfo(add, 3, &offset, &size), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemAlloc(&memory, 64));
	OK(cuMemsetD32(memory, 1, 16));
	memset(packed, 0, sizeof(packed));
	memcpy(packed, &memory, 8);
	memcpy(packed + 8, &value, 4);
	memcpy(packed + 20, &value, 4);
	OK(cuLaunchKernel(add, 2, 1, 1, 4, 1, 1, 0, NULL, NULL, extra));
	OK(cuMemcpyDtoH(&result, memory + 28, 4));
	CHECK(result == 11);
	OK(cuMemcpyDtoH(&result, memory + 32, 4));
	CHECK(result == 1);
	EXPECT(cuLaunchKernel(add, 1, 1, 1, 2048, 1, 1, 0, NULL, NULL, extra),
	       CUDA_ERROR_INVALID_VALUE);
	OK(cuMemFree(memory));
}

/* A fault is the end of its process: each has one of its own, before this one calls the driver. */
static void apart(void (*part)(void))
{
	pid_t child = fork();
	int status;

	if (!child) {
		test_context();
		modules();
		part();
		_exit(0);
	}
	CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
	test_directory("256M");
	apart(launch_faults);
	apart(copy_faults);
	test_context();
	modules();
	order();
	callbacks();
	/* Ends with work under way: the process must neither crash nor hang. */
	static atomic_int slow;
	OK(cuLaunchHostFunc(NULL, test_slow, &slow));
	return 0;
}
