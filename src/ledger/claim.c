/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Claims: the policy's view of the file, and the decision. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "ledger/internal.h"

/* Every member looks at its entry each second, and so joins a new file. */
#define REJOIN_NS INT64_C(3000000000)
/* What a restore's bytes lengthen the quantum by: four times what they take on the link. */
#define COOLING_NS_PER_MIB 80000

void ae_ledger_ring(struct ae_ledger *ledger, size_t index)
{
	ae_ledger_words_ring(&ledger->words, ledger->file.fd, ae_ledger_bell_offset(index));
}

void ae_ledger_announce(struct ae_ledger *ledger)
{
	ae_ledger_words_ring(&ledger->words, ledger->file.fd,
			     (off_t)offsetof(struct ae_ledger_header, freed));
}

void ae_ledger_say_grown(struct ae_ledger *ledger)
{
	const off_t offset = (off_t)offsetof(struct ae_ledger_header, grown);
	uint32_t grown = 0;

	ae_ledger_read_at(ledger->file.fd, &grown, sizeof(grown), offset);
	grown++;
	ae_ledger_write_at(ledger->file.fd, &grown, sizeof(grown), offset);
}

/* Of the device's total, less what is outside, what this member may help to fill. */
static uint64_t capacity_beside(const struct ae_ledger *ledger, uint64_t outside)
{
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
	scratch->view.now_ns = ae_clock_ns();
	for (size_t i = 0; i < scratch->view.count; i++) {
		struct ae_policy_member *member = &scratch->view.members[i];

		/* In the future: whoever wrote that is taken for busy. */
		member->busy = member->active_ns > scratch->view.now_ns - ledger->idle_after_ns;
	}
	scratch->view.capacity = capacity_beside(ledger, scratch->file.header.outside);
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

static enum ae_policy_verdict consider(struct ae_ledger_scratch *scratch, uint64_t bytes)
{
	const struct ae_policy_request request = { .member = scratch->self, .bytes = bytes };

	ae_policy_decide(&scratch->view, &request, &scratch->plan);
	return scratch->plan.verdict;
}

/*
 * What it means that there is never memory: what is outside can go, and may be of the dead; or of members
 * that have yet to join again.
 */
static int never(struct ae_ledger *ledger, uint64_t bytes)
{
	bool is_new = ledger->joined_again_ns != 0 &&
		      ledger->scratch->view.now_ns - ledger->joined_again_ns < REJOIN_NS;

	ledger->scratch->view.capacity = capacity_beside(ledger, 0);
	if (consider(ledger->scratch, bytes) == AE_POLICY_NEVER)
		return -ENOMEM;
	return is_new ? -EAGAIN : -EBUSY;
}

/* Under the change lock. */
static int decide(struct ae_ledger *ledger, uint64_t bytes)
{
	uint64_t before = ae_ledger_waits_before(ledger);
	struct ae_ledger_scratch *scratch = ledger->scratch;
	int ret;

	/* Whoever has died counts at first: to look for them costs a call each. */
	for (int sweep = 0; sweep < 2; sweep++) {
		ret = ae_ledger_gather(ledger, sweep);
		if (ret != 0)
			return ret;
		/* Behind a wait means: what is free covers both. */
		if (consider(scratch, ae_ledger_sum(bytes, before)) == AE_POLICY_GRANT &&
		    !scratch->damaged)
			return 0;
	}
	/* What is not known cannot be counted: the peer writes its entry again when it hears the bell. */
	if (scratch->damaged)
		return -EAGAIN;
	if (before != 0)
		consider(scratch, bytes);
	if (scratch->plan.verdict == AE_POLICY_NEVER)
		return never(ledger, bytes);
	ask(ledger);
	return -EAGAIN;
}

static int claim(struct ae_ledger *ledger, uint64_t bytes)
{
	int ret;

	if (!ae_ledger_hold(ledger))
		return 0;
	if (ledger->joined_again) {
		/* Whoever is not back yet would not be counted; what was measured is theirs too. */
		ledger->joined_again = false;
		return -EAGAIN;
	}
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
		ae_ledger_say_grown(ledger);
		ret = ae_ledger_write_own(ledger);
	}
	ae_ledger_unlock(ledger);
	if (ret == 0 || ret == -EAGAIN || ret == -ENOMEM || ret == -EBUSY)
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
