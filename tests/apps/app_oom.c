/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Allocates until the device is full, and is told so by a code; frees all and does it again.
 * How much there was must be the same both times and close to what was said to be free.
 */
#include "app.h"

#define MOST 4096

static CUdeviceptr blocks[MOST];

/*
 * Takes blocks of `bytes` until it fails: the number of blocks, the code, and what the failed call
 * left in its out-parameter.
 */
static int take_all(size_t bytes, CUresult *code_out, const char **left_out)
{
	int count = 0;
	CUresult code = CUDA_SUCCESS;

	while (count < MOST) {
		CUdeviceptr block = APP_UNTOUCHED;
		code = cuMemAlloc(&block, bytes);
		*left_out = app_out(block);
		if (code)
			break;
		blocks[count++] = block;
	}
	*code_out = code;
	return count;
}

static void give_all(int count)
{
	for (int i = 0; i < count; i++)
		OK(cuMemFree(blocks[i]));
}

int main(void)
{
	struct app app;
	size_t free_bytes, total;
	int first = 0;

	app_start(&app);
	OK(cuMemGetInfo(&free_bytes, &total));
	/* About sixty blocks, in whole MiB. */
	size_t bytes = free_bytes / 60 / MIB * MIB;
	bytes = bytes ? bytes : MIB;

	for (int round = 0; round < 3; round++) {
		CUresult code;
		const char *left = "";
		int count = take_all(bytes, &code, &left);

		printf("round %d: full, code %d, address %s\n", round, code, left);
		EXPECT(count * bytes <= free_bytes);
		EXPECT(count * bytes >= free_bytes / 10 * 9);
		if (round == 0)
			first = count;
		EXPECT(count >= first - 1 && count <= first + 1);
		/* Full, yet usable: what is there keeps its bytes, and the next free helps. */
		OK(app_fill(&app, NULL, blocks[count - 1], bytes / 4, 5));
		EXPECT(app_verify(&app, NULL, app.result, blocks[count - 1], bytes / 4, 5) == 0);
		OK(cuMemFree(blocks[0]));
		OK(cuMemAlloc(&blocks[0], bytes));
		give_all(count);
	}

	/* All of it in other sizes: what was cached for one must serve the other. */
	OK(cuMemGetInfo(&free_bytes, &total));
	CUdeviceptr large = 0;
	size_t half = free_bytes / 2 / MIB * MIB;
	CHECK(cuMemAlloc(&large, half));
	CHECK(cuMemFree(large));
	CHECK(cuMemAlloc(&large, total + MIB));
	return app_end();
}
