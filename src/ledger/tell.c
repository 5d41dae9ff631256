/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Telling a member something, from outside. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/parse.h"
#include "ledger/internal.h"

#define POLL_NS 2000000L

void ae_ledger_map_name(const char *path, size_t slot, uint64_t map, char *out, size_t out_size)
{
	snprintf(out, out_size, "%s.%zu.%" PRIu64 ".map", path, slot, map);
}

/* For writing, by whoever may: a descriptor, or a negative errno with a line in why. */
static int open_for_telling(const char *path, char *why, size_t why_size)
{
	struct ae_ledger_header header;
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), ret;

	if (fd < 0 || fstat(fd, &st) != 0) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot open %s: %s", path, strerrordesc_np(-ret));
		goto err_file;
	}
	ret = ae_ledger_read_at(fd, &header, sizeof(header), 0);
	if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot read %s: %s", path, strerrordesc_np(-ret));
	else
		ret = ae_ledger_header_check(&header, st.st_size, NULL, path, why, why_size);
	if (ret == 0)
		return fd;
err_file:
	if (fd >= 0)
		close(fd);
	return ret;
}

/* The member's slot, if it is the same member still. Under the change lock. */
static int find_slot(int fd, const struct ae_ledger_member *member, struct ae_ledger_slot *slot_out,
		     char *why, size_t why_size)
{
	int ret = -ESRCH;

	if (member->slot < AE_LEDGER_MEMBERS && ae_ledger_slot_alive(fd, member->slot) > 0)
		ret = ae_ledger_read_at(fd, slot_out, sizeof(*slot_out),
					ae_ledger_slot_offset(member->slot));
	if (ret == 0 &&
	    (!ae_ledger_slot_is_whole(slot_out) || slot_out->own.pid != (uint64_t)member->pid ||
	     slot_out->own.joined_ns != member->joined_ns))
		ret = -ESRCH;
	if (ret != 0)
		ae_ledger_explain(why, why_size, "process %d of model %s has ended",
				  (int)member->pid, member->model);
	return ret;
}

static int check_reserve(int fd, const struct ae_ledger_member *member, uint64_t value, char *why,
			 size_t why_size)
{
	struct ae_ledger_scratch *scratch = calloc(1, sizeof(*scratch));
	uint64_t committed = 0, there = 0;
	uint32_t model = UINT32_MAX;
	char text[3][32];
	int ret = scratch ? ae_ledger_scan(fd, AE_LEDGER_SCAN_LOOK, NULL, scratch) : -ENOMEM;

	if (ret == 0) {
		for (size_t i = 0; i < scratch->view.count; i++) {
			if (scratch->slot[i] == member->slot)
				model = scratch->view.members[i].model;
		}
		committed = ae_ledger_committed(&scratch->view, model);
		if (scratch->file.header.outside < scratch->file.header.total)
			there = scratch->file.header.total - scratch->file.header.outside;
	}
	free(scratch);
	if (ret != 0 || (value <= there && committed <= there - value))
		return ret;
	ae_ledger_explain(why, why_size,
			  "%s cannot be reserved: other models use or have reserved %s of the %s "
			  "that there is",
			  ae_format_bytes(value, text[0], sizeof(text[0])),
			  ae_format_bytes(committed, text[1], sizeof(text[1])),
			  ae_format_bytes(there, text[2], sizeof(text[2])));
	return -ENOSPC;
}

/* Under the change lock. */
static int change_mail(int fd, const struct ae_ledger_member *member, enum ae_ledger_order order,
		       uint64_t value, struct ae_ledger_mail *mail, char *why, size_t why_size)
{
	int ret;

	switch (order) {
	case AE_LEDGER_SET_LIMIT:
		mail->limit = value;
		return 0;
	case AE_LEDGER_SET_RESERVE:
		ret = check_reserve(fd, member, value, why, why_size);
		if (ret == 0)
			mail->reserve = value;
		return ret;
	case AE_LEDGER_ASK_TRIM:
		if (value < mail->target)
			mail->target = value;
		return 0;
	case AE_LEDGER_ASK_MAP:
		mail->map_asked = value;
		return 0;
	}
	return -EINVAL;
}

static int tell(int fd, const char *path, const struct ae_ledger_member *member,
		enum ae_ledger_order order, uint64_t value, char *why, size_t why_size)
{
	struct ae_ledger_words words = { NULL };
	struct ae_ledger_slot slot;
	int ret;

