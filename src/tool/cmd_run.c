/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat run: the program, with the library in front of it. */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/parse.h"
#include "tool/child.h"
#include "tool/paths.h"
#include "tool/program.h"
#include "tool/reserve.h"
#include "tool/tool.h"

#define NAME "run"
/* How long a look for the driver may take before the program is simply run. */
#define DRIVER_WAIT_MS 5000

struct run {
	bool sim;
	bool help;
	char **program; /* its argument vector */
};

static int out_of_memory(void)
{
	return ae_failure(NAME, "out of memory");
}

static int set_variable(const char *name, const char *value)
{
	return setenv(name, value, 1) == 0 ? 0 : out_of_memory();
}

/* Puts value before what the variable holds, unless it leads there already. */
static int prepend(const char *name, const char *value)
{
	const char *old = getenv(name);
	size_t length = strlen(value);
	char *joined;
	int ret;

	if (!old || !*old)
		return set_variable(name, value);
	if (strncmp(old, value, length) == 0 && (!old[length] || old[length] == ':'))
		return 0;
	if (asprintf(&joined, "%s:%s", value, old) < 0)
		return out_of_memory();
	ret = set_variable(name, joined);
	free(joined);
	return ret;
}

/*
 * Sets the option's variable. A path is made absolute here, while it is known from where it was
 * meant: servers change their directory.
 */
static int set_option(const struct ae_option *option, const char *typed, const char *value)
{
	char name[64], cwd[PATH_MAX], path[2 * PATH_MAX], why[256];

	if (strcmp(option->metavar, "PATH") == 0 && *value && *value != '/' &&
	    getcwd(cwd, sizeof(cwd))) {
		snprintf(path, sizeof(path), "%s/%s", cwd, value);
		value = path;
	}
	if (ae_option_check(option, value, why, sizeof(why)) != 0)
		return ae_usage_error(NAME, "--%s: %s", typed, why);
	snprintf(name, sizeof(name), "AEROSTAT_%s", option->name);
	return set_variable(name, value);
}

static int set_sim(struct run *run, const char *value)
{
	struct ae_size size;
	char bytes[32];

	run->sim = true;
	if (!value)
		return 0;
	if (ae_parse_size(value, &size) != 0 || size.is_percent || size.bytes == 0)
		return ae_usage_error(NAME, "--sim: \"%.64s\" is not a size (such as 512M or 4G)",
				      value);
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)size.bytes);
	return set_variable("SIMCUDA_MEM", bytes);
}

static int unknown_option(const char *name)
{
	const struct ae_option *near = ae_option_nearest(name);
	char spelled[64];
	size_t i = 0;

	if (ae_edit_distance(name, "sim") <= 1)
		return ae_usage_error(NAME, "--%s is not an option; did you mean --sim?", name);
	if (!near)
		return ae_usage_error(NAME, "--%s is not an option", name);
	for (const char *from = near->name; *from && i + 1 < sizeof(spelled); from++)
		spelled[i++] = *from == '_' ? '-' : (char)(*from - 'A' + 'a');
	spelled[i] = 0;
	return ae_usage_error(NAME, "--%s is not an option; did you mean --%s?", name, spelled);
}

/* One option at argv[*index]; moves index past it and its value. */
static int take_option(struct run *run, int argc, char **argv, int *index)
{
	const char *text = argv[*index] + 2;
	const struct ae_option *option;
	const char *value = strchr(text, '=');
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)(value && value - text < 63 ? value - text : 63),
		 text);
	if (value)
		value++;
	(*index)++;
	if (strcmp(name, "sim") == 0)
		return set_sim(run, value);
	option = ae_option_find(name);
	/* The variable's spelling is none of ours. */
	if (!option || strcmp(option->name, name) == 0)
		return unknown_option(name);
	if (!value && option->kind == AE_OPTION_BOOL)
		value = "1";
	/* "--" ends the options: who means it as a value writes --name=-- */
	if (!value && *index < argc && strcmp(argv[*index], "--") != 0)
		value = argv[(*index)++];
	if (!value)
		return ae_usage_error(NAME, "--%s needs a value: --%s=%s", name, name,
				      option->metavar);
	return set_option(option, name, value);
}

static int parse(struct run *run, int argc, char **argv)
{
	int i = 1, ret;

	while (i < argc && argv[i][0] == '-' && strcmp(argv[i], "--") != 0) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			run->help = true;
			return 0;
		}
		if (strncmp(argv[i], "--", 2) != 0)
			return ae_usage_error(NAME, "%s is not an option", argv[i]);
		ret = take_option(run, argc, argv, &i);
		if (ret != 0)
			return ret;
	}
	if (i < argc && strcmp(argv[i], "--") == 0)
		i++;
	if (i >= argc)
		return ae_usage_error(NAME, "which program?");
	run->program = argv + i;
	return 0;
}

