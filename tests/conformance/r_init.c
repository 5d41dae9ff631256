/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Before cuInit, without a context, in a forked child, and what can be asked about a device. */
#include "conform.h"

#include <sys/wait.h>

void rules_before_init(void)
{
	CUdeviceptr a = 0;
	size_t bytes;
	int count;
	const char *text = NULL;
	CUcontext ctx;

	RULE("before cuInit: cuMemAlloc", CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc(&a, 100));
	RULE("before cuInit: cuMemFree(0)", CUDA_ERROR_NOT_INITIALIZED, cuMemFree(0));
	RULE("before cuInit: cuMemGetInfo", CUDA_ERROR_NOT_INITIALIZED,
	     cuMemGetInfo(&bytes, &bytes));
	RULE("before cuInit: cuDeviceGetCount", CUDA_ERROR_NOT_INITIALIZED,
	     cuDeviceGetCount(&count));
	RULE("before cuInit: cuCtxGetCurrent", CUDA_ERROR_NOT_INITIALIZED, cuCtxGetCurrent(&ctx));
	RULE("before cuInit: cuCtxSynchronize", CUDA_ERROR_NOT_INITIALIZED, cuCtxSynchronize());
	RULE("before cuInit: cuMemAddressReserve", CUDA_ERROR_NOT_INITIALIZED,
	     cuMemAddressReserve(&a, 2 * MIB, 0, 0, 0));
	RULE("before cuInit: cuGetErrorName", CUDA_SUCCESS,
	     cuGetErrorName(CUDA_ERROR_INVALID_VALUE, &text));
	RULE("before cuInit: cuDriverGetVersion of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuDriverGetVersion(NULL));
	RULE("cuInit with flags", CUDA_ERROR_INVALID_VALUE, cuInit(1));
	RULE("a cuInit that failed initialises nothing", CUDA_ERROR_NOT_INITIALIZED,
	     cuDeviceGetCount(&count));
	RULE("cuInit", CUDA_SUCCESS, cuInit(0));
	RULE("cuInit again", CUDA_SUCCESS, cuInit(0));
	RULE("cuDeviceGetCount", CUDA_SUCCESS, cuDeviceGetCount(&count));
}

static void vmm_without_context(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = 0, pointer = 77;
	size_t granularity;

	RULE("no context: cuMemGetAllocationGranularity", CUDA_SUCCESS,
	     cuMemGetAllocationGranularity(&granularity, &prop, 0));
	RULE("no context: cuMemAddressReserve", CUDA_SUCCESS,
	     cuMemAddressReserve(&a, 2 * MIB, 0, 0, 0));
	RULE("no context: cuMemCreate", CUDA_SUCCESS, cuMemCreate(&handle, 2 * MIB, &prop, 0));
	RULE("no context: cuMemMap", CUDA_SUCCESS, cuMemMap(a, 2 * MIB, 0, handle, 0));
	RULE("no context: cuMemSetAccess", CUDA_SUCCESS, conform_access(a, 2 * MIB, 3));
	RULE("no context: CU_POINTER_ATTRIBUTE_DEVICE_POINTER of VMM memory",
	     CUDA_ERROR_INVALID_CONTEXT,
	     cuPointerGetAttribute(&pointer, CU_POINTER_ATTRIBUTE_DEVICE_POINTER, a));
	RULE("no context: cuMemUnmap", CUDA_SUCCESS, cuMemUnmap(a, 2 * MIB));
	RULE("no context: cuMemRelease", CUDA_SUCCESS, cuMemRelease(handle));
	RULE("no context: cuMemAddressFree", CUDA_SUCCESS, cuMemAddressFree(a, 2 * MIB));
}

void rules_no_context(void)
{
	CUdeviceptr a = 77, base;
	CUstream stream;
	CUevent event;
	CUcontext ctx = (CUcontext)&a;
	CUdevice device;
	size_t bytes, pitch;
	unsigned version;
	void *pinned;
	char page[64];

	NEED(cuInit(0));
	RULE("no context: cuMemAlloc", CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&a, 100));
	RULE("no context: cuMemAlloc zeroes the pointer", 0, a);
	RULE("no context: cuMemAlloc of 0 bytes", CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(&a, 0));
	RULE("no context: cuMemAlloc to NULL", CUDA_ERROR_INVALID_CONTEXT, cuMemAlloc(NULL, 100));
	RULE("no context: cuMemAllocPitch", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemAllocPitch(&a, &pitch, 100, 10, 4));
	RULE("no context: cuMemAllocPitch of nothing", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemAllocPitch(NULL, NULL, 0, 0, 5));
	RULE("no context: cuMemGetInfo", CUDA_ERROR_INVALID_CONTEXT, cuMemGetInfo(&bytes, &bytes));
	RULE("no context: cuMemGetInfo of NULL", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemGetInfo(NULL, NULL));
	RULE("no context: cuMemGetAddressRange", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemGetAddressRange(&base, &bytes, 4096));
	RULE("no context: cuMemAllocManaged", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemAllocManaged(&a, 100, CU_MEM_ATTACH_GLOBAL));
	RULE("no context: cuMemHostAlloc", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemHostAlloc(&pinned, 4096, 0));
	RULE("no context: cuMemHostRegister", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemHostRegister(page, sizeof(page), 0));
	RULE("no context: cuMemFree(0)", CUDA_SUCCESS, cuMemFree(0));
	RULE("no context: cuMemFree of nonsense", CUDA_ERROR_INVALID_VALUE, cuMemFree(4096));
	RULE("no context: cuCtxSynchronize", CUDA_ERROR_INVALID_CONTEXT, cuCtxSynchronize());
	RULE("no context: cuCtxGetDevice", CUDA_ERROR_INVALID_CONTEXT, cuCtxGetDevice(&device));
	RULE("no context: cuCtxGetCurrent", CUDA_SUCCESS, cuCtxGetCurrent(&ctx));
	RULE("no context: cuCtxGetCurrent says NULL", 0, (intptr_t)ctx);
	RULE("no context: cuCtxSetCurrent(NULL)", CUDA_SUCCESS, cuCtxSetCurrent(NULL));
	RULE("no context: cuCtxPopCurrent", CUDA_ERROR_INVALID_CONTEXT, cuCtxPopCurrent(&ctx));
	RULE("no context: cuCtxGetApiVersion(NULL)", CUDA_ERROR_INVALID_CONTEXT,
	     cuCtxGetApiVersion(NULL, &version));
	RULE("no context: cuStreamCreate", CUDA_ERROR_INVALID_CONTEXT, cuStreamCreate(&stream, 0));
	RULE("no context: cuStreamSynchronize(NULL)", CUDA_ERROR_INVALID_CONTEXT,
	     cuStreamSynchronize(NULL));
	RULE("no context: cuStreamQuery(NULL)", CUDA_ERROR_INVALID_CONTEXT, cuStreamQuery(NULL));
	RULE("no context: cuEventCreate", CUDA_ERROR_INVALID_CONTEXT, cuEventCreate(&event, 0));
	RULE("no context: cuMemAllocAsync", CUDA_ERROR_INVALID_CONTEXT,
	     cuMemAllocAsync(&a, 100, NULL));
	vmm_without_context();
}

