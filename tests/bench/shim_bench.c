/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One kind of call, ROUNDS times: under callgrind, natively and preloaded, on null_driver, the
 * difference is what the library adds.
 *
 *	shim_bench pair|launch|dlsym|dlsym-driver|nothing ROUNDS
 */
#include <cuda.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "nothing";
	long rounds = argc > 2 ? atol(argv[2]) : 0;
	void *driver = dlopen("libcuda.so.1", RTLD_NOW);
	CUdeviceptr block;

	if (driver == NULL || cuInit(0) != CUDA_SUCCESS)
		return 1;
	/* One block lives on, so that its granule stays and the pool is warm. */
	if (cuMemAlloc(&block, 2 << 20) != CUDA_SUCCESS ||
	    cuMemAlloc(&block, 2 << 20) != CUDA_SUCCESS || cuMemFree(block) != CUDA_SUCCESS)
		return 1;
	for (long i = 0; i < rounds; i++) {
		if (strcmp(kind, "pair") == 0) {
			cuMemAlloc(&block, 2 << 20);
			cuMemFree(block);
		} else if (strcmp(kind, "launch") == 0) {
			cuLaunchKernel(NULL, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
		} else if (strcmp(kind, "dlsym") == 0) {
			dlsym(RTLD_DEFAULT, "strlen");
		} else if (strcmp(kind, "dlsym-driver") == 0) {
			dlsym(driver, "cuMemAlloc_v2");
		}
	}
	return 0;
}
