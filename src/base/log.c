/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"

#define LINE_MAX_BYTES 1000

/* Written once, by ae_log_configure before other threads log; read without a lock. */
static enum ae_log_level log_level = AE_LOG_INFO;
static struct ae_fd log_file = AE_FD_NONE; /* none: standard error */
static char log_path[PATH_MAX];

/*
 * A descriptor, or a negative errno. Never waits: a FIFO would, for its reader, in the middle of the
 * host's cuInit, and again with each line once it is full. -ENXIO: neither a file nor a device.
 */
static int open_log(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags | O_NONBLOCK, 0666);
	struct stat st;
	int ret;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		ret = -ENXIO;
	else
		ret = fcntl(fd, F_SETFL, O_APPEND) != 0 ? -errno : 0;
	if (ret != 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/*
 * One write(2), without the signal that a closed pipe (SIGPIPE) or a limit on the size of files
 * (SIGXFSZ) would raise, and that ends the host program: blocked for this thread meanwhile, and taken
 * back when it was ours.
 */
static void write_quietly(int fd, const char *text, size_t size)
{
	const struct timespec at_once = { 0, 0 };
	sigset_t blocked, raised, old_set, pending;
	ssize_t written;
	int number;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGPIPE);
	sigaddset(&blocked, SIGXFSZ);
	sigemptyset(&pending);
	sigpending(&pending);
	if (pthread_sigmask(SIG_BLOCK, &blocked, &old_set) != 0)
		return;
	do {
		written = write(fd, text, size);
	} while (written < 0 && errno == EINTR);
	if (written < 0 && (errno == EPIPE || errno == EFBIG)) {
		number = errno == EPIPE ? SIGPIPE : SIGXFSZ;
		sigemptyset(&raised);
		sigaddset(&raised, number);
		while (sigismember(&pending, number) != 1 &&
		       sigtimedwait(&raised, NULL, &at_once) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &old_set, NULL);
}

/* The thread is the host's, and not to end between an open and its close. */
static void write_line(const char *text, size_t size)
{
	int cancel_state, fd;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	if (log_file.fd < 0) {
		write_quietly(STDERR_FILENO, text, size);
	} else if (ae_fd_is_ours(&log_file)) {
		write_quietly(log_file.fd, text, size);
	} else {
		/* The program closed it, or has given its number to something else. */
		fd = open_log(log_path);
		if (fd >= 0) {
			write_quietly(fd, text, size);
			close(fd);
		}
	}
	pthread_setcancelstate(cancel_state, NULL);
}

void ae_log_configure(enum ae_log_level level, const char *file)
{
	int saved_errno = errno;
	int cancel_state, fd, ret;

	log_level = level;
	if (!file || !*file)
		goto out;
	if (strlen(file) >= sizeof(log_path)) {
		ae_error("the log file's name is too long; logging to standard error");
		goto out;
	}
	strcpy(log_path, file);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	fd = open_log(file);
	ret = fd < 0 ? fd : ae_fd_adopt(fd, &log_file);
	pthread_setcancelstate(cancel_state, NULL);
	if (ret != 0)
		ae_error("cannot open log file %s: %s; logging to standard error", file,
			 ret == -ENXIO ? "neither a file nor a device" : strerrordesc_np(-ret));
out:
	errno = saved_errno;
}

int ae_log_enabled(enum ae_log_level level)
{
	return level <= log_level;
}

void ae_log(enum ae_log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LINE_MAX_BYTES + 1];
	size_t length;
	va_list args;
	int n;

	if (!ae_log_enabled(level))
		return;
	n = snprintf(line, sizeof(line), "aerostat[%d]: ", (int)getpid());
	if (n < 0)
		goto out;
	length = (size_t)n;
	va_start(args, format);
	n = vsnprintf(line + length, sizeof(line) - length, format, args);
	va_end(args);
	if (n < 0)
		goto out;
	length += (size_t)n;
	if (length > LINE_MAX_BYTES - 1)
		length = LINE_MAX_BYTES - 1;
	/* Values come from outside: one event stays one line, and no terminal is told anything. */
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[length++] = '\n';
	write_line(line, length);
out:
	errno = saved_errno;
}
