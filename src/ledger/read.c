/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading a ledger from outside. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/layout.h"

/* A slot that does not agree with its checksums so often in a row is left out. */
#define SLOT_TRIES 8
/* Somebody who claims all the time, and nothing else, is not read for ever. */
#define VIEW_TRIES 1000

static void copy_member(const struct ae_ledger_slot *slot, size_t index,
			struct ae_ledger_member *member_out)
{
	const struct ae_ledger_own *own = &slot->own;
	char model[AE_LEDGER_NAME_MAX + 1];

	memcpy(model, own->model, AE_LEDGER_NAME_MAX);
	model[AE_LEDGER_NAME_MAX] = 0;
	ae_ledger_text_clean(model, member_out->model);
	member_out->slot = index;
	member_out->pid = own->pid <= INT_MAX ? (pid_t)own->pid : 0;
	member_out->joined_ns = own->joined_ns;
	member_out->limit = slot->mail.limit;
	member_out->reserve = slot->mail.reserve;
	member_out->claimed = own->claimed;
	member_out->cached = own->cached;
	member_out->blocks = own->blocks;
	member_out->chunks = own->chunks;
	member_out->pinned = own->pinned < own->claimed ? own->pinned : own->claimed;
	member_out->away = own->away;
	member_out->host = own->host;
	member_out->wait_bytes = own->wait_bytes;
	member_out->active_ns = own->active_ns;
	member_out->priority = own->priority < -10  ? -10
			       : own->priority > 10 ? 10
						    : (int)own->priority;
}

/* A living member's slot as a whole, which it may be writing just now. 1; 0: it is none; or a negative errno. */
static int make_whole(int fd, size_t index, struct ae_ledger_slot *slot)
{
	int ret;

	for (int i = 0; i < SLOT_TRIES && !ae_ledger_slot_is_whole(slot); i++) {
		ret = ae_ledger_read_at(fd, slot, sizeof(*slot), ae_ledger_slot_offset(index));
		if (ret != 0)
			return ret;
	}
	return ae_ledger_slot_is_whole(slot);
}

/* What is constant, and whether it is a ledger at all. */
static int read_header(int fd, struct ae_ledger_view *view, char *why, size_t why_size)
{
	struct ae_ledger_header header;
	struct stat st;
	int ret;

	if (fstat(fd, &st) != 0) {
		ret = -errno;
		goto err_file;
	}
	if (!S_ISREG(st.st_mode)) {
		ae_ledger_explain(why, why_size, "%s is not a file", view->path);
		return -EPROTO;
	}
	ret = ae_ledger_read_at(fd, &header, sizeof(header), 0);
	if (ret == -EPROTO) {
		ae_ledger_explain(why, why_size, "%s is not a ledger of aerostat (%lld bytes)",
				  view->path, (long long)st.st_size);
		return ret;
	}
	if (ret != 0)
		goto err_file;
	ret = ae_ledger_header_check(&header, st.st_size, NULL, view->path, why, why_size);
	if (ret != 0)
		return ret;
	memcpy(view->uuid, header.uuid, sizeof(view->uuid));
	view->total = header.total;
	return 0;

err_file:
	ae_ledger_explain(why, why_size, "cannot read %s: %s", view->path, strerrordesc_np(-ret));
	return ret;
}

/*
 * All members once. 1: as they were at one time; 0: a claim has grown meanwhile, or a slot was taken; or a
 * negative errno. All are read at once, and then who of them lives.
 */
static int read_members(int fd, struct ae_ledger_file *file, struct ae_ledger_view *view)
{
	int ret = ae_ledger_read_at(fd, file, sizeof(*file), 0);
	uint64_t left = view->total;
	uint32_t grown = 0;

	if (ret != 0)
		return ret;
	view->count = 0;
	for (size_t i = 0; i < ae_ledger_slots_used(&file->header); i++) {
		struct ae_ledger_slot *slot = &file->slots[i];

		ret = ae_ledger_slot_alive(fd, i);
		if (ret > 0)
			ret = make_whole(fd, i, slot);
		if (ret < 0)
			return ret;
		if (ret == 0)
			continue;
		copy_member(slot, i, &view->members[view->count++]);
		left -= slot->own.claimed < left ? slot->own.claimed : left;
	}
	view->outside = file->header.outside < left ? file->header.outside : left;
	ret = ae_ledger_read_at(fd, &grown, sizeof(grown),
				(off_t)offsetof(struct ae_ledger_header, grown));
	return ret != 0 ? ret : grown == file->header.grown;
}

static int read_open(int fd, struct ae_ledger_view *view, char *why, size_t why_size)
{
	struct ae_ledger_file *file;
	int ret = read_header(fd, view, why, why_size), whole = 0;

	if (ret != 0)
		return ret;
	file = malloc(sizeof(*file));
	if (!file)
		whole = -ENOMEM;
	for (int i = 0; i < VIEW_TRIES && whole == 0; i++)
		whole = read_members(fd, file, view);
	free(file);
	if (whole >= 0)
		return 0;
	ae_ledger_explain(why, why_size, "cannot read %s: %s", view->path, strerrordesc_np(-whole));
	return whole;
}

int ae_ledger_read(const char *path, char *why, size_t why_size, struct ae_ledger_view *view_out)
{
	int fd, ret;

	if (strlen(path) >= sizeof(view_out->path)) {
		ae_ledger_explain(why, why_size, "the path of the ledger is too long");
		return -ENAMETOOLONG;
	}
	/* Not blocking: somebody may have put a pipe there. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot open %s: %s", path, strerrordesc_np(-ret));
		return ret;
	}
	memset(view_out, 0, sizeof(*view_out));
	strcpy(view_out->path, path);
	ret = read_open(fd, view_out, why, why_size);
	close(fd);
	return ret;
}
