/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger, but it includes nothing of it. Who gets a device's memory: one pure function, from a
 * snapshot of all members and one request to a verdict and a plan. No clock, no lock, no memory of its
 * own, no logging: the same view and request have the same plan.
 *
 * Every field may come from a file that anybody has scribbled on. None is used as an index, sums cannot
 * overflow, and whatever they say nothing is granted beyond the capacity.
 *
 * Time O(members log members). Stack: under 4 KiB; view and plan are the caller's.
 * Why it decides as it does: doc/decisions/0012-policy.md.
 */
#ifndef AE_LEDGER_POLICY_H
#define AE_LEDGER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AE_POLICY_MEMBERS 256

/*
 * One member. Members of one model count as one: their least limit and their largest reserve (never
 * more than the limit) hold for the sum of them.
 */
struct ae_policy_member {
	uint32_t model; /* equal numbers are one model */
	int32_t priority; /* -10 to 10, higher wins */
	uint64_t claimed; /* bytes of device memory, cached ones included */
	uint64_t cached; /* of them: given back when asked to trim */
	uint64_t evictable; /* of claimed less cached: what it could evict now, 0 while it cannot */
	uint64_t away; /* evicted bytes, which a restore needs back */
	uint64_t limit; /* bytes, most for the model, evicted ones included */
	uint64_t
		reserve; /* bytes never taken from the model, and kept free for it while not in use */
	int64_t active_ns; /* when it last had GPU work */
	bool busy; /* active within its own IDLE_AFTER */
	/*
	 * When its memory last became usable: its last restore ended, or it made its first claim. Its
	 * quantum and its cooling-off count from here.
	 */
	int64_t resident_ns;
	uint64_t moved; /* bytes that this restore moved */
	uint64_t wait_bytes; /* what the first of its waiting requests needs, 0: none waits */
	bool wait_restore; /* that request is a restore: the bytes are part of away */
	uint64_t wait_turn; /* its ticket: lower came first */
};

/* 28 KiB or so: not for a small thread's stack. */
struct ae_policy_view {
	uint64_t capacity; /* bytes: what the device has, less what is used outside the ledger */
	int64_t now_ns; /* same clock as all times */
	int64_t quantum_ns; /* shortest residency of a busy member when not all fit */
	int64_t cooling_ns_per_mib; /* what the quantum grows by for each MiB that a restore moved */
	size_t count;
	struct ae_policy_member members[AE_POLICY_MEMBERS];
};

struct ae_policy_request {
	size_t member; /* index in the view */
	uint64_t bytes;
	bool restore; /* the bytes are part of the member's away, otherwise they come on top */
};

enum ae_policy_verdict {
	AE_POLICY_GRANT, /* claim the bytes now, under the lock that the view was taken under */
	AE_POLICY_WAIT, /* ask as planned, and wait */
	AE_POLICY_NEVER /* out of memory at once: no peer's doing can change the answer */
};

/*
 * With AE_POLICY_WAIT: what to ask of whom, counted from the view, for the request and for all waiters
 * before it together. So two waiters' asks of one member are merged by taking the larger, never added.
 * trim[request->member] is for the requester itself: trim so much of its own cache, and ask again; it
 * has to be done before anything else, as no peer is asked for those bytes. All zero when nothing that
 * may be asked would be enough: then only a peer that frees, ends or becomes idle can help.
 *
 * again_ns is the earliest time at which more can be had with nothing but time having passed (the end
 * of a quantum or a cooling-off), INT64_MAX when there is none. Everything else
 * is an event to ask again after: claims and cached bytes that shrank, evictable ones that grew, a
 * member that left or became idle, a waiter that was granted or gave up. A member becomes idle by
 * doing nothing, so that nobody may tell: a waiter asks again from time to time whatever again_ns says.
 */
struct ae_policy_plan {
	enum ae_policy_verdict verdict;
	uint64_t trim[AE_POLICY_MEMBERS]; /* bytes, by index in the view, at most cached */
	uint64_t evict[AE_POLICY_MEMBERS]; /* bytes, at most evictable */
	int64_t again_ns;
};

/*
 * Decides one request; the verdict's meaning is above. Called for each claim with the ledger's change
 * lock held, and it takes no other.
 *
 * The requester's place in the line is its wait_turn while it waits, otherwise the end. It is behind
 * every waiter of a higher priority, and of its own with a lower turn; several requests of one member
 * are that member's to order. Behind means: granted only if what is free covers all those as well. A
 * waiter that cannot have its bytes ever keeps nobody waiting, and a request within its model's unused
 * reserve is behind nobody.
 *
 * An allocation is admitted when all that the model holds and has evicted stays within its limit, and
 * could be on the device alone, next to what is reserved for others. Caches count, as their bytes are
 * used again without asking: where they are in the way, the model's own are to be trimmed first. With
 * all of them trimmed it is still too much: AE_POLICY_NEVER. The same for a restore over the limit (which
 * was lowered). A restore that does not fit next to the reserves waits, with nothing to ask: its bytes
 * are in the host store, and a process outside may give the device back. AE_POLICY_NEVER also when view
 * or member is none.
 */
void ae_policy_decide(const struct ae_policy_view *view, const struct ae_policy_request *request,
		      struct ae_policy_plan *plan_out);

#endif
