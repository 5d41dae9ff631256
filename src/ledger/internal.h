/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger, inside. A member's side of its ledger, for the files that share it: ledger.c (coming
 * and going, what is shown), claim.c (claims), line.c (waiting), measure.c (what is used outside, what
 * others have), mail.c (what others ask of it).
 */
#ifndef AE_LEDGER_INTERNAL_H
#define AE_LEDGER_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "ledger/layout.h"
#include "ledger/policy.h"
#include "ledger/words.h"

enum {
	AE_LEDGER_OPEN, /* joined nothing yet */
	AE_LEDGER_JOINED,
	AE_LEDGER_WITHOUT, /* joined once; the slot was lost and no other could be had */
	AE_LEDGER_ABANDONED, /* the child of a fork */
};

/* What a decision is made from; too large for the stack of somebody's thread. */
struct ae_ledger_scratch {
	struct ae_ledger_file file;
	struct ae_policy_view view;
	struct ae_policy_plan plan;
	uint64_t model[AE_POLICY_MEMBERS]; /* a hash of its name, by index in the view */
	uint16_t slot[AE_POLICY_MEMBERS]; /* by index in the view */
	size_t self; /* our own index in the view */
	bool damaged; /* a living member's slot could not be read */
};

/*
 * What this process holds is kept here, and its slot in the file is a copy: a slot can be lost, to a
 * program that closes all descriptors and another process that takes it.
 */
struct ae_ledger {
	_Atomic int state;
	struct ae_lock lock; /* guards the rest, the atomic figures excepted; held over file I/O */
	struct ae_fd file; /* the file, with the alive lock on its description */
	struct ae_ledger_words words;
	size_t index; /* of the slot, when joined */
	struct ae_ledger_own own;
	struct ae_ledger_mail mail; /* as last seen whole */
	struct ae_ledger_scratch *scratch;
	struct ae_ledger_wait *waits; /* of this process, by turn */
	uint64_t capacity; /* most that this member claims of the device's total */
	int64_t quantum_ns, idle_after_ns;
	int64_t measured_ns; /* when this process last said what is used */
	int64_t less_since_ns; /* since when it measures less outside than the file has, 0: it does not */
	uint64_t less; /* how much, at most, since then */
	bool joined_again; /* since then, in a file that others may not have joined again yet */
	int64_t joined_again_ns; /* when that was, 0: never */
	bool was_locked_out; /* the change lock's holder seems to be stopped */
	uint64_t order; /* of the figures in own */
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

/* All of these under ledger->lock, and joined. */

/* Our own part as it is now into the slot. By the holder of its alive lock. */
int ae_ledger_write_own(struct ae_ledger *ledger);

/*
 * True when our slot is ours: looks, and takes another one when it is not. The alive lock says whose a
 * slot is: taken again by the description that holds it, it costs a call and changes nothing; refused,
 * the slot is somebody else's by now.
 */
bool ae_ledger_hold(struct ae_ledger *ledger);

/* The same when writing failed. */
bool ae_ledger_join_again(struct ae_ledger *ledger);

/*
 * The change lock for a member: 0, or -ETIMEDOUT when its holder seems to be stopped, which is waited
 * for at length once, and then only briefly until it was had again. Logs.
 */
int ae_ledger_lock(struct ae_ledger *ledger);
void ae_ledger_unlock(struct ae_ledger *ledger);

/*
 * Reads all slots in use into scratch and makes the members of the policy's view of them. The ledger is
 * the reader's own, NULL when it is no member.
 */
enum ae_ledger_scan {
	AE_LEDGER_SCAN_TRUST, /* whoever has died counts: to look costs a call for each member */
	AE_LEDGER_SCAN_LOOK,
	AE_LEDGER_SCAN_SWEEP, /* and clear their slots: under the change lock */
};
int ae_ledger_scan(int fd, enum ae_ledger_scan mode, struct ae_ledger *ledger,
		   struct ae_ledger_scratch *scratch);

/*
 * Clears the slot of a member that has died, and notes that its memory may take a while to be free. Under
 * the change lock.
 */
int ae_ledger_bury(int fd, size_t index);

/* The same as a scan, for a member, and the rest of the view. */
int ae_ledger_gather(struct ae_ledger *ledger, bool sweep);

/* What a model has, by its number in the view. */
struct ae_ledger_share {
	uint64_t used; /* claimed and not cached */
	uint64_t cached;
	uint64_t reserve;
};
struct ae_ledger_share ae_ledger_share_of(const struct ae_policy_view *view, uint32_t model);

/* The sum of all claims. */
uint64_t ae_ledger_claims(const struct ae_policy_view *view);

/* The sum of what all models but one use or have reserved, whichever is more of each. */
uint64_t ae_ledger_committed(const struct ae_policy_view *view, uint32_t but_model);

/* Saturates: any field may be damaged. */
static inline uint64_t ae_ledger_sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/* Rings the bell of a slot. */
void ae_ledger_ring(struct ae_ledger *ledger, size_t index);

/* Says to all that memory may have become free. */
void ae_ledger_announce(struct ae_ledger *ledger);

/* Under the change lock, and before a claim grows in the file. */
void ae_ledger_say_grown(struct ae_ledger *ledger);

/* What threads of this process wait for that are before the calling one in the line. */
uint64_t ae_ledger_waits_before(const struct ae_ledger *ledger);

#endif
