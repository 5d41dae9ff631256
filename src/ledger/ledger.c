/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/ledger.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/log.h"
#include "ledger/layout.h"

/* What is shown of the pool between two driver calls may be so old. */
#define SHOWN_AGE_NS 10000000LL

enum {
	STATE_OPEN, /* joined nothing yet */
	STATE_JOINED,
	STATE_WITHOUT, /* joined once; the slot was lost and no other could be had */
	STATE_ABANDONED, /* the child of a fork */
};

/*
 * What this process holds is kept here, and its slot in the file is a copy: a slot can be lost, to a
 * program that closes all descriptors and another process that takes it.
 */
struct ae_ledger {
	_Atomic int state;
	struct ae_lock lock; /* guards the rest, the atomic figures excepted; held over file I/O */
	struct ae_fd file; /* the file, with the alive lock on its description */
	size_t index; /* of the slot, when joined */
	struct ae_ledger_slot account;
	uint64_t order; /* of the figures in it */
	_Atomic uint64_t shown_blocks; /* as the slot has them */
	_Atomic uint64_t shown_chunks;
	_Atomic int64_t shown_ns; /* when the slot was last written */

	/* To open it again. Immutable once open. */
	char path[256];
	char dir[256];
	char group[AE_LEDGER_NAME_MAX + 1];
	unsigned char uuid[16];
	uint64_t total;
};

int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out)
{
	struct ae_ledger *ledger;
	int ret;

	ledger = calloc(1, sizeof(*ledger));
	if (!ledger) {
		ae_ledger_explain(why, why_size, "out of memory");
		return -ENOMEM;
	}
	ret = ae_ledger_file_open(dir, group, uuid, total, why, why_size, ledger->path,
				  sizeof(ledger->path), &ledger->file);
	if (ret != 0) {
		free(ledger);
		return ret;
	}
	ae_lock_init(&ledger->lock, AE_LOCK_LEDGER);
	/* Both are in the path, and fit. */
	snprintf(ledger->dir, sizeof(ledger->dir), "%.*s",
		 (int)(strrchr(ledger->path, '/') - ledger->path), ledger->path);
	snprintf(ledger->group, sizeof(ledger->group), "%s", group);
	memcpy(ledger->uuid, uuid, sizeof(ledger->uuid));
	ledger->total = total;
	*ledger_out = ledger;
	return 0;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Coarse, because it is asked at every allocation. */
static int64_t coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static off_t slot_offset(size_t index)
{
	return (off_t)(offsetof(struct ae_ledger_file, slots) +
		       index * sizeof(struct ae_ledger_slot));
}

/* All of the slot but its sequence. By the holder of its alive lock. */
static int write_account(struct ae_ledger *ledger)
{
	const size_t start = offsetof(struct ae_ledger_slot, pid);
	const struct ae_ledger_slot *slot = &ledger->account;
	int ret;

	ret = ae_ledger_write_at(ledger->file.fd, (const char *)slot + start, sizeof(*slot) - start,
				 slot_offset(ledger->index) + (off_t)start);
	if (ret != 0)
		return ret;
	atomic_store_explicit(&ledger->shown_blocks, slot->blocks, memory_order_relaxed);
	atomic_store_explicit(&ledger->shown_chunks, slot->chunks, memory_order_relaxed);
	atomic_store_explicit(&ledger->shown_ns, coarse_ns(), memory_order_relaxed);
	return 0;
}

/* Under the change lock. */
static int take_slot(struct ae_ledger *ledger)
{
	const int fd = ledger->file.fd;

	for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
		int ret = ae_ledger_slot_alive(fd, i);
		uint64_t sequence;

		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		/* Odd before the alive lock is taken: see read.c. */
		ret = ae_ledger_read_at(fd, &sequence, sizeof(sequence), slot_offset(i));
		if (ret != 0)
			return ret;
		sequence |= 1;
		ret = ae_ledger_write_at(fd, &sequence, sizeof(sequence), slot_offset(i));
		if (ret != 0)
			return ret;
		ret = ae_ledger_lock_alive(fd, i);
		if (ret == -EAGAIN || ret == -EACCES)
			continue;
		if (ret != 0)
			return ret;
		ledger->index = i;
		ret = write_account(ledger);
		if (ret != 0)
			return ret;
		sequence++;
		return ae_ledger_write_at(fd, &sequence, sizeof(sequence), slot_offset(i));
	}
	return -EUSERS;
}

static int enter(struct ae_ledger *ledger, char *why, size_t why_size)
{
	int ret = ae_ledger_lock_changes(ledger->file.fd, ledger->path, why, why_size);

	if (ret != 0)
		return ret;
	ret = take_slot(ledger);
	ae_ledger_unlock_changes(ledger->file.fd);
	if (ret == -EUSERS)
		ae_ledger_explain(why, why_size, "%s has its %d members: set AEROSTAT_GROUP",
				  ledger->path, AE_LEDGER_MEMBERS);
	else if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot join %s: %s", ledger->path,
				  strerrordesc_np(-ret));
	return ret;
}

