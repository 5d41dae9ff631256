/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Green contexts: what is allocated in one is the primary context's memory, and stays when the green
 * context goes. Drivers before 12.4 have none.
 */
#include "app.h"

enum {
	WORDS = 700000,
	FEW = 100
};

static CUgreenCtx green_create(const struct app *app, CUcontext *context_out)
{
	CUdevResource resource;
	CUdevResourceDesc desc;
	CUgreenCtx green = NULL;

	OK(cuDeviceGetDevResource(app->device, &resource, CU_DEV_RESOURCE_TYPE_SM));
	OK(cuDevResourceGenerateDesc(&desc, &resource, 1));
	OK(cuGreenCtxCreate(&green, desc, app->device, CU_GREEN_CTX_DEFAULT_STREAM));
	OK(cuCtxFromGreenCtx(context_out, green));
	return green;
}

static void about(const char *what, CUdeviceptr block, CUcontext primary)
{
	CUdeviceptr base = 0;
	CUcontext owner = NULL;
	size_t size = 0;
	CUresult range = cuMemGetAddressRange(&base, &size, block);
	CUresult code = cuPointerGetAttribute(&owner, CU_POINTER_ATTRIBUTE_CONTEXT, block);

	printf("%s: range %d, %zu bytes; context %d, the primary one: %d\n", what, range,
	       range ? 0 : size, code, owner == primary);
}

static void outlived(struct app *app)
{
	CUcontext context, owner = NULL;
	CUgreenCtx green = green_create(app, &context);
	CUdeviceptr large, small, freed;

	EXPECT(context != app->context);
	OK(cuCtxSetCurrent(context));
	CHECK(cuMemAlloc(&large, WORDS * 4));
	CHECK(cuMemAlloc(&small, FEW * 4));
	CHECK(cuMemAlloc(&freed, WORDS * 4));
	about("large", large, app->context);
	CHECK(app_fill(app, NULL, large, WORDS, 1));
	CHECK(app_fill(app, NULL, small, FEW, 2));
	CHECK(cuCtxSynchronize());
	/* Freed from the primary context while the green one works on it: the free waits. */
	CHECK(app_slow_fill(app, NULL, freed, WORDS, 3, 100000000));
	OK(cuCtxSetCurrent(app->context));
	CHECK(cuMemFree(freed));
	CHECK(cuCtxDestroy(context));
	CHECK(cuGreenCtxDestroy(green));
	CHECK(cuGreenCtxDestroy(green));
	CHECK(cuCtxFromGreenCtx(&owner, green));
	about("large, the green context destroyed", large, app->context);
	about("small, the green context destroyed", small, app->context);
	printf("wrong words %llu\n",
	       (unsigned long long)app_verify(app, NULL, app->result, large, WORDS, 1));
	printf("wrong words %llu\n",
	       (unsigned long long)app_verify(app, NULL, app->result, small, FEW, 2));
	CHECK(cuMemFree(large));
	CHECK(cuMemFree(small));
	CHECK(cuMemFree(small));
}

/* Freed in the order of a stream that goes with the green context. */
static void freed_in_its_stream(struct app *app, unsigned long long ns, int captures)
{
	CUcontext context;
	CUgreenCtx green = green_create(app, &context);
	CUdeviceptr block, again;
	CUstream stream, capturing;
	CUgraph graph;

	OK(cuStreamCreate(&capturing, CU_STREAM_NON_BLOCKING));
	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&block, WORDS * 4));
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	CHECK(app_slow_fill(app, stream, block, WORDS, 4, ns));
	CHECK(cuMemFreeAsync(block, stream));
	OK(cuCtxSetCurrent(app->context));
	if (captures)
		OK(cuStreamBeginCapture(capturing, CU_STREAM_CAPTURE_MODE_RELAXED));
	CHECK(cuGreenCtxDestroy(green));
	if (captures) {
		OK(cuStreamEndCapture(capturing, &graph));
		OK(cuGraphDestroy(graph));
	}
	OK(cuMemAlloc(&again, WORDS * 4));
	CHECK(app_fill(app, NULL, again, WORDS, 5));
	/* What still ran there would be seen. */
	usleep(200000);
	printf("wrong words %llu\n",
	       (unsigned long long)app_verify(app, NULL, app->result, again, WORDS, 5));
	CHECK(cuMemFree(again));
}

/* Current and destroyed: what any context is then. */
static void destroyed_while_current(struct app *app)
{
	CUcontext context;
	CUgreenCtx green = green_create(app, &context);
	CUdeviceptr block, other = 1;

	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&block, WORDS * 4));
	CHECK(cuGreenCtxDestroy(green));
	CHECK(cuMemAlloc(&other, 100));
	CHECK(cuMemFree(block));
	OK(cuCtxSetCurrent(app->context));
	CHECK(cuMemFree(block));
}

static void started_anew(struct app *app)
{
	OK(cuDevicePrimaryCtxRetain(&app->context, app->device));
	OK(cuCtxSetCurrent(app->context));
	app_load_kernels(app);
}

/* It holds the primary context, which goes, with the memory of both, when the last one lets go. */
static void last_one(struct app *app)
{
	CUcontext context;
	CUgreenCtx green = green_create(app, &context);
	CUdeviceptr block, mine;
	unsigned int flags;
	int active = 0;

	OK(cuMemAlloc(&mine, 4 * MIB));
	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuDevicePrimaryCtxRelease(app->device));
	CHECK(cuDevicePrimaryCtxGetState(app->device, &flags, &active));
	printf("active %d\n", active);
	about("the primary context released", block, app->context);
	about("the primary context released, its own", mine, app->context);
	CHECK(cuGreenCtxDestroy(green));
	CHECK(cuDevicePrimaryCtxGetState(app->device, &flags, &active));
	printf("active %d\n", active);
	started_anew(app);
	about("the last one destroyed", block, app->context);
	about("the last one destroyed, the primary one's", mine, app->context);
	CHECK(cuMemFree(block));
	CHECK(cuMemFree(mine));
}

static void reset(struct app *app)
{
	CUcontext context;
	CUdeviceptr block;

	green_create(app, &context);
	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&block, 4 * MIB));
	CHECK(cuDevicePrimaryCtxReset(app->device));
	started_anew(app);
	about("after a reset", block, app->context);
	CHECK(cuMemFree(block));
}

int main(void)
{
	struct app app;

	app_start(&app);
	outlived(&app);
	freed_in_its_stream(&app, 0, 0);
	freed_in_its_stream(&app, 100000000, 0);
	freed_in_its_stream(&app, 100000000, 1);
	destroyed_while_current(&app);
	last_one(&app);
	reset(&app);
	return app_end();
}
