/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two processes and memory for one: how long it takes from a free in the one to the return of the
 * allocation that waited for it in the other. Natively such an allocation fails, and so does this.
 *
 *	app_handover ROUNDS MIB FILE hold &
 *	app_handover ROUNDS MIB FILE wait
 *
 * MIB is more than half of what the device has; FILE, new, is what the two share. With aerostat the two are
 * to be different models. The second prints the times: least, median, 99th percentile, most.
 */
#include "app.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

/* Before the memory is freed: the other one waits in its allocation by then. */
#define SETTLE_US 20000

/* What the two share. */
struct shared {
	_Atomic int64_t freed_ns; /* when the free was called */
	_Atomic unsigned long held, waits, done; /* the last round that came so far */
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void wait_until(_Atomic unsigned long *counter, unsigned long value)
{
	while (*counter < value)
		usleep(50);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void hold(struct shared *shared, unsigned long rounds, size_t bytes)
{
	struct app app;

	app_start(&app);
	for (unsigned long round = 1; round <= rounds; round++) {
		CUdeviceptr block;

		OK(cuMemAlloc(&block, bytes));
		shared->held = round;
		wait_until(&shared->waits, round);
		usleep(SETTLE_US);
		shared->freed_ns = now_ns();
		OK(cuMemFree(block));
		wait_until(&shared->done, round);
	}
}

static void wait_for_it(struct shared *shared, unsigned long rounds, size_t bytes)
{
	int64_t *times = calloc(rounds, sizeof(*times));
	struct app app;

	app_start(&app);
	for (unsigned long round = 1; round <= rounds; round++) {
		CUdeviceptr block;

		wait_until(&shared->held, round);
		shared->waits = round;
		OK(cuMemAlloc(&block, bytes));
		times[round - 1] = now_ns() - shared->freed_ns;
		OK(cuMemFree(block));
		shared->done = round;
	}
	qsort(times, rounds, sizeof(*times), compare);
	printf("%lu rounds, us: least %.0f, median %.0f, 99th percentile %.0f, most %.0f\n", rounds,
	       (double)times[0] / 1e3, (double)times[rounds / 2] / 1e3,
	       (double)times[rounds * 99 / 100] / 1e3, (double)times[rounds - 1] / 1e3);
	free(times);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	size_t bytes = (argc > 2 ? strtoull(argv[2], NULL, 0) : 0) * MIB;
	int is_holder = argc > 4 && strcmp(argv[4], "hold") == 0;
	int fd = argc > 4 ? open(argv[3], O_RDWR | O_CREAT, 0600) : -1;
	struct shared *shared;

	if (rounds == 0 || bytes == 0 || fd < 0 || ftruncate(fd, sizeof(*shared)) != 0)
		return 1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return 1;
	if (is_holder)
		hold(shared, rounds, bytes);
	else
		wait_for_it(shared, rounds, bytes);
	return 0;
}