static void fill_account(struct ae_ledger_slot *account, const char *model, uint64_t limit)
{
	char text[AE_LEDGER_NAME_MAX];

	*account = (struct ae_ledger_slot){
		.pid = (uint64_t)getpid(),
		.joined_ns = wall_clock_ns(),
		.limit = limit,
	};
	ae_ledger_text_clean(model, text);
	memcpy(account->model, text, sizeof(text));
}

int ae_ledger_join(struct ae_ledger *ledger, const char *model, uint64_t limit, char *why,
		   size_t why_size)
{
	int ret = -EALREADY;

	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) != STATE_OPEN) {
		ae_ledger_explain(why, why_size, "this process has joined %s already",
				  ledger->path);
		goto out;
	}
	fill_account(&ledger->account, model, limit);
	ret = enter(ledger, why, why_size);
	if (ret == 0)
		atomic_store(&ledger->state, STATE_JOINED);
out:
	ae_lock_release(&ledger->lock);
	return ret;
}

/* A slot anew, with what is held. Once this fails it is not tried again: each try may wait. */
static void join_again(struct ae_ledger *ledger)
{
	char why[512];
	int ret;

	ae_fd_close(&ledger->file);
	ret = ae_ledger_file_open(ledger->dir, ledger->group, ledger->uuid, ledger->total, why,
				  sizeof(why), ledger->path, sizeof(ledger->path), &ledger->file);
	if (ret == 0)
		ret = enter(ledger, why, sizeof(why));
	if (ret == 0) {
		ae_debug("joined %s again: its descriptor was closed, or the file was changed",
			 ledger->path);
		return;
	}
	ae_fd_close(&ledger->file);
	atomic_store(&ledger->state, STATE_WITHOUT);
	ae_warn("the entry in the ledger was lost, and this process goes on without one: %s", why);
}

/*
 * Brings the slot up to date. The alive lock says whose a slot is: taken again by the description
 * that holds it, it costs a call and changes nothing; refused, the slot is somebody else's by now.
 */
static void show(struct ae_ledger *ledger)
{
	int saved_errno = errno;

	if (!ae_ledger_file_intact(&ledger->file) ||
	    ae_ledger_lock_alive(ledger->file.fd, ledger->index) != 0 || write_account(ledger) != 0)
		join_again(ledger);
	errno = saved_errno;
}

void ae_ledger_close(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	ae_fd_close(&ledger->file); /* and with it the alive lock */
	/* In the child of a fork, a thread that does not exist may hold the lock. */
	if (atomic_load(&ledger->state) != STATE_ABANDONED)
		ae_lock_destroy(&ledger->lock);
	free(ledger);
}

void ae_ledger_abandon(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	atomic_store(&ledger->state, STATE_ABANDONED);
	ae_fd_close(&ledger->file);
}

/* add: else taken away. The sum saturates: a wrong call makes a wrong figure, and no absurd one. */
static void change_claimed(struct ae_ledger *ledger, uint64_t bytes, bool add)
{
	uint64_t *claimed = &ledger->account.claimed;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != STATE_JOINED)
		return;
	ae_lock_acquire(&ledger->lock);
	if (add)
		*claimed = bytes > UINT64_MAX - *claimed ? UINT64_MAX : *claimed + bytes;
	else
		*claimed = bytes > *claimed ? 0 : *claimed - bytes;
	if (atomic_load(&ledger->state) == STATE_JOINED)
		show(ledger);
	ae_lock_release(&ledger->lock);
}

void ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes)
{
	change_claimed(ledger, bytes, true);
}

void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes)
{
	change_claimed(ledger, bytes, false);
}

void ae_ledger_report(struct ae_ledger *ledger, const struct ae_ledger_figures *figures)
{
	struct ae_ledger_slot *account = &ledger->account;
	bool had_blocks;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != STATE_JOINED)
		return;
	/* A process that has freed everything, or has begun to allocate, is shown as it is. */
	had_blocks = atomic_load_explicit(&ledger->shown_blocks, memory_order_relaxed) != 0;
	if (had_blocks == (figures->blocks != 0) &&
	    figures->chunks == atomic_load_explicit(&ledger->shown_chunks, memory_order_relaxed) &&
	    coarse_ns() - atomic_load_explicit(&ledger->shown_ns, memory_order_relaxed) <
		    SHOWN_AGE_NS)
		return;
	ae_lock_acquire(&ledger->lock);
	if (figures->order >= ledger->order) {
		ledger->order = figures->order;
		account->cached = figures->cached;
		account->blocks = figures->blocks;
		account->chunks = figures->chunks;
		if (atomic_load(&ledger->state) == STATE_JOINED)
			show(ledger);
	}
	ae_lock_release(&ledger->lock);
}
