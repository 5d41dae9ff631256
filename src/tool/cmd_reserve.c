/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat reserve: what is kept for a model on a device, while it runs. */
#include <string.h>

#include "tool/arguments.h"
#include "tool/targets.h"

#define NAME "reserve"

static int tell_all(const struct ae_target *target, uint64_t reserve)
{
	uint64_t values[AE_LEDGER_MEMBERS];

	for (size_t i = 0; i < target->count; i++)
		values[i] = reserve;
	return ae_target_tell(NAME, target, AE_LEDGER_SET_RESERVE, values);
}

/* The largest of the members' reserves holds: what was refused for one leaves none behind with another. */
static void take_back(const struct ae_target *target)
{
	char why[512];

	for (size_t i = 0; i < target->count; i++)
		ae_ledger_tell(target->seen->view.path, &target->members[i], AE_LEDGER_SET_RESERVE,
			       target->members[i].reserve, why, sizeof(why));
}

static int set_reserve(struct ae_target *target, const struct ae_size *size)
{
	uint64_t reserve = ae_size_resolve(size, target->seen->view.total);
	struct ae_ledger_member before, now;
	char text[3][32];
	int ret;

	ae_target_look(target, NULL, &before);
	ret = tell_all(target, reserve);
	if (ret != AE_EXIT_OK) {
		take_back(target);
		return ret;
	}
	ae_target_look(target, NULL, &now);
	if (now.limit == UINT64_MAX) {
		printf("%s: has ended\n", target->label);
		return AE_EXIT_OK;
	}
	printf("%s: reserve %s, was %s; %s resident", target->label,
	       ae_format_bytes(now.reserve, text[0], sizeof(text[0])),
	       ae_format_bytes(before.reserve, text[1], sizeof(text[1])),
	       ae_format_bytes(now.claimed, text[2], sizeof(text[2])));
	if (now.reserve > now.limit)
		printf(": only its limit of %s is kept",
		       ae_format_bytes(now.limit, text[0], sizeof(text[0])));
	putchar('\n');
	return AE_EXIT_OK;
}

static int run_reserve(int argc, char **argv)
{
	struct ae_arguments arguments;
	struct ae_targets targets;
	struct ae_size size;
	int ret = ae_arguments_take(&ae_command_reserve, argc, argv, NULL, 2, &arguments), one;

	if (ret != AE_EXIT_OK)
		return ret;
	if (arguments.help)
		return ae_command_help(&ae_command_reserve, stdout);
	if (arguments.count < 2)
		return ae_usage_error(NAME, "which model, and which size?");
	ret = ae_arguments_size(NAME, "reserve", arguments.words[1], &size);
	if (ret != AE_EXIT_OK)
		return ret;
	ret = ae_targets_find(NAME, &arguments.scope, arguments.words[0], AE_REACH_MODEL, &targets);
	for (size_t i = 0; i < targets.count; i++) {
		one = set_reserve(&targets.targets[i], &size);
		if (one != AE_EXIT_OK)
			ret = one;
	}
	ae_targets_free(&targets);
	return ret;
}

static void help_reserve(FILE *out)
{
	fprintf(out,
		"Sets the device memory that is kept for a running model on a device, for all\n"
		"its processes together, and never taken from it. SIZE takes K, M, G, T and %%\n"
		"of the device; 0 ends it. A process id stands for its model.\n"
		"\n"
		"The exit status is 1 when there is not so much: the line has the arithmetic,\n"
		"and the reserve stays as it was.\n"
		"\n"
		"Options:\n");
	ae_scope_help(out);
	ae_help_row(out, "--help", "print this help");
	fprintf(out, "\n"
		     "Example:\n"
		     "  aerostat reserve embed 10G\n");
}

const struct ae_command ae_command_reserve = {
	.name = NAME,
	.summary = "keep memory for a running model",
	.synopsis = "[OPTION]... MODEL SIZE",
	.run = run_reserve,
	.help = help_reserve,
};
