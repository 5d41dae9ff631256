/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: ledger, inside. The futex words of a ledger file: how processes that share nothing but the
 * file wake each other.
 *
 * The file is mapped, but neither read nor written through the mapping by us: the kernel compares a
 * word when a thread goes to sleep on it, and a file that was cut in the meantime is an error of that
 * call. A word is written with pwrite(2), always with another value than before. The mapping stays
 * for the life of the process, at one address; when the file is opened anew it takes the old one's
 * place. Where there can be no mapping a wait is a short sleep.
 */
#ifndef AE_LEDGER_WORDS_H
#define AE_LEDGER_WORDS_H

#include <stdint.h>
#include <sys/types.h>

struct ae_ledger_words {
	char *_Atomic map; /* NULL: none; the same for ever once there is one */
};

/* Maps the file, or maps another in its place. Never fails: see above. */
void ae_ledger_words_map(struct ae_ledger_words *words, int fd);

/*
 * Lets go of the file, and keeps the place. A mapping holds the open file description, and the locks on
 * it, after its descriptor was closed: a member stays alive in a program that closes all it does not know.
 */
void ae_ledger_words_release(struct ae_ledger_words *words);
void ae_ledger_words_unmap(struct ae_ledger_words *words);

/* Writes the word at offset anew and wakes who sleeps on it. */
void ae_ledger_words_ring(struct ae_ledger_words *words, int fd, off_t offset);

/* The word's value, for a wait that begins later; 0 when the file cannot be read. */
uint32_t ae_ledger_words_read(int fd, off_t offset);

/*
 * Until the word is another than seen, or somebody rings, or the time is over; also for no reason. Needs
 * no lock; fewer promises: the caller looks again.
 */
void ae_ledger_words_wait(const struct ae_ledger_words *words, off_t offset, uint32_t seen,
			  int64_t timeout_ns);

#endif