/* Rules asked in the child of a process that has called the driver. */
static void in_child(void)
{
	CUdeviceptr a;
	size_t bytes;
	int count;

	RULE("forked child: cuMemAlloc", CUDA_ERROR_NOT_INITIALIZED, cuMemAlloc(&a, 100));
	RULE("forked child: cuMemFree(0)", CUDA_ERROR_NOT_INITIALIZED, cuMemFree(0));
	RULE("forked child: cuMemGetInfo", CUDA_ERROR_NOT_INITIALIZED,
	     cuMemGetInfo(&bytes, &bytes));
	RULE("forked child: cuInit", CUDA_ERROR_NOT_INITIALIZED, cuInit(0));
	RULE("forked child: cuDeviceGetCount", CUDA_ERROR_NOT_INITIALIZED,
	     cuDeviceGetCount(&count));
}

void rules_fork(void)
{
	unsigned char byte = 0;
	CUdeviceptr a;
	pid_t child;
	int status;

	NEED(cuMemAlloc(&a, 4096));
	NEED(cuMemsetD8(a, 7, 4096));
	fflush(stdout);
	child = fork();
	if (!child) {
		in_child();
		_exit(0);
	}
	NEED_TRUE(child > 0 && waitpid(child, &status, 0) == child);
	RULE("forked child: ends as it should", 0, status);
	RULE("forked child: its parent goes on", CUDA_SUCCESS, cuMemcpyDtoH(&byte, a, 1));
	RULE("forked child: its parent's memory is untouched", 7, byte);
}

