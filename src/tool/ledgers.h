/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. The ledgers that a command looks at: those of a directory, of all groups and devices
 * unless it is told otherwise. Reading them changes nothing and keeps nobody waiting.
 */
#ifndef AE_TOOL_LEDGERS_H
#define AE_TOOL_LEDGERS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ledger/ledger.h"

/* Which ledgers. */
struct ae_scope {
	char dir[PATH_MAX];
	const char *group; /* NULL: all */
	const char *device; /* the beginning of a UUID; NULL: all */
};

/* The directory of this environment, and all that is in it. */
void ae_scope_init(struct ae_scope *scope_out);

/*
 * Takes --dir, --group or --device and its value at argv[*index], and moves index past them. 1: taken;
 * 0: it is none of them; -1: it was misused, and a line says how.
 */
int ae_scope_option(const char *command, int argc, char **argv, int *index, struct ae_scope *scope);

/* Rows of help for them. */
void ae_scope_help(FILE *out);

/* "GPU-" and 36 characters, as nvidia-smi -L writes it. */
#define AE_UUID_TEXT 41
void ae_uuid_text(const unsigned char uuid[16], char text_out[AE_UUID_TEXT]);

struct ae_seen {
	char group[80];
	char uuid[AE_UUID_TEXT];
	struct ae_ledger_view view;
};

struct ae_ledgers {
	size_t count;
	struct ae_seen **seen; /* by file name */
	size_t faults;
	char **fault; /* a line for each that could not be read */
};

/*
 * 0, or the exit status of the command, after a line on standard error: the directory cannot be read,
 * or --device names none. No directory is no ledger. For ae_ledgers_free in either case.
 */
int ae_ledgers_read(const char *command, const struct ae_scope *scope,
		    struct ae_ledgers *ledgers_out);
void ae_ledgers_free(struct ae_ledgers *ledgers);

/* Prints the faults to standard error. */
void ae_ledgers_complain(const char *command, const struct ae_ledgers *ledgers);

/*
 * The same ledger anew, or as it was where it cannot be read any more. Tries again while the claims add
 * up to more than the device has: they were read while they moved from one member to another.
 */
void ae_seen_refresh(struct ae_seen *seen);

/*
 * Paths of all *.ledger in dir, sorted, as scandir(3) allocates: each is the caller's to free, and the
 * array. 0, or a negative errno.
 */
int ae_ledgers_list(const char *dir, char ***paths_out, size_t *count_out);

#endif
