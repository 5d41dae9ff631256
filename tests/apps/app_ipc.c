/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two processes share blocks by legacy IPC: what one writes the other reads, and the other way round. */
#include <sys/wait.h>

#include "app.h"

enum {
	LARGE = 1400000, /* words */
	SMALL = 100,
	PITCHED = 1000,
	ROWS = 50,
	BLOCKS = 3
};

static const char *const names[BLOCKS] = { "large", "small", "pitched" };

/* What the one that exports sends to the one that imports. */
struct parcel {
	CUipcMemHandle handle;
	uint64_t words;
};

static void import_one(struct app *app, const struct parcel *parcel, const char *name)
{
	CUdeviceptr block = 0, same = 0;

	CHECK(cuIpcOpenMemHandle(&block, parcel->handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
	printf("%s: wrong words %llu\n", name,
	       (unsigned long long)app_verify(app, NULL, app->result, block, parcel->words, 1));
	CHECK(cuIpcOpenMemHandle(&same, parcel->handle, CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
	EXPECT(same == block);
	CHECK(app_fill(app, NULL, block, parcel->words, 2));
	CHECK(cuCtxSynchronize());
	CHECK(cuMemFree(block));
	CHECK(cuIpcCloseMemHandle(same));
	CHECK(cuIpcCloseMemHandle(block));
}

static int import(void)
{
	struct parcel parcels[BLOCKS];
	CUdeviceptr mine;
	struct app app;

	EXPECT(read(STDIN_FILENO, parcels, sizeof(parcels)) == sizeof(parcels));
	app_start(&app);
	OK(cuMemAlloc(&mine, 3 * MIB));
	for (int i = 0; i < BLOCKS; i++)
		import_one(&app, &parcels[i], names[i]);
	CHECK(cuMemFree(mine));
	return app_end();
}

/* Starts this program once more, which reads the parcels. */
static void send(const char *self, const struct parcel *parcels)
{
	int pipes[2], status = 0;
	pid_t child;

	fflush(stdout);
	OK(pipe(pipes));
	child = fork();
	if (child == 0) {
		dup2(pipes[0], STDIN_FILENO);
		execl(self, self, "import", (char *)NULL);
		_exit(127);
	}
	EXPECT(write(pipes[1], parcels, BLOCKS * sizeof(*parcels)) ==
	       (ssize_t)(BLOCKS * sizeof(*parcels)));
	EXPECT(waitpid(child, &status, 0) == child);
	printf("the other process: %d\n", status);
}

int main(int argc, char **argv)
{
	struct parcel parcels[BLOCKS];
	CUdeviceptr blocks[BLOCKS], same;
	size_t pitch = 0;
	struct app app;
	int failed = 0;

	if (argc > 1)
		return import();
	app_start(&app);
	OK(cuMemAlloc(&blocks[0], LARGE * 4));
	OK(cuMemAlloc(&blocks[1], SMALL * 4));
	OK(cuMemAllocPitch(&blocks[2], &pitch, PITCHED, ROWS, 4));
	parcels[0].words = LARGE;
	parcels[1].words = SMALL;
	parcels[2].words = pitch * ROWS / 4;
	for (int i = 0; i < BLOCKS; i++) {
		OK(app_fill(&app, NULL, blocks[i], parcels[i].words, 1));
		failed += CHECK(cuIpcGetMemHandle(&parcels[i].handle, blocks[i])) != 0;
	}
	OK(cuCtxSynchronize());
	if (!failed) {
		send(argv[0], parcels);
		CHECK(cuIpcOpenMemHandle(&same, parcels[0].handle,
					 CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS));
		for (int i = 0; i < BLOCKS; i++)
			printf("%s: wrong words %llu\n", names[i],
			       (unsigned long long)app_verify(&app, NULL, app.result, blocks[i],
							      parcels[i].words, 2));
	}
	for (int i = 0; i < BLOCKS; i++)
		CHECK(cuMemFree(blocks[i]));
	return app_end();
}
