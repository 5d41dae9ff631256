/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contexts: the stack of each thread, the primary one, what goes with them and what stays. */
#include "conform.h"

static bool is_current(CUcontext ctx)
{
	CUcontext current = NULL;

	NEED(cuCtxGetCurrent(&current));
	return current == ctx;
}

static void stack(CUcontext a, CUcontext b)
{
	CUcontext popped = NULL;

	RULE("cuCtxCreate makes it current", 1, is_current(b));
	RULE("cuCtxPopCurrent", CUDA_SUCCESS, cuCtxPopCurrent(&popped));
	RULE("cuCtxPopCurrent answers what was current", 1, popped == b);
	RULE("below it is what was current before", 1, is_current(a));
	RULE("cuCtxPushCurrent", CUDA_SUCCESS, cuCtxPushCurrent(b));
	RULE("cuCtxPushCurrent makes it current", 1, is_current(b));
	RULE("cuCtxSetCurrent", CUDA_SUCCESS, cuCtxSetCurrent(a));
	NEED(cuCtxPopCurrent(NULL));
	RULE("cuCtxSetCurrent replaces the top", 1, is_current(a));
	NEED(cuCtxPushCurrent(b));
	RULE("cuCtxSetCurrent(NULL)", CUDA_SUCCESS, cuCtxSetCurrent(NULL));
	RULE("cuCtxSetCurrent(NULL) pops", 1, is_current(a));
}

