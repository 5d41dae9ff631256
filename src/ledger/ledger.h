/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger. The shared-memory file in which the members of one device account for its physical
 * memory, and through which they ask each other for it: DIR/GROUP-UUID.ledger. Fixed layout, versioned,
 * no pointers; whatever is read from it is untrusted.
 *
 * A claim is made before memory is created, under the change lock (an OFD write lock on one byte of the
 * file), against the sum of all claims, as the policy decides (policy.h). There is no sum in the file: it
 * is told from the slots each time, so that nobody can die in the midst of changing it. A member lives
 * as long as its *alive* lock (an OFD lock on a byte of its own) is held: the kernel drops it however
 * the process dies, and what it had claimed is free at the next claim that needs it. Memory that is still
 * there all the same, held by a forked child for instance, is measured like any other that is used
 * outside the ledger.
 *
 * The program may close our descriptor (the mapping for the futex words keeps the lock), and somebody may
 * remove or truncate the file. The account is therefore the process's own and the slot a copy, written
 * only while the alive lock is held. A member that cannot write to its slot takes a new one, with what
 * it holds, at its next claim or report that writes; where that fails, one line is logged and the process
 * goes on without an entry, and without claims.
 *
 * Each struct ae_ledger has a lock of rank AE_LOCK_LEDGER, held over file I/O and over the change lock
 * of the file, which has a time-out of two seconds. Waiting for memory holds no lock.
 */
#ifndef AE_LEDGER_LEDGER_H
#define AE_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AE_LEDGER_MEMBERS  256
#define AE_LEDGER_NAME_MAX 64
#define AE_LEDGER_VERSION  2

struct ae_ledger;

/* What is known of one member. Bytes are of device memory where not said otherwise. */
struct ae_ledger_member {
	pid_t pid; /* in the member's own PID namespace; 0 when what it wrote is none */
	char model[AE_LEDGER_NAME_MAX];
	size_t slot; /* where it is, for those who write to it */
	uint64_t joined_ns; /* CLOCK_REALTIME */
	uint64_t limit, reserve;
	uint64_t claimed; /* created or about to be */
	uint64_t cached; /* of them, in no live block */
	uint64_t blocks; /* live blocks */
	uint64_t chunks; /* physical allocations */
	uint64_t pinned; /* of claimed: what cannot move */
	uint64_t away; /* evicted */
	uint64_t host; /* bytes of pinned host memory */
	uint64_t wait_bytes; /* what it waits for; 0: it does not */
	int64_t active_ns; /* CLOCK_MONOTONIC: when it was last seen using the GPU; 0: never */
	int priority;
};

/*
 * Makes sure that dir is a directory of this user's that nobody else may write to, and opens or makes
 * the ledger of group and device in it. A missing directory is made with mode 0700, its parents are
 * left alone. Only the rights to write are checked: whoever may write could put a file of his in the
 * ledger's place, whereas whoever may read, in a directory that the user made readable, learns the
 * models' names and the bytes they hold. uuid: 16 bytes. total: the device's bytes.
 *
 * 0, or a negative errno with a line for people in why: what happened, to which path, what to do.
 * -EPROTO: the file is of another version or not a ledger; it is left alone. -ETIMEDOUT: another
 * process has held the ledger's lock for two seconds. -EFBIG: RLIMIT_FSIZE forbids it. A ledger nobody
 * lives in takes a new total, and what was outside is forgotten.
 */
int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out);

/* On what terms a member joins. */
struct ae_ledger_terms {
	const char
		*model; /* up to AE_LEDGER_NAME_MAX - 1 bytes; what is not printable ASCII is '?' */
	uint64_t limit; /* bytes, most for the model: the sum of the claims of all its members */
	uint64_t reserve; /* bytes kept for the model, and never taken from it */
	uint64_t capacity; /* bytes: with its claims the sum of all is never above this */
	int priority; /* -10 to 10 */
	uint64_t quantum_ms;
	uint64_t idle_after_ms; /* a member that was not active for so long is idle to this one */
};

