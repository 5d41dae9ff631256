/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two devices, and the memory of one in kernels of the other: what was there before access was enabled,
 * what comes after, and the ways in which access ends. With one device there is nothing to say.
 *
 *	forbidden   what happens without access, which ends the context
 *	none        devices that cannot reach each other
 *	chain       three devices, of which each has access to the next one's memory only
 */
#include "app.h"

enum {
	WORDS = 700000,
	FEW = 100
};

static struct app first, second; /* the primary contexts of devices 0 and 1 */

static void start_second(void)
{
	OK(cuDeviceGet(&second.device, 1));
	OK(cuDevicePrimaryCtxRetain(&second.context, second.device));
}

static CUdeviceptr block_in(CUcontext context, uint64_t words)
{
	CUdeviceptr block = 0;

	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&block, words * 4));
	return block;
}

/* What the current context may do with a block. */
static void about(const char *what, CUdeviceptr block)
{
	unsigned int flags = 7;
	CUresult code = cuPointerGetAttribute(&flags, CU_POINTER_ATTRIBUTE_ACCESS_FLAGS, block);

	printf("%s: access %d, %u\n", what, code, flags);
}

static void fill_in(struct app *app, CUdeviceptr block, uint64_t words, unsigned int seed)
{
	OK(cuCtxSetCurrent(app->context));
	OK(app_fill(app, NULL, block, words, seed));
	OK(cuCtxSynchronize());
}

/* The block is used by a kernel of that context. */
static void verify_in(const char *what, struct app *app, CUdeviceptr block, uint64_t words,
		      unsigned int seed)
{
	OK(cuCtxSetCurrent(app->context));
	printf("%s: wrong words %llu\n", what,
	       (unsigned long long)app_verify(app, NULL, app->result, block, words, seed));
}

/* Access that is there before anything was allocated on the device. */
static void enabled_first(void)
{
	CUdeviceptr block;

	OK(cuCtxSetCurrent(first.context));
	CHECK(cuCtxEnablePeerAccess(second.context, 0));
	OK(cuCtxSetCurrent(second.context));
	app_load_kernels(&second);
	block = block_in(second.context, WORDS);
	OK(cuCtxSetCurrent(first.context));
	about("enabled before the first block", block);
	fill_in(&first, block, WORDS, 1);
	verify_in("written by the other device", &second, block, WORDS, 1);
	OK(cuCtxSetCurrent(first.context));
	CHECK(cuCtxDisablePeerAccess(second.context));
	about("disabled", block);
	OK(cuMemFree(block));
}

static void old_and_new(void)
{
	CUdeviceptr large = block_in(first.context, WORDS), small = block_in(first.context, FEW);
	CUdeviceptr freed = block_in(first.context, WORDS), later, mine;

	fill_in(&first, large, WORDS, 2);
	fill_in(&first, small, FEW, 3);
	OK(cuMemFree(freed));
	mine = block_in(second.context, FEW);
	about("large, before", large);
	about("small, before", small);

	CHECK(cuCtxEnablePeerAccess(first.context, 1));
	CHECK(cuCtxEnablePeerAccess(NULL, 0));
	CHECK(cuCtxEnablePeerAccess(second.context, 0));
	CHECK(cuCtxDisablePeerAccess(first.context));
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	about("large", large);
	about("small", small);
	verify_in("large", &second, large, WORDS, 2);
	verify_in("small", &second, small, FEW, 3);

	/* Of the memory that was freed before, and of new memory. */
	freed = block_in(first.context, WORDS);
	later = block_in(first.context, 3 * WORDS);
	fill_in(&second, freed, WORDS, 4);
	fill_in(&second, later, 3 * WORDS, 5);
	about("later", later);
	verify_in("reused", &first, freed, WORDS, 4);
	verify_in("new", &first, later, 3 * WORDS, 5);
	about("the other way", mine);

	OK(cuCtxSetCurrent(second.context));
	CHECK(cuCtxDisablePeerAccess(first.context));
	CHECK(cuCtxDisablePeerAccess(first.context));
	about("large, disabled", large);
	about("small, disabled", small);
	about("later, disabled", later);

	/* A copy that names the contexts needs no access. */
	OK(cuMemcpyPeer(mine, second.context, small, first.context, FEW * 4));
	verify_in("copied", &second, mine, FEW, 3);
	OK(cuMemFree(large));
	OK(cuMemFree(small));
	OK(cuMemFree(freed));
	OK(cuMemFree(later));
	OK(cuMemFree(mine));
}

