/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. Descriptors of ours in a process that is not ours: out of the way of the numbers
 * that programs expect, and told from what the program opened under the same number after it had
 * closed all that it did not know. No global state; a struct ae_fd is its owner's to lock.
 */
#ifndef AE_BASE_FD_H
#define AE_BASE_FD_H

#include <stdbool.h>
#include <sys/types.h>

struct ae_fd {
	int fd; /* -1: none */
	dev_t dev; /* what it was opened on */
	ino_t ino;
};

#define AE_FD_NONE       \
	{                \
		.fd = -1 \
	}

/*
 * Takes fd over and moves it to a high number where one is free. 0, or a negative errno and fd is
 * closed. Locks of the open file description stay.
 */
int ae_fd_adopt(int fd, struct ae_fd *fd_out);

/* True while the number still names the file that it was opened on. Async-signal-safe. */
bool ae_fd_is_ours(const struct ae_fd *fd);

/* Closes it when it is ours, and forgets it. Async-signal-safe. */
void ae_fd_close(struct ae_fd *fd);

#endif
