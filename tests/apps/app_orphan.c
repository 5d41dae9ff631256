/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Children of a process that has device memory. "orphan": one that lives on after its parent; its id
 * is printed. "clone": one made by a raw clone(2), of which no library knows, frees its parent's block.
 * What a driver says to the latter is its own affair, hence for the simulated driver only.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "app.h"

static void orphan(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		close(1);
		close(2);
		sleep(60);
		_exit(0);
	}
	printf("%d\n", (int)pid);
	fflush(stdout);
	_exit(0);
}

static void raw_clone(struct app *app, CUdeviceptr block, uint64_t words)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		alarm(20);
		_exit(cuMemFree(block) == CUDA_SUCCESS);
	}
	OK(waitpid(pid, &status, 0) != pid);
	printf("the child %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 1
					 ? "has freed its parent's block"
					 : "could not free its parent's block");
	EXPECT(app_verify(app, NULL, app->result, block, words, 1) == 0);
	CHECK(cuMemFree(block));
}

int main(int argc, char **argv)
{
	const uint64_t words = MIB;
	struct app app;
	CUdeviceptr block;

	app_start(&app);
	OK(cuMemAlloc(&block, words * 4));
	OK(app_fill(&app, NULL, block, words, 1));
	OK(cuCtxSynchronize());
	if (argc > 1 && !strcmp(argv[1], "orphan"))
		orphan();
	raw_clone(&app, block, words);
	return app_end();
}