static int use_library(void)
{
	char path[PATH_MAX], why[PATH_MAX + 256], value[2 * PATH_MAX];

	if (ae_path_library(path, why, sizeof(why)) != 0)
		return ae_failure(NAME, "%s", why);
	if (strpbrk(path, " :"))
		return ae_failure(NAME,
				  "%s: LD_PRELOAD takes no path with a space or a colon in it: "
				  "install aerostat elsewhere",
				  path);
	/* A sanitizer's run time comes first of all; empty in builds without one. */
	snprintf(value, sizeof(value), "%s%s%s", AE_SANITIZE_LIBS, *AE_SANITIZE_LIBS ? ":" : "",
		 path);
	return prepend("LD_PRELOAD", value);
}

static int use_simulator(void)
{
	char dir[PATH_MAX], why[PATH_MAX + 256];
	int ret = ae_path_simulator(dir, why, sizeof(why));

	if (ret == -EINVAL)
		return ae_usage_error(NAME, "%s", why);
	if (ret != 0)
		return ae_failure(NAME, "%s", why);
	return prepend("LD_LIBRARY_PATH", dir);
}

/* In a child: loading a driver runs its constructors. */
static int load_driver(void *arg)
{
	return dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) ? 0 : 1;
}

static void mention_missing_driver(void)
{
	int status;

	if (ae_child_run(load_driver, NULL, DRIVER_WAIT_MS, &status) == 0 && status == 1)
		fprintf(stderr, "aerostat run: no libcuda.so.1 found: the program runs without a "
				"GPU (--sim puts a simulated one under it)\n");
}

/* What cannot be served runs all the same, but not without a word. */
static void mention_no_preload(const char *program)
{
	char path[PATH_MAX];
	const char *why = ae_program_no_preload(program, path);

	if (why)
		ae_failure(NAME,
			   "%s is %s: libaerostat.so cannot be preloaded into it; it runs natively",
			   path, why);
}

static int run_run(int argc, char **argv)
{
	struct run run = { 0 };
	int ret, error;

	ret = parse(&run, argc, argv);
	if (ret == 0 && run.help)
		return ae_command_help(&ae_command_run, stdout);
	if (ret != 0 || run.program == NULL)
		return ret;
	if (run.sim)
		ret = use_simulator();
	if (ret == 0)
		ret = use_library();
	if (ret != 0)
		return ret;
	if (!run.sim)
		mention_missing_driver();
	ret = ae_reserve_check(run.sim, run.program[0]);
	if (ret != AE_EXIT_OK)
		return ret;
	mention_no_preload(run.program[0]);
	execvp(run.program[0], run.program);
	error = errno;
	ae_failure(NAME, "%s: %s", run.program[0], error == ENOENT ? "not found" : strerror(error));
	return error == ENOENT ? AE_EXIT_NOT_FOUND : AE_EXIT_NOT_EXECUTABLE;
}

static void help_run(FILE *out)
{
	fprintf(out,
		"Runs PROGRAM with libaerostat.so preloaded, so that its GPU memory comes from\n"
		"an elastic pool. Nothing in the program changes. The exit status is the\n"
		"program's; 126: it cannot be executed, 127: it was not found. A --reserve that\n"
		"no visible GPU has left is exit status 1, with the arithmetic, and the program\n"
		"is not run.\n"
		"\n"
		"Examples:\n"
		"  aerostat run --model chat -- vllm serve meta-llama/Llama-3.1-8B\n"
		"  aerostat run --model embed --limit 20G -- python3 embed_server.py\n"
		"  aerostat run --sim=4G -- ./driver-api-program\n"
		"\n"
		"Options:\n");
	ae_help_row(out, "--sim[=SIZE]",
		    "run on a simulated driver, with SIZE of device memory (default 4G). No GPU is "
		    "needed. The program must use the driver API, or the runtime API through the "
		    "stand-in runtime, with kernels that have C twins; NVIDIA's own runtime and "
		    "kernels need a GPU");
	ae_help_row(out, "--help", "print this help");
	fprintf(out,
		"\n"
		"Options of the library. Each sets an environment variable: --limit sets\n"
		"AEROSTAT_LIMIT. Sizes take K, M, G, T and %% of the device; times take ms, s, m.\n");
	ae_help_options(out);
	fprintf(out, "\n"
		     "'--' may be left out where PROGRAM does not begin with '-'. SIMCUDA_DRIVER\n"
		     "(11020, 11080, 12040 or 13000) chooses the version that --sim simulates.\n");
}

const struct ae_command ae_command_run = {
	.name = NAME,
	.summary = "run a program with libaerostat.so in front of it",
	.synopsis = "[OPTION]... [--] PROGRAM [ARGUMENT]...",
	.run = run_run,
	.help = help_run,
};