/* Access is of a context: it ends with that one, not with another one's. */
static void several_contexts(void)
{
	CUdeviceptr block = block_in(first.context, WORDS), theirs, fresh;
	struct app third = { .device = 1 }, owner = { .device = 0 };

	OK(cuCtxCreate_v2(&third.context, 0, third.device));
	app_load_kernels(&third);
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	OK(cuCtxSetCurrent(second.context));
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	fill_in(&second, block, WORDS, 6);
	CHECK(cuCtxDisablePeerAccess(first.context));
	verify_in("one of two disabled", &third, block, WORDS, 6);
	fresh = block_in(first.context, WORDS);
	fill_in(&third, fresh, WORDS, 7);
	verify_in("allocated after that", &first, fresh, WORDS, 7);
	OK(cuCtxSetCurrent(second.context));
	CHECK(cuCtxDestroy(third.context));
	OK(cuCtxSetCurrent(second.context));
	about("the context that had access destroyed", block);

	OK(cuCtxCreate_v2(&owner.context, 0, owner.device));
	theirs = block_in(owner.context, WORDS);
	OK(cuCtxSetCurrent(second.context));
	CHECK(cuCtxEnablePeerAccess(owner.context, 0));
	about("of another context", theirs);
	CHECK(cuCtxDestroy(owner.context));
	OK(cuCtxSetCurrent(second.context));
	about("the context that owned destroyed", block);
	OK(cuMemFree(block));
	OK(cuMemFree(fresh));
}

static void reset(void)
{
	CUdeviceptr block = block_in(first.context, WORDS);

	OK(cuCtxSetCurrent(second.context));
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	about("enabled again", block);
	CHECK(cuDevicePrimaryCtxReset(first.device));
	OK(cuDevicePrimaryCtxRetain(&first.context, first.device));
	OK(cuCtxSetCurrent(first.context));
	app_load_kernels(&first);
	block = block_in(first.context, WORDS);
	OK(cuCtxSetCurrent(second.context));
	about("after a reset", block);
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	about("enabled after it", block);
	fill_in(&second, block, WORDS, 8);
	verify_in("enabled after it", &first, block, WORDS, 8);
	CHECK(cuDevicePrimaryCtxReset(second.device));
	OK(cuDevicePrimaryCtxRetain(&second.context, second.device));
	OK(cuCtxSetCurrent(second.context));
	about("after a reset of the other one", block);
}

static void forbidden(void)
{
	CUdeviceptr block = block_in(first.context, WORDS);
	CUstream stream;
	CUgraph graph;

	OK(cuCtxSetCurrent(second.context));
	app_load_kernels(&second);
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	/* In the middle of a capture, which it does not break. */
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	CHECK(app_fill(&second, stream, block, WORDS, 1));
	CHECK(cuStreamEndCapture(stream, &graph));
	CHECK(cuGraphDestroy(graph));
	fill_in(&second, block, WORDS, 2);
	CHECK(cuCtxDisablePeerAccess(first.context));
	CHECK(cuMemsetD8(block, 0, 4));
	CHECK(app_fill(&second, NULL, block, WORDS, 3));
	CHECK(cuCtxSynchronize());
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	verify_in("untouched", &first, block, WORDS, 2);
}

static void none(void)
{
	CUdeviceptr block = block_in(first.context, WORDS), mine;

	fill_in(&first, block, WORDS, 1);
	OK(cuCtxSetCurrent(second.context));
	app_load_kernels(&second);
	CHECK(cuCtxEnablePeerAccess(first.context, 0));
	CHECK(cuCtxDisablePeerAccess(first.context));
	about("cannot be reached", block);
	mine = block_in(second.context, WORDS);
	OK(cuMemcpyPeer(mine, second.context, block, first.context, WORDS * 4));
	verify_in("copied", &second, mine, WORDS, 1);
}

static void chain(int count)
{
	CUcontext contexts[3] = { first.context, second.context };
	CUdeviceptr blocks[3];

	if (count < 3) {
		puts("no third device");
		return;
	}
	OK(cuDevicePrimaryCtxRetain(&contexts[2], 2));
	for (int i = 0; i < 3; i++)
		blocks[i] = block_in(contexts[i], WORDS);
	for (int i = 0; i < 3; i++) {
		OK(cuCtxSetCurrent(contexts[i]));
		CHECK(cuCtxEnablePeerAccess(contexts[(i + 1) % 3], 0));
	}
	for (int i = 0; i < 3; i++) {
		OK(cuCtxSetCurrent(contexts[i]));
		about("the next one's", blocks[(i + 1) % 3]);
		about("the one's after that", blocks[(i + 2) % 3]);
	}
	for (int i = 0; i < 3; i++)
		OK(cuMemFree(blocks[i]));
}

int main(int argc, char **argv)
{
	int count = 0, can = 0;

	app_start(&first);
	OK(cuDeviceGetCount(&count));
	if (count > 1)
		OK(cuDeviceCanAccessPeer(&can, 1, 0));
	if (count < 2 || can != !(argc > 1 && !strcmp(argv[1], "none"))) {
		puts("no such devices");
		return app_end();
	}
	start_second();
	if (argc > 1 && !strcmp(argv[1], "forbidden")) {
		forbidden();
	} else if (argc > 1 && !strcmp(argv[1], "chain")) {
		chain(count);
	} else if (argc > 1) {
		none();
	} else {
		enabled_first();
		old_and_new();
		several_contexts();
		reset();
	}
	return app_end();
}