	ret = ae_ledger_lock_changes(fd, path, AE_LEDGER_LOCK_WAIT_NS, why, why_size);
	if (ret != 0)
		return ret;
	ret = find_slot(fd, member, &slot, why, why_size);
	if (ret == 0)
		ret = change_mail(fd, member, order, value, &slot.mail, why, why_size);
	if (ret == 0) {
		ret = ae_ledger_write_mail(fd, member->slot, &slot.mail);
		if (ret != 0)
			ae_ledger_explain(why, why_size, "cannot write to %s: %s", path,
					  strerrordesc_np(-ret));
	}
	ae_ledger_unlock_changes(fd);
	if (ret == 0) {
		ae_ledger_words_map(&words, fd);
		ae_ledger_words_ring(&words, fd, ae_ledger_bell_offset(member->slot));
		ae_ledger_words_unmap(&words);
	}
	return ret;
}

int ae_ledger_tell(const char *path, const struct ae_ledger_member *member,
		   enum ae_ledger_order order, uint64_t value, char *why, size_t why_size)
{
	int fd = open_for_telling(path, why, why_size), ret;

	if (fd < 0)
		return fd;
	ret = tell(fd, path, member, order, value, why, why_size);
	close(fd);
	return ret;
}

/* A number that nobody has asked for before: two tools at once have an answer each. */
static uint64_t fresh_number(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) << 8 |
	       (uint64_t)(getpid() & 0xff);
}

/*
 * Asks for a map, and waits until the member says that it is written, or ends. There is room for one
 * question: where another tool's has taken the place of ours before it was read, it is asked again.
 */
static int ask_map(int fd, const char *path, const struct ae_ledger_member *member, uint64_t map,
		   int64_t deadline_ns, int timeout_ms, char *why, size_t why_size)
{
	struct timespec step = { 0, POLL_NS };
	struct ae_ledger_slot slot;
	int ret = tell(fd, path, member, AE_LEDGER_ASK_MAP, map, why, why_size);

	while (ret == 0 && ae_clock_ns() < deadline_ns) {
		nanosleep(&step, NULL);
		ret = find_slot(fd, member, &slot, why, why_size);
		if (ret == 0 && slot.own.map_done == map)
			return 0;
		if (ret == 0 && slot.mail.map_asked != map)
			ret = tell(fd, path, member, AE_LEDGER_ASK_MAP, map, why, why_size);
		else if (ret == -ESRCH && member->slot < AE_LEDGER_MEMBERS &&
			 ae_ledger_slot_alive(fd, member->slot) > 0)
			ret = 0; /* read while it was being written; or another's: seen by tell */
	}
	if (ret != 0)
		return ret;
	ae_ledger_explain(
		why, why_size,
		"process %d of model %s did not answer within %.2g s: it is stopped, or has no "
		"background thread",
		(int)member->pid, member->model, timeout_ms / 1000.0);
	return -ETIMEDOUT;
}

static int64_t deadline_in(int timeout_ms)
{
	return ae_clock_ns() + (int64_t)timeout_ms * 1000000;
}

int ae_ledger_get_map(const char *path, const struct ae_ledger_member *member, int timeout_ms,
		      char *map_path, size_t map_path_size, char *why, size_t why_size)
{
	uint64_t map = fresh_number();
	int fd = open_for_telling(path, why, why_size), map_fd, ret;

	if (fd < 0)
		return fd;
	ae_ledger_map_name(path, member->slot, map, map_path, map_path_size);
	map_fd = open(map_path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (map_fd < 0) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot make %s: %s", map_path,
				  strerrordesc_np(-ret));
		close(fd);
		return ret;
	}
	close(map_fd);
	ret = ask_map(fd, path, member, map, deadline_in(timeout_ms), timeout_ms, why, why_size);
	if (ret != 0)
		unlink(map_path);
	close(fd);
	return ret;
}

int ae_ledger_settle(const char *path, const struct ae_ledger_member *member, int timeout_ms,
		     char *why, size_t why_size)
{
	int64_t deadline_ns = deadline_in(timeout_ms);
	int fd = open_for_telling(path, why, why_size), ret = 0;

	if (fd < 0)
		return fd;
	/*
	 * The question for a map comes last in a member's round, and where no file was made none is
	 * written. The figures are shown after it: they are there when a second round has begun.
	 */
	for (int round = 0; round < 2 && ret == 0; round++)
		ret = ask_map(fd, path, member, fresh_number(), deadline_ns, timeout_ms, why,
			      why_size);
	close(fd);
	return ret;
}
