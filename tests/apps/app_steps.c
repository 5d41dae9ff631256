/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Does what its arguments say, one step each, and says how each ended: for shell tests that look at a
 * process from outside, or let driver calls fail. Sizes are in MiB. A block is named by the order in
 * which blocks were asked for, from 0.
 *
 *	init, start          cuInit; the same, and the primary context
 *	alloc=N, free=I      cuMemAlloc, cuMemFree
 *	small=N              cuMemAlloc of N bytes
 *	touch=I              cuMemsetD8 of a block's first byte, which is waited for
 *	pitch=N              cuMemAllocPitch of one row of N bytes
 *	next=N               what interpose.c finds behind itself allocates
 *	free-async=I         cuMemFreeAsync in a stream of its own, which is waited for
 *	create=N, async=N, managed=N, context=N, host=N
 *	                     other memory, which stays; context: that many contexts
 *	push, destroy        a context that becomes current; it is destroyed
 *	push-on=D            the same, on device D
 *	peer, unpeer         access of the current context to the primary one's memory, or no more
 *	green, ungreen       a green context that becomes current; it is destroyed, and the primary one is
 *	release              the primary context's use by this program ends
 *	access=I             what the current context may do with a block
 *	reset                the primary context is reset, and retained
 *	total, total-v1      cuDeviceTotalMem, the present and the first one
 *	info                 cuMemGetInfo
 *	stats                aerostat_get_stats, where it is preloaded
 *	freed=I              what the driver knows about a block that was freed
 *	moves                waits, 30 s at most, until the device's free memory is another
 *	last                 at the exit, after all that a driver has to be left alone by: whether the device's
 *	                     memory still changes, and whether a thread of aerostat's goes on when memory of
 *	                     another device is allocated. Before start
 *	sh=COMMAND           by the shell, whose parent this process is
 */
#include <dirent.h>
#include <dlfcn.h>

#include "aerostat.h"
#include "app.h"

#define MOST 64

static struct app app;
static CUdeviceptr blocks[MOST];
static int count;

static CUresult step_init(unsigned long long number)
{
	(void)number;
	return cuInit(0);
}

static CUresult step_start(unsigned long long number)
{
	(void)number;
	OK(cuInit(0));
	OK(cuDeviceGet(&app.device, 0));
	OK(cuDevicePrimaryCtxRetain(&app.context, app.device));
	return cuCtxSetCurrent(app.context);
}

static CUresult step_alloc(unsigned long long number)
{
	if (count == MOST)
		return CUDA_ERROR_UNKNOWN;
	return cuMemAlloc(&blocks[count++], number * MIB);
}

static CUresult step_small(unsigned long long number)
{
	if (count == MOST)
		return CUDA_ERROR_UNKNOWN;
	return cuMemAlloc(&blocks[count++], number);
}

static CUresult step_pitch(unsigned long long number)
{
	size_t pitch;

	if (count == MOST)
		return CUDA_ERROR_UNKNOWN;
	return cuMemAllocPitch(&blocks[count++], &pitch, number, 1, 4);
}

static CUresult step_next(unsigned long long number)
{
	CUresult (*alloc)(CUdeviceptr *, size_t) =
		(CUresult(*)(CUdeviceptr *, size_t))dlsym(RTLD_DEFAULT, "interpose_alloc");

	if (!alloc || count == MOST)
		return CUDA_ERROR_NOT_FOUND;
	return alloc(&blocks[count++], number * MIB);
}

static CUresult step_free(unsigned long long number)
{
	return cuMemFree(blocks[number % MOST]);
}

static CUresult step_touch(unsigned long long number)
{
	OK(cuMemsetD8(blocks[number % MOST], 1, 1));
	return cuCtxSynchronize();
}

static CUresult step_free_async(unsigned long long number)
{
	CUstream stream;
	CUresult code;

	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	code = cuMemFreeAsync(blocks[number % MOST], stream);
	OK(cuStreamSynchronize(stream));
	return code;
}

static CUresult step_create(unsigned long long number)
{
	CUmemAllocationProp prop = { .type = CU_MEM_ALLOCATION_TYPE_PINNED };
	CUmemGenericAllocationHandle handle;

	prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	return cuMemCreate(&handle, number * MIB, &prop, 0);
}

