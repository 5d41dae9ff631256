/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/words.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ledger/layout.h"

#define SECOND_NS  INT64_C(1000000000)
#define SLEEP_NS   (SECOND_NS / 100)
#define MAP_BYTES  sizeof(struct ae_ledger_file)
#define WORD_SHIFT 4

void ae_ledger_words_map(struct ae_ledger_words *words, int fd)
{
	char *before = words->map;
	void *map = mmap(before, MAP_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (before != NULL ? MAP_FIXED : 0), fd, 0);

	if (map == MAP_FAILED)
		return;
	words->map = map;
	/* The child of a fork has no business here. */
	(void)madvise(map, MAP_BYTES, MADV_DONTFORK);
}

void ae_ledger_words_release(struct ae_ledger_words *words)
{
	if (words->map != NULL)
		(void)mmap(words->map, MAP_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

void ae_ledger_words_unmap(struct ae_ledger_words *words)
{
	if (words->map != NULL)
		munmap(words->map, MAP_BYTES);
	words->map = NULL;
}

/*
 * Another value than before, without having read it: two who ring at once must not write the same, or
 * a sleeper that saw the first would sleep through the second.
 */
static uint32_t fresh_value(void)
{
	return (uint32_t)((uint64_t)ae_clock_ns() >> WORD_SHIFT);
}

void ae_ledger_words_ring(struct ae_ledger_words *words, int fd, off_t offset)
{
	uint32_t value = fresh_value();
	const char *map = words->map;

	if (ae_ledger_write_at(fd, &value, sizeof(value), offset) == 0 && map != NULL)
		syscall(SYS_futex, map + offset, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

uint32_t ae_ledger_words_read(int fd, off_t offset)
{
	uint32_t value;

	return ae_ledger_read_at(fd, &value, sizeof(value), offset) == 0 ? value : 0;
}

void ae_ledger_words_wait(const struct ae_ledger_words *words, off_t offset, uint32_t seen,
			  int64_t timeout_ns)
{
	const char *map = words->map;
	struct timespec timeout;

	if (map == NULL && timeout_ns > SLEEP_NS)
		timeout_ns = SLEEP_NS;
	if (timeout_ns <= 0)
		return;
	timeout = (struct timespec){ .tv_sec = timeout_ns / SECOND_NS,
				     .tv_nsec = timeout_ns % SECOND_NS };
	if (map == NULL ||
	    (syscall(SYS_futex, map + offset, FUTEX_WAIT, seen, &timeout, NULL, 0) != 0 &&
	     errno != EAGAIN && errno != ETIMEDOUT && errno != EINTR)) {
		/* The file was cut, or futexes are forbidden here. */
		if (timeout_ns > SLEEP_NS)
			timeout = (struct timespec){ .tv_nsec = SLEEP_NS };
		nanosleep(&timeout, NULL);
	}
}
