/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several devices, and the options that break things: SIMCUDA_FAIL, SIMCUDA_ZERO, bad values. */
#include "check.h"

int main(void)
{
	CUmemGenericAllocationHandle handle, second;
	CUmemAllocationProp prop = test_prop(0);
	CUmemAccessDesc access = { .location = { CU_MEM_LOCATION_TYPE_DEVICE, 1 },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUdeviceptr address, native;
	CUcontext first, other;
	CUuuid a, b;
	unsigned value = 1;
	char name[64];
	int count, yes;
	const char *text;

	test_directory("128M");
	setenv("SIMCUDA_DEVICES", "2", 1);
	setenv("SIMCUDA_ZERO", "1", 1);
	setenv("SIMCUDA_FAIL", "cuMemCreate:3=2,cuMemMap:2+=999,nonsense,cuStreamQuery:*=46", 1);
	first = test_context();
	OK(cuDeviceGetCount(&count));
	CHECK(count == 2);
	OK(cuDeviceGetName(name, sizeof(name), 1));
	CHECK(!strcmp(name, "Simulated CUDA device"));
	OK(cuDeviceGetUuid(&a, 0));
	OK(cuDeviceGetUuid(&b, 1));
	CHECK(memcmp(&a, &b, sizeof(a)) != 0);
	OK(cuDeviceCanAccessPeer(&yes, 0, 1));
	CHECK(yes == 1);
	OK(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
	CHECK(!strcmp(text, "CUDA_ERROR_ILLEGAL_ADDRESS"));

	address = test_mapped(2 * MIB, &handle);
	OK(cuMemcpyDtoH(&value, address, 4));
	CHECK(value == 0);
	OK(cuMemCreate(&second, 2 * MIB, &prop, 0));
	EXPECT(cuMemCreate(&second, 2 * MIB, &prop, 0), CUDA_ERROR_OUT_OF_MEMORY);
	OK(cuMemCreate(&second, 2 * MIB, &prop, 0));
	EXPECT(cuMemMap(address, 2 * MIB, 0, second, 0), CUDA_ERROR_UNKNOWN);
	EXPECT(cuMemMap(address, 2 * MIB, 0, second, 0), CUDA_ERROR_UNKNOWN);
	EXPECT(cuStreamQuery(NULL), CUDA_ERROR_DEVICE_UNAVAILABLE);

	OK(cuMemAlloc(&native, 4096));
	OK(cuCtxCreate(&other, NULL, 0, 1));
	EXPECT(cuMemsetD8(native, 1, 16), CUDA_ERROR_INVALID_VALUE);
	OK(cuCtxEnablePeerAccess(first, 0));
	EXPECT(cuCtxEnablePeerAccess(first, 0), CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
	OK(cuMemsetD8(native, 1, 16));
	EXPECT(cuMemsetD8(address, 1, 16), CUDA_ERROR_INVALID_VALUE);
	OK(cuMemSetAccess(address, 2 * MIB, &access, 1));
	OK(cuMemsetD8(address, 1, 16));
	OK(cuCtxDisablePeerAccess(first));
	EXPECT(cuCtxDisablePeerAccess(first), CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
	OK(cuMemcpyPeer(address, other, native, first, 4096));
	OK(cuCtxSynchronize());
	return 0;
}