/*
 * Takes a slot. Once for each opened ledger, before any claim. -EUSERS: all are taken. -ETIMEDOUT
 * as above. A reserve that cannot be met next to the others' is no error: then the member has none,
 * and why says so, with the arithmetic; otherwise why is empty on success.
 */
int ae_ledger_join(struct ae_ledger *ledger, const struct ae_ledger_terms *terms, char *why,
		   size_t why_size);

/* Leaves (when joined) and closes. Takes NULL. Never called in a process that is exiting. */
void ae_ledger_close(struct ae_ledger *ledger);

/*
 * In the child of a fork: closes the descriptors that would keep the parent's alive lock held.
 * What the child claims afterwards through this ledger counts for nobody. Async-signal-safe. The
 * child may ae_ledger_close it later.
 */
void ae_ledger_abandon(struct ae_ledger *ledger);

/*
 * Claims bytes before they are created. 0; -EAGAIN: not now, and the peers that can help were asked:
 * see ae_ledger_wait; -ENOMEM: never, by the limit, what others have reserved, or the device; -EBUSY: not
 * while so much of the device is used outside the ledger, which the memory of a process that has just
 * ended may be for a while. -EAGAIN also when the file had to be joined again: what the others have is not
 * known before it was measured. Threads of the process that wait longer come first, as in other processes.
 * Always 0 without arbitration: before the join, after a failed one, in a child that has abandoned the
 * ledger, and while the change lock's holder is stopped. errno is kept, here and below.
 */
int ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes);

/*
 * Has peers give back cache for bytes that the driver allocates by itself, under no claim and no limit of
 * ours. True: somebody was asked, and an event tells when it is done.
 */
bool ae_ledger_ask(struct ae_ledger *ledger, uint64_t bytes);

/* After bytes were released, or not created. Never below 0. Wakes those who wait for memory. */
void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes);

/*
 * Bytes of the device that are used by anybody, as the driver says just now: what is in no claim of it is
 * outside, and is left room for. claims: of all members, as they were before the driver was asked, so
 * that memory that is released meanwhile is not taken for outside. due: when this process has not said
 * so for a second.
 */
uint64_t ae_ledger_measure_begin(struct ae_ledger *ledger);
void ae_ledger_measure(struct ae_ledger *ledger, uint64_t claims, uint64_t used_bytes);
bool ae_ledger_measure_is_due(const struct ae_ledger *ledger);

/*
 * Waiting for memory. Between begin and end the member has a place in the line, and wait, which is the
 * caller's, is in use; of several threads that wait the first is shown to the others. event is read
 * before a claim is tried, and the wait returns when anything has happened since, or after timeout_ns, or
 * for no reason: then the claim is tried again. A wait of a process that is stopped loses its place at
 * until_ns (CLOCK_MONOTONIC). The thread that waits is the one that claims.
 */
struct ae_ledger_wait {
	struct ae_ledger_wait *next;
	uint64_t bytes, turn, thread;
	int64_t until_ns;
};
void ae_ledger_wait_begin(struct ae_ledger *ledger, struct ae_ledger_wait *wait, uint64_t bytes,
			  int64_t until_ns);
void ae_ledger_wait_end(struct ae_ledger *ledger, struct ae_ledger_wait *wait);
uint32_t ae_ledger_event(struct ae_ledger *ledger);
void ae_ledger_wait(struct ae_ledger *ledger, uint32_t event, int64_t timeout_ns);

/* What a member has to know of the others to say what it could still have. */
struct ae_ledger_others {
	size_t members; /* how many there are */
	uint64_t model_used; /* claimed and not cached, by other members of the same model */
	uint64_t cached; /* by all others: theirs to give back */
	uint64_t kept; /* reserved for other models, and not used by them yet */
	int64_t died_ns; /* CLOCK_MONOTONIC: when one with claims was last found dead; 0: never */
	uint64_t room; /* the most that this member could hold with all of the others' cache gone */
};
void ae_ledger_get_others(struct ae_ledger *ledger, struct ae_ledger_others *others_out);

