/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Run by options.sh; the argument is whether the device has virtual memory management. */
#include "check.h"

CUresult cuArray3DCreate_v2(void *array, const void *descriptor);

int main(int argc, char **argv)
{
	CUmemGenericAllocationHandle handle;
	CUmemAllocationProp prop = test_prop(0);
	CUdeviceptr a;
	size_t total;
	int vmm;

	CHECK(argc == 2);
	test_context();
	OK(cuDeviceGetAttribute(&vmm, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 0));
	EXPECT(vmm, atoi(argv[1]));
	OK(cuDeviceTotalMem(&total, 0));
	CHECK(total == 4096 * MIB);
	OK(cuMemAlloc(&a, 100));
	OK(cuMemAlloc(&a, 4 * MIB));
	EXPECT(cuMemCreate(&handle, 2 * MIB, &prop, 0), vmm ? 0 : CUDA_ERROR_NOT_SUPPORTED);
	EXPECT(cuArray3DCreate_v2(NULL, NULL), CUDA_ERROR_NOT_SUPPORTED);
	return 0;
}