static CUresult step_async(unsigned long long number)
{
	CUdeviceptr block;

	return cuMemAllocAsync(&block, number * MIB, NULL);
}

static CUresult step_managed(unsigned long long number)
{
	CUdeviceptr block;

	return cuMemAllocManaged(&block, number * MIB, CU_MEM_ATTACH_GLOBAL);
}

static CUresult step_context(unsigned long long number)
{
	CUresult code = CUDA_SUCCESS;
	CUcontext context;

	while (number-- && !code)
		code = app_context_create(&context);
	return code;
}

static CUresult step_push(unsigned long long number)
{
	(void)number;
	return app_context_create(&app.context);
}

static CUresult step_push_on(unsigned long long number)
{
	CUcontext context;

	return cuCtxCreate_v2(&context, 0, (CUdevice)number);
}

static CUresult step_peer(unsigned long long number)
{
	(void)number;
	return cuCtxEnablePeerAccess(app.context, 0);
}

static CUresult step_unpeer(unsigned long long number)
{
	(void)number;
	return cuCtxDisablePeerAccess(app.context);
}

/* By name: drivers before 12.4 have no green contexts. */
static void *entry(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	if (!found)
		app_require(name, CUDA_ERROR_NOT_FOUND, __FILE__, __LINE__);
	return found;
}

static CUgreenCtx green;

static CUresult step_green(unsigned long long number)
{
	CUresult (*get)(CUdevice, CUdevResource *, CUdevResourceType) = (CUresult(*)(
		CUdevice, CUdevResource *, CUdevResourceType))entry("cuDeviceGetDevResource");
	CUresult (*describe)(CUdevResourceDesc *, CUdevResource *, unsigned int) =
		(CUresult(*)(CUdevResourceDesc *, CUdevResource *, unsigned int))entry(
			"cuDevResourceGenerateDesc");
	CUresult (*create)(CUgreenCtx *, CUdevResourceDesc, CUdevice, unsigned int) = (CUresult(*)(
		CUgreenCtx *, CUdevResourceDesc, CUdevice, unsigned int))entry("cuGreenCtxCreate");
	CUresult (*from)(CUcontext *, CUgreenCtx) =
		(CUresult(*)(CUcontext *, CUgreenCtx))entry("cuCtxFromGreenCtx");
	CUdevResourceDesc desc;
	CUdevResource resource;
	CUcontext context;

	(void)number;
	OK(get(app.device, &resource, CU_DEV_RESOURCE_TYPE_SM));
	OK(describe(&desc, &resource, 1));
	OK(create(&green, desc, app.device, CU_GREEN_CTX_DEFAULT_STREAM));
	OK(from(&context, green));
	return cuCtxSetCurrent(context);
}

static CUresult step_ungreen(unsigned long long number)
{
	CUresult (*destroy)(CUgreenCtx) = (CUresult(*)(CUgreenCtx))entry("cuGreenCtxDestroy");
	CUresult code = destroy(green);

	(void)number;
	return code ? code : cuCtxSetCurrent(app.context);
}

static CUresult step_release(unsigned long long number)
{
	(void)number;
	return cuDevicePrimaryCtxRelease(app.device);
}

static CUresult step_access(unsigned long long number)
{
	unsigned int flags = 0;
	CUresult code = cuPointerGetAttribute(&flags, CU_POINTER_ATTRIBUTE_ACCESS_FLAGS,
					      blocks[number % MOST]);

	printf("access %u, ", flags);
	return code;
}

static CUresult step_destroy(unsigned long long number)
{
	(void)number;
	return cuCtxDestroy(app.context);
}

static CUresult step_reset(unsigned long long number)
{
	(void)number;
	OK(cuDevicePrimaryCtxReset(app.device));
	OK(cuDevicePrimaryCtxRetain(&app.context, app.device));
	return cuCtxSetCurrent(app.context);
}

static CUresult step_total(unsigned long long number)
{
	size_t bytes = 0;
	CUresult code = cuDeviceTotalMem(&bytes, (CUdevice)number);

	printf("total %zu, ", bytes);
	return code;
}

static CUresult step_total_v1(unsigned long long number)
{
	CUresult (*old)(unsigned int *, CUdevice) =
		(CUresult(*)(unsigned int *, CUdevice))dlsym(RTLD_DEFAULT, "cuDeviceTotalMem");
	unsigned int bytes = 0;
	CUresult code = old ? old(&bytes, (CUdevice)number) : CUDA_ERROR_NOT_FOUND;

	printf("total %u, ", bytes);
	return code;
}

