/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim_nvml.h"

#include <stdlib.h>
#include <unistd.h>

#include "budget_file.h"
#include "sim.h"

/* What the living have taken; *living_out: how many they are. */
static uint64_t count(int fd, struct budget_file *file, unsigned *living_out)
{
	uint64_t used = 0;
	unsigned living = 0;

	for (int i = 0; i < BUDGET_SLOTS; i++) {
		if (!file->slots[i].pid ||
		    budget_lock_byte(fd, F_WRLCK, LOCK_SLOT + i, F_OFD_GETLK) == 0)
			continue;
		used += file->slots[i].bytes;
		living++;
	}
	*living_out = living;
	return used;
}

void nvml_look(int device, uint64_t *free_out, uint64_t *total_out)
{
	char path[sizeof(sim_options()->dir) + 32];
	struct budget_file *file = malloc(sizeof(*file));
	unsigned living = 0;
	uint64_t used = 0;
	int fd;

	budget_path(path, sizeof(path), sim_options()->dir, device);
	fd = file ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0 && read(fd, file, sizeof(*file)) == sizeof(*file) &&
	    file->magic == BUDGET_MAGIC && file->version == BUDGET_VERSION)
		used = count(fd, file, &living);
	/* The first process on a device says how large it is. */
	*total_out = living ? file->total_bytes : sim_options()->mem_bytes;
	*free_out = used < *total_out ? *total_out - used : 0;
	if (fd >= 0)
		close(fd);
	free(file);
}
