/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger, inside. What lies in a ledger file, who writes it, and which of its bytes are locked
 * for what.
 *
 * The header's upper part is written once, before the first member joins; its lower part under the
 * change lock. A slot has two parts: what its member says of itself, written by the holder of the
 * slot's alive lock alone (and its claims grow under the change lock only), and its mail, which
 * anybody writes under the change lock. Each part carries a checksum: a part that does not agree with its
 * own is torn, being written, or damaged, and nothing is taken from it; its member writes it again
 * within a second. The locked bytes lie far beyond the end of the file, so that a lock never covers data.
 *
 * Written with pwrite(2) and read with pread(2): a file that somebody truncates is then an error, and
 * no SIGBUS that ends the host program. It is mapped for its futex words alone, which nobody but the
 * kernel touches through the mapping: words.h.
 */
#ifndef AE_LEDGER_LAYOUT_H
#define AE_LEDGER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/fd.h"
#include "ledger/ledger.h"

#define AE_LEDGER_MAGIC        0x72656764656c6561ULL /* "aeledger" */
#define AE_LEDGER_MODEL_WORDS  (AE_LEDGER_NAME_MAX / 8)
#define AE_LEDGER_LOCK_CHANGE  ((off_t)1 << 30)
#define AE_LEDGER_LOCK_ALIVE_0 (AE_LEDGER_LOCK_CHANGE + 4096)

struct ae_ledger_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t file_size;
	uint32_t slot_count;
	uint32_t slot_size;
	unsigned char uuid[16];
	uint64_t total;
	/* From here on any value may be found, and none is trusted. */
	uint64_t turn; /* the last ticket of a waiter */
	uint64_t outside; /* bytes of the device that are used under no claim, when last measured */
	uint32_t freed; /* a futex word: written anew when memory may have become free */
	uint32_t high; /* no slot from here on was ever used, */
	uint32_t high_check; /* if this is its complement; nothing is known otherwise */
	uint32_t grown; /* another value before any claim grows: see ae_ledger_read */
	int64_t died_ns; /* CLOCK_MONOTONIC: when a member with claims was last found dead */
	unsigned char unused[160];
};

/* What a member says of itself. Times are of CLOCK_MONOTONIC where not said otherwise. */
struct ae_ledger_own {
	uint64_t check;
	uint64_t pid;
	uint64_t joined_ns; /* CLOCK_REALTIME */
	uint64_t claimed;
	uint64_t cached;
	uint64_t blocks;
	uint64_t chunks;
	uint64_t pinned; /* of claimed: what cannot move; more than that: all of it */
	uint64_t away; /* evicted bytes */
	uint64_t host; /* pinned host memory of the host store */
	int64_t active_ns;
	int64_t resident_ns;
	uint64_t moved;
	uint64_t wait_bytes; /* what its waiting requests need; 0: none waits */
	uint64_t wait_turn;
	int32_t priority;
	uint32_t
		wait_until_s; /* CLOCK_MONOTONIC: nobody waits for that wait any longer; 0: no end */
	uint64_t map_done; /* the last map that was asked for and is written */
	uint64_t model[AE_LEDGER_MODEL_WORDS];
};

/* What others tell a member. */
struct ae_ledger_mail {
	uint64_t check;
	uint64_t limit; /* first the member's own, then whoever sets it */
	uint64_t reserve; /* likewise */
	uint64_t target; /* claims to come down to; UINT64_MAX: nothing was asked */
	uint64_t map_asked; /* the number of the last map asked for */
	uint32_t bell; /* a futex word, not in the checksum: written anew when there is mail */
	uint32_t unused;
};

struct ae_ledger_slot {
	struct ae_ledger_own own;
	struct ae_ledger_mail mail;
};

struct ae_ledger_file {
	struct ae_ledger_header header;
	struct ae_ledger_slot slots[AE_LEDGER_MEMBERS];
};

_Static_assert(sizeof(struct ae_ledger_header) == 256, "the file's layout is fixed");
_Static_assert(sizeof(struct ae_ledger_own) == 200, "the file's layout is fixed");
_Static_assert(sizeof(struct ae_ledger_slot) == 248, "the file's layout is fixed");
_Static_assert(sizeof(struct ae_ledger_file) < 65536, "a ledger stays small");

