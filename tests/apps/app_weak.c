/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Calls the driver by weak references, which may be null: nobody has loaded it. */
#include <stdio.h>

#include "app.h"

#pragma weak cuInit
#pragma weak cuMemAlloc_v2
#pragma weak cuMemFree_v2
#pragma weak cuMemGetInfo_v2
#pragma weak cuStreamSynchronize

int main(void)
{
	CUdeviceptr block = 0;
	size_t size = 0, total = 0;
	/* Without a driver it is said to have no device, or it is not there at all. */
	int code = cuInit ? (int)cuInit(0) : CUDA_ERROR_NO_DEVICE;

	printf("cuInit: %d\n", code);
	if (cuMemAlloc && !cuMemAlloc(&block, 100))
		puts("memory of nobody's");
	if (cuMemGetInfo && !cuMemGetInfo(&size, &total))
		puts("memory of nobody's is free");
	if (cuMemFree)
		(void)!cuMemFree(0);
	return app_end();
}
