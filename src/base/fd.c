/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above what programs expect to get from open(2), and below every usual limit. */
#define LEAST 200

int ae_fd_adopt(int fd, struct ae_fd *fd_out)
{
	struct stat st;
	int high, error;

	if (fstat(fd, &st) != 0) {
		error = errno;
		close(fd);
		return -error;
	}
	high = fcntl(fd, F_DUPFD_CLOEXEC, LEAST);
	if (high >= 0) {
		close(fd);
		fd = high;
	}
	*fd_out = (struct ae_fd){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino };
	return 0;
}

bool ae_fd_is_ours(const struct ae_fd *fd)
{
	struct stat st;

	return fd->fd >= 0 && fstat(fd->fd, &st) == 0 && st.st_dev == fd->dev &&
	       st.st_ino == fd->ino;
}

void ae_fd_close(struct ae_fd *fd)
{
	if (ae_fd_is_ours(fd))
		close(fd->fd);
	fd->fd = -1;
}
