/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What is used under no claim, as measured, and what the others have. */
#include <errno.h>

#include "ledger/internal.h"

/*
 * What is counted as outside is measured again after so long; the driver's figure costs 7 us (H100), and
 * a claim that is refused is measured for in any case.
 */
#define MEASURE_AGE_NS 1000000000LL
/* Longer than from a claim to its memory being there, in almost any case. */
#define LESS_NS 100000000LL

bool ae_ledger_measure_is_due(const struct ae_ledger *ledger)
{
	int64_t last = __atomic_load_n(&ledger->measured_ns, __ATOMIC_RELAXED);

	return last == 0 || ae_clock_ns() - last >= MEASURE_AGE_NS;
}

/*
 * What is claimed and not created yet makes what is measured too little, and what is granted for it the
 * driver would refuse. So less is believed when nothing else was seen for a while; alone it is at once.
 */
static void set_outside(struct ae_ledger *ledger, uint64_t outside)
{
	const off_t offset = (off_t)offsetof(struct ae_ledger_header, outside);
	uint64_t known = ledger->scratch->file.header.outside;
	int64_t now_ns = ledger->scratch->view.now_ns;

	if (outside < known && ledger->scratch->view.count > 1) {
		if (ledger->less_since_ns == 0 || outside > ledger->less)
			ledger->less = outside;
		if (ledger->less_since_ns == 0)
			ledger->less_since_ns = now_ns;
		if (now_ns - ledger->less_since_ns < LESS_NS)
			return;
		outside = ledger->less;
	}
	ledger->less_since_ns = 0;
	if (outside != known)
		ae_ledger_write_at(ledger->file.fd, &outside, sizeof(outside), offset);
}

uint64_t ae_ledger_measure_begin(struct ae_ledger *ledger)
{
	int saved_errno = errno;
	uint64_t claims = 0;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return 0;
	ae_lock_acquire(&ledger->lock);
	/* What cannot be read is taken for 0: then it is as if nobody had asked before. */
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger) &&
	    ae_ledger_scan(ledger->file.fd, AE_LEDGER_SCAN_LOOK, ledger, ledger->scratch) == 0)
		claims = ae_ledger_claims(&ledger->scratch->view);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return claims;
}

void ae_ledger_measure(struct ae_ledger *ledger, uint64_t claims, uint64_t used_bytes)
{
	int saved_errno = errno;

	if (atomic_load_explicit(&ledger->state, memory_order_acquire) != AE_LEDGER_JOINED)
		return;
	ae_lock_acquire(&ledger->lock);
	__atomic_store_n(&ledger->measured_ns, ae_clock_ns(), __ATOMIC_RELAXED);
	if (atomic_load(&ledger->state) != AE_LEDGER_JOINED || !ae_ledger_hold(ledger) ||
	    ae_ledger_lock(ledger) != 0)
		goto out;
	if (ae_ledger_gather(ledger, true) == 0 && !ledger->scratch->damaged) {
		if (ae_ledger_claims(&ledger->scratch->view) > claims)
			claims = ae_ledger_claims(&ledger->scratch->view);
		set_outside(ledger, used_bytes > claims ? used_bytes - claims : 0);
		ledger->joined_again = false;
	}
	ae_ledger_unlock(ledger);
out:
	ae_lock_release(&ledger->lock);
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
	others_out->died_ns = ledger->scratch->file.header.died_ns;
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
