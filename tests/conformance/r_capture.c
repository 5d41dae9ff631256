/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stream capture: which call is refused by a capture of which mode, in the thread that captures and
 * in another, one row for each; how captures fork, join and end.
 */
#include "conform.h"

static CUstream capturing, idle;
static CUevent event;
static CUdeviceptr block;
static char page[16384] __attribute__((aligned(4096)));

static CUresult alloc(void *unused)
{
	CUdeviceptr a = 0;
	CUresult result = cuMemAlloc(&a, 4 * MIB);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuMemFree(a);
	return result;
}

static CUresult free_nothing(void *unused)
{
	(void)unused;
	return cuMemFree(0);
}

static CUresult host_alloc(void *unused)
{
	void *pinned;
	CUresult result = cuMemHostAlloc(&pinned, 4096, 0);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuMemFreeHost(pinned);
	return result;
}

static CUresult host_free_nothing(void *unused)
{
	(void)unused;
	return cuMemFreeHost(NULL);
}

static CUresult host_register(void *unused)
{
	CUresult result = cuMemHostRegister(page, sizeof(page), 0);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuMemHostUnregister(page);
	return result;
}

static CUresult query_idle(void *unused)
{
	(void)unused;
	return cuStreamQuery(idle);
}

static CUresult synchronize_idle(void *unused)
{
	(void)unused;
	return cuStreamSynchronize(idle);
}

static CUresult query_event(void *unused)
{
	(void)unused;
	return cuEventQuery(event);
}

static CUresult synchronize_event(void *unused)
{
	(void)unused;
	return cuEventSynchronize(event);
}

static CUresult alloc_async(void *unused)
{
	CUdeviceptr a = 0;
	CUresult result = cuMemAllocAsync(&a, 4096, idle);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuMemFreeAsync(a, idle);
	return result;
}

static CUresult vmm(void *unused)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle handle;
	CUresult result;
	CUdeviceptr a;

	(void)unused;
	result = cuMemAddressReserve(&a, 2 * MIB, 0, 0, 0);
	if (result)
		return result;
	if ((result = cuMemCreate(&handle, 2 * MIB, &prop, 0)) ||
	    (result = cuMemMap(a, 2 * MIB, 0, handle, 0)) ||
	    (result = conform_access(a, 2 * MIB, 3)) || (result = cuMemUnmap(a, 2 * MIB)) ||
	    (result = cuMemRelease(handle)))
		return result;
	return cuMemAddressFree(a, 2 * MIB);
}

static CUresult get_info(void *unused)
{
	size_t bytes;

	(void)unused;
	return cuMemGetInfo(&bytes, &bytes);
}

static CUresult range(void *unused)
{
	CUdeviceptr base;
	size_t bytes;

	(void)unused;
	return cuMemGetAddressRange(&base, &bytes, block);
}

static CUresult attribute(void *unused)
{
	unsigned type;

	(void)unused;
	return cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, block);
}

static CUresult copy(void *unused)
{
	unsigned word = 0;

	(void)unused;
	return cuMemcpyHtoD(block, &word, 4);
}

static CUresult fill(void *unused)
{
	(void)unused;
	return cuMemsetD8(block, 0, 16);
}

static CUresult stream_create(void *unused)
{
	CUstream made;
	CUresult result = cuStreamCreate(&made, CU_STREAM_NON_BLOCKING);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuStreamDestroy(made);
	return result;
}

static CUresult event_create(void *unused)
{
	CUevent made;
	CUresult result = cuEventCreate(&made, 0);

	(void)unused;
	if (result == CUDA_SUCCESS)
		cuEventDestroy(made);
	return result;
}

static CUresult event_record(void *unused)
{
	(void)unused;
	return cuEventRecord(event, idle);
}

static CUresult synchronize_context(void *unused)
{
	(void)unused;
	return cuCtxSynchronize();
}

static CUresult synchronize_capturing(void *unused)
{
	(void)unused;
	return cuStreamSynchronize(capturing);
}

static CUresult query_capturing(void *unused)
{
	(void)unused;
	return cuStreamQuery(capturing);
}

enum safety {
	SAFE,
	UNSAFE,
	NEVER
};

