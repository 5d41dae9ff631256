/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/ledgers.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config.h"
#include "tool/tool.h"

#define SUFFIX     ".ledger"
#define UUID_CHARS 36
/* A ledger whose claims add up to more than there is, so often: then it is said as it is. */
#define READ_TRIES 5

void ae_scope_init(struct ae_scope *scope_out)
{
	struct ae_config config;

	ae_config_load(NULL, &config, NULL, NULL);
	*scope_out = (struct ae_scope){ 0 };
	snprintf(scope_out->dir, sizeof(scope_out->dir), "%s", config.dir);
}

int ae_scope_option(const char *command, int argc, char **argv, int *index, struct ae_scope *scope)
{
	static const char *const names[] = { "--dir", "--group", "--device" };
	const char *text = argv[*index], *value = NULL;
	size_t length = strcspn(text, "="), i;

	for (i = 0; i < 3; i++) {
		if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
			break;
	}
	if (i == 3)
		return 0;
	(*index)++;
	if (text[length])
		value = text + length + 1;
	else if (*index < argc)
		value = argv[(*index)++];
	if (!value || !*value) {
		ae_usage_error(command, "%s needs a value", names[i]);
		return -1;
	}
	if (i == 0)
		snprintf(scope->dir, sizeof(scope->dir), "%s", value);
	else if (i == 1)
		scope->group = value;
	else
		scope->device = value;
	return 1;
}

void ae_scope_help(FILE *out)
{
	ae_help_row(out, "--group=NAME", "only the members of that group; default: all groups");
	ae_help_row(out, "--device=UUID", "only that device; the beginning of its UUID is enough");
	ae_help_row(out, "--dir=PATH",
		    "where the ledgers are; default: AEROSTAT_DIR, or /dev/shm/aerostat-UID");
}

static int is_ledger(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && length > suffix &&
	       strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

int ae_ledgers_list(const char *dir, char ***paths_out, size_t *count_out)
{
	struct dirent **entries;
	int count = scandir(dir, &entries, is_ledger, alphasort), made = 0;
	char **paths;

	if (count < 0)
		return errno > 0 ? -errno : -EIO;
	paths = calloc((size_t)count + 1, sizeof(*paths));
	for (int i = 0; i < count; i++) {
		if (paths && asprintf(&paths[made], "%s/%s", dir, entries[i]->d_name) >= 0)
			made++;
		free(entries[i]);
	}
	free(entries);
	if (paths && made == count) {
		*paths_out = paths;
		*count_out = (size_t)count;
		return 0;
	}
	while (made > 0)
		free(paths[--made]);
	free(paths);
	return -ENOMEM;
}

void ae_uuid_text(const unsigned char uuid[16], char text_out[AE_UUID_TEXT])
{
	int used = sprintf(text_out, "GPU-");

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_out[used++] = '-';
		used += sprintf(text_out + used, "%02x", uuid[i]);
	}
}

/* GROUP-UUID.ledger. A file that is called otherwise is of the group that its whole name says. */
static void find_group(const char *path, char *group, size_t group_size)
{
	const char *name = strrchr(path, '/');
	size_t length;

	name = name ? name + 1 : path;
	length = strlen(name) - strlen(SUFFIX);
	if (length > UUID_CHARS + 1 && name[length - UUID_CHARS - 1] == '-')
		length -= UUID_CHARS + 1;
	if (length >= group_size)
		length = group_size - 1;
	memcpy(group, name, length);
	group[length] = 0;
}

static bool adds_up(const struct ae_ledger_view *view)
{
	uint64_t left = view->total;

	for (size_t i = 0; i < view->count; i++) {
		if (view->members[i].claimed > left)
			return false;
		left -= view->members[i].claimed;
	}
	return true;
}

/* 0, or a negative errno with a line in why. */
static int read_view(const char *path, char *why, size_t why_size, struct ae_ledger_view *view_out)
{
	int ret = 0;

	for (int i = 0; i < READ_TRIES && ret == 0; i++) {
		ret = ae_ledger_read(path, why, why_size, view_out);
		if (ret == 0 && adds_up(view_out))
			break;
	}
	return ret;
}

