/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * cuMemFreeAsync, by both entry points, of memory of cuMemAlloc: the host does not wait, the memory is
 * not used again before the stream has come so far, and it is after that. With an argument, what not
 * every driver answers alike: "patient", "twice", "captured".
 */
#include <dlfcn.h>
#include <time.h>

#include "app.h"

#define SLOW_NS 150000000ull

typedef CUresult free_async(CUdeviceptr, CUstream);

static struct app app;
static CUstream slow, quick;
static size_t most; /* more than half of the device */

/* Holds its stream until it is let go, but not for ever: a free that waited for it shows. */
struct hold {
	int go;
	int timed_out;
};

static void hold(void *argument)
{
	struct hold *held = argument;
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < 4000 && !__atomic_load_n(&held->go, __ATOMIC_ACQUIRE); i++)
		nanosleep(&pause, NULL);
	held->timed_out = !__atomic_load_n(&held->go, __ATOMIC_ACQUIRE);
}

static void let_go(struct hold *held)
{
	__atomic_store_n(&held->go, 1, __ATOMIC_RELEASE);
}

static void returns_at_once(free_async *free_in)
{
	struct hold held = { 0 };
	CUdeviceptr here, elsewhere;

	OK(cuMemAlloc(&here, 4 * MIB));
	OK(cuMemAlloc(&elsewhere, 4 * MIB));
	OK(cuLaunchHostFunc(slow, hold, &held));
	CHECK(free_in(here, slow));
	CHECK(free_in(elsewhere, quick));
	let_go(&held);
	OK(cuStreamSynchronize(slow));
	OK(cuStreamSynchronize(quick));
	EXPECT(!held.timed_out);
}

static void keeps_order(free_async *free_in, uint64_t words)
{
	CUdeviceptr block, next;

	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&app, slow, block, words, 1, SLOW_NS));
	CHECK(free_in(block, slow));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 2));
	OK(cuStreamSynchronize(slow));
	printf("%llu words: %llu wrong\n", (unsigned long long)words,
	       (unsigned long long)app_verify(&app, quick, app.result, next, words, 2));
	CHECK(free_in(next, quick));
	OK(cuStreamSynchronize(quick));
}

static void take_most(const char *what)
{
	CUdeviceptr block;
	CUresult code = cuMemAlloc(&block, most);

	printf("%s: %d\n", what, code);
	if (!code)
		OK(cuMemFree(block));
}

static void comes_back(free_async *free_in)
{
	CUdeviceptr block;

	for (int i = 0; i < 3; i++) {
		OK(cuMemAlloc(&block, most));
		CHECK(free_in(block, quick));
		OK(cuStreamSynchronize(quick));
	}
	take_most("freed in a stream, and again to be had");
}

/* The stream is a parameter of the free: that another one captures is nothing to it. */
static void beside_capture(free_async *free_in)
{
	CUgraph graph = NULL;
	CUdeviceptr block;
	CUstream capturing;

	OK(cuStreamCreate(&capturing, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&block, most));
	OK(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	CHECK(free_in(block, quick));
	CHECK(cuStreamEndCapture(capturing, &graph));
	OK(cuGraphDestroy(graph));
	OK(cuStreamSynchronize(quick));
	take_most("freed beside a capture");
	OK(cuStreamDestroy(capturing));
}

/* The null handle of the per-thread entry points is the thread's own stream, and no other's work. */
static void own_stream(free_async *free_in, const char *name)
{
	struct hold held = { 0 };
	CUdeviceptr block;
	CUstream blocking;

	OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
	OK(cuMemAlloc(&block, most));
	OK(cuLaunchHostFunc(blocking, hold, &held));
	CHECK(free_in(block, strstr(name, "_ptsz") ? NULL : CU_STREAM_PER_THREAD));
	OK(cuStreamSynchronize(CU_STREAM_PER_THREAD));
	CUresult code = cuMemAlloc(&block, most);
	printf("freed in the thread's own stream: %d\n", code);
	let_go(&held);
	if (!code)
		OK(cuMemFree(block));
	OK(cuStreamSynchronize(blocking));
	OK(cuStreamDestroy(blocking));
}

/* The legacy stream waits for all blocking ones. */
static void null_stream(free_async *free_in, const char *name, uint64_t words)
{
	CUdeviceptr block, next;
	CUstream blocking;

	OK(cuStreamCreate(&blocking, CU_STREAM_DEFAULT));
	OK(cuMemAlloc(&block, words * 4));
	OK(app_slow_fill(&app, blocking, block, words, 3, SLOW_NS));
	CHECK(free_in(block, strstr(name, "_ptsz") ? CU_STREAM_LEGACY : NULL));
	OK(cuMemAlloc(&next, words * 4));
	OK(app_fill(&app, quick, next, words, 4));
	OK(cuStreamSynchronize(blocking));
	printf("freed in the null stream: %llu wrong\n",
	       (unsigned long long)app_verify(&app, quick, app.result, next, words, 4));
	OK(cuMemFree(next));
	OK(cuStreamDestroy(blocking));
}

/* Its stream is of a context that ends. */
static void context_ends(free_async *free_in)
{
	CUcontext second;
	CUdeviceptr block;
	CUstream stream;

	OK(cuMemAlloc(&block, most));
	OK(app_context_create(&second));
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuCtxSetCurrent(app.context));
	CHECK(free_in(block, stream));
	OK(cuCtxDestroy(second));
	take_most("freed in a stream of another context, which has ended");
}

