/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A program written to the runtime API. Built twice: app_runtime, and app_runtime_ptds with
 * per-thread default streams, which calls the runtime and so the driver by other names.
 */
#include <cuda_runtime_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx.h"

enum {
	WORDS = 500000
};

#define BYTES (WORDS * sizeof(unsigned int))

static int failures;
static cudaLibrary_t library;
static cudaKernel_t fill, axpy;

#define CHECK(call) print(#call, (int)(call))
#define OK(call)    require(#call, (int)(call), __LINE__)
#define EXPECT(condition)                 \
	((condition) ? (void)0            \
		     : (void)(failures++, \
			      printf("FAILED: %s:%d: %s\n", __FILE__, __LINE__, #condition)))

static void print(const char *what, int code)
{
	printf("%s -> %d\n", what, code);
}

static void require(const char *what, int code, int line)
{
	if (!code)
		return;
	printf("FAILED: %s:%d: %s -> %d\n", __FILE__, line, what, code);
	exit(1);
}

static unsigned int hash(uint64_t i, unsigned int seed)
{
	unsigned int value = (unsigned int)i * 0x9e3779b1u + seed;
	value ^= value >> 16;
	value *= 0x85ebca6bu;
	return value ^ value >> 13;
}

static cudaError_t launch_fill(unsigned int *words, uint64_t n, unsigned int seed,
			       cudaStream_t stream)
{
	dim3 grid = { 32, 1, 1 }, block = { 128, 1, 1 };
	void *params[] = { &words, &n, &seed };

	return cudaLaunchKernel((const void *)fill, grid, block, params, 0, stream);
}

static cudaError_t launch_axpy(unsigned int *y, unsigned int *x, uint64_t n, unsigned int a,
			       cudaStream_t stream)
{
	dim3 grid = { 32, 1, 1 }, block = { 128, 1, 1 };
	void *params[] = { &y, &x, &n, &a };

	return cudaLaunchKernel((const void *)axpy, grid, block, params, 0, stream);
}

static void load(void)
{
	OK(cudaLibraryLoadData(&library, app_ptx, NULL, NULL, 0, NULL, NULL, 0));
	OK(cudaLibraryGetKernel(&fill, library, "app_fill"));
	OK(cudaLibraryGetKernel(&axpy, library, "app_axpy"));
}

static void device(void)
{
	struct cudaDeviceProp prop;
	int count = 0, current = -1, value = 0, version = 0;
	size_t free_bytes = 0, total = 0;

	CHECK(cudaGetDeviceCount(&count));
	EXPECT(count >= 1);
	CHECK(cudaGetDevice(&current));
	CHECK(cudaSetDevice(0));
	CHECK(cudaSetDevice(99));
	CHECK(cudaGetLastError());
	CHECK(cudaGetDeviceProperties(&prop, 0));
	CHECK(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 0));
	EXPECT(prop.warpSize == value && value == 32 && prop.name[0]);
	CHECK(cudaMemGetInfo(&free_bytes, &total));
	EXPECT(free_bytes <= total && total == prop.totalGlobalMem);
	CHECK(cudaDriverGetVersion(&version));
	EXPECT(version >= CUDART_VERSION / 1000 * 1000);
	CHECK(cudaRuntimeGetVersion(&version));
	EXPECT(version / 1000 == CUDART_VERSION / 1000);
}

static void memory(void)
{
	unsigned int *block = NULL, *other = NULL, *host = malloc(BYTES), *pinned = NULL;
	unsigned char *pitched = NULL, rows[10 * 200];
	struct cudaPointerAttributes attributes;
	size_t pitch = 0;
	void *nothing = (void *)1;

	CHECK(cudaMalloc((void **)&block, BYTES));
	CHECK(cudaMalloc((void **)&other, BYTES));
	CHECK(cudaMalloc(&nothing, 0));
	EXPECT(!nothing);
	CHECK(cudaMalloc(&nothing, ~(size_t)0));
	printf("%s: %s\n", cudaGetErrorName(cudaPeekAtLastError()),
	       cudaGetErrorString(cudaPeekAtLastError()));
	CHECK(cudaGetLastError());
	CHECK(cudaGetLastError());
	CHECK(cudaPointerGetAttributes(&attributes, block + 5));
	printf("type %d, device %d, offset %d\n", (int)attributes.type, attributes.device,
	       (int)((unsigned int *)attributes.devicePointer - block));
	CHECK(cudaPointerGetAttributes(&attributes, host));
	printf("type %d\n", (int)attributes.type);

	CHECK(launch_fill(block, WORDS, 7, NULL));
	CHECK(cudaMemcpy(other, block, BYTES, cudaMemcpyDeviceToDevice));
	CHECK(launch_axpy(other, block, WORDS, 3, NULL));
	CHECK(cudaMemcpy(host, other, BYTES, cudaMemcpyDeviceToHost));
	for (int i = 0; i < WORDS; i++)
		EXPECT(host[i] == 4 * hash((uint64_t)i, 7));
	CHECK(cudaMemset(block, 0x5a, BYTES));
	CHECK(cudaMemcpy(host, block, BYTES, cudaMemcpyDefault));
	EXPECT(host[0] == 0x5a5a5a5a && host[WORDS - 1] == 0x5a5a5a5a);

	CHECK(cudaMallocHost((void **)&pinned, BYTES));
	for (int i = 0; i < WORDS; i++)
		pinned[i] = (unsigned int)i;
	CHECK(cudaMemcpy(block, pinned, BYTES, cudaMemcpyHostToDevice));
	CHECK(cudaMemcpy(host, block, BYTES, cudaMemcpyDeviceToHost));
	EXPECT(!memcmp(host, pinned, BYTES));
	CHECK(cudaFreeHost(pinned));

	CHECK(cudaMallocPitch((void **)&pitched, &pitch, 200, 10));
	printf("pitch %zu\n", pitch);
	for (size_t i = 0; i < sizeof(rows); i++)
		rows[i] = (unsigned char)(i * 7);
	CHECK(cudaMemcpy2D(pitched, pitch, rows, 200, 200, 10, cudaMemcpyHostToDevice));
	memset(host, 0, sizeof(rows));
	CHECK(cudaMemcpy2D(host, 200, pitched, pitch, 200, 10, cudaMemcpyDeviceToHost));
	EXPECT(!memcmp(host, rows, sizeof(rows)));
	CHECK(cudaMemset2D(pitched, pitch, 9, 100, 10));
	CHECK(cudaMemcpy2D(host, 200, pitched, pitch, 200, 10, cudaMemcpyDeviceToHost));
	EXPECT(((unsigned char *)host)[99] == 9 && ((unsigned char *)host)[100] == rows[100]);
	CHECK(cudaMemcpy2D(host, 100, pitched, pitch, 200, 10, cudaMemcpyDeviceToHost));
	CHECK(cudaGetLastError());

	CHECK(cudaFree(pitched));
	CHECK(cudaFree(other));
	CHECK(cudaFree(block));
	CHECK(cudaFree(block));
	CHECK(cudaFree(NULL));
	CHECK(cudaGetLastError());
	free(host);
}

static void managed(void)
{
	unsigned int *block = NULL;

	CHECK(cudaMallocManaged((void **)&block, 4000, cudaMemAttachGlobal));
	CHECK(launch_fill(block, 1000, 11, NULL));
	CHECK(cudaDeviceSynchronize());
	for (unsigned int i = 0; i < 1000; i++)
		EXPECT(block[i] == hash(i, 11));
	CHECK(cudaFree(block));
}

static void count_up(void *counter)
{
	++*(int *)counter;
}

static void streams(void)
{
	cudaStream_t first, second;
	cudaEvent_t start, end;
	unsigned int *a = NULL, *b = NULL, *host = NULL;
	int counter = 0;
	float ms = -1;

	CHECK(cudaStreamCreate(&first));
	CHECK(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
	CHECK(cudaEventCreate(&start));
	CHECK(cudaEventCreateWithFlags(&end, cudaEventDefault));
	CHECK(cudaHostAlloc((void **)&host, BYTES, cudaHostAllocPortable));
	CHECK(cudaMallocAsync((void **)&a, BYTES, first));
	CHECK(cudaMallocAsync((void **)&b, BYTES, first));
	CHECK(cudaEventRecord(start, first));
	CHECK(launch_fill(a, WORDS, 13, first));
	CHECK(cudaMemsetAsync(b, 0, BYTES, first));
	CHECK(cudaEventRecord(end, first));
	CHECK(cudaStreamWaitEvent(second, end, 0));
	CHECK(cudaMemcpyAsync(b, a, BYTES, cudaMemcpyDeviceToDevice, second));
	CHECK(cudaMemcpyAsync(host, b, BYTES, cudaMemcpyDeviceToHost, second));
	CHECK(cudaLaunchHostFunc(second, count_up, &counter));
	CHECK(cudaStreamSynchronize(second));
	EXPECT(counter == 1);
	for (int i = 0; i < WORDS; i++)
		EXPECT(host[i] == hash((uint64_t)i, 13));
	CHECK(cudaEventSynchronize(end));
	CHECK(cudaEventQuery(end));
	CHECK(cudaEventElapsedTime(&ms, start, end));
	EXPECT(ms >= 0);
	CHECK(cudaFreeAsync(a, second));
	/* A stream-ordered block may be freed the plain way too. */
	CHECK(cudaFree(b));
	CHECK(cudaStreamSynchronize(second));
	CHECK(cudaStreamQuery(second));
	CHECK(cudaMallocAsync((void **)&a, BYTES, NULL));
	CHECK(launch_fill(a, WORDS, 14, NULL));
	CHECK(cudaMemcpyAsync(host, a, BYTES, cudaMemcpyDefault, NULL));
	CHECK(cudaFreeAsync(a, NULL));
	CHECK(cudaStreamSynchronize(NULL));
	EXPECT(host[WORDS - 1] == hash(WORDS - 1, 14));
	CHECK(cudaMalloc((void **)&a, BYTES));
	CHECK(launch_fill(a, WORDS, 15, cudaStreamPerThread));
	CHECK(cudaMemcpyAsync(host, a, BYTES, cudaMemcpyDeviceToHost, cudaStreamPerThread));
	CHECK(cudaStreamSynchronize(cudaStreamPerThread));
	EXPECT(host[1000] == hash(1000, 15));
	CHECK(cudaFree(a));
	CHECK(cudaFreeHost(host));
	CHECK(cudaEventDestroy(start));
	CHECK(cudaEventDestroy(end));
	CHECK(cudaStreamDestroy(first));
	CHECK(cudaStreamDestroy(second));
}

static void graphs(void)
{
	enum cudaStreamCaptureStatus status = cudaStreamCaptureStatusInvalidated;
	enum cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
	unsigned int *block = NULL, *inside = NULL, *host = malloc(BYTES);
	cudaStream_t stream;
	cudaGraph_t graph;
	cudaGraphExec_t exec;

	OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	OK(cudaMalloc((void **)&block, BYTES));
	CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	CHECK(cudaStreamIsCapturing(stream, &status));
	printf("status %d\n", (int)status);
	CHECK(launch_fill(block, WORDS, 17, stream));
	CHECK(launch_axpy(block, block, WORDS, 2, stream));
	CHECK(cudaThreadExchangeStreamCaptureMode(&mode));
	CHECK(cudaMalloc((void **)&inside, BYTES));
	CHECK(cudaThreadExchangeStreamCaptureMode(&mode));
	CHECK(cudaStreamEndCapture(stream, &graph));
	CHECK(cudaGraphInstantiate(&exec, graph, 0));
	CHECK(cudaGraphDestroy(graph));
	for (int i = 0; i < 3; i++) {
		OK(cudaMemsetAsync(block, 0, BYTES, stream));
		CHECK(cudaGraphLaunch(exec, stream));
		OK(cudaMemcpyAsync(host, block, BYTES, cudaMemcpyDeviceToHost, stream));
		OK(cudaStreamSynchronize(stream));
		EXPECT(host[12345] == 3 * hash(12345, 17));
	}
	CHECK(cudaGraphExecDestroy(exec));
	CHECK(cudaFree(inside));
	CHECK(cudaFree(block));
	OK(cudaStreamDestroy(stream));
	free(host);
}

/* The driver's functions, asked of the runtime. */
static void entry_points(void)
{
	static const struct {
		const char *name;
		unsigned int version;
		unsigned long long flags;
	} requests[] = {
		{ "cuMemAlloc", 3020, cudaEnableDefault },
		{ "cuMemAlloc", 2000, cudaEnableDefault },
		{ "cuMemAlloc", 12000, cudaEnablePerThreadDefaultStream },
		{ "cuMemAllocAsync", 11020, cudaEnableLegacyStream },
		{ "cuMemAllocAsync", 11020, cudaEnablePerThreadDefaultStream },
		{ "cuMemAllocAsync", 11010, cudaEnableDefault },
		{ "cuLaunchKernel", 7000, cudaEnablePerThreadDefaultStream },
		{ "cuMemGetInfo", 12000, cudaEnableDefault },
		{ "cuNothing", 12000, cudaEnableDefault },
	};
	enum cudaDriverEntryPointQueryResult status = (enum cudaDriverEntryPointQueryResult)9;
	void *pointer = NULL;

	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		pointer = NULL;
		int code = (int)cudaGetDriverEntryPointByVersion(requests[i].name, &pointer,
								 requests[i].version,
								 requests[i].flags, &status);
		printf("%s %u %llu -> %d, status %d, %s\n", requests[i].name, requests[i].version,
		       requests[i].flags, code, (int)status, pointer ? "a pointer" : "none");
	}
	(void)cudaGetLastError();

	OK(cudaGetDriverEntryPointByVersion("cuMemAlloc", &pointer, 12000, cudaEnableDefault,
					    &status));
	int (*alloc)(unsigned long long *, size_t) = (int (*)(unsigned long long *, size_t))pointer;
	OK(cudaGetDriverEntryPointByVersion("cuMemGetAddressRange", &pointer, 12000,
					    cudaEnableDefault, &status));
	int (*range)(unsigned long long *, size_t *, unsigned long long) =
		(int (*)(unsigned long long *, size_t *, unsigned long long))pointer;
	unsigned long long block = 0, base = 0;
	size_t size = 0;
	CHECK(alloc(&block, 70000));
	CHECK(range(&base, &size, block + 69999));
	printf("from %lld, %zu bytes\n", (long long)(base - block), size);
	CHECK(cudaFree((void *)(uintptr_t)block));
#if CUDART_VERSION < 14000
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	CHECK(cudaGetDriverEntryPoint("cuMemFree", &pointer, cudaEnableDefault, &status));
#pragma GCC diagnostic pop
	int (*release)(unsigned long long) = (int (*)(unsigned long long))pointer;
	OK(alloc(&block, 70000));
	CHECK(release(block));
	CHECK(release(block));
#endif
}

static void *thread_work(void *seed)
{
	unsigned int *block = NULL, word = 0;
	unsigned int value = (unsigned int)(uintptr_t)seed;
	uintptr_t bad = 0;

	for (int i = 0; i < 20; i++) {
		OK(cudaMalloc((void **)&block, BYTES));
		OK(launch_fill(block, WORDS, value, NULL));
		OK(cudaMemcpy(&word, block + 4321, sizeof(word), cudaMemcpyDeviceToHost));
		bad += word != hash(4321, value);
		OK(cudaFree(block));
	}
	return (void *)bad;
}

static void threads(void)
{
	pthread_t ids[4];

	for (uintptr_t i = 0; i < 4; i++)
		OK(pthread_create(&ids[i], NULL, thread_work, (void *)(i + 100)));
	for (int i = 0; i < 4; i++) {
		void *bad;
		OK(pthread_join(ids[i], &bad));
		printf("thread %d: %lu wrong\n", i, (unsigned long)(uintptr_t)bad);
		EXPECT(!bad);
	}
}

static void reset(void)
{
	void *left = NULL;

	OK(cudaMalloc(&left, BYTES));
	CHECK(cudaLibraryUnload(library));
	CHECK(cudaDeviceReset());
	CHECK(cudaFree(left));
	CHECK(cudaGetLastError());
	load();
}

int main(void)
{
	device();
	load();
	memory();
	managed();
	streams();
	graphs();
	entry_points();
	threads();
	reset();
	memory();
	CHECK(cudaDeviceReset());
	puts(failures ? "failed" : "done");
	return failures != 0;
}
