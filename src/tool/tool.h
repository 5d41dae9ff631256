/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. The command `aerostat`: one table of commands, one file for each of them. One
 * thread, no state that outlives a command, nothing of CUDA linked.
 */
#ifndef AE_TOOL_TOOL_H
#define AE_TOOL_TOOL_H

#include <stdio.h>

/* What the command returns; `run` returns what its program returns. */
enum {
	AE_EXIT_OK = 0,
	AE_EXIT_FAILED = 1, /* refused, failed, or (doctor) it will not work */
	AE_EXIT_USAGE = 2,
	AE_EXIT_NOT_EXECUTABLE = 126,
	AE_EXIT_NOT_FOUND = 127,
};

struct ae_command {
	const char *name;
	const char *summary;
	const char *synopsis; /* what follows "aerostat NAME" */
	/* argv[0] is the command's name. Returns the exit status. */
	int (*run)(int argc, char **argv);
	/* The help below the synopsis. */
	void (*help)(FILE *out);
};

extern const struct ae_command ae_command_run;
extern const struct ae_command ae_command_ps;
extern const struct ae_command ae_command_trim;
extern const struct ae_command ae_command_limit;
extern const struct ae_command ae_command_reserve;
extern const struct ae_command ae_command_debug;
extern const struct ae_command ae_command_doctor;

/* "aerostat COMMAND: ..." and where to read on, to standard error. Returns AE_EXIT_USAGE. */
int ae_usage_error(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "aerostat COMMAND: ..." to standard error. Returns AE_EXIT_FAILED. */
int ae_failure(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The whole help of a command. Returns AE_EXIT_OK. */
int ae_command_help(const struct ae_command *command, FILE *out);

/* One row of help: what to type, then its meaning, wrapped in a column of its own. */
void ae_help_row(FILE *out, const char *term, const char *meaning);

/* One row for each option of options.def. */
void ae_help_options(FILE *out);

#endif
