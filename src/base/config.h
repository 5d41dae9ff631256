/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. The options of one process, read once from the environment and immutable from then
 * on: read without a lock.
 */
#ifndef AE_BASE_CONFIG_H
#define AE_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/parse.h"

/* Longest text value that is kept, its terminating zero included. Longer ones are malformed. */
#define AE_CONFIG_TEXT_MAX 256

enum ae_option_kind {
	AE_OPTION_SIZE,
	AE_OPTION_DURATION,
	AE_OPTION_INT,
	AE_OPTION_BOOL,
	AE_OPTION_TEXT,
	AE_OPTION_NAME, /* text that becomes part of a file's name */
	AE_OPTION_CHOICE,
};

/* One row of options.def, for those who list or parse options by name. */
struct ae_option {
	const char *name; /* "LOG_FILE" */
	enum ae_option_kind kind;
	const char *preset; /* the default, as text */
	bool acts; /* false: accepted, nothing acts on it in this version */
	const char *metavar;
	const char *help;
	const char *choices; /* "a|b|c" for AE_OPTION_CHOICE */
	int64_t least, most; /* for AE_OPTION_INT; least is 1 for a size that may not be 0 */
	size_t offset; /* of the field in struct ae_config */
};

extern const struct ae_option ae_options[];
extern const size_t ae_options_count;

struct ae_config {
	char model[AE_CONFIG_TEXT_MAX];
	char group[AE_CONFIG_TEXT_MAX];
	char dir[AE_CONFIG_TEXT_MAX];
	struct ae_size limit;
	struct ae_size reserve;
	int64_t priority;
	struct ae_size capacity;
	uint64_t wait_ms;
	uint64_t idle_after_ms;
	uint64_t quantum_ms;
	struct ae_size cache;
	uint64_t decay_ms;
	struct ae_size host_limit;
	int64_t dirty; /* the index of the choice, as for every CHOICE */
	bool preclean;
	int64_t meminfo;
	int64_t ipc;
	int64_t log;
	char log_file[AE_CONFIG_TEXT_MAX];
	bool strict;
	bool disable;
};

enum {
	AE_MEMINFO_LIMIT,
	AE_MEMINFO_PHYSICAL
};

enum {
	AE_IPC_EMULATE,
	AE_IPC_NATIVE
};

/*
 * Called with one finished line for each thing wrong with the environment: a malformed value
 * (names the variable, the value and what is kept), an unknown AEROSTAT_ name (with the nearest
 * known one), an option on which nothing acts yet.
 */
typedef void ae_config_warn(void *arg, const char *line);

/*
 * Reads every option from envp (NULL-terminated "NAME=VALUE" strings; NULL means environ) into
 * config_out, defaults where nothing (or something malformed) is set. Computed defaults are filled
 * in: model from the program's name, dir from the user's id. A relative dir is taken from the current
 * directory and made absolute. warn may be NULL. Never fails.
 */
void ae_config_load(char *const *envp, struct ae_config *config_out, ae_config_warn *warn,
		    void *arg);

/* Where a user's ledgers and sockets live unless told otherwise: "/dev/shm/aerostat-UID". Returns text. */
char *ae_config_default_dir(uid_t uid, char *text, size_t text_size);

/*
 * Checks one value as ae_config_load would: 0, or -EINVAL with a line for the user in why, which
 * quotes the value and says what is taken, without the option's name:
 * "20Q" is not a size (such as 512M, 20G or 50%)
 * ae_option_set also stores it in its field of config, which stays untouched when it is malformed.
 */
int ae_option_check(const struct ae_option *option, const char *value, char *why, size_t why_size);
int ae_option_set(const struct ae_option *option, const char *value, struct ae_config *config,
		  char *why, size_t why_size);

/* True when both have the same value of option. */
bool ae_option_equal(const struct ae_option *option, const struct ae_config *a,
		     const struct ae_config *b);

/*
 * The row of that name, in the environment's form ("LOG_FILE") or the tool's ("log-file"); NULL
 * when there is none. ae_option_nearest: the row that a wrong name was most likely meant for, or
 * NULL when nothing is near.
 */
const struct ae_option *ae_option_find(const char *name);
const struct ae_option *ae_option_nearest(const char *name);

#endif
