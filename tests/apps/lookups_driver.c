/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A libcuda.so.1 that does nothing but write down what it is asked for, one line a request on
 * standard error. Every function that it gives out says that the driver is not initialised.
 */
#include <cuda.h>
#include <stdio.h>
#include <string.h>

static CUresult nothing(void)
{
	return CUDA_ERROR_NOT_INITIALIZED;
}

static CUresult version(int *version_out)
{
	*version_out = CUDA_VERSION;
	return CUDA_SUCCESS;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
			     CUdriverProcAddressQueryResult *symbolStatus)
{
	fprintf(stderr, "%s\t%d\t%llu\n", symbol, cudaVersion, (unsigned long long)flags);
	if (symbolStatus)
		*symbolStatus = CU_GET_PROC_ADDRESS_SUCCESS;
	*pfn = !strcmp(symbol, "cuGetProcAddress")     ? (void *)cuGetProcAddress_v2
	       : !strcmp(symbol, "cuDriverGetVersion") ? (void *)version
						       : (void *)nothing;
	return CUDA_SUCCESS;
}
