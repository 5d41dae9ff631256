/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "ledger/layout.h"

struct ae_ledger {
	struct ae_fd file; /* the change lock */
	struct ae_fd alive; /* the alive lock: an open file description of its own */
	struct ae_ledger_file *map; /* NULL once abandoned */
	struct ae_ledger_slot *slot; /* NULL until joined. Set before other threads claim */
	size_t index;
	char path[256];
};

int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out)
{
	struct ae_ledger *ledger;
	void *map;
	int ret;

	ledger = calloc(1, sizeof(*ledger));
	if (!ledger) {
		ae_ledger_explain(why, why_size, "out of memory");
		return -ENOMEM;
	}
	ret = ae_ledger_file_open(dir, group, uuid, total, why, why_size, ledger->path,
				  sizeof(ledger->path), &ledger->file, &ledger->alive);
	if (ret != 0)
		goto err_free;
	map = mmap(NULL, sizeof(struct ae_ledger_file), PROT_READ | PROT_WRITE, MAP_SHARED,
		   ledger->file.fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot map %s: %s", ledger->path,
				  strerrordesc_np(-ret));
		goto err_close;
	}
	ledger->map = map;
	*ledger_out = ledger;
	return 0;

err_close:
	ae_fd_close(&ledger->alive);
	ae_fd_close(&ledger->file);
err_free:
	free(ledger);
	return ret;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fill_slot(struct ae_ledger_slot *slot, const char *model, uint64_t limit)
{
	uint64_t words[AE_LEDGER_MODEL_WORDS];
	char text[AE_LEDGER_NAME_MAX];

	ae_ledger_text_clean(model, text);
	memcpy(words, text, sizeof(words));
	for (size_t i = 0; i < AE_LEDGER_MODEL_WORDS; i++)
		atomic_store_explicit(&slot->model[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&slot->pid, (uint64_t)getpid(), memory_order_relaxed);
	atomic_store_explicit(&slot->joined_ns, wall_clock_ns(), memory_order_relaxed);
	atomic_store_explicit(&slot->limit, limit, memory_order_relaxed);
	atomic_store_explicit(&slot->claimed, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->cached, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->blocks, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->chunks, 0, memory_order_relaxed);
}

/* Under the change lock. */
static int take_slot(struct ae_ledger *ledger, const char *model, uint64_t limit)
{
	for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
		struct ae_ledger_slot *slot = &ledger->map->slots[i];
		int ret = ae_ledger_slot_alive(ledger->file.fd, i);
		uint64_t sequence;

		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		/* Odd before the alive lock is taken: see read.c. */
		sequence = atomic_load(&slot->sequence) | 1;
		atomic_store(&slot->sequence, sequence);
		ret = ae_ledger_lock_alive(ledger->alive.fd, i);
		if (ret == -EAGAIN || ret == -EACCES)
			continue;
		if (ret != 0)
			return ret;
		fill_slot(slot, model, limit);
		atomic_store(&slot->sequence, sequence + 1);
		ledger->index = i;
		ledger->slot = slot;
		return 0;
	}
	return -EUSERS;
}

int ae_ledger_join(struct ae_ledger *ledger, const char *model, uint64_t limit, char *why,
		   size_t why_size)
{
	int ret;

	if (ledger->slot || !ledger->map) {
		ae_ledger_explain(why, why_size, "this process has joined %s already",
				  ledger->path);
		return -EALREADY;
	}
	ret = ae_ledger_lock_changes(ledger->file.fd, ledger->path, why, why_size);
	if (ret != 0)
		return ret;
	ret = take_slot(ledger, model, limit);
	ae_ledger_unlock_changes(ledger->file.fd);
	if (ret == -EUSERS)
		ae_ledger_explain(why, why_size, "%s has its %d members: set AEROSTAT_GROUP",
				  ledger->path, AE_LEDGER_MEMBERS);
	else if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot join %s: %s", ledger->path,
				  strerrordesc_np(-ret));
	return ret;
}

static void unmap(struct ae_ledger *ledger)
{
	if (ledger->map)
		munmap(ledger->map, sizeof(*ledger->map));
	ledger->map = NULL;
	ledger->slot = NULL;
}

void ae_ledger_close(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	unmap(ledger);
	ae_fd_close(&ledger->alive); /* and with it the alive lock */
	ae_fd_close(&ledger->file);
	free(ledger);
}

void ae_ledger_abandon(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	unmap(ledger);
	ae_fd_close(&ledger->alive);
	ae_fd_close(&ledger->file);
}

void ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes)
{
	if (ledger->slot)
		atomic_fetch_add_explicit(&ledger->slot->claimed, bytes, memory_order_relaxed);
}

void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes)
{
	if (ledger->slot)
		atomic_fetch_sub_explicit(&ledger->slot->claimed, bytes, memory_order_relaxed);
}

void ae_ledger_report(struct ae_ledger *ledger, uint64_t cached, uint64_t blocks, uint64_t chunks)
{
	if (!ledger->slot)
		return;
	atomic_store_explicit(&ledger->slot->cached, cached, memory_order_relaxed);
	atomic_store_explicit(&ledger->slot->blocks, blocks, memory_order_relaxed);
	atomic_store_explicit(&ledger->slot->chunks, chunks, memory_order_relaxed);
}
