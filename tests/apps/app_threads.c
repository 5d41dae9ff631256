/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Many threads allocate, fill, verify and free at once. Arguments: THREADS ROUNDS. */
#include <pthread.h>

#include "app.h"

static struct app app;
static int rounds;

static unsigned int next_random(unsigned int *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void *work(void *argument)
{
	unsigned int random = (unsigned int)(uintptr_t)argument;
	unsigned int first_seed = random * 1000;
	uintptr_t bad = 0;
	CUstream stream;
	CUdeviceptr result, blocks[4] = { 0 };
	uint64_t words[4] = { 0 };
	unsigned int seeds[4] = { 0 };

	OK(cuCtxSetCurrent(app.context));
	OK(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	OK(cuMemAlloc(&result, 8));
	for (int i = 0; i < rounds; i++) {
		int k = i & 3;
		if (blocks[k]) {
			bad += app_verify(&app, stream, result, blocks[k], words[k], seeds[k]);
			OK(cuMemFree(blocks[k]));
		}
		/* From a few bytes to 4 MiB. */
		words[k] = 1 + next_random(&random) % (1u << (4 + next_random(&random) % 17));
		seeds[k] = first_seed + (unsigned int)i;
		OK(cuMemAlloc(&blocks[k], words[k] * 4));
		OK(app_fill(&app, stream, blocks[k], words[k], seeds[k]));
	}
	for (int k = 0; k < 4; k++) {
		if (!blocks[k])
			continue;
		bad += app_verify(&app, stream, result, blocks[k], words[k], seeds[k]);
		OK(cuMemFree(blocks[k]));
	}
	OK(cuMemFree(result));
	OK(cuStreamDestroy(stream));
	return (void *)bad;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 8;
	pthread_t *ids = calloc((size_t)threads, sizeof(*ids));

	rounds = argc > 2 ? atoi(argv[2]) : 40;
	app_start(&app);
	for (int i = 0; i < threads; i++)
		OK(pthread_create(&ids[i], NULL, work, (void *)(uintptr_t)(i + 1)));
	for (int i = 0; i < threads; i++) {
		void *bad;
		OK(pthread_join(ids[i], &bad));
		printf("thread %d: %lu wrong words\n", i, (unsigned long)(uintptr_t)bad);
		EXPECT(!bad);
	}
	free(ids);
	return app_end();
}
