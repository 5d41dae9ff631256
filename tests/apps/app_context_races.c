/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A context ends in one thread while another makes a new one, which may get the same handle, or
 * frees its blocks. The new one keeps what is its own, and nothing of the old one stays.
 */
#include <pthread.h>

#include "app.h"

#define ROUNDS 100
#define WORDS  (4 * MIB / 4)

static struct app app;
static CUcontext victim;
static CUdeviceptr victims;
static pthread_barrier_t barrier;

static void *destroy(void *argument)
{
	OK(cuCtxDestroy(victim));
	return argument;
}

static void *reset(void *argument)
{
	OK(cuDevicePrimaryCtxReset(app.device));
	return argument;
}

/* The thread is about to end a context, or has; the caller's context is a new one. */
static void use_meanwhile(const char *what, pthread_t thread)
{
	struct app there = { .device = app.device };
	CUdeviceptr block, base = 0, other;
	size_t size = 0;

	printf("# %s\n", what);
	app_load_kernels(&there);
	CHECK(cuMemAlloc(&block, WORDS * 4));
	OK(app_fill(&there, NULL, block, WORDS, 1));
	OK(pthread_join(thread, NULL));
	CHECK(cuMemGetAddressRange(&base, &size, block));
	EXPECT(base == block);
	/* Had it been taken away, this would get it. */
	CHECK(cuMemAlloc(&other, WORDS * 4));
	OK(app_fill(&there, NULL, other, WORDS, 2));
	printf("%llu wrong\n",
	       (unsigned long long)app_verify(&there, NULL, there.result, block, WORDS, 1));
	CHECK(cuMemFree(other));
	CHECK(cuMemFree(block));
}

static void created_meanwhile(void)
{
	CUcontext popped, second;
	CUdeviceptr block;
	pthread_t thread;

	OK(app_context_create(&victim));
	OK(cuMemAlloc(&block, 4096));
	OK(cuCtxPopCurrent(&popped));
	OK(pthread_create(&thread, NULL, destroy, NULL));
	usleep(50000);
	OK(app_context_create(&second));
	use_meanwhile("a context is destroyed and another one created", thread);
	OK(cuCtxDestroy(second));
}

/* One after the other, the handle as it may be. */
static void created_after(void)
{
	CUdeviceptr old, block;
	CUcontext context;

	puts("# one after the other");
	for (int i = 0; i < 3; i++) {
		OK(app_context_create(&context));
		OK(cuMemAlloc(&old, WORDS * 4));
		OK(cuCtxDestroy(context));
		OK(app_context_create(&context));
		CHECK(cuMemFree(old));
		CHECK(cuMemAlloc(&block, WORDS * 4));
		CHECK(cuMemsetD8(block, 1, WORDS * 4));
		CHECK(cuMemFree(block));
		OK(cuCtxDestroy(context));
	}
}

static void *free_victim(void *argument)
{
	OK(cuCtxSetCurrent(app.context));
	CHECK(cuMemFree(victims));
	return argument;
}

/* The free has begun when the context ends. Its memory is to be had again. */
static void destroyed_meanwhile(void)
{
	size_t free_bytes, total;
	CUcontext popped;
	pthread_t thread;

	puts("# a context is destroyed whose block is being freed");
	OK(cuMemGetInfo(&free_bytes, &total));
	size_t most = total / 10 * 6 / MIB * MIB;
	OK(app_context_create(&victim));
	OK(cuMemAlloc(&victims, most));
	OK(cuCtxPopCurrent(&popped));
	OK(pthread_create(&thread, NULL, free_victim, NULL));
	usleep(50000);
	OK(cuCtxDestroy(victim));
	OK(pthread_join(thread, NULL));
	CHECK(cuMemAlloc(&victims, most));
	CHECK(cuMemFree(victims));
}

static void *free_victims(void *argument)
{
	OK(cuCtxSetCurrent(app.context));
	for (int i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&barrier);
		(void)!cuMemFree(victims);
		pthread_barrier_wait(&barrier);
	}
	return argument;
}

/* Whoever comes first: the memory is free at the end. */
static void freed_meanwhile(void)
{
	size_t before, after, total;
	CUcontext popped;
	pthread_t thread;

	puts("# a block is freed and its context destroyed");
	OK(pthread_barrier_init(&barrier, NULL, 2));
	OK(cuMemGetInfo(&before, &total));
	OK(pthread_create(&thread, NULL, free_victims, NULL));
	for (int i = 0; i < ROUNDS; i++) {
		OK(app_context_create(&victim));
		OK(cuMemAlloc(&victims, 32 * MIB));
		OK(cuCtxPopCurrent(&popped));
		pthread_barrier_wait(&barrier);
		for (volatile int pause = 0; pause < i * 100; pause++)
			;
		OK(cuCtxDestroy(victim));
		pthread_barrier_wait(&barrier);
	}
	OK(pthread_join(thread, NULL));
	OK(cuMemGetInfo(&after, &total));
	EXPECT(after + 16 * MIB >= before);
	CHECK(cuMemAlloc(&victims, before - 64 * MIB));
	CHECK(cuMemFree(victims));
}

static void reset_meanwhile(void)
{
	CUdeviceptr block;
	pthread_t thread;

	OK(cuMemAlloc(&block, 4096));
	OK(pthread_create(&thread, NULL, reset, NULL));
	usleep(50000);
	OK(cuDevicePrimaryCtxRetain(&app.context, app.device));
	OK(cuCtxSetCurrent(app.context));
	use_meanwhile("the primary context is reset and retained", thread);
}

/* The context has ended, though the call that ends it has not returned: so has the block. */
static void freed_after(void)
{
	CUcontext popped;
	pthread_t thread;

	OK(app_context_create(&victim));
	OK(cuMemAlloc(&victims, 4 * MIB));
	OK(cuCtxPopCurrent(&popped));
	OK(pthread_create(&thread, NULL, destroy, NULL));
	usleep(50000);
	CHECK(cuMemFree(victims));
	OK(pthread_join(thread, NULL));
}

/* "after": one part that wants SIMCUDA_LINGER_MS. "quick": without the part that takes many rounds. */
int main(int argc, char **argv)
{
	app_start(&app);
	if (argc > 1 && !strcmp(argv[1], "after")) {
		freed_after();
		return app_end();
	}
	created_meanwhile();
	created_after();
	destroyed_meanwhile();
	if (argc < 2 || strcmp(argv[1], "quick") != 0)
		freed_meanwhile();
	reset_meanwhile();
	return app_end();
}
