/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The ways in which a capture ends, or does not: its stream or its context destroyed, an end that
 * fails. Once it has ended, what is freed can be had again at once; before, nothing breaks it.
 */
#include <pthread.h>

#include "app.h"

#define SLOW_NS 150000000ull

static struct app app;
static size_t most; /* more than half of the device */

/* Nothing captures: a free gives back at once what only one block at a time can have. */
static void no_capture(const char *what)
{
	CUdeviceptr block = 0;

	printf("%s:", what);
	for (int i = 0; i < 2; i++) {
		CUresult code = cuMemAlloc(&block, most);
		printf(" %d", code);
		if (!code)
			printf(" %d", cuMemFree(block));
	}
	puts("");
}

/* One does: a free does no harm. */
static void still_captures(CUstream stream)
{
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	CUdeviceptr block = 0;
	CUgraph graph = NULL;

	OK(cuThreadExchangeStreamCaptureMode(&mode));
	CHECK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuMemFree(block));
	OK(cuThreadExchangeStreamCaptureMode(&mode));
	if (!CHECK(cuStreamEndCapture(stream, &graph)))
		OK(cuGraphDestroy(graph));
}

static CUstream stream_new(void)
{
	CUstream stream;

	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	return stream;
}

static void begin(CUstream stream)
{
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
}

static void stream_destroyed(void)
{
	CUstream stream = stream_new();

	begin(stream);
	CHECK(cuStreamDestroy(stream));
	no_capture("its stream destroyed");
}

static void end_fails(void)
{
	CUstream stream = stream_new();
	CUgraph graph = NULL;

	begin(stream);
	CHECK(cuCtxSynchronize());
	CHECK(cuStreamEndCapture(stream, &graph));
	no_capture("invalidated, and ended");
	OK(cuStreamDestroy(stream));
}

static void begin_fails(void)
{
	CUstream stream = stream_new();

	CHECK(cuStreamBeginCapture(NULL, CU_STREAM_CAPTURE_MODE_RELAXED));
	CHECK(cuStreamBeginCapture(stream, (CUstreamCaptureMode)99));
	no_capture("never begun");
	begin(stream);
	CHECK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	still_captures(stream);
	no_capture("begun twice, ended once");
	OK(cuStreamDestroy(stream));
}

/* An end where nothing captures ends nothing elsewhere. */
static void other_ended(void)
{
	CUstream stream = stream_new(), other = stream_new();
	CUgraph graph = NULL;

	begin(stream);
	CHECK(cuStreamEndCapture(other, &graph));
	CHECK(cuStreamDestroy(other));
	still_captures(stream);
	no_capture("ended");
	OK(cuStreamDestroy(stream));
}

static void *end_elsewhere(void *stream)
{
	CUgraph graph = NULL;

	OK(cuCtxSetCurrent(app.context));
	CHECK(cuStreamEndCapture((CUstream)stream, &graph));
	return NULL;
}

static void wrong_thread(void)
{
	CUstream stream = stream_new();
	pthread_t thread;

	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(pthread_create(&thread, NULL, end_elsewhere, stream));
	OK(pthread_join(thread, NULL));
	still_captures(stream);
	no_capture("ended by its own thread");
	OK(cuStreamDestroy(stream));
}

static void context_destroyed(void)
{
	CUcontext second;

	OK(app_context_create(&second));
	begin(stream_new());
	CHECK(cuCtxDestroy(second));
	OK(cuCtxSetCurrent(app.context));
	no_capture("its context destroyed");

	/* Only its own context takes a capture away. */
	CUstream stream = stream_new();
	OK(app_context_create(&second));
	CUstream other = stream_new();
	OK(cuCtxSetCurrent(app.context));
	begin(stream);
	OK(cuCtxPushCurrent(second));
	OK(cuStreamDestroy(other));
	CHECK(cuCtxDestroy(second));
	still_captures(stream);
	OK(cuStreamDestroy(stream));
}

/* A stream is of its own context, whichever is current when the capture begins. */
static void context_not_current(void)
{
	CUcontext second, popped;
	CUstream stream;

	OK(app_context_create(&second));
	stream = stream_new();
	OK(cuCtxPopCurrent(&popped));
	begin(stream);
	CHECK(cuCtxDestroy(second));
	no_capture("its context destroyed, which was not current");

	stream = stream_new();
	OK(app_context_create(&second));
	begin(stream);
	CHECK(cuCtxDestroy(second));
	still_captures(stream);
	no_capture("ended");
	OK(cuStreamDestroy(stream));
}

/* A kernel from before the capture still writes into what is freed in it. */
static void freed_under_kernel(uint64_t words)
{
	CUstream slow = stream_new(), quick = stream_new();
	CUdeviceptr block, next;
	CUgraph graph = NULL;

	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&app, slow, block, words, 1, SLOW_NS));
	begin(quick);
	CHECK(cuMemFree(block));
	CHECK(cuStreamEndCapture(quick, &graph));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 2));
	OK(cuStreamSynchronize(slow));
	printf("%llu words: %llu wrong\n", (unsigned long long)words,
	       (unsigned long long)app_verify(&app, quick, app.result, next, words, 2));
	OK(cuMemFree(next));
	OK(cuGraphDestroy(graph));
	OK(cuStreamDestroy(slow));
	OK(cuStreamDestroy(quick));
}

/* What is freed while a stream captures counts as free, in the capture and after it. */
static void information(void)
{
	size_t before, inside, after, total;
	CUstream stream = stream_new();
	CUgraph graph = NULL;
	CUdeviceptr block;

	OK(cuMemAlloc(&block, most));
	OK(cuMemGetInfo(&before, &total));
	begin(stream);
	CHECK(cuMemFree(block));
	OK(cuMemGetInfo(&inside, &total));
	CHECK(cuStreamEndCapture(stream, &graph));
	OK(cuMemGetInfo(&after, &total));
	printf("all of it is free: %d in the capture, %d after it\n", inside - before >= most,
	       after - before >= most);
	OK(cuGraphDestroy(graph));
	OK(cuStreamDestroy(stream));
}

/* "foreign": streams of contexts that are not current, and nothing else. */
int main(int argc, char **argv)
{
	size_t free_bytes, total;

	app_start(&app);
	/* There has to be room for a second context. */
	OK(cuMemGetInfo(&free_bytes, &total));
	most = total / 10 * 6 / MIB * MIB;
	no_capture("no capture");
	if (argc > 1 && !strcmp(argv[1], "foreign")) {
		context_not_current();
		return app_end();
	}
	stream_destroyed();
	end_fails();
	begin_fails();
	other_ended();
	wrong_thread();
	context_destroyed();
	freed_under_kernel(64);
	freed_under_kernel(5000);
	freed_under_kernel(4 * MIB / 4);
	freed_under_kernel(24 * MIB / 4);
	information();
	return app_end();
}
