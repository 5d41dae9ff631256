/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Claims: the policy's view of the file, the decision, and waiting for another one. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "ledger/internal.h"

/*
 * What is counted as outside is measured again after so long; the driver's figure costs 7 us (H100), and
 * a claim that is refused is measured for in any case.
 */
#define MEASURE_AGE_NS 1000000000LL
/* What a restore's bytes lengthen the quantum by: four times what they take on the link. */
#define COOLING_NS_PER_MIB 80000

int64_t ae_ledger_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void ae_ledger_ring(struct ae_ledger *ledger, size_t index)
{
	ae_ledger_words_ring(&ledger->words, ledger->file.fd, ae_ledger_bell_offset(index));
}

void ae_ledger_announce(struct ae_ledger *ledger)
{
	ae_ledger_words_ring(&ledger->words, ledger->file.fd,
			     (off_t)offsetof(struct ae_ledger_header, freed));
}

/* Of the device's total, less what is outside, what this member may help to fill. */
static uint64_t capacity_now(const struct ae_ledger *ledger)
{
	uint64_t outside = ledger->scratch->file.header.outside;
	uint64_t left = outside < ledger->total ? ledger->total - outside : 0;

	return left < ledger->capacity ? left : ledger->capacity;
}

int ae_ledger_gather(struct ae_ledger *ledger, bool sweep)
{
	struct ae_ledger_scratch *scratch = ledger->scratch;
	int ret =
		ae_ledger_scan(ledger->file.fd, sweep ? AE_LEDGER_SCAN_SWEEP : AE_LEDGER_SCAN_TRUST,
			       ledger, scratch);

	if (ret != 0)
		return ret;
	scratch->view.now_ns = ae_ledger_now_ns();
	for (size_t i = 0; i < scratch->view.count; i++) {
		struct ae_policy_member *member = &scratch->view.members[i];

		/* In the future: whoever wrote that is taken for busy. */
		member->busy = member->active_ns > scratch->view.now_ns - ledger->idle_after_ns;
	}
	scratch->view.capacity = capacity_now(ledger);
	scratch->view.quantum_ns = ledger->quantum_ns;
	scratch->view.cooling_ns_per_mib = COOLING_NS_PER_MIB;
	return 0;
}

/*
 * Tells the peers what the plan asks of them: to come down to less, rather than by so much, so that what
 * they free by themselves meanwhile counts. What was asked before is not made less.
 */
static void ask(struct ae_ledger *ledger)
{
	struct ae_ledger_scratch *scratch = ledger->scratch;

	for (size_t i = 0; i < scratch->view.count; i++) {
		struct ae_ledger_mail mail = scratch->file.slots[scratch->slot[i]].mail;
		uint64_t target = scratch->view.members[i].claimed - scratch->plan.trim[i];

		if (i == scratch->self || scratch->plan.trim[i] == 0)
			continue;
		if (target < mail.target) {
			mail.target = target;
			ae_ledger_write_mail(ledger->file.fd, scratch->slot[i], &mail);
		}
		ae_ledger_ring(ledger, scratch->slot[i]);
	}
}

/* Under the change lock. */
static int decide(struct ae_ledger *ledger, uint64_t bytes)
{
	struct ae_ledger_scratch *scratch = ledger->scratch;
	struct ae_policy_request request = { .bytes = bytes };
	int ret;

	/* Whoever has died counts at first: to look for them costs a call each. */
	for (int sweep = 0; sweep < 2; sweep++) {
		ret = ae_ledger_gather(ledger, sweep);
		if (ret != 0)
			return ret;
		request.member = scratch->self;
		ae_policy_decide(&scratch->view, &request, &scratch->plan);
		if (scratch->plan.verdict == AE_POLICY_GRANT && !scratch->damaged)
			return 0;
	}
	/* What is not known cannot be counted: the peer writes its entry again when it hears the bell. */
	if (scratch->damaged)
		return -EAGAIN;
	if (scratch->plan.verdict == AE_POLICY_NEVER)
		return -ENOMEM;
	ask(ledger);
	return -EAGAIN;
}

static int claim(struct ae_ledger *ledger, uint64_t bytes)
{
	int ret;

	if (!ae_ledger_hold(ledger))
		return 0;
	if (ae_ledger_lock(ledger) != 0) {
		/* Better than to stop with whoever is stopped: the driver has the last word. */
		ledger->own.claimed = ae_ledger_sum(ledger->own.claimed, bytes);
		ae_ledger_write_own(ledger);
		return 0;
	}
	ret = decide(ledger, bytes);
	if (ret == 0) {
		/* From here on its memory is in use: a model that still loads has a quantum too. */
		if (ledger->own.claimed == 0)
			ledger->own.resident_ns = ledger->scratch->view.now_ns;
		ledger->own.claimed = ae_ledger_sum(ledger->own.claimed, bytes);
		ret = ae_ledger_write_own(ledger);
	}
	ae_ledger_unlock(ledger);
	if (ret == 0 || ret == -EAGAIN || ret == -ENOMEM)
		return ret;
	/* The file failed, in midst of it: what is held is entered anew. */
	ledger->own.claimed = ae_ledger_sum(ledger->own.claimed, bytes);
	ae_ledger_join_again(ledger);
	return 0;
}

int ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes)
{
	int saved_errno = errno, ret = 0;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return 0;
	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED)
		ret = claim(ledger, bytes);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return ret;
}

