/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger, inside. What lies in a ledger file and which of its bytes are locked for what.
 *
 * The header is written once, under the change lock, before the first member joins. A slot is
 * written by the holder of its alive lock alone; whoever takes a slot makes its sequence odd while
 * filling it. The locked bytes lie far beyond the end of the file, so that a lock never covers data.
 *
 * Written with pwrite(2) and read with pread(2), never mapped: a file that somebody truncates is then
 * an error, and no SIGBUS that ends the host program.
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
	unsigned char unused[72];
};

struct ae_ledger_slot {
	uint64_t sequence; /* odd while a new member fills the slot */
	uint64_t pid;
	uint64_t joined_ns;
	uint64_t limit;
	uint64_t claimed;
	uint64_t cached;
	uint64_t blocks;
	uint64_t chunks;
	uint64_t model[AE_LEDGER_MODEL_WORDS];
};

struct ae_ledger_file {
	struct ae_ledger_header header;
	struct ae_ledger_slot slots[AE_LEDGER_MEMBERS];
};

_Static_assert(sizeof(struct ae_ledger_header) == 128, "the file's layout is fixed");
_Static_assert(sizeof(struct ae_ledger_slot) == 128, "the file's layout is fixed");
_Static_assert(sizeof(struct ae_ledger_file) < 65536, "a ledger stays small");

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
 * The change lock. Its holder may be stopped or frozen, so that the wait has an end: -ETIMEDOUT
 * after two seconds.
 */
int ae_ledger_lock_changes(int fd, const char *path, char *why, size_t why_size);
void ae_ledger_unlock_changes(int fd);

/* Takes the alive lock of a slot: 0, -EAGAIN when somebody has it, or another negative errno. */
int ae_ledger_lock_alive(int fd, size_t index);

/* 1: somebody holds the alive lock of that slot; 0: nobody; or a negative errno. */
int ae_ledger_slot_alive(int fd, size_t index);

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

/* For a sentence in why: cut where it does not fit. */
void ae_ledger_explain(char *why, size_t why_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