void rules_device(void)
{
	CUdevice device;
	CUuuid uuid;
	char name[32], bus[32];
	int count = 0, value = -1;
	size_t bytes;
	const char *text = "";

	NEED(cuDeviceGetCount(&count));
	RULE("cuDeviceGetCount to NULL", CUDA_ERROR_INVALID_VALUE, cuDeviceGetCount(NULL));
	RULE("cuDeviceGet of -1", CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&device, -1));
	RULE("cuDeviceGet behind the last", CUDA_ERROR_INVALID_DEVICE, cuDeviceGet(&device, count));
	RULE("cuDeviceGet to NULL", CUDA_ERROR_INVALID_VALUE, cuDeviceGet(NULL, 0));
	RULE("cuDeviceTotalMem of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceTotalMem(&bytes, count));
	RULE("cuDeviceTotalMem to NULL", CUDA_ERROR_INVALID_VALUE, cuDeviceTotalMem(NULL, 0));
	RULE("cuDeviceGetName of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceGetName(name, sizeof(name), count));
	RULE("cuDeviceGetName to NULL", CUDA_ERROR_INVALID_VALUE, cuDeviceGetName(NULL, 10, 0));
	RULE("cuDeviceGetUuid of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceGetUuid(&uuid, count));
	RULE("cuDeviceGetAttribute of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, count));
	RULE("cuDeviceGetAttribute of no attribute", CUDA_ERROR_INVALID_VALUE,
	     cuDeviceGetAttribute(&value, (CUdevice_attribute)9999, 0));
	RULE("cuDeviceGetAttribute to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuDeviceGetAttribute(NULL, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0));
	NEED(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0));
	RULE("a warp", 32, value);
	NEED(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED,
				  0));
	RULE("virtual memory management is supported", 1, value);
	NEED(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING, 0));
	RULE("addresses are unified", 1, value);
	NEED(cuDeviceGetAttribute(&value, CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, 0));
	RULE("memory pools are supported", 1, value);
	NEED(cuDeviceGetPCIBusId(bus, sizeof(bus), 0));
	RULE("cuDeviceGetByPCIBusId of what cuDeviceGetPCIBusId said", CUDA_SUCCESS,
	     cuDeviceGetByPCIBusId(&device, bus));
	RULE("cuDeviceGetByPCIBusId finds the device", 0, device);
	RULE("cuDeviceGetByPCIBusId of no address", CUDA_ERROR_INVALID_VALUE,
	     cuDeviceGetByPCIBusId(&device, "nonsense"));
	RULE("cuDeviceCanAccessPeer of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceCanAccessPeer(&value, 0, count));
	RULE("cuDeviceCanAccessPeer to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuDeviceCanAccessPeer(NULL, 0, 0));
	RULE("cuDeviceCanAccessPeer of a device and itself", CUDA_SUCCESS,
	     cuDeviceCanAccessPeer(&value, 0, 0));
	RULE("a device is no peer of itself", 0, value);
	RULE("cuDeviceGetP2PAttribute of a device and itself", CUDA_ERROR_INVALID_DEVICE,
	     cuDeviceGetP2PAttribute(&value, CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 0));
	RULE("cuGetErrorName of no error", CUDA_ERROR_INVALID_VALUE,
	     cuGetErrorName((CUresult)99999, &text));
	RULE("cuGetErrorName of no error says NULL", 0, (intptr_t)text);
	NEED(cuGetErrorName(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
	RULE("cuGetErrorName", 0, strcmp(text, "CUDA_ERROR_ILLEGAL_ADDRESS"));
	RULE("cuGetErrorString", CUDA_SUCCESS, cuGetErrorString(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
}

void rules_two_devices(void)
{
	CUdeviceptr here, there;
	CUcontext other;
	int count, value = 0;

	NEED(cuDeviceGetCount(&count));
	if (count < 2) {
		rule_skip("two devices", "there is one");
		return;
	}
	NEED(cuDeviceCanAccessPeer(&value, 0, 1));
	NEED(cuMemAlloc(&here, 4096));
	NEED(cuCtxCreate_v2(&other, 0, 1));
	NEED(cuMemAlloc(&there, 4096));
	RULE("a peer's memory before it was opened: cuMemsetD8", CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD8(here, 1, 16));
	RULE("cuMemcpyPeer needs nothing opened", CUDA_SUCCESS,
	     cuMemcpyPeer(there, other, here, conform_context, 4096));
	if (!value) {
		rule_skip("peer access", "these devices cannot reach each other");
		return;
	}
	RULE("cuCtxDisablePeerAccess of what was not enabled", CUDA_ERROR_PEER_ACCESS_NOT_ENABLED,
	     cuCtxDisablePeerAccess(conform_context));
	RULE("cuCtxEnablePeerAccess", CUDA_SUCCESS, cuCtxEnablePeerAccess(conform_context, 0));
	RULE("cuCtxEnablePeerAccess twice", CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED,
	     cuCtxEnablePeerAccess(conform_context, 0));
	RULE("a peer's memory that was opened: cuMemsetD8", CUDA_SUCCESS, cuMemsetD8(here, 1, 16));
	RULE("cuCtxDisablePeerAccess", CUDA_SUCCESS, cuCtxDisablePeerAccess(conform_context));
}
