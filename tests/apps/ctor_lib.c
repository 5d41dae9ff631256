/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A library that already uses the device in its constructor, before main. */
#include "ctor_lib.h"
#include "app.h"

static CUdeviceptr block;
static CUresult result = CUDA_ERROR_UNKNOWN;

__attribute__((constructor)) static void constructor(void)
{
	CUdevice device;
	CUcontext context;

	result = cuInit(0);
	if (!result)
		result = cuDeviceGet(&device, 0);
	if (!result)
		result = cuDevicePrimaryCtxRetain(&context, device);
	if (!result)
		result = cuCtxSetCurrent(context);
	if (!result)
		result = cuMemAlloc(&block, CTOR_BYTES);
	if (!result)
		result = cuMemsetD8(block, CTOR_BYTE, CTOR_BYTES);
}

CUdeviceptr ctor_block(CUresult *result_out)
{
	*result_out = result;
	return block;
}