static CUresult step_info(unsigned long long number)
{
	size_t free_bytes = 0, total = 0;
	CUresult code = cuMemGetInfo(&free_bytes, &total);

	(void)number;
	printf("free %llu of %llu, ", free_bytes / MIB, total / MIB);
	return code;
}

static CUresult step_stats(unsigned long long number)
{
	int (*get)(int, struct aerostat_stats *) =
		(int (*)(int, struct aerostat_stats *))dlsym(RTLD_DEFAULT, "aerostat_get_stats");
	struct aerostat_stats stats = { .size = sizeof(stats) };
	int code = get ? get((int)number, &stats) : -1;

	printf("resident %llu, native %llu, %llu blocks, ",
	       (unsigned long long)stats.resident_bytes / MIB,
	       (unsigned long long)stats.native_bytes / MIB, (unsigned long long)stats.blocks);
	return (CUresult)code;
}

static CUresult step_freed(unsigned long long number)
{
	CUdeviceptr base = 0;
	size_t size = 0;

	return cuMemGetAddressRange(&base, &size, blocks[number % MOST]);
}

static int stewards(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int found = 0;

	while (tasks && (task = readdir(tasks))) {
		char path[300], name[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		comm = fopen(path, "r");
		if (comm && fgets(name, sizeof(name), comm))
			found += !strcmp(name, "aerostat\n");
		if (comm)
			fclose(comm);
	}
	if (tasks)
		closedir(tasks);
	return found;
}

static void at_exit(void)
{
	size_t before = 0, after = 0, total;
	CUcontext context;
	CUdeviceptr block;

	OK(cuMemGetInfo(&before, &total));
	usleep(500000);
	OK(cuMemGetInfo(&after, &total));
	puts(before == after ? "nothing moves" : "memory moves");
	OK(cuCtxCreate_v2(&context, 0, 1));
	OK(cuMemAlloc(&block, MIB));
	for (int i = 0; i < 3000 && stewards(); i++)
		usleep(10000);
	puts(stewards() ? "a steward goes on" : "no steward goes on");
	fflush(stdout);
}

static CUresult step_moves(unsigned long long number)
{
	size_t before = 0, now, total;

	(void)number;
	OK(cuMemGetInfo(&before, &total));
	for (int i = 0; i < 30000; i++) {
		OK(cuMemGetInfo(&now, &total));
		if (now != before)
			return CUDA_SUCCESS;
		usleep(1000);
	}
	return CUDA_ERROR_NOT_READY;
}

static CUresult step_last(unsigned long long number)
{
	(void)number;
	return atexit(at_exit) ? CUDA_ERROR_UNKNOWN : CUDA_SUCCESS;
}

static const struct {
	const char *name;
	CUresult (*run)(unsigned long long);
} steps[] = {
	{ "init", step_init },       { "start", step_start },
	{ "alloc", step_alloc },     { "free", step_free },
	{ "create", step_create },   { "async", step_async },
	{ "managed", step_managed }, { "context", step_context },
	{ "push", step_push },       { "push-on", step_push_on },
	{ "peer", step_peer },       { "unpeer", step_unpeer },
	{ "access", step_access },   { "destroy", step_destroy },
	{ "green", step_green },     { "ungreen", step_ungreen },
	{ "release", step_release }, { "reset", step_reset },
	{ "total", step_total },     { "total-v1", step_total_v1 },
	{ "info", step_info },       { "free-async", step_free_async },
	{ "freed", step_freed },     { "small", step_small },
	{ "pitch", step_pitch },     { "stats", step_stats },
	{ "next", step_next },       { "last", step_last },
	{ "moves", step_moves },     { "touch", step_touch },
};

static void step(const char *text)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : strlen(text);

	if (!strncmp(text, "sh=", 3)) {
		fflush(stdout);
		OK(system(text + 3));
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (strlen(steps[i].name) != length || strncmp(steps[i].name, text, length))
			continue;
		CUresult code = steps[i].run(value ? strtoull(value + 1, NULL, 10) : 0);
		printf("%s -> %d\n", text, code);
		return;
	}
	printf("FAILED: no step %s\n", text);
	app_failures++;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		step(argv[i]);
	return app_end();
}
