/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file in which the processes of one SIMCUDA_DIR share a device's memory: its form and its locks,
 * for the driver that changes it (budget.c) and for NVML, which only looks (nvml/look.c).
 */
#ifndef SIM_BUDGET_FILE_H
#define SIM_BUDGET_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

#define BUDGET_MAGIC   0x53494d42u
#define BUDGET_VERSION 2u
#define BUDGET_SLOTS   256
#define LOCK_SLOT      16

struct budget_slot {
	_Atomic uint64_t bytes;
	_Atomic int32_t pid; /* for people; 0 is an empty slot */
	uint32_t unused;
};

struct budget_file {
	uint32_t magic, version;
	uint64_t total_bytes;
	uint64_t peak_bytes,
		refused; /* most that was ever in use; how often there was too little */
	struct budget_slot slots[BUDGET_SLOTS];
};

static inline void budget_path(char *path, size_t size, const char *dir, int device)
{
	snprintf(path, size, "%s/device-%d", dir, device);
}

/* Open-file-description locks of one byte. F_OFD_GETLK: 1 when somebody else holds it. */
static inline int budget_lock_byte(int fd, short type, off_t byte, int command)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };

	if (fcntl(fd, command, &lock) < 0)
		return -errno;
	return command == F_OFD_GETLK ? lock.l_type != F_UNLCK : 0;
}

#endif
