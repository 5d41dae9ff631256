/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pinned host memory, and what legacy IPC and arrays answer. */
#include "conform.h"

void rules_host(void)
{
	static char page[16384] __attribute__((aligned(4096)));
	CUdeviceptr device = 0;
	unsigned flags = 0;
	void *pinned = page;

	RULE("cuMemHostAlloc of 0 bytes", CUDA_SUCCESS, cuMemHostAlloc(&pinned, 0, 0));
	RULE("cuMemHostAlloc of 0 bytes answers NULL", 1, pinned == NULL);
	RULE("cuMemHostAlloc to NULL", CUDA_ERROR_INVALID_VALUE, cuMemHostAlloc(NULL, 4096, 0));
	RULE("cuMemHostAlloc with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostAlloc(&pinned, 4096, 0x100));
	NEED(cuMemHostAlloc(&pinned, 4096, CU_MEMHOSTALLOC_PORTABLE));
	RULE("cuMemHostGetDevicePointer", CUDA_SUCCESS,
	     cuMemHostGetDevicePointer(&device, pinned, 0));
	RULE("pinned memory has one address", 1, device == (uintptr_t)pinned);
	RULE("cuMemHostGetDevicePointer with flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostGetDevicePointer(&device, pinned, 1));
	RULE("cuMemHostGetDevicePointer of ordinary memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostGetDevicePointer(&device, page, 0));
	RULE("cuMemHostGetFlags", CUDA_SUCCESS, cuMemHostGetFlags(&flags, pinned));
	RULE("cuMemHostGetFlags says them, and that it is mapped",
	     CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP, flags);
	RULE("cuMemHostGetFlags of ordinary memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostGetFlags(&flags, page));
	RULE("pinned memory: cuMemsetD8", CUDA_SUCCESS, cuMemsetD8((uintptr_t)pinned, 7, 4096));
	NEED(cuCtxSynchronize());
	RULE("pinned memory: what was filled", 7, *((char *)pinned + 4095));
	RULE("cuMemHostUnregister of what cuMemHostAlloc made", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostUnregister(pinned));
	RULE("cuMemFreeHost inside", CUDA_ERROR_INVALID_VALUE,
	     cuMemFreeHost((char *)pinned + 1024));
	RULE("cuMemFreeHost", CUDA_SUCCESS, cuMemFreeHost(pinned));
	RULE("cuMemFreeHost twice", CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(pinned));
	RULE("cuMemFreeHost of NULL", CUDA_SUCCESS, cuMemFreeHost(NULL));
	RULE("cuMemHostRegister of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostRegister(NULL, 4096, 0));
	RULE("cuMemHostRegister of 0 bytes", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostRegister(page, 0, 0));
	RULE("cuMemHostRegister", CUDA_SUCCESS, cuMemHostRegister(page, 8192, 0));
	RULE("cuMemHostRegister twice", CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
	     cuMemHostRegister(page, 8192, 0));
	RULE("cuMemHostRegister of a part", CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED,
	     cuMemHostRegister(page + 4096, 8192, 0));
	RULE("cuMemFreeHost of registered memory", CUDA_ERROR_INVALID_VALUE, cuMemFreeHost(page));
	RULE("cuMemHostUnregister inside", CUDA_ERROR_INVALID_VALUE,
	     cuMemHostUnregister(page + 4096));
	RULE("cuMemHostUnregister", CUDA_SUCCESS, cuMemHostUnregister(page));
	RULE("cuMemHostUnregister twice", CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED,
	     cuMemHostUnregister(page));
	RULE("cuMemHostUnregister of NULL", CUDA_ERROR_INVALID_VALUE, cuMemHostUnregister(NULL));
}

void rules_ipc(void)
{
	CUmemGenericAllocationHandle vmm;
	CUdeviceptr native, opened, mapped = conform_mapped(2 * MIB, &vmm);
	CUipcMemHandle handle;
	CUipcEventHandle shared;
	CUevent event;

	memset(&handle, 0, sizeof(handle));
	NEED(cuMemAlloc(&native, 4 * MIB));
	NEED(cuEventCreate(&event, CU_EVENT_INTERPROCESS | CU_EVENT_DISABLE_TIMING));
	RULE("cuIpcGetMemHandle of VMM memory", CUDA_ERROR_INVALID_VALUE,
	     cuIpcGetMemHandle(&handle, mapped));
	RULE("cuIpcGetMemHandle", CUDA_SUCCESS, cuIpcGetMemHandle(&handle, native));
	RULE("cuIpcOpenMemHandle in the process that made it", CUDA_ERROR_INVALID_CONTEXT,
	     cuIpcOpenMemHandle(&opened, handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
	RULE("cuIpcGetEventHandle", CUDA_SUCCESS, cuIpcGetEventHandle(&shared, event));
}

void rules_arrays(void)
{
	CUDA_ARRAY_DESCRIPTOR descriptor;
	CUarray array;

	memset(&descriptor, 0, sizeof(descriptor));
	descriptor.Width = descriptor.Height = 64;
	descriptor.Format = CU_AD_FORMAT_FLOAT;
	descriptor.NumChannels = 1;
	RULE("cuArrayCreate", CUDA_SUCCESS, cuArrayCreate(&array, &descriptor));
}