/*
 * What else the member's slot shows. For every allocation: neither a lock nor a system call, except
 * when the number of chunks has changed (a driver call was made), when the first block came or the
 * last one went, or when the slot is more than 10 ms old.
 * What is shown of cached and blocks may therefore be as old as 10 ms before the last call. order grows
 * with every change: of figures that two threads have taken, the older never replace the younger.
 */
struct ae_ledger_figures {
	uint64_t order;
	uint64_t cached, blocks, chunks; /* as in struct ae_ledger_member */
	uint64_t pinned; /* likewise; UINT64_MAX: all that is claimed */
	int64_t active_ns; /* likewise; 0: no news */
};
void ae_ledger_report(struct ae_ledger *ledger, const struct ae_ledger_figures *figures);
/* The same at once, whatever the slot shows; it mends a slot that was damaged. */
void ae_ledger_report_now(struct ae_ledger *ledger, const struct ae_ledger_figures *figures);

/* For the steward: what others have asked of this member since the last time, and what holds now. */
struct ae_ledger_mailbag {
	uint64_t limit, reserve;
	uint64_t
		target; /* the claims to come down to, by giving back cache; UINT64_MAX: as they are */
	uint64_t map_asked; /* the number of a map to write (ae_ledger_map_path), 0: none */
	bool others_wait; /* for memory: what is freed is better given back than cached */
};
/* 0, or a negative errno and nothing is told: try again in a second. */
int ae_ledger_take_mail(struct ae_ledger *ledger, struct ae_ledger_mailbag *mail_out);

/* The bell rings when there is mail. To be read before the mail is taken; the wait as above. */
uint32_t ae_ledger_bell(struct ae_ledger *ledger);
void ae_ledger_bell_wait(struct ae_ledger *ledger, uint32_t bell, int64_t timeout_ns);

/* Where the map of that number is to be written: a file that whoever asked has made. */
void ae_ledger_map_path(const struct ae_ledger *ledger, uint64_t map, char *path, size_t path_size);
void ae_ledger_map_done(struct ae_ledger *ledger, uint64_t map);

/*
 * For readers: opens an existing ledger file read-only, checks its header as ae_ledger_open does,
 * and copies every living member, text made printable. Nothing is changed on disk, nobody waits. It is
 * read again when a claim has grown meanwhile, so that what one has given back and another has taken is
 * not counted twice.
 * 0, or a negative errno with a line in why.
 */
struct ae_ledger_view {
	char path[256];
	unsigned char uuid[16];
	uint64_t total;
	uint64_t
		outside; /* bytes used under no claim, when last measured; never more than the claims leave */
	size_t count;
	struct ae_ledger_member members[AE_LEDGER_MEMBERS];
};
int ae_ledger_read(const char *path, char *why, size_t why_size, struct ae_ledger_view *view_out);

/*
 * For the tool: tells a member something, as read: when it is another by now, -ESRCH. It takes effect
 * when its steward has read it, at once in a healthy process. 0, or a negative errno with a line in why.
 */
enum ae_ledger_order {
	AE_LEDGER_SET_LIMIT, /* value: bytes */
	AE_LEDGER_SET_RESERVE, /* value: bytes. -ENOSPC: more than there is, with the arithmetic */
	AE_LEDGER_ASK_TRIM, /* value: claims to come down to by giving back cache, in bytes */
	AE_LEDGER_ASK_MAP, /* value: not used */
};
int ae_ledger_tell(const char *path, const struct ae_ledger_member *member,
		   enum ae_ledger_order order, uint64_t value, char *why, size_t why_size);

/*
 * Has a member write down its pool, and waits for it: the path of the file, which is the caller's to
 * read and to remove. -ETIMEDOUT: it did not within timeout_ms (stopped, or without a steward).
 */
int ae_ledger_get_map(const char *path, const struct ae_ledger_member *member, int timeout_ms,
		      char *map_path, size_t map_path_size, char *why, size_t why_size);

/*
 * Waits until the member has done what it was told before, and shows its figures of after that. -ETIMEDOUT
 * as above: what it was told stays in its mail, and is done when it goes on.
 */
int ae_ledger_settle(const char *path, const struct ae_ledger_member *member, int timeout_ms,
		     char *why, size_t why_size);

#endif
