/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The locks of a ledger: bytes of its file, locked through open file descriptions. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ledger/layout.h"

#include "base/clock.h"

/* A holder works for some microseconds: first as often as the scheduler lets us, then by sleeping. */
#define YIELDS      16
#define STEP_NS     20000L
#define STEP_MAX_NS 2000000L

static int set_lock(int fd, short type, off_t offset)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

int ae_ledger_lock_changes(int fd, const char *path, int64_t wait_ns, char *why, size_t why_size)
{
	int64_t deadline = ae_clock_ns() + wait_ns;
	struct timespec step = { 0, STEP_NS };
	unsigned int yields = 0;
	int ret;

	for (;;) {
		ret = set_lock(fd, F_WRLCK, AE_LEDGER_LOCK_CHANGE);
		if (ret != -EAGAIN && ret != -EACCES && ret != -EINTR)
			break;
		if (ae_clock_ns() >= deadline) {
			ae_ledger_explain(why, why_size,
					  "%s has been locked for %lld ms by another process, "
					  "which may be stopped: see who has it open (fuser %s)",
					  path, (long long)(wait_ns / 1000000), path);
			return -ETIMEDOUT;
		}
		if (yields++ < YIELDS) {
			sched_yield();
			continue;
		}
		nanosleep(&step, NULL);
		if (step.tv_nsec < STEP_MAX_NS)
			step.tv_nsec *= 2;
	}
	if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot lock %s: %s", path, strerrordesc_np(-ret));
	return ret;
}

void ae_ledger_unlock_changes(int fd)
{
	set_lock(fd, F_UNLCK, AE_LEDGER_LOCK_CHANGE);
}

int ae_ledger_lock_alive(int fd, size_t index)
{
	return set_lock(fd, F_WRLCK, AE_LEDGER_LOCK_ALIVE_0 + (off_t)index);
}

int ae_ledger_slot_alive(int fd, size_t index)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = AE_LEDGER_LOCK_ALIVE_0 + (off_t)index,
		.l_len = 1,
	};

	if (fcntl(fd, F_OFD_GETLK, &lock) != 0)
		return -errno;
	return lock.l_type != F_UNLCK;
}

size_t ae_ledger_first_alive(int fd, size_t from, size_t to)
{
	struct flock lock = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = AE_LEDGER_LOCK_ALIVE_0 + (off_t)from,
		.l_len = (off_t)(to - from),
	};

	if (from >= to || fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
		return to;
	/* A lock may begin before. */
	return lock.l_start > AE_LEDGER_LOCK_ALIVE_0 + (off_t)from
		       ? (size_t)(lock.l_start - AE_LEDGER_LOCK_ALIVE_0)
		       : from;
}
