/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A member's coming and going, and what its slot shows. */
#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "ledger/internal.h"

/* What is shown of the pool between two driver calls may be so old. */
#define SHOWN_AGE_NS 10000000LL
/* How long the change lock is waited for while its holder seems to be stopped. */
#define LOCK_BRIEF_NS 10000000LL

int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out)
{
	struct ae_ledger *ledger;
	int ret = -ENOMEM;

	ledger = calloc(1, sizeof(*ledger));
	if (ledger)
		ledger->scratch = calloc(1, sizeof(*ledger->scratch));
	if (!ledger || !ledger->scratch) {
		ae_ledger_explain(why, why_size, "out of memory");
		goto err_memory;
	}
	ret = ae_ledger_file_open(dir, group, uuid, total, why, why_size, ledger->path,
				  sizeof(ledger->path), &ledger->file);
	if (ret != 0)
		goto err_memory;
	ae_lock_init(&ledger->lock, AE_LOCK_LEDGER);
	/* Both are in the path, and fit. */
	snprintf(ledger->dir, sizeof(ledger->dir), "%.*s",
		 (int)(strrchr(ledger->path, '/') - ledger->path), ledger->path);
	snprintf(ledger->group, sizeof(ledger->group), "%s", group);
	memcpy(ledger->uuid, uuid, sizeof(ledger->uuid));
	ledger->total = total;
	*ledger_out = ledger;
	return 0;

err_memory:
	if (ledger)
		free(ledger->scratch);
	free(ledger);
	return ret;
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

int ae_ledger_write_own(struct ae_ledger *ledger)
{
	struct ae_ledger_own *own = &ledger->own;
	int ret;

	own->check = ae_ledger_own_check(own);
	ret = ae_ledger_write_at(ledger->file.fd, own, sizeof(*own),
				 ae_ledger_slot_offset(ledger->index));
	if (ret != 0)
		return ret;
	atomic_store_explicit(&ledger->shown_blocks, own->blocks, memory_order_relaxed);
	atomic_store_explicit(&ledger->shown_chunks, own->chunks, memory_order_relaxed);
	atomic_store_explicit(&ledger->shown_ns, coarse_ns(), memory_order_relaxed);
	return 0;
}

/* Under the change lock: readers look as far as this. */
static int raise_high(int fd, uint32_t high)
{
	struct ae_ledger_header header;
	int ret = ae_ledger_read_at(fd, &header, sizeof(header), 0);

	if (ret != 0)
		return ret;
	/* All of them, where the header has been damaged. */
	if (ae_ledger_slots_used(&header) >= high)
		high = (uint32_t)ae_ledger_slots_used(&header);
	header.high = high;
	header.high_check = ~high;
	return ae_ledger_write_at(fd, &header.high, 2 * sizeof(header.high),
				  (off_t)offsetof(struct ae_ledger_header, high));
}

/* Under the change lock. */
static int take_slot(struct ae_ledger *ledger)
{
	const int fd = ledger->file.fd;

	for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
		int ret = ae_ledger_slot_alive(fd, i);

		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		/*
		 * Cleared before the alive lock is taken: a reader that sees the lock never takes
		 * what a dead member has left for the new one's.
		 */
		ret = ae_ledger_bury(fd, i);
		if (ret != 0)
			return ret;
		ret = ae_ledger_lock_alive(fd, i);
		if (ret == -EAGAIN || ret == -EACCES)
			continue;
		if (ret != 0)
			return ret;
		ret = raise_high(fd, (uint32_t)i + 1);
		if (ret != 0)
			return ret;
		ledger->index = i;
		ledger->mail.target = UINT64_MAX;
		ledger->mail.map_asked = ledger->own.map_done;
		ae_ledger_say_grown(ledger);
		ret = ae_ledger_write_mail(fd, i, &ledger->mail);
		return ret != 0 ? ret : ae_ledger_write_own(ledger);
	}
	return -EUSERS;
}

