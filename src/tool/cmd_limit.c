/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat limit: the most that a model may have on a device, while it runs. */
#include <stdlib.h>
#include <string.h>

#include "tool/arguments.h"
#include "tool/targets.h"

#define NAME "limit"

static int tell_all(const struct ae_target *target, uint64_t limit)
{
	uint64_t values[AE_LEDGER_MEMBERS];

	for (size_t i = 0; i < target->count; i++)
		values[i] = limit;
	return ae_target_tell(NAME, target, AE_LEDGER_SET_LIMIT, values);
}

/*
 * Each process keeps its own cache within the new limit by itself. Where their sum is above it, they come
 * down in turn: what is cached of one, then of the next.
 */
static int trim_sum(const struct ae_target *target, uint64_t limit)
{
	uint64_t values[AE_LEDGER_MEMBERS], sum = 0;

	for (size_t i = 0; i < target->count; i++)
		sum += target->members[i].claimed;
	for (size_t i = 0; i < target->count; i++) {
		const struct ae_ledger_member *member = &target->members[i];
		uint64_t above = sum > limit ? sum - limit : 0;

		if (above > member->cached)
			above = member->cached;
		sum -= above;
		values[i] = above > 0 ? member->claimed - above : UINT64_MAX;
	}
	return ae_target_tell(NAME, target, AE_LEDGER_ASK_TRIM, values);
}

static void report(struct ae_target *target, const struct ae_ledger_member *before)
{
	char limit[32], was[32], resident[32], cached[32], above[32];
	struct ae_ledger_member now;

	ae_target_look(target, NULL, &now);
	if (now.limit == UINT64_MAX) {
		printf("%s: has ended\n", target->label);
		return;
	}
	printf("%s: limit %s, was %s; %s resident", target->label,
	       ae_format_bytes(now.limit, limit, sizeof(limit)),
	       ae_format_bytes(before->limit, was, sizeof(was)),
	       ae_format_bytes(now.claimed, resident, sizeof(resident)));
	if (now.cached > 0)
		printf(", %s of it cached", ae_format_bytes(now.cached, cached, sizeof(cached)));
	if (now.claimed > now.limit)
		printf(": %s above the limit, allocations fail until so much is freed",
		       ae_format_bytes(now.claimed - now.limit, above, sizeof(above)));
	putchar('\n');
}

static int set_limits(struct ae_targets *targets, const struct ae_size *size)
{
	struct ae_ledger_member *before = calloc(targets->count + 1, sizeof(*before));
	uint64_t limit;
	int status, ret;

	if (!before)
		return ae_failure(NAME, "out of memory");
	status = ae_targets_freshen(NAME, targets);
	for (size_t i = 0; i < targets->count; i++) {
		struct ae_target *target = &targets->targets[i];
		uint64_t total = target->seen->view.total;

		ae_target_look(target, NULL, &before[i]);
		limit = ae_size_resolve(size, total);
		if (limit > total)
			limit = total;
		ret = tell_all(target, limit);
		/* In the same mail: it is done by who has read it. */
		if (ret == AE_EXIT_OK)
			ret = trim_sum(target, limit);
		if (ret != AE_EXIT_OK)
			status = ret;
	}
	ret = ae_targets_settle(NAME, targets);
	for (size_t i = 0; i < targets->count; i++)
		report(&targets->targets[i], &before[i]);
	free(before);
	return ret != AE_EXIT_OK ? ret : status;
}

static int run_limit(int argc, char **argv)
{
	struct ae_arguments arguments;
	struct ae_targets targets;
	struct ae_size size;
	int ret = ae_arguments_take(&ae_command_limit, argc, argv, NULL, 2, &arguments);

	if (ret != AE_EXIT_OK)
		return ret;
	if (arguments.help)
		return ae_command_help(&ae_command_limit, stdout);
	if (arguments.count < 2)
		return ae_usage_error(NAME, "which model, and which size?");
	ret = ae_arguments_size(NAME, "limit", arguments.words[1], &size);
	if (ret != AE_EXIT_OK)
		return ret;
	ret = ae_targets_find(NAME, &arguments.scope, arguments.words[0], AE_REACH_MODEL, &targets);
	if (ret == AE_EXIT_OK)
		ret = set_limits(&targets, &size);
	ae_targets_free(&targets);
	return ret;
}

static void help_limit(FILE *out)
{
	fprintf(out,
		"Sets the most device memory that a running model may have on a device, for all\n"
		"its processes together, up or down, and says what it was and what is in use.\n"
		"SIZE takes K, M, G, T and %% of the device. A process id stands for its model.\n"
		"\n"
		"A limit below what is in use takes nothing away from the program: cached\n"
		"memory is given back, and allocations fail until the model has freed enough. A\n"
		"process that joins the model later brings AEROSTAT_LIMIT with it; the least of\n"
		"all limits holds.\n"
		"\n"
		"Options:\n");
	ae_scope_help(out);
	ae_help_row(out, "--help", "print this help");
	fprintf(out,
		"\n"
		"A process that does not answer within 5 s (it is stopped, say) is a line and the\n"
		"exit status 1; the limit holds for it all the same.\n"
		"\n"
		"Examples:\n"
		"  aerostat limit chat 40G\n"
		"  aerostat limit --device GPU-5c1f chat 50%%\n");
}

const struct ae_command ae_command_limit = {
	.name = NAME,
	.summary = "set the most memory that a running model may have",
	.synopsis = "[OPTION]... MODEL SIZE",
	.run = run_limit,
	.help = help_limit,
};
