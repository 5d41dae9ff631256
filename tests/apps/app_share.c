/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One of several programs that share a device: random allocations that together may be far more than it
 * has. Each is filled by a kernel and checked before it is freed.
 *
 *	app_share STEPS SEED MIB        holds one block at a time: any out of memory is a failure
 *	app_share STEPS SEED MIB hold   holds up to four, and when out of memory frees them all and tries again
 *
 * It begins when its standard input ends: so several begin together, each with its context made.
 */
#include "app.h"

#define HELD_MOST 4

struct block {
	CUdeviceptr address;
	uint64_t words;
	unsigned int seed;
};

static struct app app;
static struct block held[HELD_MOST];
static unsigned int state;
static unsigned long long bad_words, refused;

static unsigned int next_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

static void wait_for_start(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

static void block_end(struct block *block)
{
	if (!block->address)
		return;
	bad_words += app_verify(&app, NULL, app.result, block->address, block->words, block->seed);
	OK(cuMemFree(block->address));
	block->address = 0;
}

static void all_end(void)
{
	for (int i = 0; i < HELD_MOST; i++)
		block_end(&held[i]);
}

/* Half of the sizes are small, so that large requests have many to wait for. */
static uint64_t next_words(uint64_t most)
{
	uint64_t words = most / 4;

	return 1 + next_random() % (next_random() & 1 ? words : words / 8);
}

static void block_begin(struct block *block, uint64_t most, int holds)
{
	CUresult result;

	block->words = next_words(most);
	block->seed = next_random();
	while ((result = cuMemAlloc(&block->address, block->words * 4)) ==
		       CUDA_ERROR_OUT_OF_MEMORY &&
	       holds) {
		refused++;
		all_end();
	}
	app_require("cuMemAlloc", (int)result, __FILE__, __LINE__);
	OK(app_fill(&app, NULL, block->address, block->words, block->seed));
}

int main(int argc, char **argv)
{
	unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 100;
	uint64_t most = (argc > 3 ? strtoull(argv[3], NULL, 0) : 32) * MIB;
	int holds = argc > 4 && strcmp(argv[4], "hold") == 0;

	state = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 1;
	state = state ? state : 1;
	app_start(&app);
	wait_for_start();
	for (unsigned long step = 0; step < steps; step++) {
		struct block *block = &held[holds ? next_random() % HELD_MOST : 0];

		block_end(block);
		block_begin(block, holds ? most / HELD_MOST : most, holds);
		if (!holds)
			block_end(block);
		else if (next_random() % 8 == 0)
			all_end();
	}
	all_end();
	printf("%lu steps, %llu words wrong\n", steps, bad_words);
	if (refused)
		fprintf(stderr, "out of memory %llu times\n", refused);
	EXPECT(!bad_words);
	return app_end();
}
