/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/arguments.h"

#include <string.h>

#include "base/config.h"

int ae_arguments_take(const struct ae_command *command, int argc, char **argv, const char *flag,
		      size_t most, struct ae_arguments *arguments_out)
{
	struct ae_arguments *out = arguments_out;
	int i = 1, ret;

	*out = (struct ae_arguments){ 0 };
	ae_scope_init(&out->scope);
	while (i < argc) {
		ret = ae_scope_option(command->name, argc, argv, &i, &out->scope);
		if (ret < 0)
			return AE_EXIT_USAGE;
		if (ret > 0)
			continue;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			out->help = true;
		else if (flag && strcmp(argv[i], flag) == 0)
			out->flag = true;
		else if (argv[i][0] == '-')
			return ae_usage_error(command->name, "%s is not an option", argv[i]);
		else if (out->count == most)
			return ae_usage_error(command->name, "%s: that is one argument too many",
					      argv[i]);
		else
			out->words[out->count++] = argv[i];
		i++;
	}
	return AE_EXIT_OK;
}

int ae_arguments_size(const char *command, const char *option, const char *text,
		      struct ae_size *size_out)
{
	char why[256];

	if (ae_option_check(ae_option_find(option), text, why, sizeof(why)) != 0)
		return ae_usage_error(command, "%s", why);
	ae_parse_size(text, size_out);
	return AE_EXIT_OK;
}
