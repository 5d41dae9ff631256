/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Processes: before cuInit, forked children, the shared budget, and what a killed process leaves. */
#include "check.h"

#include <signal.h>

static void before_init(void)
{
	CUdeviceptr a;
	size_t bytes;
	int count;

	EXPECT(cuMemAlloc(&a, 100), CUDA_ERROR_NOT_INITIALIZED);
	EXPECT(cuMemGetInfo(&bytes, &bytes), CUDA_ERROR_NOT_INITIALIZED);
	EXPECT(cuMemFree(0), CUDA_ERROR_NOT_INITIALIZED);
	EXPECT(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
	EXPECT(cuInit(1), CUDA_ERROR_INVALID_VALUE);
	OK(cuInit(0));
	EXPECT(cuMemAlloc(&a, 100), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuMemFree(0));
	EXPECT(cuMemFree(4096), CUDA_ERROR_INVALID_VALUE);
	EXPECT(cuDeviceTotalMem(&bytes, 99), CUDA_ERROR_INVALID_DEVICE);
	OK(cuDeviceTotalMem(&bytes, 0));
	CHECK(bytes == 256 * MIB);
}

static void forked(void)
{
	CUdeviceptr a;
	int status, count;
	pid_t child = fork();

	if (!child) {
		EXPECT(cuInit(0), CUDA_ERROR_NOT_INITIALIZED);
		EXPECT(cuDeviceGetCount(&count), CUDA_ERROR_NOT_INITIALIZED);
		EXPECT(cuMemAlloc(&a, 100), CUDA_ERROR_NOT_INITIALIZED);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* The child of TEST_SIM_CHILD: takes 96 MiB, says so, and waits to be killed. */
static int hold(void)
{
	CUmemGenericAllocationHandle handle;
	CUmemAllocationProp prop = test_prop(0);

	test_context();
	OK(cuMemCreate(&handle, 96 * MIB, &prop, 0));
	CHECK(write(STDOUT_FILENO, "x", 1) == 1);
	pause();
	return 1;
}

static void killed(const char *self)
{
	size_t free0, free1, free2, total;
	CUdeviceptr a;
	int pipes[2];
	pid_t child;
	char byte;

	OK(cuMemGetInfo(&free0, &total));
	CHECK(pipe(pipes) == 0);
	child = fork();
	if (!child) {
		setenv("TEST_SIM_CHILD", "1", 1);
		setenv("SIMCUDA_MEM", "999M", 1); /* the first one's size holds */
		dup2(pipes[1], STDOUT_FILENO);
		execl("/proc/self/exe", self, (char *)NULL);
		_exit(1);
	}
	CHECK(read(pipes[0], &byte, 1) == 1);
	OK(cuMemGetInfo(&free1, &total));
	CHECK(total == 256 * MIB);
	CHECK(free0 - free1 == (96 + 16) * MIB);
	EXPECT(cuMemAlloc(&a, 160 * MIB), CUDA_ERROR_OUT_OF_MEMORY);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	OK(cuMemGetInfo(&free2, &total));
	CHECK(free2 == free0);
	OK(cuMemAlloc(&a, 160 * MIB));
	OK(cuMemFree(a));
}

int main(int argc, char **argv)
{
	(void)argc;
	if (getenv("TEST_SIM_CHILD"))
		return hold();
	test_directory("256M");
	before_init();
	test_context();
	forked();
	killed(argv[0]);
	return 0;
}
