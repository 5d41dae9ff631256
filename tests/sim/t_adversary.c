/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the adversary modes do to programs, right and wrong ones; run by adversary.sh, a mode a time. */
#include "check.h"

#include <pthread.h>
#include <stdbool.h>

#include "ptx.h"

#define TRIES 3000 /* of 10 ms each: half a minute */

static CUfunction slow_fill;

static void load(void)
{
	CUmodule module;

	OK(cuModuleLoadData(&module, app_ptx));
	OK(cuModuleGetFunction(&slow_fill, module, "app_slow_fill"));
}

static CUresult launch(CUdeviceptr words, uint64_t wait_ns, CUstream stream)
{
	uint64_t n = 4;
	unsigned seed = 1;
	void *params[] = { &words, &n, &seed, &wait_ns };

	return cuLaunchKernel(slow_fill, 1, 1, 1, 4, 1, 1, 0, stream, params, NULL);
}

/* Unmaps memory under a launch that has not touched it yet, and restores it: what a gate with a hole
 * in it would do. */
static void late_restore(uint64_t wait_ns, CUresult wanted)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr address = test_mapped(2 * MIB, &handle);
	CUmemAccessDesc access = { .location = { CU_MEM_LOCATION_TYPE_DEVICE, 0 },
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };

	OK(launch(address, wait_ns, NULL));
	OK(cuMemUnmap(address, 2 * MIB));
	OK(cuMemMap(address, 2 * MIB, 0, handle, 0));
	OK(cuMemSetAccess(address, 2 * MIB, &access, 1));
	EXPECT(cuCtxSynchronize(), wanted);
}

/* A host function that waits for this thread does not keep cuMemUnmap. */
static void waits_for_host(void *go)
{
	while (!atomic_load((atomic_int *)go))
		test_sleep_ms(1);
}

static void unmap_beside_host_function(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr address = test_mapped(2 * MIB, &handle);
	atomic_int go = 0;

	OK(cuLaunchHostFunc(NULL, waits_for_host, &go));
	OK(cuMemUnmap(address, 2 * MIB));
	EXPECT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
	atomic_store(&go, 1);
	OK(cuCtxSynchronize());
}

static volatile unsigned *word; /* pinned: looking at it is no call */

static bool becomes(unsigned value)
{
	for (int i = 0; i < TRIES && *word != value; i++)
		test_sleep_ms(10);
	return *word == value;
}

static void lazy(void)
{
	CUstream stream, other;
	CUevent event;
	void *pinned;
	int tries;

	OK(cuMemHostAlloc(&pinned, 4096, 0));
	word = pinned;
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&other, CU_STREAM_NON_BLOCKING));
	OK(cuEventCreate(&event, 0));
	OK(cuMemsetD32Async((uintptr_t)pinned, 1, 1, stream));
	test_sleep_ms(200);
	CHECK(*word == 0); /* a program that does not synchronise sees that it has not */
	OK(cuStreamSynchronize(stream));
	CHECK(*word == 1);
	/* Asking long enough is as good as waiting. */
	OK(cuMemsetD32Async((uintptr_t)pinned, 2, 1, stream));
	OK(cuEventRecord(event, stream));
	for (tries = 0; tries < TRIES && cuEventQuery(event) == CUDA_ERROR_NOT_READY; tries++)
		test_sleep_ms(10);
	CHECK(*word == 2);
	OK(cuMemsetD32Async((uintptr_t)pinned, 3, 1, stream));
	for (tries = 0; tries < TRIES && cuStreamQuery(stream) == CUDA_ERROR_NOT_READY; tries++)
		test_sleep_ms(10);
	CHECK(*word == 3);
	/* Who waits for a stream waits for what that waits for. */
	OK(cuMemsetD32Async((uintptr_t)pinned, 4, 1, stream));
	OK(cuEventRecord(event, stream));
	OK(cuStreamWaitEvent(other, event, 0));
	OK(cuStreamSynchronize(other));
	CHECK(*word == 4);
	OK(cuMemsetD32Async((uintptr_t)pinned, 5, 1, stream));
	OK(cuCtxSynchronize());
	CHECK(*word == 5);
	/* A program may go away from its work, or wait for it without a call. */
	OK(cuMemsetD32Async((uintptr_t)pinned, 6, 1, other));
	OK(cuStreamDestroy(other));
	CHECK(becomes(6));
	OK(cuMemsetD32Async((uintptr_t)pinned, 7, 1, stream));
	CHECK(becomes(7));
	late_restore(0, CUDA_SUCCESS);
}

static CUcontext context;
static atomic_int stage;

static void *allocates(void *unused)
{
	CUdeviceptr a;

	OK(cuCtxSetCurrent(context));
	OK(cuMemAlloc(&a, 4 * MIB));
	atomic_store(&stage, 2);
	return unused;
}

