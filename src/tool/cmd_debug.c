/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat debug: for those who look for a fault. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/arguments.h"
#include "tool/targets.h"

#define NAME        "debug"
#define MAP_WAIT_MS 5000

/* The file to standard output; 0, or the exit status. */
static int copy_out(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char buffer[65536];
	ssize_t n;

	if (fd < 0)
		return ae_failure(NAME, "%s: %s", path, strerror(errno));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		fwrite(buffer, 1, (size_t)n, stdout);
	close(fd);
	return n < 0 ? ae_failure(NAME, "%s: %s", path, strerror(errno)) : AE_EXIT_OK;
}

static int print_map(const struct ae_target *target, const struct ae_ledger_member *member)
{
	char path[PATH_MAX], why[512], resident[32], cached[32];
	int ret = ae_ledger_get_map(target->seen->view.path, member, MAP_WAIT_MS, path,
				    sizeof(path), why, sizeof(why));

	if (ret != 0)
		return ae_failure(NAME, "%s", why);
	printf("model %s, process %d, device %s, group %s: %s resident, %s of it cached\n",
	       member->model, (int)member->pid, target->seen->uuid, target->seen->group,
	       ae_format_bytes(member->claimed, resident, sizeof(resident)),
	       ae_format_bytes(member->cached, cached, sizeof(cached)));
	ret = copy_out(path);
	unlink(path);
	return ret;
}

static int run_debug(int argc, char **argv)
{
	struct ae_arguments arguments;
	struct ae_targets targets;
	int ret = ae_arguments_take(&ae_command_debug, argc, argv, NULL, 2, &arguments), one;

	if (ret != AE_EXIT_OK)
		return ret;
	if (arguments.help)
		return ae_command_help(&ae_command_debug, stdout);
	if (arguments.count == 0 || strcmp(arguments.words[0], "map") != 0)
		return ae_usage_error(NAME, "what: map?");
	if (arguments.count < 2)
		return ae_usage_error(NAME, "map of which model, or process?");
	ret = ae_targets_find(NAME, &arguments.scope, arguments.words[1], AE_REACH_PROCESS,
			      &targets);
	if (ret == AE_EXIT_OK)
		ret = ae_targets_freshen(NAME, &targets);
	for (size_t i = 0; i < targets.count; i++) {
		for (size_t j = 0; j < targets.targets[i].count; j++) {
			if (targets.targets[i].is_silent[j])
				continue;
			one = print_map(&targets.targets[i], &targets.targets[i].members[j]);
			if (one != AE_EXIT_OK)
				ret = one;
		}
	}
	ae_targets_free(&targets);
	return ret;
}

static void help_debug(FILE *out)
{
	fprintf(out,
		"map prints what lies where in the pool of each process of a model, or of one\n"
		"process: reservations, the blocks and the cached ranges in them, and the\n"
		"chunks behind each. The process itself writes it down, within moments.\n"
		"\n"
		"Options:\n");
	ae_scope_help(out);
	ae_help_row(out, "--help", "print this help");
	fprintf(out,
		"\n"
		"A process that does not answer within 5 s (it is stopped, say) is a line and the\n"
		"exit status 1.\n"
		"\n"
		"Example:\n"
		"  aerostat debug map chat\n");
}

const struct ae_command ae_command_debug = {
	.name = NAME,
	.summary = "what lies where in a process's pool",
	.synopsis = "[OPTION]... map MODEL | PID",
	.run = run_debug,
	.help = help_debug,
};
