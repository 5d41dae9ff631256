/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What memory costs by the size of its chunks, in driver calls alone: to create, map and make
 * accessible so many bytes, and to unmap and release them after use, next to native cuMemAlloc and
 * cuMemFree of the same bytes in the same run. By this the sizes of the pool's chunks were chosen
 * (doc/performance.md).
 *
 *	bench_chunks [LARGEST-MIB]
 *
 * Prints tab-separated rows: bytes, bytes of a chunk (0: native), median ns up, median ns down.
 */
#include <time.h>

#include "app.h"

#define ROUNDS_MOST 100
#define CHUNKS_MOST 4096

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

static unsigned long long median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), by_value);
	return samples[count / 2];
}

/*
 * The driver scrubs what was released, after the release has returned, and a creation that follows
 * at once can wait for that: let it finish.
 */
static void pause_for(uint64_t bytes)
{
	usleep((useconds_t)(bytes / MIB * 10));
}

static size_t rounds_for(uint64_t bytes, uint64_t chunks)
{
	size_t rounds = bytes <= 1024 * MIB ? ROUNDS_MOST : bytes <= 8192 * MIB ? 15 : 5;

	return chunks > 128 ? 5 : rounds;
}

static void native(uint64_t bytes)
{
	uint64_t up[ROUNDS_MOST], down[ROUNDS_MOST];
	size_t rounds = rounds_for(bytes, 1);
	CUdeviceptr block;

	for (size_t i = 0; i < rounds; i++) {
		uint64_t start = now_ns();

		OK(cuMemAlloc(&block, bytes));
		up[i] = now_ns() - start;
		OK(cuMemsetD8(block, 1, bytes));
		OK(cuCtxSynchronize());
		start = now_ns();
		OK(cuMemFree(block));
		down[i] = now_ns() - start;
		pause_for(bytes);
	}
	printf("%llu\t0\t%llu\t%llu\n", (unsigned long long)bytes, median(up, rounds),
	       median(down, rounds));
	fflush(stdout);
}

static void chunks(const CUmemAllocationProp *prop, uint64_t bytes, uint64_t chunk)
{
	static CUmemGenericAllocationHandle handles[CHUNKS_MOST];
	uint64_t up[ROUNDS_MOST], down[ROUNDS_MOST];
	size_t count = (size_t)((bytes + chunk - 1) / chunk), rounds = rounds_for(bytes, count);
	CUmemAccessDesc access = { .location = prop->location,
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUdeviceptr address;

	if (count > CHUNKS_MOST)
		return;
	OK(cuMemAddressReserve(&address, bytes, 0, 0, 0));
	for (size_t round = 0; round < rounds; round++) {
		uint64_t start = now_ns();

		for (size_t i = 0; i < count; i++) {
			uint64_t at = i * chunk, size = bytes - at < chunk ? bytes - at : chunk;

			OK(cuMemCreate(&handles[i], size, prop, 0));
			OK(cuMemMap(address + at, size, 0, handles[i], 0));
		}
		OK(cuMemSetAccess(address, bytes, &access, 1));
		up[round] = now_ns() - start;
		OK(cuMemsetD8(address, 1, bytes));
		OK(cuCtxSynchronize());
		start = now_ns();
		OK(cuMemUnmap(address, bytes));
		for (size_t i = 0; i < count; i++)
			OK(cuMemRelease(handles[i]));
		down[round] = now_ns() - start;
		pause_for(bytes);
	}
	OK(cuMemAddressFree(address, bytes));
	printf("%llu\t%llu\t%llu\t%llu\n", (unsigned long long)bytes, (unsigned long long)chunk,
	       median(up, rounds), median(down, rounds));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const uint64_t sizes[] = { 2, 20, 128, 512, 1024, 2048, 8192, 16384, 32768, 61440 };
	static const uint64_t cuts[] = { 2, 20, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384 };
	uint64_t largest = argc > 1 ? strtoull(argv[1], NULL, 10) : 61440;
	CUmemAllocationProp prop = {
		.type = CU_MEM_ALLOCATION_TYPE_PINNED,
		.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
		.location = { .type = CU_MEM_LOCATION_TYPE_DEVICE },
	};
	struct app app;

	app_start(&app);
	prop.location.id = app.device;
	prop.allocFlags.gpuDirectRDMACapable = 1;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes) && sizes[i] <= largest; i++) {
		uint64_t last = 0;

		native(sizes[i] * MIB);
		for (size_t j = 0; j < sizeof(cuts) / sizeof(*cuts) && last < sizes[i]; j++) {
			last = cuts[j] < sizes[i] ? cuts[j] : sizes[i];
			/* Small cuts of much memory take minutes and are no choice. */
			if (sizes[i] / last <= 1024)
				chunks(&prop, sizes[i] * MIB, last * MIB);
		}
	}
	return 0;
}
