/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Legacy IPC between two processes: what can be exported, opened, and closed, and how often. */
#include "check.h"

/* What the parent sends. */
struct parcel {
	CUipcMemHandle large, small, other_small, freed;
};

/* The child of TEST_SIM_CHILD. */
static int import(void)
{
	CUdeviceptr large, small, other, again;
	struct parcel parcel;
	CUcontext first, second;
	unsigned char byte;

	CHECK(read(STDIN_FILENO, &parcel, sizeof(parcel)) == sizeof(parcel));
	first = test_context();
	EXPECT(cuIpcOpenMemHandle(&large, parcel.large, 2), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuIpcOpenMemHandle(NULL, parcel.large, 1), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuIpcOpenMemHandle(&large, parcel.freed, 1), CUDA_ERROR_INVALID_HANDLE);
	OK(cuIpcOpenMemHandle(&large, parcel.large, 1));
	OK(cuMemcpyDtoH(&byte, large + 3 * MIB - 1, 1));
	CHECK(byte == 0x11);
	OK(cuMemsetD8(large, 0x22, MIB));

	/* Two blocks of one granule: one mapping. */
	OK(cuIpcOpenMemHandle(&small, parcel.small, 1));
	OK(cuIpcOpenMemHandle(&other, parcel.other_small, 1));
	CHECK(other - small == 512);
	OK(cuMemcpyDtoH(&byte, other, 1));
	CHECK(byte == 0x33);
	OK(cuIpcOpenMemHandle(&again, parcel.small, 1));
	CHECK(again == small);

	/* Another context of the device has a mapping of its own. */
	OK(cuCtxCreate(&second, NULL, 0, 0));
	OK(cuIpcOpenMemHandle(&again, parcel.small, 1));
	CHECK(again != small);
	OK(cuCtxDestroy(second));
	OK(cuCtxSetCurrent(first));
	EXPECT(cuMemsetD8(again, 1, 1), CUDA_ERROR_INVALID_VALUE);

	EXPECT(cuMemFree(small), CUDA_ERROR_INVALID_VALUE);
	OK(cuIpcCloseMemHandle(small));
	OK(cuIpcCloseMemHandle(other));
	OK(cuMemcpyDtoH(&byte, small, 1));
	OK(cuIpcCloseMemHandle(small));
	EXPECT(cuIpcCloseMemHandle(small), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuMemcpyDtoH(&byte, small, 1), CUDA_ERROR_INVALID_VALUE);
	OK(cuCtxSynchronize());
	OK(cuIpcCloseMemHandle(large));
	return 0;
}

int main(int argc, char **argv)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr large, small, other, freed, mapped, async;
	struct parcel parcel;
	unsigned char byte = 0;
	int pipes[2], status;
	pid_t child;

	(void)argc;
	if (getenv("TEST_SIM_CHILD"))
		return import();
	test_directory("128M");
	test_context();
	OK(cuMemAlloc(&large, 3 * MIB));
	OK(cuMemAlloc(&small, 100));
	OK(cuMemAlloc(&other, 100));
	OK(cuMemAlloc(&freed, 3 * MIB));
	OK(cuMemAllocAsync(&async, 100, NULL));
	mapped = test_mapped(2 * MIB, &handle);
	EXPECT(cuIpcGetMemHandle(&parcel.large, mapped), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuIpcGetMemHandle(&parcel.large, async), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuIpcGetMemHandle(NULL, large), CUDA_ERROR_INVALID_VALUE);
	OK(cuIpcGetMemHandle(&parcel.large, large));
	OK(cuIpcGetMemHandle(&parcel.small, small));
	OK(cuIpcGetMemHandle(&parcel.other_small, other));
	OK(cuIpcGetMemHandle(&parcel.freed, freed));
	OK(cuMemFree(freed));
	EXPECT(cuIpcGetMemHandle(&parcel.freed, freed), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuIpcOpenMemHandle(&freed, parcel.large, 1), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuMemsetD8(large, 0x11, 3 * MIB));
	OK(cuMemsetD8(other, 0x33, 100));
	OK(cuCtxSynchronize());

	CHECK(pipe(pipes) == 0);
	child = fork();
	if (!child) {
		setenv("TEST_SIM_CHILD", "1", 1);
		dup2(pipes[0], STDIN_FILENO);
		execl("/proc/self/exe", argv[0], (char *)NULL);
		_exit(1);
	}
	CHECK(write(pipes[1], &parcel, sizeof(parcel)) == sizeof(parcel));
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	OK(cuMemcpyDtoH(&byte, large, 1));
	CHECK(byte == 0x22);
	OK(cuMemFree(large));
	return 0;
}
