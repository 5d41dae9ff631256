/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger. The shared-memory file in which the members of one device account for its physical
 * memory: DIR/GROUP-UUID.ledger. Fixed layout, versioned, no pointers; whatever is read from it is
 * untrusted.
 *
 * In this version a member enters itself and accounts for its bytes, and anyone can read who is
 * there. Nothing is arbitrated yet: a claim is never refused by the ledger (the driver refuses what
 * the device cannot hold).
 *
 * Slots are taken under an OFD write lock on one byte of the file. A member's slot is written by
 * that member alone; readers take no lock. A member lives as long as its *alive* lock (an OFD lock on
 * a byte of its own, through a descriptor that a forked child closes) is held: the kernel drops it
 * however the process dies.
 *
 * The program may close our descriptor, and somebody may remove or truncate the file. The account is
 * therefore the process's own and the slot a copy, written with pwrite(2) only while the alive lock is
 * held (a mapping would be a SIGBUS in the host, or a store into what is another member's by now). A
 * member that has lost its slot takes a new one, with what it holds, at its next claim or report that
 * writes; where that fails, one line is logged and the process goes on without an entry.
 *
 * Each struct ae_ledger has a lock of rank AE_LOCK_LEDGER, held over file I/O and, in the rare case
 * above, up to two seconds for the lock of the file.
 */
#ifndef AE_LEDGER_LEDGER_H
#define AE_LEDGER_LEDGER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define AE_LEDGER_MEMBERS  256
#define AE_LEDGER_NAME_MAX 64
#define AE_LEDGER_VERSION  1

struct ae_ledger;

/* What one member says of itself. */
struct ae_ledger_member {
	pid_t pid; /* in the member's own PID namespace; 0 when what it wrote is none */
	char model[AE_LEDGER_NAME_MAX];
	uint64_t joined_ns; /* CLOCK_REALTIME */
	uint64_t limit; /* bytes */
	uint64_t claimed; /* bytes of device memory, created or about to be */
	uint64_t cached; /* of them, in no live block */
	uint64_t blocks; /* live blocks */
	uint64_t chunks; /* physical allocations */
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
 * process has held the ledger's lock for two seconds. -EFBIG: RLIMIT_FSIZE forbids it. A ledger nobody lives in takes a new total.
 */
int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out);

/*
 * Takes a slot. Once for each opened ledger, before any claim. -EUSERS: all are taken. -ETIMEDOUT
 * as above. model is kept up to AE_LEDGER_NAME_MAX - 1 bytes, what is not printable ASCII as '?'.
 */
int ae_ledger_join(struct ae_ledger *ledger, const char *model, uint64_t limit, char *why,
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
 * Accounts for bytes before they are created, and after they were released: at once in the file, at
 * the price of a few system calls. Nothing before the join, after a failed one, and in a child that
 * has abandoned it. Never below 0. errno is kept.
 */
void ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes);
void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes);

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
};
void ae_ledger_report(struct ae_ledger *ledger, const struct ae_ledger_figures *figures);

/*
 * For readers: opens an existing ledger file read-only, checks its header as ae_ledger_open does,
 * and copies every living member, text made printable. Nothing is changed on disk, nobody waits.
 * 0, or a negative errno with a line in why.
 */
struct ae_ledger_view {
	char path[256];
	unsigned char uuid[16];
	uint64_t total;
	size_t count;
	struct ae_ledger_member members[AE_LEDGER_MEMBERS];
};
int ae_ledger_read(const char *path, char *why, size_t why_size, struct ae_ledger_view *view_out);

#endif
