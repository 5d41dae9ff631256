/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Captures of several threads: each has its own per-thread stream under one name; and one thread
 * captures all the time while another allocates and frees, which relaxed captures allow.
 */
#include <pthread.h>

#include "app.h"

#define CAPTURES 30000

static struct app app;
static pthread_barrier_t barrier;
static int stop;

/* Begins; the other thread ends its own of the same name; main frees; ends. */
static void *capture_own(void *is_first)
{
	CUgraph graph = NULL;
	CUresult begun, ended;

	OK(cuCtxSetCurrent(app.context));
	begun = cuStreamBeginCapture(CU_STREAM_PER_THREAD, CU_STREAM_CAPTURE_MODE_RELAXED);
	pthread_barrier_wait(&barrier);
	if (is_first)
		ended = cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	if (!is_first)
		ended = cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph);
	pthread_barrier_wait(&barrier);
	EXPECT(!begun && !ended && graph);
	OK(cuGraphDestroy(graph));
	return NULL;
}

/* swap: the thread that began last ends first, or the other one. */
static void same_name(int swap)
{
	CUdeviceptr block;
	pthread_t threads[2];

	OK(pthread_barrier_init(&barrier, NULL, 3));
	OK(cuMemAlloc(&block, 4 * MIB));
	OK(pthread_create(&threads[0], NULL, capture_own, swap ? &app : NULL));
	usleep(20000);
	OK(pthread_create(&threads[1], NULL, capture_own, swap ? NULL : &app));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	CHECK(cuMemFree(block));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	OK(pthread_join(threads[0], NULL));
	OK(pthread_join(threads[1], NULL));
	OK(pthread_barrier_destroy(&barrier));
}

static void *capture_alone(void *argument)
{
	CUgraph graph = NULL;

	OK(cuCtxSetCurrent(app.context));
	CHECK(cuStreamBeginCapture(CU_STREAM_PER_THREAD, CU_STREAM_CAPTURE_MODE_RELAXED));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	CHECK(cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph));
	OK(cuGraphDestroy(graph));
	return argument;
}

/* An end in a thread, or in a context, whose stream of that name captures nothing. */
static void not_that_one(void)
{
	CUcontext second;
	CUdeviceptr block;
	CUgraph graph = NULL;
	pthread_t thread;

	puts("# another thread");
	OK(pthread_barrier_init(&barrier, NULL, 2));
	OK(cuMemAlloc(&block, 4 * MIB));
	OK(pthread_create(&thread, NULL, capture_alone, NULL));
	pthread_barrier_wait(&barrier);
	CHECK(cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph));
	CHECK(cuMemFree(block));
	pthread_barrier_wait(&barrier);
	OK(pthread_join(thread, NULL));
	OK(pthread_barrier_destroy(&barrier));

	puts("# another context");
	OK(app_context_create(&second));
	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuCtxPushCurrent(app.context));
	CHECK(cuStreamBeginCapture(CU_STREAM_PER_THREAD, CU_STREAM_CAPTURE_MODE_RELAXED));
	OK(cuCtxPopCurrent(NULL));
	CHECK(cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph));
	OK(cuCtxSetCurrent(app.context));
	CHECK(cuMemFree(block));
	CHECK(cuStreamEndCapture(CU_STREAM_PER_THREAD, &graph));
	OK(cuGraphDestroy(graph));
	OK(cuCtxDestroy(second));
	OK(cuCtxSetCurrent(app.context));
}

static void *capture_all_the_time(void *argument)
{
	CUstream stream;
	int refused = 0, invalidated = 0;

	OK(cuCtxSetCurrent(app.context));
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	for (int i = 0; i < CAPTURES; i++) {
		CUgraph graph = NULL;
		refused += cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED) != 0;
		for (volatile int pause = 0; pause < 500; pause++)
			;
		invalidated += cuStreamEndCapture(stream, &graph) != 0;
		if (graph)
			OK(cuGraphDestroy(graph));
	}
	printf("%d captures: %d refused, %d invalidated\n", CAPTURES, refused, invalidated);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	OK(cuStreamDestroy(stream));
	return argument;
}

static void beside_captures(void)
{
	int allocations = 0, frees = 0;
	pthread_t thread;

	OK(pthread_create(&thread, NULL, capture_all_the_time, NULL));
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		CUdeviceptr block;
		if (cuMemAlloc(&block, 4096))
			allocations++;
		else
			frees += cuMemFree(block) != 0;
	}
	OK(pthread_join(thread, NULL));
	printf("beside them: %d allocations and %d frees refused\n", allocations, frees);
}

static void *begin_and_end_thread(void *argument)
{
	OK(cuCtxSetCurrent(app.context));
	CHECK(cuStreamBeginCapture(CU_STREAM_PER_THREAD, CU_STREAM_CAPTURE_MODE_RELAXED));
	return argument;
}

/* A thread's own stream goes with it, and the capture with the stream. */
static void thread_ends(void)
{
	size_t free_bytes, total;
	pthread_t thread;

	OK(pthread_create(&thread, NULL, begin_and_end_thread, NULL));
	OK(pthread_join(thread, NULL));
	OK(cuMemGetInfo(&free_bytes, &total));
	for (int i = 0; i < 2; i++) {
		CUdeviceptr block = 0;
		CHECK(cuMemAlloc(&block, total / 10 * 6));
		CHECK(cuMemFree(block));
	}
}

/* "exit": a thread ends while its own stream captures, and nothing else. */
int main(int argc, char **argv)
{
	app_start(&app);
	if (argc > 1 && !strcmp(argv[1], "exit")) {
		thread_ends();
		return app_end();
	}
	same_name(0);
	same_name(1);
	not_that_one();
	beside_captures();
	return app_end();
}
