/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the test programs share. They are written to the driver API alone, for the simulated driver
 * and for a GPU alike, and print the same whenever they run: codes, sums, offsets from a block's
 * start; never an address, a time, or an amount of free memory. So two runs compare with cmp.
 */
#ifndef APP_H
#define APP_H

#include <cuda.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ptx.h"

/* Older names than the newest header uses: these every driver since 11.0 has. */
CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev);
CUresult cuGraphInstantiate_v2(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
			       char *logBuffer, size_t bufferSize);

#define KIB (1024ull)
#define MIB (1024ull * KIB)

/* Says what the call returned. */
#define CHECK(call) app_print(#call, (int)(call))

/* The call has to work: what follows makes no sense otherwise. */
#define OK(call) app_require(#call, (int)(call), __FILE__, __LINE__)

/* A condition that has to hold: said when it does not, and the program fails. */
#define EXPECT(condition) ((condition) ? (void)0 : app_unexpected(#condition, __FILE__, __LINE__))

/* CUDA context ready for use: the primary one of device 0, current in the thread that made it. */
struct app {
	CUdevice device;
	CUcontext context;
	CUmodule module;
	CUfunction fill, verify, sum, copy, axpy, slow_fill;
	CUdeviceptr result; /* 8 bytes for the kernels that count */
};

static int app_failures;

static inline int app_print(const char *what, int code)
{
	printf("%s -> %d\n", what, code);
	return code;
}

static inline void app_require(const char *what, int code, const char *file, int line)
{
	if (!code)
		return;
	printf("FAILED: %s:%d: %s -> %d\n", file, line, what, code);
	fflush(stdout);
	_exit(1);
}

static inline void app_unexpected(const char *what, const char *file, int line)
{
	printf("FAILED: %s:%d: %s\n", file, line, what);
	app_failures++;
}

/* Whether an out-parameter that held this before was written. */
#define APP_UNTOUCHED 0x7777u

static inline const char *app_out(unsigned long long value)
{
	return value == APP_UNTOUCHED ? "untouched" : value ? "written" : "zero";
}

/* The end of main. */
static inline int app_end(void)
{
	puts(app_failures ? "failed" : "done");
	return app_failures != 0;
}

static inline unsigned int app_hash(uint64_t i, unsigned int seed)
{
	unsigned int hash = (unsigned int)i * 0x9e3779b1u + seed;
	hash ^= hash >> 16;
	hash *= 0x85ebca6bu;
	return hash ^ hash >> 13;
}

static inline void app_load_kernels(struct app *app)
{
	OK(cuModuleLoadData(&app->module, app_ptx));
	OK(cuModuleGetFunction(&app->fill, app->module, "app_fill"));
	OK(cuModuleGetFunction(&app->verify, app->module, "app_verify"));
	OK(cuModuleGetFunction(&app->sum, app->module, "app_sum"));
	OK(cuModuleGetFunction(&app->copy, app->module, "app_copy"));
	OK(cuModuleGetFunction(&app->axpy, app->module, "app_axpy"));
	OK(cuModuleGetFunction(&app->slow_fill, app->module, "app_slow_fill"));
	OK(cuMemAlloc(&app->result, 8));
}

static inline void app_start(struct app *app)
{
	memset(app, 0, sizeof(*app));
	OK(cuInit(0));
	OK(cuDeviceGet(&app->device, 0));
	OK(cuDevicePrimaryCtxRetain(&app->context, app->device));
	OK(cuCtxSetCurrent(app->context));
	app_load_kernels(app);
}

/* A context of its own, current in the calling thread. */
static inline CUresult app_context_create(CUcontext *context_out)
{
	return cuCtxCreate_v2(context_out, 0, 0);
}

static inline CUresult app_launch(CUfunction function, CUstream stream, void **params)
{
	return cuLaunchKernel(function, 64, 1, 1, 128, 1, 1, 0, stream, params, NULL);
}

/* words[i] = hash(i, seed), in the stream. */
static inline CUresult app_fill(struct app *app, CUstream stream, CUdeviceptr words, uint64_t n,
				unsigned int seed)
{
	void *params[] = { &words, &n, &seed };
	return app_launch(app->fill, stream, params);
}

static inline CUresult app_slow_fill(struct app *app, CUstream stream, CUdeviceptr words,
				     uint64_t n, unsigned int seed, uint64_t ns)
{
	void *params[] = { &words, &n, &seed, &ns };
	return app_launch(app->slow_fill, stream, params);
}

static inline CUresult app_copy(struct app *app, CUstream stream, CUdeviceptr to, CUdeviceptr from,
				uint64_t n)
{
	void *params[] = { &to, &from, &n };
	return app_launch(app->copy, stream, params);
}

static inline CUresult app_axpy(struct app *app, CUstream stream, CUdeviceptr y, CUdeviceptr x,
				uint64_t n, unsigned int a)
{
	void *params[] = { &y, &x, &n, &a };
	return app_launch(app->axpy, stream, params);
}

/* How many words are not what app_fill writes. Waits for the stream. `result` is 8 bytes. */
static inline uint64_t app_verify(struct app *app, CUstream stream, CUdeviceptr result,
				  CUdeviceptr words, uint64_t n, unsigned int seed)
{
	uint64_t bad = 0;
	void *params[] = { &words, &n, &seed, &result };

	OK(cuMemsetD8Async(result, 0, sizeof(bad), stream));
	OK(app_launch(app->verify, stream, params));
	OK(cuMemcpyDtoHAsync(&bad, result, sizeof(bad), stream));
	OK(cuStreamSynchronize(stream));
	return bad;
}

/* Sum of words[i] * (i + 1). Waits for the stream. */
static inline uint64_t app_sum(struct app *app, CUstream stream, CUdeviceptr words, uint64_t n)
{
	uint64_t sum = 0;
	void *params[] = { &words, &n, &app->result };

	OK(cuMemsetD8Async(app->result, 0, sizeof(sum), stream));
	OK(app_launch(app->sum, stream, params));
	OK(cuMemcpyDtoHAsync(&sum, app->result, sizeof(sum), stream));
	OK(cuStreamSynchronize(stream));
	return sum;
}

#endif