static const struct {
	const char *name;
	CUresult (*call)(void *);
	enum safety safety;
} calls[] = {
	{ "cuMemAlloc", alloc, UNSAFE },
	{ "cuMemFree(0)", free_nothing, UNSAFE },
	{ "cuMemHostAlloc", host_alloc, UNSAFE },
	{ "cuMemFreeHost(NULL)", host_free_nothing, UNSAFE },
	{ "cuMemHostRegister", host_register, UNSAFE },
	{ "cuStreamQuery of another stream", query_idle, UNSAFE },
	{ "cuStreamSynchronize of another stream", synchronize_idle, UNSAFE },
	{ "cuEventQuery", query_event, UNSAFE },
	{ "cuEventSynchronize", synchronize_event, UNSAFE },
	{ "cuMemAllocAsync in another stream", alloc_async, UNSAFE },
	{ "all of VMM", vmm, SAFE },
	{ "cuMemGetInfo", get_info, SAFE },
	{ "cuMemGetAddressRange", range, SAFE },
	{ "cuPointerGetAttribute", attribute, SAFE },
	{ "cuMemcpyHtoD", copy, SAFE },
	{ "cuMemsetD8", fill, SAFE },
	{ "cuStreamCreate", stream_create, SAFE },
	{ "cuEventCreate", event_create, SAFE },
	{ "cuEventRecord in another stream", event_record, SAFE },
	{ "cuCtxSynchronize", synchronize_context, NEVER },
	{ "cuStreamSynchronize of the capturing stream", synchronize_capturing, NEVER },
	{ "cuStreamQuery of the capturing stream", query_capturing, NEVER },
};

static CUresult end(void)
{
	CUgraph graph = NULL;
	CUresult result = cuStreamEndCapture(capturing, &graph);

	if (graph)
		NEED(cuGraphDestroy(graph));
	return result;
}

static CUresult in_relaxed_mode(void *call)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUresult result;

	NEED(cuThreadExchangeStreamCaptureMode(&mode));
	result = calls[(size_t)(uintptr_t)call].call(NULL);
	NEED(cuThreadExchangeStreamCaptureMode(&mode));
	return result;
}

enum where {
	HERE,
	ELSEWHERE,
	HERE_RELAXED
};

static void ask(size_t i, CUstreamCaptureMode mode, enum where where)
{
	static const char *const modes[] = { "global", "thread-local", "relaxed" };
	static const char *const places[] = { "here", "in another thread", "here in relaxed mode" };
	bool refused = calls[i].safety == NEVER;
	CUresult result, ended;

	if (calls[i].safety == UNSAFE && where != HERE_RELAXED)
		refused = mode == CU_STREAM_CAPTURE_MODE_GLOBAL ||
			  (mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && where == HERE);
	NEED(cuStreamBeginCapture(capturing, mode));
	if (where == HERE)
		result = calls[i].call(NULL);
	else if (where == ELSEWHERE)
		result = conform_thread(calls[i].call, NULL);
	else
		result = in_relaxed_mode((void *)(uintptr_t)i);
	ended = end();
	rule(conform_name("a %s capture: %s %s", modes[mode], calls[i].name, places[where]),
	     refused ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS, result);
	rule(conform_name("a %s capture after %s %s ends", modes[mode], calls[i].name,
			  places[where]),
	     refused ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS, ended);
}

static void start(void)
{
	NEED(cuStreamCreate(&capturing, CU_STREAM_NON_BLOCKING));
	NEED(cuStreamCreate(&idle, CU_STREAM_NON_BLOCKING));
	NEED(cuEventCreate(&event, 0));
	NEED(cuMemAlloc(&block, 4096));
	NEED(cuEventRecord(event, idle));
	NEED(cuCtxSynchronize());
}

void rules_capture_modes(void)
{
	start();
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		for (int mode = 0; mode < 3; mode++)
			for (int where = HERE; where <= HERE_RELAXED; where++)
				ask(i, (CUstreamCaptureMode)mode, (enum where)where);
}

static CUresult end_it(void *unused)
{
	(void)unused;
	return end();
}

static void ending(void)
{
	CUgraph graph = (CUgraph)&graph;

	RULE("cuStreamEndCapture without a capture", CUDA_ERROR_ILLEGAL_STATE, end());
	RULE("cuStreamBeginCapture of the default stream", CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
	     cuStreamBeginCapture(NULL, CU_STREAM_CAPTURE_MODE_RELAXED));
	RULE("cuStreamBeginCapture in no mode", CUDA_ERROR_INVALID_VALUE,
	     cuStreamBeginCapture(capturing, (CUstreamCaptureMode)9));
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_GLOBAL));
	RULE("cuStreamBeginCapture twice", CUDA_ERROR_ILLEGAL_STATE,
	     cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_GLOBAL));
	RULE("cuStreamBeginCapture twice spoils nothing", CUDA_SUCCESS,
	     cuStreamEndCapture(capturing, &graph));
	NEED(cuGraphDestroy(graph));
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_GLOBAL));
	RULE("cuStreamEndCapture from another thread, global",
	     CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, conform_thread(end_it, NULL));
	RULE("cuStreamEndCapture from another thread ends the capture", CUDA_ERROR_ILLEGAL_STATE,
	     end());
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
	RULE("cuStreamEndCapture from another thread, thread-local",
	     CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, conform_thread(end_it, NULL));
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	RULE("cuStreamEndCapture from another thread, relaxed", CUDA_SUCCESS,
	     conform_thread(end_it, NULL));
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED_TRUE(cuCtxSynchronize() == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	RULE("work in a spoilt capture", CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
	     cuMemsetD8Async(block, 0, 16, capturing));
	RULE("a spoilt capture has no graph", CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
	     cuStreamEndCapture(capturing, &graph));
	RULE("a spoilt capture's graph is NULL", 0, (intptr_t)graph);
}

