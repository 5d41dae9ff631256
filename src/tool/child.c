/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* Until the child's end of the pipe is closed: 0, or -ETIMEDOUT. */
static int wait_closed(int fd, int timeout_ms)
{
	long deadline = ae_clock_ns() / 1000000 + timeout_ms;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	long left;
	int ret;

	do {
		left = deadline - ae_clock_ns() / 1000000;
		ret = poll(&poll_fd, 1, left > 0 ? (int)left : 0);
	} while (ret < 0 && errno == EINTR);
	return ret == 0 ? -ETIMEDOUT : 0;
}

int ae_child_run(int (*work)(void *arg), void *arg, int timeout_ms, int *status_out)
{
	int ends[2], ret, status;
	pid_t pid;

	fflush(NULL);
	if (pipe(ends) != 0)
		return -errno;
	pid = fork();
	if (pid < 0) {
		ret = -errno;
		close(ends[0]);
		close(ends[1]);
		return ret;
	}
	if (pid == 0) {
		close(ends[0]);
		ret = work(arg);
		fflush(NULL);
		_exit(ret);
	}
	close(ends[1]);
	ret = wait_closed(ends[0], timeout_ms);
	close(ends[0]);
	if (ret != 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno; /* SIGCHLD is ignored: nobody knows */
	}
	if (ret == 0)
		*status_out = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return ret;
}
