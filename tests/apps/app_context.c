/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two contexts; blocks go with theirs when it is destroyed, reset, or released for the last time. */
#include <pthread.h>

#include "app.h"

static void about(const char *what, CUdeviceptr block)
{
	CUdeviceptr base = 0;
	CUcontext context = NULL;
	size_t size = 0;
	CUresult range = cuMemGetAddressRange(&base, &size, block);
	CUresult owner = cuPointerGetAttribute(&context, CU_POINTER_ATTRIBUTE_CONTEXT, block);

	printf("%s: range %d, %zu bytes; context %d\n", what, range, range ? 0 : size, owner);
}

static void *free_without_context(void *block)
{
	CUcontext current = (CUcontext)1;
	CUdeviceptr other;

	CHECK(cuCtxGetCurrent(&current));
	EXPECT(!current);
	CHECK(cuMemFree(*(CUdeviceptr *)block));
	CHECK(cuMemAlloc(&other, 100));
	return NULL;
}

/* Blocks of a second context, as seen from the first and after it is gone. */
static void second_context(CUcontext primary)
{
	CUcontext second, owner = NULL, current = NULL;
	CUdeviceptr small, large, freed, mine;
	unsigned char byte = 0;

	OK(app_context_create(&second));
	OK(cuMemAlloc(&small, 1000));
	OK(cuMemAlloc(&large, 8 * MIB));
	OK(cuMemAlloc(&freed, 3 * MIB));
	CHECK(cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, large));
	EXPECT(owner == second);
	CHECK(cuMemsetD8(large, 0x42, 8 * MIB));
	CHECK(cuCtxSynchronize());

	OK(cuCtxSetCurrent(primary));
	OK(cuMemAlloc(&mine, 5 * MIB));
	CHECK(cuMemsetD8(mine, 0x43, 5 * MIB));
	about("from the other context", large);
	CHECK(cuMemcpyDtoH(&byte, large + 8 * MIB - 1, 1));
	EXPECT(byte == 0x42);
	CHECK(cuMemFree(freed));
	CHECK(cuMemFree(freed));

	CHECK(cuCtxDestroy(second));
	OK(cuCtxGetCurrent(&current));
	EXPECT(current == primary);
	about("large, its context destroyed", large);
	about("small, its context destroyed", small);
	CHECK(cuMemFree(large));
	CHECK(cuMemFree(small));
	CHECK(cuMemcpyDtoH(&byte, mine + 5 * MIB - 1, 1));
	EXPECT(byte == 0x43);
	CHECK(cuMemFree(mine));
}

/* A context that is current is destroyed: the thread is left with what was below it. */
static void current_destroyed(CUcontext primary)
{
	CUcontext second, current = NULL, popped = NULL;
	CUdeviceptr block;

	OK(app_context_create(&second));
	OK(cuMemAlloc(&block, MIB));
	CHECK(cuCtxDestroy(second));
	CHECK(cuCtxGetCurrent(&current));
	EXPECT(current == primary);
	CHECK(cuMemFree(block));

	OK(app_context_create(&second));
	OK(cuMemAlloc(&block, MIB));
	CHECK(cuCtxPopCurrent(&popped));
	EXPECT(popped == second);
	CHECK(cuCtxPushCurrent(second));
	CHECK(cuMemFree(block));
	CHECK(cuCtxPopCurrent(NULL));
	CHECK(cuCtxDestroy(second));
}

/* The old way to hold a context: attached twice, it outlives the first detach and not the last. */
static void attached(CUcontext primary)
{
	CUcontext second, same = NULL;
	CUdeviceptr block;
	unsigned char byte = 0;

	OK(app_context_create(&second));
	OK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuMemsetD8(block, 0x44, 4 * MIB));
	CHECK(cuCtxAttach(&same, 0));
	EXPECT(same == second);
	CHECK(cuCtxDetach(second));
	about("detached once", block);
	CHECK(cuMemcpyDtoH(&byte, block, 1));
	EXPECT(byte == 0x44);
	CHECK(cuCtxDetach(second));
	OK(cuCtxSetCurrent(primary));
	about("detached twice", block);
	CHECK(cuMemFree(block));
}

static void reset(struct app *app)
{
	CUdeviceptr block, other;
	unsigned int flags;
	int active = 0;
	size_t free_bytes = 0;

	OK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuDevicePrimaryCtxReset(app->device));
	CHECK(cuDevicePrimaryCtxGetState(app->device, &flags, &active));
	printf("active %d\n", active);
	CHECK(cuMemAlloc(&other, 100));
	CHECK(cuMemFree(block));
	CHECK(cuMemGetInfo(&free_bytes, NULL));
	OK(cuDevicePrimaryCtxRetain(&app->context, app->device));
	OK(cuCtxSetCurrent(app->context));
	about("after the reset", block);
	CHECK(cuMemFree(block));
}

/* Everything again on the context that came back. */
static void again(struct app *app)
{
	enum {
		WORDS = 700000
	};
	CUdeviceptr block;

	app_load_kernels(app);
	OK(cuMemAlloc(&block, WORDS * 4));
	CHECK(app_fill(app, NULL, block, WORDS, 9));
	printf("wrong words %llu\n",
	       (unsigned long long)app_verify(app, NULL, app->result, block, WORDS, 9));
	CHECK(cuMemFree(block));
}

static void last_release(struct app *app)
{
	CUdeviceptr block;
	unsigned int flags;
	int active = 1;

	OK(cuMemAlloc(&block, 4 * MIB));
	/* One reference from app_start, one from the reset: the last release ends it. */
	for (int i = 0; i < 3 && active; i++) {
		CHECK(cuDevicePrimaryCtxRelease(app->device));
		CHECK(cuDevicePrimaryCtxGetState(app->device, &flags, &active));
		printf("active %d\n", active);
	}
	CHECK(cuDevicePrimaryCtxRelease(app->device));
	OK(cuDevicePrimaryCtxRetain(&app->context, app->device));
	OK(cuCtxSetCurrent(app->context));
	about("after the last release", block);
	CHECK(cuMemFree(block));
}

int main(void)
{
	struct app app;
	pthread_t thread;
	CUdeviceptr block;

	app_start(&app);
	OK(cuMemAlloc(&block, 4 * MIB));
	OK(pthread_create(&thread, NULL, free_without_context, &block));
	OK(pthread_join(thread, NULL));
	second_context(app.context);
	current_destroyed(app.context);
	attached(app.context);
	reset(&app);
	again(&app);
	last_release(&app);
	again(&app);
	return app_end();
}
