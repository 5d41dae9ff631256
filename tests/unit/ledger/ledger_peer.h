/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Members that are processes of their own and do what the test tells them, one thing at a time, in the
 * ledger of ledger_fixture.h. What has no end within 30 s fails the test.
 */
#ifndef LEDGER_PEER_H
#define LEDGER_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include "ledger/ledger.h"

enum peer_order {
	PEER_CLAIM, /* bytes; as ae_ledger_claim */
	PEER_ASK, /* bytes: the same, and once more when it is refused, after measuring */
	PEER_UNCLAIM, /* bytes */
	PEER_CACHE, /* bytes that are cached from now on, shown at once */
	PEER_WAIT, /* bytes: until claimed, at most 30 s, -EBUSY as well; then as ae_ledger_claim */
	PEER_SLEEP, /* the same, but asks again only when it is woken */
	PEER_WAIT_SHORT, /* bytes: says that it waits for 2 s, and waits for 30 */
	PEER_TARGET, /* takes the mail: the target, or what ae_ledger_take_mail returned */
	PEER_OTHERS_WAIT, /* takes the mail: whether others wait */
	PEER_LIMIT, /* takes the mail: the limit */
	PEER_RING, /* sleeps on the bell until it rings; 0, or -ETIMEDOUT */
	PEER_MEND, /* writes its entry again, as the steward does each second */
	PEER_STEWARD, /* has a steward from now on, and does not mend by itself */
	PEER_CHURN, /* claims, waits and unclaims for so many ms, up to 3/4 of the device; 0 */
};

#define PEERS_MOST 1024

/*
 * The device, shared by all: what its driver would say is used, and how often it had less than a claim
 * that was granted. Made by the first peer_start of a test.
 */
struct peer_device {
	_Atomic int64_t used;
	_Atomic uint64_t refused;
	_Atomic int
		dying; /* then the ledger may know of a death before this does, and nothing is refused */
	_Atomic int64_t
		used_by[PEERS_MOST]; /* of used, to be free when the peer of that number dies */
};
extern struct peer_device *peer_device;

struct peer {
	pid_t pid;
	int fd, number;
};

/* Terms without a model are those of the fixture: a model of its own, all of the device. */
struct peer peer_start(const struct ae_ledger_terms *terms);

/* Tells it to do something, and has its answer; or only tells, or only waits for the answer. */
int64_t peer_do(struct peer *peer, enum peer_order order, uint64_t value);
void peer_tell(struct peer *peer, enum peer_order order, uint64_t value);
int64_t peer_answer(struct peer *peer);
int peer_is_done(struct peer *peer); /* there is an answer */

/* Returns once its entry shows that it waits. */
void peer_wait_seen(struct peer *peer);

void peer_kill(struct peer *peer);

/* The member of that process in the ledger; fails the test when it is not there. */
struct ae_ledger_member peer_member(const struct peer *peer);

#endif