/* Plans to take bytes of the peers' caches, the idle first; nothing of what a model has reserved. */
static bool plan_caches(struct ae_ledger_scratch *scratch, uint64_t bytes)
{
	uint64_t left = bytes;

	memset(scratch->plan.trim, 0, sizeof(scratch->plan.trim));
	for (int busy = 0; busy < 2; busy++) {
		for (size_t i = 0; i < scratch->view.count; i++) {
			const struct ae_policy_member *member = &scratch->view.members[i];
			uint64_t spare = member->claimed > member->reserve
						 ? member->claimed - member->reserve
						 : 0;

			if (i == scratch->self || member->busy != busy)
				continue;
			if (spare > member->cached)
				spare = member->cached;
			scratch->plan.trim[i] = spare < left ? spare : left;
			left -= scratch->plan.trim[i];
		}
	}
	return left < bytes;
}

static bool ask_for_driver(struct ae_ledger *ledger, uint64_t bytes)
{
	bool asks = false;

	if (!ae_ledger_hold(ledger) || ae_ledger_lock(ledger) != 0)
		return false;
	if (ae_ledger_gather(ledger, true) == 0 && plan_caches(ledger->scratch, bytes)) {
		ask(ledger);
		asks = true;
	}
	ae_ledger_unlock(ledger);
	return asks;
}

bool ae_ledger_ask(struct ae_ledger *ledger, uint64_t bytes)
{
	int saved_errno = errno;
	bool asks = false;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return false;
	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED)
		asks = ask_for_driver(ledger, bytes);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return asks;
}

void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes)
{
	int saved_errno = errno;
	uint64_t *claimed = &ledger->own.claimed;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	ae_lock_acquire(&ledger->lock);
	*claimed = bytes > *claimed ? 0 : *claimed - bytes;
	/* Less needs no change lock: whoever decides sees the one figure or the other. */
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger)) {
		if (ae_ledger_write_own(ledger) == 0)
			ae_ledger_announce(ledger);
		else
			ae_ledger_join_again(ledger);
	}
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}

bool ae_ledger_measure_is_due(const struct ae_ledger *ledger)
{
	int64_t last = __atomic_load_n(&ledger->measured_ns, __ATOMIC_RELAXED);

	return last == 0 || ae_ledger_now_ns() - last >= MEASURE_AGE_NS;
}

void ae_ledger_measure(struct ae_ledger *ledger, uint64_t used_bytes)
{
	const off_t offset = (off_t)offsetof(struct ae_ledger_header, outside);
	uint64_t claimed, outside;
	int saved_errno = errno;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	ae_lock_acquire(&ledger->lock);
	__atomic_store_n(&ledger->measured_ns, ae_ledger_now_ns(), __ATOMIC_RELAXED);
	if (atomic_load(&ledger->state) != AE_LEDGER_JOINED || !ae_ledger_hold(ledger) ||
	    ae_ledger_lock(ledger) != 0)
		goto out;
	if (ae_ledger_gather(ledger, true) == 0 && !ledger->scratch->damaged) {
		claimed = ae_ledger_claims(&ledger->scratch->view);
		/* What is claimed and not created yet makes this too low, and the driver will say so. */
		outside = used_bytes > claimed ? used_bytes - claimed : 0;
		if (outside != ledger->scratch->file.header.outside)
			ae_ledger_write_at(ledger->file.fd, &outside, sizeof(outside), offset);
	}
	ae_ledger_unlock(ledger);
out:
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}

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
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger) &&
	    ae_ledger_write_own(ledger) != 0)
		ae_ledger_join_again(ledger);
}

void ae_ledger_wait_begin(struct ae_ledger *ledger, struct ae_ledger_wait *wait, uint64_t bytes)
{
	struct ae_ledger_wait **end = &ledger->waits;
	int saved_errno = errno;

	*wait = (struct ae_ledger_wait){ .bytes = bytes, .turn = UINT64_MAX };
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

/* For the sums below, which are no decision: what is not known is left out. */
void ae_ledger_get_others(struct ae_ledger *ledger, struct ae_ledger_others *others_out)
{
	const struct ae_policy_view *view = &ledger->scratch->view;
	const struct ae_policy_member *self;
	int saved_errno = errno;
	uint64_t own_cached, taken;

	*others_out = (struct ae_ledger_others){ .room = UINT64_MAX };
	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	ae_lock_acquire(&ledger->lock);
	if (atomic_load(&ledger->state) != AE_LEDGER_JOINED || ae_ledger_gather(ledger, false) != 0)
		goto out;
	self = &view->members[ledger->scratch->self];
	others_out->members = view->count - 1;
	for (size_t i = 0; i < view->count; i++) {
		struct ae_ledger_share share;

		if (view->members[i].model != i)
			continue;
		share = ae_ledger_share_of(view, (uint32_t)i);
		others_out->cached = ae_ledger_sum(others_out->cached, share.cached);
		if (i == self->model)
			others_out->model_used = share.used;
		else if (share.reserve > share.used)
			others_out->kept =
				ae_ledger_sum(others_out->kept, share.reserve - share.used);
	}
	/* Our own part of these is not others'. */
	own_cached = self->cached < self->claimed ? self->cached : self->claimed;
	others_out->cached -= own_cached;
	others_out->model_used -= self->claimed - own_cached;
	taken = ae_ledger_sum(ae_ledger_committed(view, self->model), others_out->model_used);
	others_out->room = taken < view->capacity ? view->capacity - taken : 0;
out:
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}
