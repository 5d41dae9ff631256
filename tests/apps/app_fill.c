/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Takes memory in blocks of 8 MiB until there is no more, and says how much that was: what a program
 * sees of a limit. (Its figures differ from machine to machine: nothing compares them with cmp.)
 */
#include "app.h"

#define BLOCK      (8 * MIB)
#define BLOCKS_MAX 65536

static CUdeviceptr blocks[BLOCKS_MAX];

static size_t fill(CUresult *code_out)
{
	size_t count = 0;

	*code_out = CUDA_SUCCESS;
	while (count < BLOCKS_MAX &&
	       (*code_out = cuMemAlloc(&blocks[count], BLOCK)) == CUDA_SUCCESS)
		count++;
	return count;
}

int main(void)
{
	struct app app;
	size_t free_bytes, total, count, again;
	CUresult code;

	app_start(&app);
	/* The 8 bytes that app_start keeps share a granule of 2 MiB with nothing else here. */
	OK(cuMemFree(app.result));
	OK(cuMemGetInfo(&free_bytes, &total));
	printf("total %llu MiB, free %llu MiB\n", total / MIB, free_bytes / MIB);
	count = fill(&code);
	printf("filled %zu MiB\n", (size_t)(count * BLOCK / MIB));
	printf("out of memory is %d\n", code);
	OK(cuMemGetInfo(&free_bytes, &total));
	printf("when full: free %llu MiB\n", free_bytes / MIB);
	for (size_t i = 0; i < count; i++)
		OK(cuMemFree(blocks[i]));
	again = fill(&code);
	printf("again %zu MiB\n", (size_t)(again * BLOCK / MIB));
	for (size_t i = 0; i < again; i++)
		OK(cuMemFree(blocks[i]));
	return app_end();
}
