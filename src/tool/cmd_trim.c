/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat trim: cached memory goes back to the device. */
#include <stdlib.h>
#include <string.h>

#include "tool/arguments.h"
#include "tool/targets.h"

#define NAME "trim"

/* To no claims at all: what is cached goes, what is in use cannot. */
static int ask(const struct ae_targets *targets)
{
	static const uint64_t nothing[AE_LEDGER_MEMBERS];
	int status = AE_EXIT_OK;

	for (size_t i = 0; i < targets->count; i++) {
		int ret = ae_target_tell(NAME, &targets->targets[i], AE_LEDGER_ASK_TRIM, nothing);

		if (ret != AE_EXIT_OK)
			status = ret;
	}
	return status;
}

/* What went of the cache, unless the program took it into use. */
static uint64_t given_back(const struct ae_ledger_member *before,
			   const struct ae_ledger_member *now)
{
	uint64_t cached = before->cached > now->cached ? before->cached - now->cached : 0;
	uint64_t claimed = before->claimed > now->claimed ? before->claimed - now->claimed : 0;

	return cached < claimed ? cached : claimed;
}

static void report(struct ae_target *target, const struct ae_ledger_member *before)
{
	struct ae_ledger_member now;
	char given[32], cached[32];

	ae_target_look(target, &now, NULL);
	printf("%s: %s given back, %s cached\n", target->label,
	       ae_format_bytes(given_back(before, &now), given, sizeof(given)),
	       ae_format_bytes(now.cached, cached, sizeof(cached)));
}

static int trim(struct ae_targets *targets)
{
	struct ae_ledger_member *before = calloc(targets->count + 1, sizeof(*before));
	int fresh, status, ret;

	if (!before)
		return ae_failure(NAME, "out of memory");
	fresh = ae_targets_freshen(NAME, targets);
	for (size_t i = 0; i < targets->count; i++)
		ae_target_look(&targets->targets[i], &before[i], NULL);
	status = ask(targets);
	ret = ae_targets_settle(NAME, targets);
	for (size_t i = 0; i < targets->count; i++)
		report(&targets->targets[i], &before[i]);
	free(before);
	return fresh != AE_EXIT_OK ? fresh : ret != AE_EXIT_OK ? ret : status;
}

static int run_trim(int argc, char **argv)
{
	struct ae_arguments arguments;
	struct ae_targets targets;
	int ret = ae_arguments_take(&ae_command_trim, argc, argv, "--all", 1, &arguments);

	if (ret != AE_EXIT_OK)
		return ret;
	if (arguments.help)
		return ae_command_help(&ae_command_trim, stdout);
	if (arguments.count == 0 && !arguments.flag)
		return ae_usage_error(NAME, "which model, or process, or --all?");
	if (arguments.count == 1 && arguments.flag)
		return ae_usage_error(NAME, "%s and --all do not go together", arguments.words[0]);
	ret = ae_targets_find(NAME, &arguments.scope, arguments.words[0], AE_REACH_PROCESS,
			      &targets);
	if (ret == AE_EXIT_OK && targets.count == 0)
		printf("Nobody is in the ledgers of %s.\n", arguments.scope.dir);
	else if (ret == AE_EXIT_OK)
		ret = trim(&targets);
	ae_targets_free(&targets);
	return ret;
}

static void help_trim(FILE *out)
{
	fprintf(out, "Has the processes of a model, one process, or all give their cached memory\n"
		     "back to the device, and says how much it was. What is in use stays.\n"
		     "\n"
		     "Options:\n");
	ae_help_row(out, "--all", "everybody");
	ae_scope_help(out);
	ae_help_row(out, "--help", "print this help");
	fprintf(out,
		"\n"
		"A process that does not answer within 5 s (it is stopped, say) is a line and the\n"
		"exit status 1; it gives back when it goes on.\n"
		"\n"
		"Examples:\n"
		"  aerostat trim chat\n"
		"  aerostat trim --all --group night\n");
}

const struct ae_command ae_command_trim = {
	.name = NAME,
	.summary = "have cached memory given back",
	.synopsis = "[OPTION]... MODEL | PID | --all",
	.run = run_trim,
	.help = help_trim,
};