static void asking(CUcontext a)
{
	size_t limit = 0;
	unsigned version = 0, flags = 99;
	int least = 9, greatest = 9;
	CUdevice device = 9;

	RULE("cuCtxGetApiVersion", CUDA_SUCCESS, cuCtxGetApiVersion(a, &version));
	RULE("cuCtxGetApiVersion of cuCtxCreate_v2's", 3020, version);
	RULE("cuCtxGetFlags", CUDA_SUCCESS, cuCtxGetFlags(&flags));
	RULE("cuCtxGetFlags to NULL", CUDA_ERROR_INVALID_VALUE, cuCtxGetFlags(NULL));
	RULE("cuCtxGetDevice", CUDA_SUCCESS, cuCtxGetDevice(&device));
	RULE("cuCtxGetDevice says the device", 0, device);
	RULE("cuCtxGetDevice to NULL", CUDA_ERROR_INVALID_VALUE, cuCtxGetDevice(NULL));
	RULE("cuCtxGetCurrent to NULL", CUDA_ERROR_INVALID_VALUE, cuCtxGetCurrent(NULL));
	RULE("cuCtxGetLimit of the stack", CUDA_SUCCESS,
	     cuCtxGetLimit(&limit, CU_LIMIT_STACK_SIZE));
	RULE("a stack is 1024 bytes at first", 1024, limit);
	RULE("cuCtxGetLimit of no limit", CUDA_ERROR_INVALID_VALUE,
	     cuCtxGetLimit(&limit, (CUlimit)99));
	RULE("cuCtxGetLimit to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuCtxGetLimit(NULL, CU_LIMIT_STACK_SIZE));
	RULE("cuCtxSetLimit of no limit", CUDA_ERROR_INVALID_VALUE, cuCtxSetLimit((CUlimit)99, 1));
	RULE("cuCtxGetStreamPriorityRange", CUDA_SUCCESS,
	     cuCtxGetStreamPriorityRange(&least, &greatest));
	RULE("the least priority of a stream", 0, least);
	RULE("the greatest priority of a stream", -5, greatest);
	RULE("cuCtxGetStreamPriorityRange to NULL", CUDA_SUCCESS,
	     cuCtxGetStreamPriorityRange(NULL, NULL));
	RULE("cuCtxEnablePeerAccess of NULL", CUDA_ERROR_INVALID_CONTEXT,
	     cuCtxEnablePeerAccess(NULL, 0));
	RULE("cuCtxEnablePeerAccess with flags", CUDA_ERROR_INVALID_VALUE,
	     cuCtxEnablePeerAccess(a, 1));
	RULE("cuCtxEnablePeerAccess of the current context", CUDA_ERROR_PEER_ACCESS_UNSUPPORTED,
	     cuCtxEnablePeerAccess(a, 0));
}

void rules_contexts(void)
{
	CUcontext a, b, refused;
	CUdeviceptr block, base;
	size_t size = 0;

	RULE("cuCtxCreate to NULL", CUDA_ERROR_INVALID_VALUE, cuCtxCreate_v2(NULL, 0, 0));
	RULE("cuCtxCreate with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuCtxCreate_v2(&refused, 0x80000000u, 0));
	RULE("cuCtxCreate of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuCtxCreate_v2(&refused, 0, 99));
	NEED(cuCtxCreate_v2(&a, 0, 0));
	NEED(cuCtxCreate_v2(&b, 0, 0));
	RULE("cuCtxCreate makes another one each time", 1, a != b);
	stack(a, b);
	asking(a);
	NEED(cuCtxPushCurrent(b));
	NEED(cuMemAlloc(&block, 4 * MIB));
	RULE("memory of another context of the device: cuMemGetAddressRange", CUDA_SUCCESS,
	     (NEED(cuCtxSetCurrent(a)), cuMemGetAddressRange(&base, &size, block)));
	NEED(cuCtxSetCurrent(b));
	RULE("cuCtxDestroy of the current context", CUDA_SUCCESS, cuCtxDestroy(b));
	RULE("after cuCtxDestroy the one below is current", 1, is_current(a));
	base = size = 77;
	RULE("memory goes with its context: cuMemGetAddressRange", CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange(&base, &size, block));
	RULE("memory goes with its context: cuMemFree", CUDA_ERROR_INVALID_VALUE, cuMemFree(block));
	RULE("cuCtxDestroy of NULL", CUDA_ERROR_INVALID_VALUE, cuCtxDestroy(NULL));
	RULE("cuCtxPushCurrent of NULL", CUDA_ERROR_INVALID_VALUE, cuCtxPushCurrent(NULL));
}

static CUresult destroy(void *ctx)
{
	NEED(cuCtxSetCurrent(NULL));
	return cuCtxDestroy(ctx);
}

/* A context that another thread destroys stays current here. */
void rules_context_destroyed_elsewhere(void)
{
	CUdeviceptr block;
	CUcontext a;
	size_t bytes;

	NEED(cuCtxCreate_v2(&a, 0, 0));
	NEED(conform_thread(destroy, a));
	RULE("destroyed by another thread: still current", 1, is_current(a));
	RULE("destroyed by another thread: cuMemAlloc", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuMemAlloc(&block, 100));
	RULE("destroyed by another thread: cuMemGetInfo", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuMemGetInfo(&bytes, &bytes));
	RULE("destroyed by another thread: cuCtxSynchronize", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuCtxSynchronize());
	RULE("destroyed by another thread: cuCtxPopCurrent", CUDA_SUCCESS, cuCtxPopCurrent(&a));
}

void rules_context_destroyed_twice(void)
{
	CUcontext a;

	NEED(cuCtxCreate_v2(&a, 0, 0));
	NEED(cuCtxDestroy(a));
	RULE("cuCtxDestroy twice", CUDA_ERROR_CONTEXT_IS_DESTROYED, cuCtxDestroy(a));
}

void rules_context_destroyed_current(void)
{
	CUcontext a;

	NEED(cuCtxCreate_v2(&a, 0, 0));
	NEED(cuCtxDestroy(a));
	RULE("cuCtxSetCurrent of a destroyed one", CUDA_SUCCESS, cuCtxSetCurrent(a));
	RULE("a destroyed one is current: cuCtxSynchronize", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuCtxSynchronize());
}

void rules_context_destroy_primary(void)
{
	RULE("cuCtxDestroy of the primary context", CUDA_ERROR_INVALID_CONTEXT,
	     cuCtxDestroy(conform_context));
}

static int active(void)
{
	unsigned flags;
	int is_active = 9;

	NEED(cuDevicePrimaryCtxGetState(0, &flags, &is_active));
	return is_active;
}

void rules_primary_count(void)
{
	CUcontext a = NULL, b = NULL;

	NEED(cuInit(0));
	RULE("the primary context before anybody retained it: active", 0, active());
	RULE("cuDevicePrimaryCtxRetain to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuDevicePrimaryCtxRetain(NULL, 0));
	RULE("cuDevicePrimaryCtxRetain of no device", CUDA_ERROR_INVALID_DEVICE,
	     cuDevicePrimaryCtxRetain(&a, 99));
	RULE("cuDevicePrimaryCtxRelease before anybody retained it", CUDA_ERROR_INVALID_CONTEXT,
	     cuDevicePrimaryCtxRelease(0));
	RULE("cuDevicePrimaryCtxSetFlags with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuDevicePrimaryCtxSetFlags(0, 0x80000000u));
	RULE("cuDevicePrimaryCtxRetain", CUDA_SUCCESS, cuDevicePrimaryCtxRetain(&a, 0));
	RULE("cuDevicePrimaryCtxRetain makes nothing current", 1, is_current(NULL));
	RULE("the primary context, retained: active", 1, active());
	NEED(cuDevicePrimaryCtxRetain(&b, 0));
	RULE("cuDevicePrimaryCtxRetain answers one context", 1, a == b);
	NEED(cuDevicePrimaryCtxRelease(0));
	RULE("the primary context, retained twice and released once: active", 1, active());
	NEED(cuDevicePrimaryCtxRelease(0));
	RULE("the primary context, released as often as retained: active", 0, active());
	RULE("cuDevicePrimaryCtxRelease once too often", CUDA_ERROR_INVALID_CONTEXT,
	     cuDevicePrimaryCtxRelease(0));
}

void rules_primary_reset(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr block, mapped, refused, base;
	CUcontext again = NULL;
	CUdevice device;
	unsigned word = 0;
	size_t bytes;

	NEED(cuMemAlloc(&block, 4 * MIB));
	mapped = conform_mapped(2 * MIB, &handle);
	NEED(cuMemsetD32(mapped, 0x12345678, 2 * MIB / 4));
	NEED(cuCtxSynchronize());
	RULE("cuDevicePrimaryCtxReset", CUDA_SUCCESS, cuDevicePrimaryCtxReset(0));
	RULE("after a reset: active", 0, active());
	RULE("after a reset: cuMemAlloc", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuMemAlloc(&refused, 100));
	RULE("after a reset: cuMemFree(0)", CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemFree(0));
	RULE("after a reset: cuMemFree", CUDA_ERROR_CONTEXT_IS_DESTROYED, cuMemFree(block));
	RULE("after a reset: cuMemGetInfo", CUDA_ERROR_CONTEXT_IS_DESTROYED,
	     cuMemGetInfo(&bytes, &bytes));
	RULE("after a reset: still current", 1, is_current(conform_context));
	RULE("after a reset: cuCtxGetDevice", CUDA_SUCCESS, cuCtxGetDevice(&device));
	NEED(cuDevicePrimaryCtxRetain(&again, 0));
	RULE("after a reset: cuDevicePrimaryCtxRetain answers the same context", 1,
	     again == conform_context);
	RULE("alive again: active", 1, active());
	RULE("alive again: old memory is gone: cuMemGetAddressRange", CUDA_ERROR_NOT_FOUND,
	     cuMemGetAddressRange(&base, &bytes, block));
	RULE("alive again: cuMemAlloc", CUDA_SUCCESS, cuMemAlloc(&refused, 100));
	RULE("alive again: VMM mappings stay: cuMemcpyDtoH", CUDA_SUCCESS,
	     cuMemcpyDtoH(&word, mapped + 4096, 4));
	RULE("alive again: VMM memory has its contents", 0x12345678, word);
	RULE("alive again: the count of retains went on", CUDA_SUCCESS,
	     cuDevicePrimaryCtxRelease(0));
	RULE("alive again: released once, still active", 1, active());
	NEED(cuDevicePrimaryCtxRelease(0));
	RULE("alive again: released as often as retained: active", 0, active());
}
