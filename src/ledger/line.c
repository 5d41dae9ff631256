/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The line: the waits of this process, their places among those of others, and how they are woken. */
#include <errno.h>
#include <pthread.h>

#include "ledger/internal.h"

/* A place in the line: a number that nobody has had. Under the change lock. */
static uint64_t take_turn(struct ae_ledger *ledger)
{
	const off_t offset = (off_t)offsetof(struct ae_ledger_header, turn);
	uint64_t turn = 0;

	if (ae_ledger_read_at(ledger->file.fd, &turn, sizeof(turn), offset) != 0 ||
	    turn == UINT64_MAX)
		turn = 0;
	turn++;
	ae_ledger_write_at(ledger->file.fd, &turn, sizeof(turn), offset);
	return turn;
}

/* The slot shows the first of our waits: it is the one whose turn comes. */
static void show_waits(struct ae_ledger *ledger)
{
	const struct ae_ledger_wait *first = ledger->waits;

	ledger->own.wait_bytes = first ? first->bytes : 0;
	ledger->own.wait_turn = first ? first->turn : 0;
	/* Its own end comes first, by a second at least. */
	ledger->own.wait_until_s = first && first->until_ns / 1000000000 < UINT32_MAX - 2
					   ? (uint32_t)(first->until_ns / 1000000000) + 2
					   : 0;
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger) &&
	    ae_ledger_write_own(ledger) != 0)
		ae_ledger_join_again(ledger);
}

/* Tells who does not know it yet that somebody waits, so that they cache nothing from now on. */
static void tell_others(struct ae_ledger *ledger)
{
	const struct ae_policy_view *view = &ledger->scratch->view;
	size_t waiting = 0;

	if (ae_ledger_gather(ledger, false) != 0)
		return;
	for (size_t i = 0; i < view->count; i++)
		waiting += i != ledger->scratch->self && view->members[i].wait_bytes != 0;
	/* Each counts the others: where one waited alone, it is the one that did not know. */
	for (size_t i = 0; i < view->count && waiting < 2; i++) {
		if (i != ledger->scratch->self && (view->members[i].wait_bytes != 0) == waiting)
			ae_ledger_ring(ledger, ledger->scratch->slot[i]);
	}
}

uint64_t ae_ledger_waits_before(const struct ae_ledger *ledger)
{
	const uint64_t self = (uint64_t)pthread_self();
	uint64_t bytes = 0;

	for (const struct ae_ledger_wait *wait = ledger->waits; wait; wait = wait->next) {
		if (wait->thread == self)
			break;
		bytes = ae_ledger_sum(bytes, wait->bytes);
	}
	return bytes;
}

void ae_ledger_wait_begin(struct ae_ledger *ledger, struct ae_ledger_wait *wait, uint64_t bytes,
			  int64_t until_ns)
{
	struct ae_ledger_wait **end = &ledger->waits;
	int saved_errno = errno;

	*wait = (struct ae_ledger_wait){
		.bytes = bytes,
		.turn = UINT64_MAX,
		.thread = (uint64_t)pthread_self(),
		.until_ns = until_ns,
	};
	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger) &&
	    ae_ledger_lock(ledger) == 0) {
		wait->turn = take_turn(ledger);
		ae_ledger_unlock(ledger);
	}
	while (*end)
		end = &(*end)->next;
	*end = wait;
	show_waits(ledger);
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED)
		tell_others(ledger);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}

void ae_ledger_wait_end(struct ae_ledger *ledger, struct ae_ledger_wait *wait)
{
	struct ae_ledger_wait **link = &ledger->waits;
	int saved_errno = errno;

	ae_lock_acquire(&ledger->lock);
	while (*link != wait)
		link = &(*link)->next;
	*link = wait->next;
	show_waits(ledger);
	/* Whoever stood behind us may be next. */
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED)
		ae_ledger_announce(ledger);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}

uint32_t ae_ledger_event(struct ae_ledger *ledger)
{
	int saved_errno = errno;
	uint32_t event;

	ae_lock_acquire(&ledger->lock);
	event = ae_ledger_words_read(ledger->file.fd,
				     (off_t)offsetof(struct ae_ledger_header, freed));
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return event;
}

void ae_ledger_wait(struct ae_ledger *ledger, uint32_t event, int64_t timeout_ns)
{
	int saved_errno = errno;

	ae_ledger_words_wait(&ledger->words, (off_t)offsetof(struct ae_ledger_header, freed), event,
			     timeout_ns);
	errno = saved_errno;
}
