/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: tool. What the commands that act on models have in common on their command lines. */
#ifndef AE_TOOL_ARGUMENTS_H
#define AE_TOOL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/parse.h"
#include "tool/ledgers.h"
#include "tool/tool.h"

#define AE_WORDS_MOST 2

struct ae_arguments {
	struct ae_scope scope;
	bool help;
	bool flag;
	size_t count;
	const char *words[AE_WORDS_MOST]; /* what is no option */
};

/*
 * Takes --help, the scope's options, one flag of the command's own (NULL: none) and up to most words. 0,
 * or the exit status after a line.
 */
int ae_arguments_take(const struct ae_command *command, int argc, char **argv, const char *flag,
		      size_t most, struct ae_arguments *arguments_out);

/*
 * A size, as the option of that name takes it. 0, or the exit status after a line: it is none.
 */
int ae_arguments_size(const char *command, const char *option, const char *text,
		      struct ae_size *size_out);

#endif