static void asking(void)
{
	CUstreamCaptureStatus status = (CUstreamCaptureStatus)9;

	RULE("cuStreamIsCapturing to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuStreamIsCapturing(capturing, NULL));
	NEED(cuStreamIsCapturing(capturing, &status));
	RULE("cuStreamIsCapturing: none", CU_STREAM_CAPTURE_STATUS_NONE, status);
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuStreamIsCapturing(capturing, &status));
	RULE("cuStreamIsCapturing: active", CU_STREAM_CAPTURE_STATUS_ACTIVE, status);
	NEED_TRUE(cuCtxSynchronize() == CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
	NEED(cuStreamIsCapturing(capturing, &status));
	RULE("cuStreamIsCapturing: spoilt", CU_STREAM_CAPTURE_STATUS_INVALIDATED, status);
	end();
}

static void forking(void)
{
	CUevent fork, join, outside;
	CUstream third;

	NEED(cuStreamCreate(&third, CU_STREAM_NON_BLOCKING));
	NEED(cuEventCreate(&fork, 0));
	NEED(cuEventCreate(&join, 0));
	NEED(cuEventCreate(&outside, 0));
	NEED(cuEventRecord(outside, idle));
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuMemsetD8Async(block, 0, 16, capturing));
	NEED(cuEventRecord(fork, capturing));
	RULE("a stream that waits for a captured event joins the capture", CUDA_SUCCESS,
	     cuStreamWaitEvent(third, fork, 0));
	RULE("an event of a capture: cuEventQuery", CUDA_ERROR_CAPTURED_EVENT, cuEventQuery(fork));
	end();
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuEventRecord(fork, capturing));
	NEED(cuStreamWaitEvent(third, fork, 0));
	NEED(cuMemsetD8Async(block, 0, 16, third));
	NEED(cuEventRecord(join, third));
	NEED(cuStreamWaitEvent(capturing, join, 0));
	RULE("a capture that forked and joined ends", CUDA_SUCCESS, end());
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuEventRecord(fork, capturing));
	NEED(cuStreamWaitEvent(third, fork, 0));
	NEED(cuMemsetD8Async(block, 0, 16, third));
	RULE("a capture that forked and did not join ends", CUDA_ERROR_STREAM_CAPTURE_UNJOINED,
	     end());
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuEventRecord(fork, capturing));
	NEED(cuStreamWaitEvent(third, fork, 0));
	RULE("cuStreamEndCapture of a stream that was drawn in",
	     CUDA_ERROR_STREAM_CAPTURE_UNMATCHED, cuStreamEndCapture(third, (CUgraph[1]){ NULL }));
	end();
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	RULE("a capture that waits for what is outside", CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
	     cuStreamWaitEvent(capturing, outside, 0));
	end();
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuStreamBeginCapture(third, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuEventRecord(fork, capturing));
	RULE("a capture that waits for another capture", CUDA_ERROR_STREAM_CAPTURE_MERGE,
	     cuStreamWaitEvent(third, fork, 0));
	cuStreamEndCapture(third, (CUgraph[1]){ NULL });
	end();
	NEED(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	NEED(cuEventRecord(fork, capturing));
	RULE("the default stream waits for a capture", CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
	     cuStreamWaitEvent(NULL, fork, 0));
	end();
}

static void blocking(void)
{
	CUgraph graph = NULL;
	CUstream stream;

	NEED(cuStreamCreate(&stream, CU_STREAM_DEFAULT));
	NEED(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	RULE("a blocking stream captures: cuMemsetD8", CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
	     cuMemsetD8(block, 0, 16));
	RULE("a blocking stream's capture is spoilt by the default stream",
	     CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, cuStreamEndCapture(stream, &graph));
	NEED(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	RULE("a blocking stream captures: work in another blocking stream", CUDA_SUCCESS,
	     cuMemsetD8Async(block, 0, 16, idle));
	RULE("a blocking stream's capture ends", CUDA_SUCCESS, cuStreamEndCapture(stream, &graph));
	NEED(cuGraphDestroy(graph));
	NEED(cuStreamDestroy(stream));
}

void rules_capture(void)
{
	start();
	ending();
	asking();
	forking();
	blocking();
}
