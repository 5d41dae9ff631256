/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A slow kernel still writes into a block when the host frees it. The free returns after the kernel
 * is done, and nobody else may have the memory before: what is allocated next keeps its pattern.
 */
#include "app.h"

#define SLOW_NS 150000000ull

static struct app app;
static CUstream slow, quick;

/* Waits for both streams, then says how many words the late kernel spoilt. */
static void judge(const char *what, CUdeviceptr block, uint64_t words, unsigned int seed)
{
	OK(cuStreamSynchronize(slow));
	uint64_t bad = app_verify(&app, quick, app.result, block, words, seed);
	printf("%s, %llu words: %llu wrong\n", what, (unsigned long long)words,
	       (unsigned long long)bad);
	EXPECT(!bad);
}

static void free_under_kernel(uint64_t words)
{
	CUdeviceptr block, next;

	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&app, slow, block, words, 1, SLOW_NS));
	CHECK(cuMemFree(block));
	/* The free has waited for the kernel. */
	CHECK(cuStreamQuery(slow));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 2));
	judge("freed under a kernel", next, words, 2);
	OK(cuMemFree(next));
}

/* The kernel is in a second context, which is not current when its block is freed. */
static void free_from_other_context(uint64_t words)
{
	CUcontext second;
	CUdeviceptr block, next;
	struct app there = app;
	CUstream stream;

	OK(app_context_create(&second));
	app_load_kernels(&there);
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&there, stream, block, words, 3, SLOW_NS));
	OK(cuCtxSetCurrent(app.context));
	CHECK(cuMemFree(block));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 4));
	judge("freed from another context", next, words, 4);
	OK(cuMemFree(next));
	OK(cuCtxDestroy(second));
}

/*
 * A block of this context is last used in a second one, and freed from there. (Fills and copies reach
 * another context's block on every device; a kernel need not.)
 */
static void free_where_used(uint64_t words)
{
	CUcontext second;
	CUdeviceptr block, there_block, next;
	struct app there = app;
	CUstream stream;

	OK(cuMemAlloc(&block, words * 4));
	OK(app_context_create(&second));
	app_load_kernels(&there);
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&there_block, 4096));
	OK(app_slow_fill(&there, stream, there_block, 64, 12, SLOW_NS));
	OK(cuMemsetD32Async(block, 0x12345678, words, stream));
	CHECK(cuMemFree(block));
	OK(cuCtxPushCurrent(app.context));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 13));
	OK(cuStreamSynchronize(quick));
	OK(cuStreamSynchronize(stream));
	uint64_t bad = app_verify(&app, quick, app.result, next, words, 13);
	printf("freed where it was used: %llu wrong\n", (unsigned long long)bad);
	EXPECT(!bad);
	OK(cuMemFree(next));
	OK(cuCtxPopCurrent(NULL));
	OK(cuCtxDestroy(second));
	OK(cuCtxSetCurrent(app.context));
}

/* Stream-ordered: the free waits in its stream, the host does not. */
static void free_async(uint64_t words)
{
	CUdeviceptr block, next;

	OK(cuMemAllocAsync(&block, words * 4, slow));
	OK(app_slow_fill(&app, slow, block, words, 5, SLOW_NS));
	CHECK(cuMemFreeAsync(block, slow));
	OK(cuMemAllocAsync(&next, words * 4, quick));
	OK(app_fill(&app, quick, next, words, 6));
	judge("freed in its stream", next, words, 6);
	OK(cuMemFreeAsync(next, quick));

	/* In one stream the memory may come back at once: the order keeps it right. */
	OK(cuMemAllocAsync(&block, words * 4, quick));
	OK(app_slow_fill(&app, quick, block, words, 7, SLOW_NS));
	OK(cuMemFreeAsync(block, quick));
	OK(cuMemAllocAsync(&next, words * 4, quick));
	OK(app_fill(&app, quick, next, words, 8));
	judge("freed and taken in one stream", next, words, 8);

	/* A plain allocation meanwhile, and a plain free of a stream-ordered block. */
	OK(cuMemAllocAsync(&block, words * 4, slow));
	OK(app_slow_fill(&app, slow, block, words, 9, SLOW_NS));
	OK(cuMemFreeAsync(block, slow));
	CUdeviceptr plain;
	OK(cuMemAlloc(&plain, words * 4));
	OK(app_fill(&app, quick, plain, words, 10));
	judge("beside a free in a stream", plain, words, 10);
	OK(cuMemFree(plain));
	CHECK(cuMemFree(next));
	CHECK(cuCtxSynchronize());
}

/* A copy to the host that is still under way. */
static void free_under_copy(uint64_t words)
{
	CUdeviceptr block;
	unsigned int *host;
	uint64_t bad = 0;

	OK(cuMemHostAlloc((void **)&host, words * 4, 0));
	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&app, slow, block, words, 11, SLOW_NS));
	OK(cuMemcpyDtoHAsync(host, block, words * 4, slow));
	CHECK(cuMemFree(block));
	OK(cuStreamSynchronize(slow));
	for (uint64_t i = 0; i < words; i++)
		bad += host[i] != app_hash(i, 11);
	printf("copied, %llu words: %llu wrong\n", (unsigned long long)words,
	       (unsigned long long)bad);
	EXPECT(!bad);
	OK(cuMemFreeHost(host));
}

/* "where-used": natively a real driver does not wait for this one, and the kernel faults. */
int main(int argc, char **argv)
{
	static const uint64_t words[] = { 64, 5000, 2 * MIB / 4, 24 * MIB / 4 };

	app_start(&app);
	OK(cuStreamCreate(&slow, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&quick, CU_STREAM_NON_BLOCKING));
	if (argc > 1 && !strcmp(argv[1], "where-used")) {
		free_where_used(MIB);
		free_where_used(5000);
		return app_end();
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		free_under_kernel(words[i]);
		free_under_copy(words[i]);
		free_async(words[i]);
	}
	free_from_other_context(MIB);
	return app_end();
}