/* The part's checksum, which goes into its first field; never 0, so that nothing is no entry. */
uint64_t ae_ledger_own_check(const struct ae_ledger_own *own);
uint64_t ae_ledger_mail_check(const struct ae_ledger_mail *mail);
bool ae_ledger_slot_is_whole(const struct ae_ledger_slot *slot);

static inline off_t ae_ledger_slot_offset(size_t index)
{
	return (off_t)(offsetof(struct ae_ledger_file, slots) +
		       index * sizeof(struct ae_ledger_slot));
}

static inline off_t ae_ledger_mail_offset(size_t index)
{
	return ae_ledger_slot_offset(index) + (off_t)offsetof(struct ae_ledger_slot, mail);
}

static inline off_t ae_ledger_bell_offset(size_t index)
{
	return ae_ledger_mail_offset(index) + (off_t)offsetof(struct ae_ledger_mail, bell);
}

/* All of the mail but the bell. */
int ae_ledger_write_mail(int fd, size_t index, struct ae_ledger_mail *mail);

/* How many slots have to be looked at: what the header says, or all. */
size_t ae_ledger_slots_used(const struct ae_ledger_header *header);

void ae_ledger_header_make(const unsigned char uuid[16], uint64_t total,
			   struct ae_ledger_header *header_out);

/*
 * Checks a header, and the size that the file has, bit by bit: nothing in it is believed before.
 * uuid: the device it must be of, or NULL for any. 0, or -EPROTO with why.
 */
int ae_ledger_header_check(const struct ae_ledger_header *header, off_t file_size,
			   const unsigned char *uuid, const char *path, char *why, size_t why_size);

/* Copies up to AE_LEDGER_NAME_MAX bytes as printable, terminated text. */
void ae_ledger_text_clean(const char *from, char text_out[AE_LEDGER_NAME_MAX]);

/*
 * The change lock. Its holder may be stopped or frozen, so that the wait has an end: -ETIMEDOUT.
 */
#define AE_LEDGER_LOCK_WAIT_NS 2000000000LL
int ae_ledger_lock_changes(int fd, const char *path, int64_t wait_ns, char *why, size_t why_size);
void ae_ledger_unlock_changes(int fd);

/* Takes the alive lock of a slot: 0, -EAGAIN when somebody has it, or another negative errno. */
int ae_ledger_lock_alive(int fd, size_t index);

/* 1: somebody holds the alive lock of that slot; 0: nobody; or a negative errno. */
int ae_ledger_slot_alive(int fd, size_t index);

/* The first slot of [from, to) whose alive lock somebody else holds, or to. */
size_t ae_ledger_first_alive(int fd, size_t from, size_t to);

/*
 * What ae_ledger_open does with the file system: the directory, the file, its size and its header.
 * Gives an open file description of the file, and its path, of path_size bytes.
 */
int ae_ledger_file_open(const char *dir, const char *group, const unsigned char uuid[16],
			uint64_t total, char *why, size_t why_size, char *path, size_t path_size,
			struct ae_fd *file_out);

/*
 * True while the descriptor is still ours (the program may close all it does not know) and the file
 * still the one that others open: not removed, not cut.
 */
bool ae_ledger_file_intact(const struct ae_fd *file);

/*
 * Exactly size bytes, or a negative errno. -EPROTO: the file ends too early. -EFBIG: RLIMIT_FSIZE is
 * below; the kernel would send SIGXFSZ, which ends the host program.
 */
int ae_ledger_read_at(int fd, void *buffer, size_t size, off_t offset);
int ae_ledger_write_at(int fd, const void *buffer, size_t size, off_t offset);

/* The file for a map, beside the ledger at path. */
void ae_ledger_map_name(const char *path, size_t slot, uint64_t map, char *out, size_t out_size);

/* For a sentence in why: cut where it does not fit. */
void ae_ledger_explain(char *why, size_t why_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