/* Under the change lock: no reserve where it cannot be met, and why not. */
static int settle_reserve(struct ae_ledger *ledger, char *why, size_t why_size)
{
	const struct ae_policy_member *self;
	uint64_t others;
	char text[3][32];
	int ret;

	if (ledger->mail.reserve == 0)
		return 0;
	ret = ae_ledger_gather(ledger, true);
	if (ret != 0)
		return ret;
	self = &ledger->scratch->view.members[ledger->scratch->self];
	others = ae_ledger_committed(&ledger->scratch->view, self->model);
	if (ledger->mail.reserve <= ledger->scratch->view.capacity &&
	    others <= ledger->scratch->view.capacity - ledger->mail.reserve)
		return 0;
	ae_ledger_explain(
		why, why_size,
		"a reserve of %s cannot be kept: other models use or have reserved %s of "
		"the %s that there is; this one goes on with none",
		ae_format_bytes(ledger->mail.reserve, text[0], sizeof(text[0])),
		ae_format_bytes(others, text[1], sizeof(text[1])),
		ae_format_bytes(ledger->scratch->view.capacity, text[2], sizeof(text[2])));
	ledger->mail.reserve = 0;
	return ae_ledger_write_mail(ledger->file.fd, ledger->index, &ledger->mail);
}

static int enter(struct ae_ledger *ledger, char *why, size_t why_size)
{
	int ret = ae_ledger_lock_changes(ledger->file.fd, ledger->path, AE_LEDGER_LOCK_WAIT_NS, why,
					 why_size);

	if (ret != 0)
		return ret;
	why[0] = 0;
	ret = take_slot(ledger);
	if (ret == 0)
		ret = settle_reserve(ledger, why, why_size);
	ae_ledger_unlock_changes(ledger->file.fd);
	if (ret == -EUSERS)
		ae_ledger_explain(why, why_size, "%s has its %d members: set AEROSTAT_GROUP",
				  ledger->path, AE_LEDGER_MEMBERS);
	else if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot join %s: %s", ledger->path,
				  strerrordesc_np(-ret));
	else
		ae_ledger_words_map(&ledger->words, ledger->file.fd);
	return ret;
}

static void fill_own(struct ae_ledger *ledger, const struct ae_ledger_terms *terms)
{
	char text[AE_LEDGER_NAME_MAX];

	ledger->own = (struct ae_ledger_own){
		.pid = (uint64_t)getpid(),
		.joined_ns = wall_clock_ns(),
		.resident_ns = ae_clock_ns(),
		.priority = terms->priority,
	};
	ae_ledger_text_clean(terms->model, text);
	memcpy(ledger->own.model, text, sizeof(text));
	ledger->mail = (struct ae_ledger_mail){ .limit = terms->limit, .reserve = terms->reserve };
	ledger->capacity = terms->capacity < ledger->total ? terms->capacity : ledger->total;
	ledger->quantum_ns = (int64_t)terms->quantum_ms * 1000000;
	ledger->idle_after_ns = (int64_t)terms->idle_after_ms * 1000000;
}

int ae_ledger_join(struct ae_ledger *ledger, const struct ae_ledger_terms *terms, char *why,
		   size_t why_size)
{
	int ret = -EALREADY;

	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) != AE_LEDGER_OPEN) {
		ae_ledger_explain(why, why_size, "this process has joined %s already",
				  ledger->path);
		goto out;
	}
	fill_own(ledger, terms);
	ret = enter(ledger, why, why_size);
	if (ret == 0)
		atomic_store(&ledger->state, AE_LEDGER_JOINED);
out:
	ae_lock_release(&ledger->lock);
	return ret;
}

