/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams, events, host functions, and words that streams write and wait for. */
#include "conform.h"

static void creating(void)
{
	CUstream stream = NULL;
	unsigned flags = 9;
	int priority = 9;
	CUcontext ctx = NULL;

	RULE("cuStreamCreate to NULL", CUDA_ERROR_INVALID_VALUE, cuStreamCreate(NULL, 0));
	RULE("cuStreamCreate with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuStreamCreate(&stream, 2));
	NEED(cuStreamCreateWithPriority(&stream, CU_STREAM_NON_BLOCKING, -100));
	NEED(cuStreamGetPriority(stream, &priority));
	RULE("a priority above the greatest becomes the greatest", -5, priority);
	NEED(cuStreamGetFlags(stream, &flags));
	RULE("cuStreamGetFlags", CU_STREAM_NON_BLOCKING, flags);
	NEED(cuStreamGetCtx(stream, &ctx));
	RULE("cuStreamGetCtx", 1, ctx == conform_context);
	RULE("cuStreamGetFlags to NULL", CUDA_ERROR_INVALID_VALUE, cuStreamGetFlags(stream, NULL));
	NEED(cuStreamDestroy(stream));
	NEED(cuStreamCreateWithPriority(&stream, CU_STREAM_DEFAULT, 100));
	NEED(cuStreamGetPriority(stream, &priority));
	RULE("a priority below the least becomes the least", 0, priority);
	NEED(cuStreamDestroy(stream));
	RULE("cuStreamGetFlags of the default stream", CUDA_SUCCESS,
	     cuStreamGetFlags(NULL, &flags));
	RULE("the default stream is a blocking one", CU_STREAM_DEFAULT, flags);
	RULE("cuStreamDestroy of NULL", CUDA_ERROR_INVALID_HANDLE, cuStreamDestroy(NULL));
	RULE("cuStreamDestroy of CU_STREAM_LEGACY", CUDA_ERROR_INVALID_HANDLE,
	     cuStreamDestroy(CU_STREAM_LEGACY));
	RULE("cuStreamQuery of CU_STREAM_LEGACY", CUDA_SUCCESS, cuStreamQuery(CU_STREAM_LEGACY));
	RULE("cuStreamQuery of CU_STREAM_PER_THREAD", CUDA_SUCCESS,
	     cuStreamQuery(CU_STREAM_PER_THREAD));
	RULE("cuStreamSynchronize of CU_STREAM_PER_THREAD", CUDA_SUCCESS,
	     cuStreamSynchronize(CU_STREAM_PER_THREAD));
}

static void events(void)
{
	CUevent event, untimed, other;
	CUstream stream;
	float ms = -1;

	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	RULE("cuEventCreate to NULL", CUDA_ERROR_INVALID_VALUE, cuEventCreate(NULL, 0));
	RULE("cuEventCreate with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuEventCreate(&event, 0x100));
	NEED(cuEventCreate(&event, 0));
	NEED(cuEventCreate(&other, 0));
	NEED(cuEventCreate(&untimed, CU_EVENT_DISABLE_TIMING));
	RULE("an event that was never recorded: cuEventQuery", CUDA_SUCCESS, cuEventQuery(event));
	RULE("an event that was never recorded: cuEventSynchronize", CUDA_SUCCESS,
	     cuEventSynchronize(event));
	RULE("an event that was never recorded: cuStreamWaitEvent", CUDA_SUCCESS,
	     cuStreamWaitEvent(stream, event, 0));
	RULE("an event that was never recorded: cuEventElapsedTime", CUDA_ERROR_INVALID_HANDLE,
	     cuEventElapsedTime(&ms, event, other));
	NEED(cuEventRecord(event, stream));
	NEED(cuEventRecord(untimed, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("an event without timing: cuEventElapsedTime", CUDA_ERROR_INVALID_HANDLE,
	     cuEventElapsedTime(&ms, event, untimed));
	conform_hold(stream);
	NEED(cuEventRecord(other, stream));
	RULE("a busy stream: cuStreamQuery", CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
	RULE("an event in a busy stream: cuEventQuery", CUDA_ERROR_NOT_READY, cuEventQuery(other));
	RULE("an event in a busy stream: cuEventElapsedTime", CUDA_ERROR_NOT_READY,
	     cuEventElapsedTime(&ms, event, other));
	RULE("a busy stream that does not block: cuStreamSynchronize of the default one",
	     CUDA_SUCCESS, cuStreamSynchronize(NULL));
	conform_go();
	RULE("an event: cuEventSynchronize", CUDA_SUCCESS, cuEventSynchronize(other));
	RULE("an event that was waited for: cuEventQuery", CUDA_SUCCESS, cuEventQuery(other));
	RULE("cuEventElapsedTime", CUDA_SUCCESS, cuEventElapsedTime(&ms, event, other));
	RULE("cuEventElapsedTime to NULL", CUDA_ERROR_INVALID_HANDLE,
	     cuEventElapsedTime(NULL, event, other));
	RULE("cuStreamWaitEvent with unknown flags", CUDA_ERROR_INVALID_VALUE,
	     cuStreamWaitEvent(stream, event, 0x100));
	RULE("cuEventDestroy", CUDA_SUCCESS, cuEventDestroy(event));
	NEED(cuEventDestroy(other));
	NEED(cuEventDestroy(untimed));
	NEED(cuStreamDestroy(stream));
	RULE("cuEventDestroy of NULL", CUDA_ERROR_INVALID_HANDLE, cuEventDestroy(NULL));
	RULE("cuEventQuery of NULL", CUDA_ERROR_INVALID_HANDLE, cuEventQuery(NULL));
	RULE("cuEventRecord of NULL", CUDA_ERROR_INVALID_HANDLE, cuEventRecord(NULL, NULL));
}

/* The default stream and those that block it. */
static void defaults(void)
{
	CUstream blocking;
	CUevent event;

	NEED(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
	NEED(cuEventCreate(&event, 0));
	conform_hold(blocking);
	RULE("a busy blocking stream: cuStreamQuery of the default one", CUDA_ERROR_NOT_READY,
	     cuStreamQuery(NULL));
	NEED(cuEventRecord(event, NULL));
	RULE("a busy blocking stream: an event in the default one", CUDA_ERROR_NOT_READY,
	     cuEventQuery(event));
	conform_go();
	NEED(cuEventSynchronize(event));
	RULE("a blocking stream is done before the default one is", CUDA_SUCCESS,
	     cuStreamQuery(blocking));
	conform_hold(NULL);
	NEED(cuEventRecord(event, blocking));
	RULE("a busy default stream: an event in a blocking one", CUDA_ERROR_NOT_READY,
	     cuEventQuery(event));
	conform_go();
	NEED(cuCtxSynchronize());
	conform_hold(blocking);
	RULE("cuStreamDestroy of a busy stream", CUDA_SUCCESS, cuStreamDestroy(blocking));
	conform_go();
	NEED(cuCtxSynchronize());
	RULE("cuStreamDestroy of a busy stream lets its work end", CUDA_SUCCESS,
	     cuEventQuery(event));
	NEED(cuEventDestroy(event));
}

static CUresult inside;

static void CUDA_CB calls_driver(void *unused)
{
	(void)unused;
	inside = cuStreamQuery(NULL);
}

static void CUDA_CB called_back(CUstream stream, CUresult status, void *data)
{
	(void)stream;
	*(int *)data = (int)status;
}

static void host_functions(void)
{
	int status = 99;

	RULE("cuLaunchHostFunc of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuLaunchHostFunc(NULL, NULL, NULL));
	NEED(cuLaunchHostFunc(NULL, calls_driver, NULL));
	NEED(cuStreamSynchronize(NULL));
	RULE("a host function that calls the driver", CUDA_ERROR_NOT_PERMITTED, inside);
	RULE("cuStreamAddCallback with flags", CUDA_ERROR_INVALID_VALUE,
	     cuStreamAddCallback(NULL, called_back, &status, 1));
	NEED(cuStreamAddCallback(NULL, called_back, &status, 0));
	NEED(cuStreamSynchronize(NULL));
	RULE("a callback is told that all is well", CUDA_SUCCESS, status);
}

static CUevent foreign;

static void contexts(void)
{
	CUcontext other;
	CUstream stream, there;

	NEED(cuEventCreate(&foreign, 0));
	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuCtxCreate_v2(&other, 0, 0));
	NEED(cuStreamCreate(&there, CU_STREAM_NON_BLOCKING));
	RULE("cuEventRecord in a stream of another context", CUDA_ERROR_INVALID_HANDLE,
	     cuEventRecord(foreign, there));
	RULE("cuEventRecord in a context that is not current", CUDA_SUCCESS,
	     cuEventRecord(foreign, stream));
	RULE("cuStreamWaitEvent of an event of another context", CUDA_SUCCESS,
	     cuStreamWaitEvent(there, foreign, 0));
	RULE("cuStreamSynchronize of a stream of another context", CUDA_SUCCESS,
	     cuStreamSynchronize(stream));
	NEED(cuCtxDestroy(other));
}

void rules_streams(void)
{
	creating();
	events();
	defaults();
	host_functions();
	contexts();
}

void rules_stream_values(void)
{
	CUresult (*write)(CUstream, CUdeviceptr, cuuint32_t, unsigned);
	CUresult (*wait)(CUstream, CUdeviceptr, cuuint32_t, unsigned);
	CUdeviceptr a;
	CUstream stream;
	unsigned word = 0;

	*(void **)&write = conform_symbol("cuStreamWriteValue32_v2");
	*(void **)&wait = conform_symbol("cuStreamWaitValue32_v2");
	NEED_TRUE(write && wait);
	NEED(cuMemAlloc(&a, 64));
	NEED(cuMemsetD32(a, 0, 16));
	NEED(cuCtxSynchronize());
	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	RULE("cuStreamWriteValue32", CUDA_SUCCESS, write(stream, a, 5, 0));
	NEED(cuStreamSynchronize(stream));
	NEED(cuMemcpyDtoH(&word, a, 4));
	RULE("cuStreamWriteValue32 writes", 5, word);
	RULE("cuStreamWriteValue32 of half a word", CUDA_ERROR_INVALID_VALUE,
	     write(stream, a + 2, 5, 0));
	RULE("cuStreamWaitValue32", CUDA_SUCCESS, wait(stream, a, 6, CU_STREAM_WAIT_VALUE_GEQ));
	RULE("cuStreamWaitValue32 waits", CUDA_ERROR_NOT_READY, cuStreamQuery(stream));
	NEED(cuMemsetD32(a, 6, 1));
	RULE("cuStreamWaitValue32 ends when the value is there", CUDA_SUCCESS,
	     cuStreamSynchronize(stream));
}

void rules_ctx_events(void)
{
	CUresult (*record)(CUcontext, CUevent);
	CUstream stream;
	CUevent event;

	*(void **)&record = conform_symbol("cuCtxRecordEvent");
	NEED_TRUE(record);
	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuEventCreate(&event, CU_EVENT_DISABLE_TIMING));
	conform_hold(stream);
	RULE("cuCtxRecordEvent", CUDA_SUCCESS, record(conform_context, event));
	RULE("cuCtxRecordEvent: a busy stream", CUDA_ERROR_NOT_READY, cuEventQuery(event));
	conform_go();
	RULE("cuCtxRecordEvent: cuEventSynchronize", CUDA_SUCCESS, cuEventSynchronize(event));
	RULE("cuCtxRecordEvent: the stream is done", CUDA_SUCCESS, cuStreamQuery(stream));
	RULE("cuCtxRecordEvent of NULL", CUDA_ERROR_INVALID_HANDLE, record(conform_context, NULL));
	RULE("cuCtxRecordEvent of no context", CUDA_ERROR_INVALID_CONTEXT, record(NULL, event));
}