void ae_seen_refresh(struct ae_seen *seen)
{
	struct ae_ledger_view *view = malloc(sizeof(*view));
	char why[512];

	if (view && read_view(seen->view.path, why, sizeof(why), view) == 0)
		seen->view = *view;
	free(view);
}

static bool is_device(const struct ae_seen *seen, const char *device)
{
	return strncasecmp(seen->uuid, device, strlen(device)) == 0 ||
	       strncasecmp(seen->uuid + strlen("GPU-"), device, strlen(device)) == 0;
}

/* Reads one file into the next place. False: there is no memory for it. */
static bool add(struct ae_ledgers *ledgers, const struct ae_scope *scope, const char *path)
{
	struct ae_seen *seen = calloc(1, sizeof(*seen));
	char why[512];

	if (!seen)
		return false;
	find_group(path, seen->group, sizeof(seen->group));
	if (scope->group && strcmp(scope->group, seen->group) != 0) {
		free(seen);
		return true;
	}
	if (read_view(path, why, sizeof(why), &seen->view) != 0) {
		free(seen);
		ledgers->fault[ledgers->faults] = strdup(why);
		return ledgers->fault[ledgers->faults++] != NULL;
	}
	ae_uuid_text(seen->view.uuid, seen->uuid);
	if (scope->device && !is_device(seen, scope->device)) {
		free(seen);
		return true;
	}
	ledgers->seen[ledgers->count++] = seen;
	return true;
}

/* A line with the devices that there are. Returns the exit status. */
static int unknown_device(const char *command, const struct ae_scope *scope)
{
	struct ae_scope all = *scope;
	struct ae_ledgers ledgers;
	char known[1024] = "";
	size_t used = 0;
	int ret;

	all.device = NULL;
	ret = ae_ledgers_read(command, &all, &ledgers);
	for (size_t i = 0; i < ledgers.count && used < sizeof(known); i++) {
		if (!strstr(known, ledgers.seen[i]->uuid))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
						 used ? ", " : "", ledgers.seen[i]->uuid);
	}
	if (ret == AE_EXIT_OK)
		ret = ae_failure(command, "no device %s is known in %s; there %s %s", scope->device,
				 scope->dir, strchr(known, ',') ? "are" : "is",
				 used ? known : "none");
	ae_ledgers_free(&ledgers);
	return ret;
}

int ae_ledgers_read(const char *command, const struct ae_scope *scope,
		    struct ae_ledgers *ledgers_out)
{
	char **paths = NULL;
	size_t count = 0;
	int ret = ae_ledgers_list(scope->dir, &paths, &count);
	bool whole;

	memset(ledgers_out, 0, sizeof(*ledgers_out));
	if (ret != 0 && ret != -ENOENT)
		return ae_failure(command, "%s: %s", scope->dir, strerror(-ret));
	ledgers_out->seen = calloc(count + 1, sizeof(*ledgers_out->seen));
	ledgers_out->fault = calloc(count + 1, sizeof(*ledgers_out->fault));
	whole = ledgers_out->seen && ledgers_out->fault;
	for (size_t i = 0; i < count; i++) {
		whole = whole && add(ledgers_out, scope, paths[i]);
		free(paths[i]);
	}
	free(paths);
	if (!whole)
		return ae_failure(command, "out of memory");
	return scope->device && ledgers_out->count == 0 ? unknown_device(command, scope)
							: AE_EXIT_OK;
}

void ae_ledgers_free(struct ae_ledgers *ledgers)
{
	for (size_t i = 0; i < ledgers->count; i++)
		free(ledgers->seen[i]);
	for (size_t i = 0; i < ledgers->faults; i++)
		free(ledgers->fault[i]);
	free(ledgers->seen);
	free(ledgers->fault);
	*ledgers = (struct ae_ledgers){ 0 };
}

void ae_ledgers_complain(const char *command, const struct ae_ledgers *ledgers)
{
	for (size_t i = 0; i < ledgers->faults; i++)
		ae_failure(command, "%s", ledgers->fault[i]);
}