static void *frees(void *block)
{
	OK(cuCtxSetCurrent(context));
	atomic_store(&stage, 1);
	OK(cuMemFree(*(CUdeviceptr *)block));
	return NULL;
}

/* While cuMemFree waits for work: does cuMemAlloc wait for cuMemFree? It is the first to be asked,
 * when the other thread is late: then it seems not to. */
static bool allocation_waits(void)
{
	pthread_t freeing, allocating;
	CUdeviceptr block, kept;
	atomic_int go = 0;
	bool waits;

	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuMemAlloc(&kept, 4096));
	OK(cuLaunchHostFunc(NULL, waits_for_host, &go));
	atomic_store(&stage, 0);
	CHECK(!pthread_create(&freeing, NULL, frees, &block));
	while (!atomic_load(&stage))
		test_sleep_ms(1);
	test_sleep_ms(300);
	CHECK(!pthread_create(&allocating, NULL, allocates, NULL));
	for (int i = 0; i < 100 && atomic_load(&stage) == 1; i++)
		test_sleep_ms(10);
	waits = atomic_load(&stage) == 1;
	/* What is enqueued and asked for is nothing to the lock. */
	EXPECT(cuStreamQuery(NULL), CUDA_ERROR_NOT_READY);
	OK(cuMemsetD8Async(kept, 0, 16, CU_STREAM_PER_THREAD));
	atomic_store(&go, 1);
	CHECK(!pthread_join(freeing, NULL) && !pthread_join(allocating, NULL));
	CHECK(atomic_load(&stage) == 2);
	OK(cuCtxSynchronize());
	return waits;
}

static bool allocation_goes_on(void)
{
	return !allocation_waits();
}

/* Whether it is seen within a few tries: this thread may come too late to see it. */
static bool happens(bool (*what)(void))
{
	for (int i = 0; i < 20; i++)
		if (what())
			return true;
	return false;
}

static void *pins(void *pages)
{
	OK(cuCtxSetCurrent(context));
	atomic_store(&stage, 1);
	OK(cuMemHostRegister(pages, 4096, 0));
	atomic_store(&stage, 2);
	OK(cuMemHostUnregister(pages));
	return NULL;
}

/* Whoever launches while host memory is pinned comes out when it is pinned: the pinning takes 100 ms,
 * and a launch that takes a quarter of that has waited. */
static bool launch_waits(void)
{
	static char pages[8192] __attribute__((aligned(4096)));
	struct timespec before, after;
	static CUdeviceptr block;
	pthread_t thread;

	if (!block)
		OK(cuMemAlloc(&block, 4096));
	atomic_store(&stage, 0);
	CHECK(!pthread_create(&thread, NULL, pins, pages));
	while (!atomic_load(&stage))
		test_sleep_ms(1);
	test_sleep_ms(5);
	clock_gettime(CLOCK_MONOTONIC, &before);
	OK(launch(block, 0, NULL));
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(!pthread_join(thread, NULL));
	OK(cuCtxSynchronize());
	return (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >=
	       25;
}

static unsigned first_word(CUdeviceptr address)
{
	unsigned value = 0;

	OK(cuMemcpyDtoH(&value, address, 4));
	return value;
}

/* New physical memory of every kind. */
static void poison(bool poisoned)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr small, large, async;

	OK(cuMemAlloc(&small, 100));
	OK(cuMemAlloc(&large, 4 * MIB));
	OK(cuMemAllocAsync(&async, 4 * MIB, NULL));
	CHECK((first_word(small) != 0) == poisoned);
	CHECK((first_word(large) != 0) == poisoned);
	CHECK((first_word(large + 4 * MIB - 4) != 0) == poisoned);
	CHECK((first_word(async) != 0) == poisoned);
	CHECK((first_word(test_mapped(2 * MIB, &handle) + 2 * MIB - 4) != 0) == poisoned);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	test_directory("256M");
	context = test_context();
	load();
	if (!strcmp(argv[1], "none")) {
		late_restore(1000000000, CUDA_SUCCESS);
		CHECK(happens(allocation_goes_on));
		poison(true);
	} else if (!strcmp(argv[1], "eager")) {
		unmap_beside_host_function();
		late_restore(100000000, CUDA_ERROR_ILLEGAL_ADDRESS);
	} else if (!strcmp(argv[1], "lazy")) {
		lazy();
	} else if (!strcmp(argv[1], "one-lock")) {
		CHECK(happens(allocation_waits));
		CHECK(happens(launch_waits));
	} else {
		CHECK(!strcmp(argv[1], "zero"));
		poison(false);
	}
	return 0;
}
