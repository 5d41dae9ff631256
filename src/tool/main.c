/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <config.h>

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/parse.h"
#include "tool/tool.h"

static int run_help(int argc, char **argv);

static void help_help(FILE *out)
{
	fprintf(out, "Without COMMAND: the list of commands.\n");
}

static const struct ae_command command_help = {
	.name = "help",
	.summary = "explain a command",
	.synopsis = "[COMMAND]",
	.run = run_help,
	.help = help_help,
};

static const struct ae_command *const commands[] = {
	&ae_command_run,     &ae_command_ps,     &ae_command_trim,  &ae_command_limit,
	&ae_command_reserve, &ae_command_doctor, &ae_command_debug, &command_help,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct ae_command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

static int unknown_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (ae_edit_distance(name, commands[i]->name) <= 2)
			return ae_usage_error(NULL, "%s is not a command; did you mean %s?", name,
					      commands[i]->name);
	}
	return ae_usage_error(NULL, "%s is not a command", name);
}

static int print_help(FILE *out)
{
	fprintf(out,
		"Usage: aerostat COMMAND ...\n"
		"       aerostat --help | --version\n"
		"\n"
		"Elastic GPU memory for unmodified CUDA servers: puts libaerostat.so in front of\n"
		"a program, shows and changes who has what of a GPU, and says whether it will\n"
		"work here.\n"
		"\n"
		"Commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		ae_help_row(out, commands[i]->name, commands[i]->summary);
	fprintf(out, "\n"
		     "Example:\n"
		     "  aerostat doctor\n"
		     "  aerostat run --model embed --limit 20G -- python3 embed_server.py\n"
		     "  aerostat ps\n"
		     "\n"
		     "aerostat COMMAND --help explains a command; man aerostat has it all.\n");
	return AE_EXIT_OK;
}

static int run_help(int argc, char **argv)
{
	const struct ae_command *command;

	if (argc > 2)
		return ae_usage_error("help", "one command at a time");
	if (argc < 2)
		return print_help(stdout);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return ae_command_help(&command_help, stdout);
	command = find_command(argv[1]);
	return command ? ae_command_help(command, stdout) : unknown_command(argv[1]);
}

int ae_command_help(const struct ae_command *command, FILE *out)
{
	fprintf(out, "Usage: aerostat %s %s\n\n", command->name, command->synopsis);
	command->help(out);
	return AE_EXIT_OK;
}

static void complain(const char *command, const char *format, va_list args)
{
	char line[4096];

	/* One line, one write: the program's own output may come beside it. */
	vsnprintf(line, sizeof(line), format, args);
	fprintf(stderr, "aerostat%s%s: %s\n", command ? " " : "", command ? command : "", line);
}

int ae_usage_error(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(command, format, args);
	va_end(args);
	fprintf(stderr, "Try 'aerostat %s%s--help'.\n", command ? command : "", command ? " " : "");
	return AE_EXIT_USAGE;
}

int ae_failure(const char *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(command, format, args);
	va_end(args);
	return AE_EXIT_FAILED;
}

static bool is_one_of(const char *word, const char *long_form, const char *short_form)
{
	return strcmp(word, long_form) == 0 || strcmp(word, short_form) == 0;
}

static int run_command(int argc, char **argv)
{
	const struct ae_command *command;

	if (argc < 2) {
		print_help(stderr);
		return AE_EXIT_USAGE;
	}
	if (is_one_of(argv[1], "--help", "-h") || is_one_of(argv[1], "--version", "-V")) {
		if (argc > 2)
			return ae_usage_error(NULL, "%s: %s takes no arguments", argv[2], argv[1]);
		if (is_one_of(argv[1], "--help", "-h"))
			return print_help(stdout);
		printf("aerostat %s\n", PACKAGE_VERSION);
		return AE_EXIT_OK;
	}
	if (argv[1][0] == '-')
		return ae_usage_error(NULL, "%s is not an option; a command comes first", argv[1]);
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

int main(int argc, char **argv)
{
	int status = run_command(argc, argv);

	/* A full disk behind standard output is a failure too. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == AE_EXIT_OK)
		return ae_failure(NULL, "cannot write to standard output");
	return status;
}
