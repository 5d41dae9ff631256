/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Several devices, and the options that break things: SIMCUDA_FAIL, SIMCUDA_ZERO, bad values. */
#include "check.h"

static unsigned flags_of(CUdeviceptr address)
{
	unsigned flags = 7;

	OK(cuPointerGetAttribute(&flags, CU_POINTER_ATTRIBUTE_ACCESS_FLAGS, address));
	return flags;
}

static CUresult launch_on(CUcontext context, CUdeviceptr address)
{
	unsigned value = 1;
	char three[12] = { 0 };
	void *params[] = { &address, &value, three };
	CUfunction add;
	CUmodule module;
	CUresult result;

	OK(cuCtxSetCurrent(context));
	OK(cuModuleLoadData(&module, test_ptx));
	OK(cuModuleGetFunction(&add, module, "add"));
	OK(cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, NULL, params, NULL));
	result = cuCtxSynchronize();
	return result;
}

/* Access is between two contexts, in one direction, until either goes. */
static void peers(CUcontext first, CUcontext second)
{
	CUcontext third, again;
	CUdeviceptr of_first, of_third;
	unsigned value = 0;

	OK(cuCtxSetCurrent(first));
	OK(cuMemAlloc(&of_first, 4096));
	OK(cuMemsetD8(of_first, 1, 4096));
	OK(cuCtxSynchronize());
	OK(cuCtxCreate(&third, NULL, 0, 0));
	OK(cuMemAlloc(&of_third, 4096));

	OK(cuCtxSetCurrent(second));
	CHECK(flags_of(of_first) == 0);
	/* A copy needs no access. */
	OK(cuMemcpyDtoH(&value, of_first, 4));
	CHECK(value == 0x01010101);
	OK(cuCtxEnablePeerAccess(third, 0));
	CHECK(flags_of(of_third) == CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
	CHECK(flags_of(of_first) == 0);
	OK(launch_on(second, of_third));
	OK(cuCtxDestroy(third));
	EXPECT(cuCtxDisablePeerAccess(third), CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
	EXPECT(cuCtxEnablePeerAccess(third, 0), CUDA_ERROR_INVALID_CONTEXT);

	OK(cuCtxCreate(&again, NULL, 0, 1));
	EXPECT(launch_on(again, of_first), CUDA_ERROR_ILLEGAL_ADDRESS);
	EXPECT(cuMemcpyPeer(of_first, third, of_first, first, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
	OK(cuCtxSetCurrent(second));
	EXPECT(cuMemcpyPeer(of_first, third, of_first, first, 4), CUDA_ERROR_INVALID_CONTEXT);
	OK(cuCtxEnablePeerAccess(first, 0));
	OK(launch_on(second, of_first));
	OK(cuCtxSetCurrent(first));
	OK(cuMemcpyDtoH(&value, of_first, 4));
	CHECK(value == 0x01010102);
}

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
	peers(first, other);
	return 0;
}
