/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Random allocations, frees, fills, copies and sets, in two streams, with a record on the host of
 * what every block must hold; each is checked before it goes, and all at the end.
 * Arguments: STEPS SEED MIB (the most that is allocated at any time).
 */
#include "app.h"

#define BLOCKS 256

enum content {
	CONTENT_FILL,
	CONTENT_BYTE
};

struct block {
	CUdeviceptr address;
	uint64_t words;
	unsigned int seed; /* of the fill, or the byte */
	enum content content;
	CUstream stream;
};

static struct app app;
static struct block blocks[BLOCKS];
static unsigned int state;
static unsigned long long checked, bad_words;

static unsigned int next_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

/* Bytes mostly small, sometimes up to an eighth of the limit; always whole words. */
static uint64_t next_words(uint64_t limit)
{
	static const uint64_t largest[] = { 64, 4 * KIB, 64 * KIB, MIB, 3 * MIB, 0 };
	uint64_t most = largest[next_random() % 6];

	if (!most || most > limit / 8)
		most = limit / 8;
	return 1 + next_random() % (most / 4);
}

static void block_write(struct block *block)
{
	if (next_random() & 1) {
		block->content = CONTENT_FILL;
		block->seed = next_random();
		OK(app_fill(&app, block->stream, block->address, block->words, block->seed));
	} else {
		block->content = CONTENT_BYTE;
		block->seed = next_random() & 0xff;
		OK(cuMemsetD8Async(block->address, (unsigned char)block->seed, block->words * 4,
				   block->stream));
	}
}

/* The kernel looks at fills; bytes come back to the host, which also tries the copies. */
static void block_check(struct block *block)
{
	uint64_t bad = 0;

	if (block->content == CONTENT_FILL) {
		bad = app_verify(&app, block->stream, app.result, block->address, block->words,
				 block->seed);
	} else {
		unsigned char *bytes = malloc(block->words * 4);
		OK(cuMemcpyDtoHAsync(bytes, block->address, block->words * 4, block->stream));
		OK(cuStreamSynchronize(block->stream));
		for (uint64_t i = 0; i < block->words * 4; i++)
			bad += bytes[i] != block->seed;
		free(bytes);
	}
	if (bad)
		printf("%llu words are wrong in a block of %llu\n", (unsigned long long)bad,
		       (unsigned long long)block->words);
	checked++;
	bad_words += bad;
}

/* Gives one block another's content, as far as both go. */
static void block_copy(struct block *to, struct block *from)
{
	if (to == from || to->words > from->words)
		return;
	OK(cuStreamSynchronize(from->stream));
	if (next_random() & 1)
		OK(cuMemcpyDtoDAsync(to->address, from->address, to->words * 4, to->stream));
	else
		OK(app_copy(&app, to->stream, to->address, from->address, to->words));
	OK(cuStreamSynchronize(to->stream));
	to->content = from->content;
	to->seed = from->seed;
}

int main(int argc, char **argv)
{
	unsigned long steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 1500;
	uint64_t limit = (argc > 3 ? strtoull(argv[3], NULL, 0) : 64) * MIB, used = 0;
	unsigned long long allocations = 0, most = 0;
	CUstream streams[2];

	state = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 1;
	state = state ? state : 1;
	app_start(&app);
	OK(cuStreamCreate(&streams[0], CU_STREAM_NON_BLOCKING));
	OK(cuStreamCreate(&streams[1], CU_STREAM_DEFAULT));
	for (unsigned long step = 0; step < steps; step++) {
		struct block *block = &blocks[next_random() % BLOCKS];
		struct block *other = &blocks[next_random() % BLOCKS];
		unsigned int what = next_random() % 8;

		if (!block->address) {
			block->words = next_words(limit);
			if (used + block->words * 4 > limit)
				continue;
			OK(cuMemAlloc(&block->address, block->words * 4));
			block->stream = streams[next_random() & 1];
			block_write(block);
			used += block->words * 4;
			most = used > most ? used : most;
			allocations++;
		} else if (what < 3) {
			block_check(block);
			OK(cuMemFree(block->address));
			used -= block->words * 4;
			block->address = 0;
		} else if (what < 5) {
			block_write(block);
		} else if (what < 7 && other->address) {
			block_copy(block, other);
		} else {
			block_check(block);
		}
	}
	for (int i = 0; i < BLOCKS; i++) {
		if (!blocks[i].address)
			continue;
		block_check(&blocks[i]);
		OK(cuMemFree(blocks[i].address));
	}
	printf("%lu steps, %llu allocations, at most %llu KiB, %llu checks, %llu words wrong\n",
	       steps, allocations, most / KIB, checked, bad_words);
	EXPECT(!bad_words);
	return app_end();
}