static void patient(free_async *free_in)
{
	CUdeviceptr block;

	OK(cuMemAlloc(&block, most));
	OK(app_slow_fill(&app, slow, block, 1000, 5, SLOW_NS));
	CHECK(free_in(block, slow));
	take_most("wanted before the stream has come so far");
	OK(cuStreamSynchronize(slow));
}

static void twice(free_async *free_in)
{
	struct hold held = { 0 };
	CUdeviceptr block;

	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuLaunchHostFunc(slow, hold, &held));
	CHECK(free_in(block, slow));
	CHECK(free_in(block, slow));
	CHECK(free_in(block, quick));
	CHECK(cuMemFree(block));
	let_go(&held);
	OK(cuStreamSynchronize(slow));
	CHECK(free_in(block, slow));
	CHECK(cuMemFree(block));
}

static void captured(free_async *free_in)
{
	CUgraph graph = NULL;
	CUdeviceptr block;

	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuStreamBeginCapture(quick, CU_STREAM_CAPTURE_MODE_RELAXED));
	CHECK(free_in(block, quick));
	if (!CHECK(cuStreamEndCapture(quick, &graph)))
		OK(cuGraphDestroy(graph));
	CHECK(app_fill(&app, quick, block, MIB, 6));
	EXPECT(app_verify(&app, quick, app.result, block, MIB, 6) == 0);
	CHECK(cuMemFree(block));
}

static void all(free_async *free_in, const char *name)
{
	returns_at_once(free_in);
	keeps_order(free_in, 64);
	keeps_order(free_in, 5000);
	keeps_order(free_in, 4 * MIB / 4);
	own_stream(free_in, name);
	null_stream(free_in, name, MIB);
}

/* Memory that is to be had again: a real driver natively keeps it for the stream's own allocations. */
static void memory(free_async *free_in)
{
	comes_back(free_in);
	beside_capture(free_in);
	context_ends(free_in);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "cuMemFreeAsync", "cuMemFreeAsync_ptsz" };
	const char *what = argc > 1 ? argv[1] : "";
	size_t free_bytes, total;

	app_start(&app);
	OK(cuStreamCreate(&slow, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&quick, CU_STREAM_NON_BLOCKING));
	OK(cuMemGetInfo(&free_bytes, &total));
	most = total / 10 * 6 / MIB * MIB;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		free_async *free_in = (free_async *)dlsym(RTLD_DEFAULT, names[i]);

		printf("# %s: %s\n", names[i], free_in ? "there" : "not there");
		if (!free_in)
			continue;
		if (!strcmp(what, "patient"))
			patient(free_in);
		else if (!strcmp(what, "twice"))
			twice(free_in);
		else if (!strcmp(what, "memory"))
			memory(free_in);
		else if (!strcmp(what, "captured"))
			captured(free_in);
		else
			all(free_in, names[i]);
	}
	return app_end();
}
