/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Capture: what it forbids and to whom, forks and joins, and graphs that run what was captured. */
#include "check.h"

static CUstream stream, other;

static void ended(CUresult wanted)
{
	CUgraph graph = NULL;

	EXPECT(cuStreamEndCapture(stream, &graph), wanted);
	if (graph)
		OK(cuGraphDestroy(graph));
}

static void forbidden(void)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a, b, address;
	size_t free_bytes, total;
	void *pinned;

	OK(cuMemAlloc(&a, 4 * MIB));
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	EXPECT(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL),
	       CUDA_ERROR_ILLEGAL_STATE);
	address = test_mapped(2 * MIB, &handle);
	OK(cuMemUnmap(address, 2 * MIB));
	OK(cuMemRelease(handle));
	OK(cuMemAddressFree(address, 2 * MIB));
	OK(cuMemGetInfo(&free_bytes, &total));
	ended(CUDA_SUCCESS);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	EXPECT(cuMemFree(a), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	EXPECT(cuMemAlloc(&b, 0), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	EXPECT(cuMemHostAlloc(&pinned, 4096, 0), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	OK(cuThreadExchangeStreamCaptureMode(&mode));
	OK(cuMemAlloc(&b, 4 * MIB));
	OK(cuMemFree(a));
	OK(cuThreadExchangeStreamCaptureMode(&mode));
	CHECK(mode == CU_STREAM_CAPTURE_MODE_RELAXED);
	ended(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(cuMemFree(b));
	EXPECT(cuCtxSynchronize(), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	ended(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	EXPECT(cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	ended(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	EXPECT(cuStreamQuery(other), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	ended(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(cuStreamSynchronize(other));
	OK(cuStreamSynchronize(NULL));
	ended(CUDA_SUCCESS);
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	EXPECT(cuMemAllocAsync(&b, 100, other), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	EXPECT(cuMemFreeHost(NULL), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	ended(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	EXPECT(cuStreamEndCapture(stream, (CUgraph[1]){ NULL }), CUDA_ERROR_ILLEGAL_STATE);
}

static void graphs(void)
{
	CUstreamCaptureStatus status;
	CUgraph graph;
	CUgraphExec exec;
	CUevent fork_event, join;
	CUdeviceptr a, b;
	unsigned value = 0;
	size_t nodes = 0;
	atomic_int calls = 0;

	OK(cuEventCreate(&fork_event, 0));
	OK(cuEventCreate(&join, 0));
	OK(cuMemAlloc(&a, 4096));
	OK(cuMemsetD32(a, 0, 1024));
	OK(cuCtxSynchronize());
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(cuStreamIsCapturing(stream, &status));
	CHECK(status == CU_STREAM_CAPTURE_STATUS_ACTIVE);
	OK(cuMemsetD32Async(a, 7, 1, stream));
	OK(cuEventRecord(fork_event, stream));
	OK(cuStreamWaitEvent(other, fork_event, 0));
	OK(cuMemcpyDtoDAsync(a + 4, a, 4, other));
	OK(cuLaunchHostFunc(other, test_slow, &calls));
	OK(cuEventRecord(join, other));
	OK(cuStreamWaitEvent(stream, join, 0));
	OK(cuMemAllocAsync(&b, 100, stream));
	OK(cuMemFreeAsync(b, stream));
	OK(cuStreamEndCapture(stream, &graph));
	OK(cuGraphGetNodes(graph, NULL, &nodes));
	CHECK(nodes == 5);
	CHECK(calls == 0);
	OK(cuMemcpyDtoH(&value, a + 4, 4));
	CHECK(value == 0); /* captured, not run */
	OK(cuGraphInstantiate(&exec, graph, 0));
	OK(cuGraphDestroy(graph));
	OK(cuGraphUpload(exec, stream));
	OK(cuGraphLaunch(exec, stream));
	OK(cuGraphLaunch(exec, stream));
	OK(cuStreamSynchronize(stream));
	OK(cuMemcpyDtoH(&value, a + 4, 4));
	CHECK(value == 7 && calls == 2);
	OK(cuGraphExecDestroy(exec));
	EXPECT(cuMemFree(b), CUDA_ERROR_INVALID_VALUE); /* was the graph's */
	/* A fork that never came back. */
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(cuEventRecord(fork_event, stream));
	OK(cuStreamWaitEvent(other, fork_event, 0));
	OK(cuMemsetD32Async(a, 7, 1, other));
	ended(CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
	OK(cuEventDestroy(fork_event));
	OK(cuEventDestroy(join));
	OK(cuMemFree(a));
}

static void implicit(void)
{
	CUstream blocking;
	CUdeviceptr a;
	CUgraph graph;

	OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
	OK(cuMemAlloc(&a, 16));
	OK(cuStreamBeginCapture(blocking, CU_STREAM_CAPTURE_MODE_RELAXED));
	EXPECT(cuMemsetD8(a, 0, 16), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
	EXPECT(cuStreamEndCapture(blocking, &graph), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
	CHECK(!graph);
	OK(cuStreamDestroy(blocking));
	OK(cuMemFree(a));
}

int main(void)
{
	test_directory("256M");
	test_context();
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
	forbidden();
	graphs();
	implicit();
	return 0;
}
