/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat ps: who has what of which device. */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/config.h"
#include "base/parse.h"
#include "tool/models.h"
#include "tool/ps.h"
#include "tool/table.h"
#include "tool/tool.h"

#define NAME "ps"

enum {
	MODEL,
	PROCESSES,
	RESIDENT,
	CACHED,
	PINNED,
	EVICTED,
	LIMIT,
	RESERVE,
	PRIORITY,
	STATE,
	COLUMNS
};
#define CELL_MAX (AE_LEDGER_NAME_MAX + 8)

static char *write_bytes(uint64_t bytes, char *cell)
{
	if (bytes == 0)
		strcpy(cell, "-");
	else
		ae_format_bytes(bytes, cell, CELL_MAX);
	return cell;
}

/* One row, for a model or for one of its processes. */
static bool add_row(struct ae_table *table, const struct ae_ledger_member *sum,
		    const struct ae_standing *standing, const char *label, const char *processes)
{
	char cells[COLUMNS][CELL_MAX];
	const char *texts[COLUMNS];

	snprintf(cells[MODEL], CELL_MAX, "%s", label);
	snprintf(cells[PROCESSES], CELL_MAX, "%s", processes);
	write_bytes(sum->claimed, cells[RESIDENT]);
	write_bytes(sum->cached, cells[CACHED]);
	write_bytes(sum->pinned, cells[PINNED]);
	write_bytes(sum->away, cells[EVICTED]);
	write_bytes(sum->limit, cells[LIMIT]);
	write_bytes(sum->reserve, cells[RESERVE]);
	snprintf(cells[PRIORITY], CELL_MAX, "%d", sum->priority);
	ae_standing_text(standing, cells[STATE], CELL_MAX);
	for (size_t i = 0; i < COLUMNS; i++)
		texts[i] = cells[i];
	return ae_table_row(table, texts);
}

static bool add_model(const struct ae_ps *ps, struct ae_table *table,
		      const struct ae_ledger_view *view, const struct ae_model *model)
{
	char label[CELL_MAX], processes[24];

	snprintf(label, sizeof(label), "  %s", model->name);
	snprintf(processes, sizeof(processes), "%zu", model->count);
	if (!add_row(table, &model->sum, &model->standing, label, processes))
		return false;
	for (size_t i = 0; ps->verbose && i < model->count; i++) {
		const struct ae_ledger_member *member = &view->members[model->first + i];
		struct ae_standing standing = ae_standing_of(view, member, ps->idle_after_ms);

		snprintf(label, sizeof(label), "    %d", (int)member->pid);
		if (!add_row(table, member, &standing, label, ""))
			return false;
	}
	return true;
}

static bool add_heading(struct ae_table *table, const struct ae_seen *seen)
{
	struct ae_device_sums sums = ae_device_sums_of(&seen->view);
	char line[512], total[32], members[32], outside[32], free_bytes[32];

	ae_format_bytes(sums.total, total, sizeof(total));
	/* What is outside was measured by a member. */
	if (seen->view.count == 0)
		snprintf(line, sizeof(line), "%s, group %s: %s, no members", seen->uuid,
			 seen->group, total);
	else
		snprintf(line, sizeof(line), "%s, group %s: %s: members %s, outside %s, free %s",
			 seen->uuid, seen->group, total,
			 ae_format_bytes(sums.members, members, sizeof(members)),
			 ae_format_bytes(sums.outside, outside, sizeof(outside)),
			 ae_format_bytes(sums.free, free_bytes, sizeof(free_bytes)));
	return ae_table_line(table, line);
}

static bool add_device(const struct ae_ps *ps, struct ae_table *table, struct ae_seen *seen)
{
	static struct ae_model models[AE_LEDGER_MEMBERS];
	size_t count = ae_models_of(&seen->view, ps->idle_after_ms, models);
	bool whole = add_heading(table, seen);

	for (size_t i = 0; i < count && whole; i++)
		whole = add_model(ps, table, &seen->view, &models[i]);
	return whole;
}