/* A slot anew, with what is held. Once this fails it is not tried again: each try may wait. */
bool ae_ledger_join_again(struct ae_ledger *ledger)
{
	char why[512] = "";
	int ret;

	/* With both the old slot's lock is gone. */
	ae_fd_close(&ledger->file);
	ae_ledger_words_release(&ledger->words);
	ret = ae_ledger_file_open(ledger->dir, ledger->group, ledger->uuid, ledger->total, why,
				  sizeof(why), ledger->path, sizeof(ledger->path), &ledger->file);
	if (ret == 0)
		ret = enter(ledger, why, sizeof(why));
	if (ret == 0) {
		ledger->joined_again = true;
		ledger->joined_again_ns = ae_clock_ns();
		ae_debug("joined %s again: its descriptor was closed, or the file was changed",
			 ledger->path);
		if (why[0] != 0)
			ae_warn("%s", why);
		return true;
	}
	ae_fd_close(&ledger->file);
	atomic_store(&ledger->state, AE_LEDGER_WITHOUT);
	ae_warn("the entry in the ledger was lost, and this process goes on without one: %s", why);
	return false;
}

bool ae_ledger_hold(struct ae_ledger *ledger)
{
	if (ae_ledger_file_intact(&ledger->file) &&
	    ae_ledger_lock_alive(ledger->file.fd, ledger->index) == 0)
		return true;
	return ae_ledger_join_again(ledger);
}

int ae_ledger_lock(struct ae_ledger *ledger)
{
	char why[512];
	int ret = ae_ledger_lock_changes(
		ledger->file.fd, ledger->path,
		ledger->was_locked_out ? LOCK_BRIEF_NS : AE_LEDGER_LOCK_WAIT_NS, why, sizeof(why));

	if (ret != 0 && !ledger->was_locked_out)
		ae_warn("%s; memory is allocated without asking, until then", why);
	ledger->was_locked_out = ret != 0;
	return ret;
}

void ae_ledger_unlock(struct ae_ledger *ledger)
{
	ae_ledger_unlock_changes(ledger->file.fd);
}

void ae_ledger_close(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	ae_fd_close(&ledger->file); /* and with the mapping the alive lock */
	/* In the child of a fork, a thread that does not exist may hold the lock. */
	if (atomic_load(&ledger->state) != AE_LEDGER_ABANDONED) {
		ae_lock_destroy(&ledger->lock);
		ae_ledger_words_unmap(&ledger->words);
	}
	free(ledger->scratch);
	free(ledger);
}

void ae_ledger_abandon(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	atomic_store(&ledger->state, AE_LEDGER_ABANDONED);
	ae_fd_close(&ledger->file);
}

static void show(struct ae_ledger *ledger, const struct ae_ledger_figures *figures)
{
	int saved_errno = errno;

	ae_lock_acquire(&ledger->lock);
	if (figures->order >= ledger->order) {
		ledger->order = figures->order;
		ledger->own.cached = figures->cached;
		ledger->own.blocks = figures->blocks;
		ledger->own.chunks = figures->chunks;
		ledger->own.pinned = figures->pinned;
	}
	if (figures->active_ns > ledger->own.active_ns)
		ledger->own.active_ns = figures->active_ns;
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger) &&
	    ae_ledger_write_own(ledger) != 0)
		ae_ledger_join_again(ledger);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}

void ae_ledger_report(struct ae_ledger *ledger, const struct ae_ledger_figures *figures)
{
	bool had_blocks;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	/* A process that has freed everything, or has begun to allocate, is shown as it is. */
	had_blocks = atomic_load_explicit(&ledger->shown_blocks, memory_order_relaxed) != 0;
	if (had_blocks == (figures->blocks != 0) &&
	    figures->chunks == atomic_load_explicit(&ledger->shown_chunks, memory_order_relaxed) &&
	    coarse_ns() - atomic_load_explicit(&ledger->shown_ns, memory_order_relaxed) <
		    SHOWN_AGE_NS)
		return;
	show(ledger, figures);
}

void ae_ledger_report_now(struct ae_ledger *ledger, const struct ae_ledger_figures *figures)
{
	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	show(ledger, figures);
	/* It may have been taken in the midst of a change: what the program reports next is shown. */
	atomic_store_explicit(&ledger->shown_ns, 0, memory_order_relaxed);
}
