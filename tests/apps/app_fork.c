/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A fork before cuInit, whose child uses the device; forks after it, whose children must not and
 * are told so, while the parent goes on. A raw clone must not hang, whatever it is told.
 */
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "app.h"

#define HANG_SECONDS 20

/* How a child ended: its own code, or the signal. */
static void child_report(const char *what, pid_t pid)
{
	int status = 0;

	OK(waitpid(pid, &status, 0) != pid);
	if (WIFEXITED(status))
		printf("%s: exit %d\n", what, WEXITSTATUS(status));
	else
		printf("%s: signal %d\n", what, WTERMSIG(status));
	EXPECT(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void child_end(void)
{
	fflush(stdout);
	_exit(app_failures != 0);
}

static void use_device(unsigned int seed)
{
	struct app app;
	CUdeviceptr block;
	enum {
		WORDS = 200000
	};

	app_start(&app);
	CHECK(cuMemAlloc(&block, WORDS * 4));
	CHECK(app_fill(&app, NULL, block, WORDS, seed));
	EXPECT(app_verify(&app, NULL, app.result, block, WORDS, seed) == 0);
	printf("sum %llx\n", (unsigned long long)app_sum(&app, NULL, block, WORDS));
	CHECK(cuMemFree(block));
}

/* What a child says that was forked after its parent's cuInit. */
static void use_forbidden(CUdeviceptr block)
{
	CUdeviceptr other = APP_UNTOUCHED, base = 0;
	CUcontext context = NULL;
	size_t size = 0, total = 0;
	int count = 0;

	CHECK(cuInit(0));
	CHECK(cuMemAlloc(&other, 100));
	printf("address %s\n", app_out(other));
	CHECK(cuMemFree(block));
	CHECK(cuMemGetInfo(&size, &total));
	CHECK(cuDeviceGetCount(&count));
	CHECK(cuDeviceTotalMem(&total, 0));
	CHECK(cuDevicePrimaryCtxRetain(&context, 0));
	CHECK(cuCtxSynchronize());
	CHECK(cuMemGetAddressRange(&base, &size, block));
	CHECK(cuMemsetD8(block, 0, 100));
	CHECK(cuMemcpyDtoH(&size, block, 8));
}

int main(void)
{
	enum {
		WORDS = 100000
	};
	struct app app;
	CUdeviceptr block;

	alarm(120);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		use_device(1);
		child_end();
	}
	child_report("forked before cuInit", pid);

	app_start(&app);
	OK(cuMemAlloc(&block, WORDS * 4));
	OK(app_fill(&app, NULL, block, WORDS, 2));

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		use_forbidden(block);
		child_end();
	}
	child_report("forked after cuInit", pid);
	EXPECT(app_verify(&app, NULL, app.result, block, WORDS, 2) == 0);

	/* A child that starts another program is the usual one. It inherits nothing. */
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "echo from a shell", (char *)NULL);
		_exit(127);
	}
	child_report("forked, then a shell", pid);

	/*
	 * No handler of libc's runs in a raw clone. Only that nothing hangs is the same everywhere:
	 * the default action of SIGALRM would end such a child.
	 */
	fflush(stdout);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		size_t size, total;
		CUdeviceptr base;
		alarm(HANG_SECONDS);
		cuMemGetInfo(&size, &total);
		cuMemGetAddressRange(&base, &size, block);
		_exit(0);
	}
	int status = 0;
	OK(waitpid(pid, &status, 0) != pid);
	EXPECT(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM);
	puts("raw clone: ended");

	/* The parent goes on, and many forks later too. */
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		OK(waitpid(pid, &status, 0) != pid);
	}
	CHECK(cuMemFree(block));
	OK(cuMemAlloc(&block, WORDS * 4));
	OK(app_fill(&app, NULL, block, WORDS, 3));
	printf("wrong words %llu\n",
	       (unsigned long long)app_verify(&app, NULL, app.result, block, WORDS, 3));
	CHECK(cuMemFree(block));
	return app_end();
}