int ae_ps_table(const struct ae_ps *ps, struct ae_ledgers *ledgers)
{
	struct ae_table table = {
		.columns = COLUMNS,
		.names = { [MODEL] = "MODEL",
			   [PROCESSES] = "PROCESSES",
			   [RESIDENT] = "RESIDENT",
			   [CACHED] = "CACHED",
			   [PINNED] = "PINNED",
			   [EVICTED] = "EVICTED",
			   [LIMIT] = "LIMIT",
			   [RESERVE] = "RESERVE",
			   [PRIORITY] = "PRIORITY",
			   [STATE] = "STATE" },
		.align = "lrrrrrrrrl",
	};
	bool whole = true;

	if (ledgers->count == 0 && ledgers->faults > 0)
		return AE_EXIT_OK;
	if (ledgers->count == 0) {
		printf("There is no ledger in %s: no program has used aerostat there.\n",
		       ps->scope.dir);
		return AE_EXIT_OK;
	}
	for (size_t i = 0; i < ledgers->count && whole; i++)
		whole = add_device(ps, &table, ledgers->seen[i]);
	if (whole)
		ae_table_print(&table, stdout);
	ae_table_free(&table);
	return whole ? AE_EXIT_OK : ae_failure(NAME, "out of memory");
}

static int run_ps(int argc, char **argv)
{
	struct ae_ps ps = { 0 };
	struct ae_ledgers ledgers;
	struct ae_config config;
	int i = 1, ret;

	ae_scope_init(&ps.scope);
	ae_config_load(NULL, &config, NULL, NULL);
	ps.idle_after_ms = config.idle_after_ms;
	while (i < argc) {
		ret = ae_scope_option(NAME, argc, argv, &i, &ps.scope);
		if (ret < 0)
			return AE_EXIT_USAGE;
		if (ret > 0)
			continue;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return ae_command_help(&ae_command_ps, stdout);
		if (strcmp(argv[i], "--verbose") == 0 || strcmp(argv[i], "-v") == 0)
			ps.verbose = true;
		else if (strcmp(argv[i], "--json") == 0)
			ps.json = true;
		else if (argv[i][0] == '-')
			return ae_usage_error(NAME, "%s is not an option", argv[i]);
		else
			return ae_usage_error(NAME, "%s: it takes no arguments", argv[i]);
		i++;
	}
	ret = ae_ledgers_read(NAME, &ps.scope, &ledgers);
	if (ret == AE_EXIT_OK) {
		ret = ps.json ? ae_ps_json(&ps, &ledgers) : ae_ps_table(&ps, &ledgers);
		fflush(stdout);
		ae_ledgers_complain(NAME, &ledgers);
		if (ledgers.faults > 0)
			ret = AE_EXIT_FAILED;
	}
	ae_ledgers_free(&ledgers);
	return ret;
}

static void help_ps(FILE *out)
{
	fprintf(out,
		"Shows who has what of which GPU: a line for each device, and one for each\n"
		"model on it. A model's processes are added up; its limit and its reserve hold\n"
		"for the sum. Only reads: no program is kept waiting, whatever state it is in.\n"
		"\n"
		"Options:\n");
	ae_help_row(out, "--verbose, -v", "a line for each process too");
	ae_help_row(out, "--json", "for programs: bytes as integers, with a version");
	ae_scope_help(out);
	ae_help_row(out, "--help", "print this help");
	fprintf(out, "\n"
		     "The exit status is 1 when a ledger could not be read; the others are shown.\n"
		     "\n"
		     "Columns:\n");
	ae_help_row(out, "RESIDENT",
		    "device memory that its processes have claimed, cached included");
	ae_help_row(out, "CACHED", "of it, in no live block: given back when somebody needs it");
	ae_help_row(out, "PINNED", "of it, what cannot move");
	ae_help_row(out, "EVICTED", "what is in the host store instead");
	ae_help_row(out, "STATE",
		    "waiting (for memory), busy, idle, starting (has not used the GPU yet), or "
		    "stopped (by a signal)");
}

const struct ae_command ae_command_ps = {
	.name = NAME,
	.summary = "who has what of which GPU",
	.synopsis = "[OPTION]...",
	.run = run_ps,
	.help = help_ps,
};
