/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Allocations and frees while a stream captures: allowed in relaxed mode, refused in global mode;
 * and graphs that replay right afterwards, also when memory was freed and taken in between.
 */
#include <dlfcn.h>
#include <pthread.h>

#include "app.h"

enum {
	WORDS = 1 << 20
};

static struct app app;

/* What another thread may do while this one captures. */
static void *meanwhile(void *argument)
{
	CUdeviceptr block = 0;
	size_t free_bytes = 0, total = 0;

	OK(cuCtxSetCurrent(app.context));
	CHECK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuMemGetInfo(&free_bytes, &total));
	if (block)
		CHECK(cuMemFree(block));
	return argument;
}

static void other_thread(void)
{
	pthread_t thread;

	OK(pthread_create(&thread, NULL, meanwhile, NULL));
	OK(pthread_join(thread, NULL));
}

static void replay(CUgraphExec graph, CUstream stream, CUdeviceptr to, unsigned int seed)
{
	for (int i = 0; i < 3; i++) {
		OK(cuMemsetD8Async(to, 0, WORDS * 4ull, stream));
		OK(cuGraphLaunch(graph, stream));
		uint64_t bad = app_verify(&app, stream, app.result, to, WORDS, seed);
		printf("replay %d: %llu wrong\n", i, (unsigned long long)bad);
		EXPECT(!bad);
	}
}

/* Captures fill(from), to = from. With allocations and a free inside, where they are allowed. */
static CUgraphExec capture(CUstream stream, CUstreamCaptureMode mode, CUdeviceptr from,
			   CUdeviceptr to, unsigned int seed, int allocations)
{
	CUgraph graph = NULL;
	CUgraphExec exec = NULL;
	CUdeviceptr inside = 0, before = 0;

	OK(cuMemAlloc(&before, 6 * MIB));
	OK(cuStreamBeginCapture(stream, mode));
	OK(app_fill(&app, stream, from, WORDS, seed));
	if (allocations) {
		CHECK(cuMemAlloc(&inside, 6 * MIB));
		CHECK(cuMemFree(before));
	}
	OK(cuMemcpyDtoDAsync(to, from, WORDS * 4ull, stream));
	CHECK(cuStreamEndCapture(stream, &graph));
	OK(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
	OK(cuGraphDestroy(graph));
	OK(cuMemFree(allocations ? inside : before));
	return exec;
}

typedef CUresult begin_to_graph(CUstream, CUgraph, const CUgraphNode *, const CUgraphEdgeData *,
				size_t, CUstreamCaptureMode);

/* Into a graph of the program's own, which drivers of 12.3 and newer can. Both entry points. */
static void to_graph(CUstream stream, CUdeviceptr block)
{
	static const char *const names[] = { "cuStreamBeginCaptureToGraph",
					     "cuStreamBeginCaptureToGraph_ptsz" };

	puts("# into a graph");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		begin_to_graph *begin = (begin_to_graph *)dlsym(RTLD_DEFAULT, names[i]);
		CUdeviceptr before, inside = 0;
		CUgraph graph, ended = NULL;
		CUgraphExec exec;

		printf("%s: %s\n", names[i], begin ? "there" : "not there");
		if (!begin)
			continue;
		OK(cuMemAlloc(&before, 6 * MIB));
		OK(cuGraphCreate(&graph, 0));
		CHECK(begin(stream, graph, NULL, NULL, 0, CU_STREAM_CAPTURE_MODE_RELAXED));
		OK(app_fill(&app, stream, block, WORDS, 77));
		CHECK(cuMemAlloc(&inside, 6 * MIB));
		CHECK(cuMemFree(before));
		CHECK(cuStreamEndCapture(stream, &ended));
		EXPECT(ended == graph);
		OK(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
		replay(exec, stream, block, 77);
		OK(cuGraphExecDestroy(exec));
		OK(cuGraphDestroy(graph));
		OK(cuMemFree(inside));
	}
}

static void refused(CUstream stream)
{
	CUdeviceptr before, block = APP_UNTOUCHED;
	CUgraph graph = (CUgraph)1;
	CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
	size_t size = 0, total = 0;
	void *host;

	puts("# global mode");
	OK(cuMemAlloc(&before, 4 * MIB));
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	OK(app_fill(&app, stream, before, MIB, 1));
	CHECK(cuMemFree(before));
	CHECK(cuMemAlloc(&block, 4 * MIB));
	printf("address %s\n", app_out(block));
	CHECK(cuMemFree(12345));
	CHECK(cuMemAlloc(&block, 0));
	CHECK(cuMemGetInfo(&size, &total));
	CHECK(cuMemGetAddressRange(NULL, &size, before));
	CHECK(cuMemHostAlloc(&host, 4096, 0));
	CHECK(cuThreadExchangeStreamCaptureMode(&mode));
	CHECK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuMemFree(before));
	CHECK(cuThreadExchangeStreamCaptureMode(&mode));
	CHECK(cuStreamEndCapture(stream, &graph));
	CHECK(cuMemFree(block));

	/* Usable again at once. */
	OK(cuMemAlloc(&block, 4 * MIB));
	CHECK(app_fill(&app, stream, block, MIB, 2));
	EXPECT(app_verify(&app, stream, app.result, block, MIB, 2) == 0);
	OK(cuMemFree(block));
}

static void synchronised(CUstream stream)
{
	CUgraph graph = NULL;
	CUdeviceptr block;

	puts("# a synchronisation in a capture");
	OK(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
	CHECK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuCtxSynchronize());
	CHECK(cuStreamEndCapture(stream, &graph));
	CHECK(cuMemFree(block));
}

static void threads(CUstream stream, CUdeviceptr block)
{
	static const CUstreamCaptureMode modes[] = { CU_STREAM_CAPTURE_MODE_GLOBAL,
						     CU_STREAM_CAPTURE_MODE_THREAD_LOCAL,
						     CU_STREAM_CAPTURE_MODE_RELAXED };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		CUgraph graph = NULL;
		printf("# another thread, mode %d\n", (int)modes[i]);
		OK(cuStreamBeginCapture(stream, modes[i]));
		OK(app_fill(&app, stream, block, WORDS, 1));
		other_thread();
		CHECK(cuStreamEndCapture(stream, &graph));
		if (graph)
			OK(cuGraphDestroy(graph));
	}
}

int main(void)
{
	CUstream stream;
	CUdeviceptr from, to, filler;

	app_start(&app);
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&from, WORDS * 4ull));
	OK(cuMemAlloc(&to, WORDS * 4ull));

	puts("# relaxed mode");
	CUgraphExec relaxed = capture(stream, CU_STREAM_CAPTURE_MODE_RELAXED, from, to, 21, 1);
	replay(relaxed, stream, to, 21);

	puts("# no allocations");
	CUgraphExec global = capture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL, from, to, 22, 0);
	replay(global, stream, to, 22);

	refused(stream);
	synchronised(stream);
	threads(stream, from);
	to_graph(stream, from);

	puts("# later");
	OK(cuMemAlloc(&filler, 16 * MIB));
	OK(cuMemsetD8(filler, 0xff, 16 * MIB));
	replay(relaxed, stream, to, 21);
	OK(cuMemFree(filler));
	replay(global, stream, to, 22);
	OK(cuGraphExecDestroy(relaxed));
	OK(cuGraphExecDestroy(global));
	OK(cuMemFree(from));
	OK(cuMemFree(to));
	return app_end();
}
