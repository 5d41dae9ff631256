/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/map.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "ledger/ledger.h"

/* Collected within the pool's lock, written without it. */
struct text {
	char *start;
	size_t used, room;
	bool is_short; /* host memory ran out */
};

static void add(struct text *text, const char *line, size_t length)
{
	if (text->room - text->used < length) {
		size_t room = text->room * 2 + length + 4096;
		char *start = realloc(text->start, room);

		if (start == NULL) {
			text->is_short = true;
			return;
		}
		text->start = start;
		text->room = room;
	}
	memcpy(text->start + text->used, line, length);
	text->used += length;
}

static const char *name_of(enum ae_pool_item_kind kind)
{
	switch (kind) {
	case AE_POOL_RESERVATION:
		return "reservation";
	case AE_POOL_BLOCK:
		return "  block";
	case AE_POOL_SHARED:
		return "  small blocks";
	case AE_POOL_SMALL:
		return "    block";
	case AE_POOL_CACHED:
		return "  cached";
	case AE_POOL_HELD:
		return "  stuck";
	case AE_POOL_CHUNK:
		return "    chunk";
	}
	return "?";
}

static void add_item(void *arg, const struct ae_pool_item *item)
{
	char line[256], bytes[32];
	int length;

	length = snprintf(line, sizeof(line), "%s 0x%" PRIx64 " to 0x%" PRIx64 ", %s",
			  name_of(item->kind), item->address, item->address + item->bytes,
			  ae_format_bytes(item->bytes, bytes, sizeof(bytes)));
	if (item->block != NULL)
		length += snprintf(line + length, sizeof(line) - (size_t)length,
				   ", number %" PRIu64 ", context 0x%" PRIx64 "%s",
				   item->block->serial, item->block->owner,
				   item->is_freed ? ", being freed" : "");
	line[length++] = '\n';
	add(arg, line, (size_t)length);
}

static void write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n <= 0)
			return;
		text += n;
		length -= (size_t)n;
	}
}

void ae_map_write(struct ae_device *device, uint64_t map)
{
	struct text text = { 0 };
	char path[512];
	int fd;

	ae_ledger_map_path(ae_device_ledger(device), map, path, sizeof(path));
	/* It was made by whoever asked; nothing is made here, and no link followed. */
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	ae_pool_walk(ae_device_pool(device), add_item, &text);
	if (text.is_short)
		add(&text, "(no host memory for more)\n", strlen("(no host memory for more)\n"));
	write_all(fd, text.start, text.used);
	close(fd);
	free(text.start);
}
