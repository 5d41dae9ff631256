/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What allocation, free and launch cost the program that calls them, in the order: median and 99th
 * percentile of a pair of cuMemAlloc and cuMemFree for each size; of blocks allocated one after
 * another with none freed in between; of an empty-stream launch; and of two churns that look like what
 * frameworks do. Knows nothing of aerostat: run it natively and preloaded and compare.
 *
 *	bench_memory [LARGEST-MIB]
 *
 * Prints tab-separated rows: what, bytes, count, median ns, 99th percentile ns.
 */
#include <time.h>

#include "app.h"

#define SAMPLES_MAX 20000

static uint64_t samples[SAMPLES_MAX];

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void report(const char *what, uint64_t bytes, size_t count)
{
	qsort(samples, count, sizeof(*samples), by_value);
	printf("%s\t%llu\t%zu\t%llu\t%llu\n", what, (unsigned long long)bytes, count,
	       (unsigned long long)samples[count / 2],
	       (unsigned long long)samples[count * 99 / 100]);
	fflush(stdout);
}

static size_t rounds_for(uint64_t bytes)
{
	if (bytes <= 2 * MIB)
		return 5000;
	return bytes <= 128 * MIB ? 1000 : bytes <= 1024 * MIB ? 100 : 20;
}

static void pairs(uint64_t bytes)
{
	size_t rounds = rounds_for(bytes);
	CUdeviceptr block;

	for (int i = 0; i < 3; i++) {
		OK(cuMemAlloc(&block, bytes));
		OK(cuMemFree(block));
	}
	for (size_t i = 0; i < rounds; i++) {
		uint64_t start = now_ns();

		OK(cuMemAlloc(&block, bytes));
		OK(cuMemFree(block));
		samples[i] = now_ns() - start;
	}
	report("malloc+free", bytes, rounds);
}

static void rows(uint64_t bytes, size_t count)
{
	static CUdeviceptr blocks[4096];

	for (size_t i = 0; i < count; i++) {
		uint64_t start = now_ns();

		OK(cuMemAlloc(&blocks[i], bytes));
		samples[i] = now_ns() - start;
	}
	report("malloc, none freed", bytes, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t start = now_ns();

		OK(cuMemFree(blocks[i]));
		samples[i] = now_ns() - start;
	}
	report("free of those", bytes, count);
}

static void launches(struct app *app)
{
	enum {
		ROUNDS = 20000
	};
	CUdeviceptr words;
	uint64_t none = 0;
	unsigned int seed = 0;
	void *params[] = { &words, &none, &seed };

	OK(cuMemAlloc(&words, 4096));
	for (size_t i = 0; i < ROUNDS; i++) {
		uint64_t start = now_ns();

		OK(cuLaunchKernel(app->fill, 1, 1, 1, 32, 1, 1, 0, NULL, params, NULL));
		samples[i] = now_ns() - start;
		if (i % 64 == 63)
			OK(cuCtxSynchronize());
	}
	report("launch", 0, ROUNDS);
	OK(cuMemFree(words));
}

/* PyTorch: segments of 2, 20 MiB and larger ones, all given back at once, and taken again. */
static void empty_cache_churn(void)
{
	static const uint64_t sizes[] = {
		2, 2, 20, 20, 2, 64, 20, 2, 200, 20, 34, 2, 20, 96, 2, 20
	};
	enum {
		COUNT = sizeof(sizes) / sizeof(*sizes),
		ROUNDS = 30
	};
	CUdeviceptr blocks[COUNT];

	for (size_t round = 0; round < ROUNDS; round++) {
		uint64_t start = now_ns();

		for (size_t i = 0; i < COUNT; i++)
			OK(cuMemAlloc(&blocks[i], sizes[i] * MIB));
		for (size_t i = 0; i < COUNT; i++)
			OK(cuMemFree(blocks[i]));
		samples[round] = now_ns() - start;
	}
	report("empty_cache churn, 16 segments", 0, ROUNDS);
}

/* JAX: one block of three quarters of what it is told there is; less when that fails. */
static void preallocation(void)
{
	size_t free_bytes, total;
	uint64_t start, bytes;
	CUdeviceptr block;
	CUresult code;

	OK(cuMemGetInfo(&free_bytes, &total));
	bytes = total / 4 * 3;
	start = now_ns();
	while ((code = cuMemAlloc(&block, bytes)) == CUDA_ERROR_OUT_OF_MEMORY)
		bytes = bytes / 10 * 9;
	OK(code);
	samples[0] = now_ns() - start;
	report("preallocation of 3/4", bytes, 1);
	start = now_ns();
	OK(cuMemFree(block));
	samples[0] = now_ns() - start;
	report("its free", bytes, 1);
}

int main(int argc, char **argv)
{
	uint64_t largest = (argc > 1 ? strtoull(argv[1], NULL, 10) : 8192) * MIB;
	static const uint64_t sizes[] = { 4 * KIB,  64 * KIB,  MIB,        2 * MIB,   8 * MIB,
					  20 * MIB, 128 * MIB, 1024 * MIB, 8192 * MIB };
	struct app app;

	app_start(&app);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && sizes[i] <= largest; i++)
		rows(sizes[i], sizes[i] <= 2 * MIB ? 256 : sizes[i] <= 128 * MIB ? 32 : 2);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && sizes[i] <= largest; i++)
		pairs(sizes[i]);
	launches(&app);
	empty_cache_churn();
	preallocation();
	return 0;
}
