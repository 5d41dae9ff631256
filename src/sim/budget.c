/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Physical memory of each device: one budget for all processes of the same SIMCUDA_DIR.
 *
 * A file for each device holds its size and a slot for each process. Byte 0 is locked (OFD) while
 * the file changes, byte LOCK_SLOT + i by the process that owns slot i, for as long as it lives:
 * the kernel drops that lock however the process ends, and what the slot says is free then. Within
 * the process sim_lock guards all of it. The descriptors are closed in a forked child.
 */
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "budget_file.h"

#define LOCK_WAIT_MS 10000

struct budget {
	int fd;
	int slot;
	struct budget_file *file;
};

static struct budget budgets[SIM_MAX_DEVICES];
static bool joined;

static bool lock_file(int fd)
{
	struct timespec pause = { .tv_nsec = 50000 };
	uint64_t waited_ns = 0;

	while (budget_lock_byte(fd, F_WRLCK, 0, F_OFD_SETLK) < 0) {
		if (waited_ns > LOCK_WAIT_MS * 1000000ull)
			return false;
		nanosleep(&pause, NULL);
		waited_ns += (uint64_t)pause.tv_nsec;
		if (pause.tv_nsec < 5000000)
			pause.tv_nsec *= 2;
	}
	return true;
}

static void unlock_file(int fd)
{
	budget_lock_byte(fd, F_UNLCK, 0, F_OFD_SETLK);
}

/* Empties the slots of processes that are gone, and answers what the living use. */
static uint64_t count_used(struct budget *budget, unsigned *living_out)
{
	uint64_t used = 0;
	unsigned living = 0;

	for (int i = 0; i < BUDGET_SLOTS; i++) {
		struct budget_slot *slot = &budget->file->slots[i];

		if (!slot->pid)
			continue;
		if (i != budget->slot &&
		    budget_lock_byte(budget->fd, F_WRLCK, LOCK_SLOT + i, F_OFD_GETLK) == 0) {
			slot->bytes = 0;
			slot->pid = 0;
			continue;
		}
		used += slot->bytes;
		living++;
	}
	if (living_out)
		*living_out = living;
	return used;
}

static bool make_dir(const char *path)
{
	char partial[sizeof(sim_options()->dir)];
	size_t length = strlen(path);

	memcpy(partial, path, length + 1);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		partial[i] = '\0';
		if (mkdir(partial, 0700) < 0 && errno != EEXIST)
			return false;
		partial[i] = path[i];
	}
	return true;
}

static bool join(struct budget *budget, int device)
{
	char path[sizeof(sim_options()->dir) + 32];
	unsigned living;

	budget->slot = -1;
	budget_path(path, sizeof(path), sim_options()->dir, device);
	budget->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (budget->fd < 0 || !lock_file(budget->fd)) {
		sim_warn("simcuda: cannot lock %s: %s", path, strerror(errno));
		return false;
	}
	/* A hole in a full file system would be a SIGBUS later. */
	if (posix_fallocate(budget->fd, 0, sizeof(struct budget_file)) != 0)
		goto err_unlock;
	budget->file = mmap(NULL, sizeof(struct budget_file), PROT_READ | PROT_WRITE, MAP_SHARED,
			    budget->fd, 0);
	if (budget->file == MAP_FAILED)
		goto err_unlock;
	madvise(budget->file, sizeof(struct budget_file), MADV_DONTFORK);
	if (budget->file->magic != BUDGET_MAGIC || budget->file->version != BUDGET_VERSION) {
		memset(budget->file, 0, sizeof(*budget->file));
		budget->file->magic = BUDGET_MAGIC;
		budget->file->version = BUDGET_VERSION;
	}
	count_used(budget, &living);
	if (!living)
		budget->file->total_bytes = sim_options()->mem_bytes;
	for (int i = 0; i < BUDGET_SLOTS && budget->slot < 0; i++) {
		if (budget->file->slots[i].pid)
			continue;
		if (budget_lock_byte(budget->fd, F_WRLCK, LOCK_SLOT + i, F_OFD_SETLK) < 0)
			continue;
		budget->file->slots[i].bytes = 0;
		budget->file->slots[i].pid = getpid();
		budget->slot = i;
	}
	unlock_file(budget->fd);
	if (budget->slot < 0)
		sim_warn("simcuda: %s: more than %d processes", path, BUDGET_SLOTS);
	return budget->slot >= 0;
err_unlock:
	sim_warn("simcuda: cannot use %s: %s", path, strerror(errno));
	unlock_file(budget->fd);
	return false;
}

CUresult sim_budget_join(void)
{
	if (joined)
		return CUDA_SUCCESS;
	if (!make_dir(sim_options()->dir)) {
		sim_warn("simcuda: cannot make %s: %s", sim_options()->dir, strerror(errno));
		return CUDA_ERROR_OPERATING_SYSTEM;
	}
	for (int i = 0; i < sim_options()->devices; i++)
		if (!join(&budgets[i], i))
			return CUDA_ERROR_OPERATING_SYSTEM;
	joined = true;
	return CUDA_SUCCESS;
}

CUresult sim_budget_charge_locked(int device, uint64_t bytes)
{
	struct budget *budget = &budgets[device];
	CUresult result = CUDA_ERROR_OUT_OF_MEMORY;
	uint64_t used;

	if (bytes > budget->file->total_bytes)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (!lock_file(budget->fd)) {
		sim_warn("simcuda: device %d: the budget stayed locked for %d ms", device,
			 LOCK_WAIT_MS);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	used = count_used(budget, NULL);
	if (used <= budget->file->total_bytes && bytes <= budget->file->total_bytes - used) {
		budget->file->slots[budget->slot].bytes += bytes;
		if (used + bytes > budget->file->peak_bytes)
			budget->file->peak_bytes = used + bytes;
		result = CUDA_SUCCESS;
	} else {
		budget->file->refused++;
	}
	unlock_file(budget->fd);
	return result;
}

void sim_budget_return_locked(int device, uint64_t bytes)
{
	/* Only this process writes its slot, and less is right at any moment: no lock. */
	budgets[device].file->slots[budgets[device].slot].bytes -= bytes;
}

void sim_budget_query_locked(int device, uint64_t *free_out, uint64_t *total_out)
{
	struct budget *budget = &budgets[device];
	uint64_t used;

	/* Without the lock an answer could still count the dead, which count_used may not clear. */
	if (!lock_file(budget->fd)) {
		*free_out = 0;
		*total_out = budget->file->total_bytes;
		return;
	}
	used = count_used(budget, NULL);
	*total_out = budget->file->total_bytes;
	*free_out = used < *total_out ? *total_out - used : 0;
	unlock_file(budget->fd);
}

void sim_budget_trace(int fd)
{
	char line[128];

	for (int i = 0; joined && !sim_is_forked_child() && i < sim_options()->devices; i++) {
		const struct budget_file *file = budgets[i].file;
		int length = snprintf(
			line, sizeof(line),
			"%d device-%d-peak %" PRIu64 "\n%d device-%d-refused %" PRIu64 "\n",
			(int)getpid(), i, file->peak_bytes, (int)getpid(), i, file->refused);

		if (write(fd, line, (size_t)length) != length)
			return;
	}
}

uint64_t sim_budget_total(int device)
{
	return budgets[device].file->total_bytes;
}

void sim_budget_forget_in_child(void)
{
	for (int i = 0; i < sim_options()->devices; i++)
		if (budgets[i].fd > 0)
			close(budgets[i].fd);
}
