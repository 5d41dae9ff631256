/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/config.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX         "AEROSTAT_"
#define NAME_SHOWN_MAX 64

/* Who is told what is wrong. */
struct listener {
	ae_config_warn *warn; /* may be NULL */
	void *arg;
};

static __attribute__((format(printf, 2, 3))) void tell(const struct listener *listener,
						       const char *format, ...)
{
	char line[512];
	va_list args;

	if (!listener->warn)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	listener->warn(listener->arg, line);
}

char *ae_config_default_dir(uid_t uid, char *text, size_t text_size)
{
	snprintf(text, text_size, "/dev/shm/aerostat-%u", (unsigned int)uid);
	return text;
}

static void set_defaults(struct ae_config *config)
{
	char why[8];

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < ae_options_count; i++)
		ae_option_set(&ae_options[i], ae_options[i].preset, config, why, sizeof(why));
	snprintf(config->model, sizeof(config->model), "%s",
		 program_invocation_short_name ? program_invocation_short_name : "unknown");
	ae_config_default_dir(geteuid(), config->dir, sizeof(config->dir));
}

/* The value of PREFIX name, the first one as getenv has it, or NULL: empty is unset. */
static const char *value_of(char *const *envp, const char *name)
{
	size_t length = strlen(name);

	for (; *envp; envp++) {
		const char *entry = *envp + sizeof(PREFIX) - 1;

		if (strncmp(*envp, PREFIX, sizeof(PREFIX) - 1) == 0 &&
		    strncmp(entry, name, length) == 0 && entry[length] == '=')
			return entry[length + 1] ? entry + length + 1 : NULL;
	}
	return NULL;
}

static void load_option(const struct ae_option *option, const char *value,
			const struct ae_config *defaults, struct ae_config *config,
			const struct listener *listener)
{
	const char *kept = option->preset;
	char why[256];

	if (ae_option_set(option, value, config, why, sizeof(why)) != 0) {
		if (!*kept && option->kind == AE_OPTION_TEXT)
			kept = (const char *)defaults + option->offset;
		tell(listener, PREFIX "%s: %s; keeping %s", option->name, why,
		     *kept ? kept : "the default");
	} else if (!option->acts && !ae_option_equal(option, config, defaults)) {
		tell(listener, PREFIX "%s is accepted, but nothing acts on it in this version",
		     option->name);
	}
}

/*
 * A relative directory becomes absolute, while it is known from where it was meant: programs change
 * their directory, and members that were started in different ones would have different ledgers.
 */
static void settle_dir(const struct ae_config *defaults, struct ae_config *config,
		       const struct listener *listener)
{
	char cwd[PATH_MAX], path[AE_CONFIG_TEXT_MAX];
	const char *why = "too long with the current directory before it";
	int n;

	if (config->dir[0] == '/')
		return;
	/* Not what begins with "(unreachable)". */
	if (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/') {
		why = "relative, and the current directory is not known";
		goto err_keep;
	}
	n = snprintf(path, sizeof(path), "%s/%s", cwd[1] ? cwd : "", config->dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		goto err_keep;
	strcpy(config->dir, path);
	return;

err_keep:
	tell(listener, PREFIX "DIR: \"%.64s\" is %s; keeping %s", config->dir, why, defaults->dir);
	strcpy(config->dir, defaults->dir);
}

static void warn_unknown(char *const *envp, const struct listener *listener)
{
	for (; *envp; envp++) {
		const char *entry = *envp + sizeof(PREFIX) - 1;
		const struct ae_option *option;
		char name[NAME_SHOWN_MAX + 1];
		size_t length;

		if (strncmp(*envp, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		length = strcspn(entry, "=");
		if (!entry[length])
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(length < 1000 ? length : 1000), entry);
		option = ae_option_find(name);
		/* The tool's spelling is no variable's. */
		if (option && strcmp(option->name, name) == 0)
			continue;
		if (!option)
			option = ae_option_nearest(name);
		if (option)
			tell(listener, PREFIX "%s is not an option; did you mean " PREFIX "%s?",
			     name, option->name);
		else
			tell(listener, PREFIX "%s is not an option", name);
	}
}

void ae_config_load(char *const *envp, struct ae_config *config_out, ae_config_warn *warn,
		    void *arg)
{
	const struct listener listener = { warn, arg };
	struct ae_config defaults;

	if (!envp)
		envp = environ;
	set_defaults(&defaults);
	*config_out = defaults;
	if (!envp)
		return; /* after clearenv(3) */
	for (size_t i = 0; i < ae_options_count; i++) {
		const char *value = value_of(envp, ae_options[i].name);

		if (value)
			load_option(&ae_options[i], value, &defaults, config_out, &listener);
	}
	settle_dir(&defaults, config_out, &listener);
	if (warn)
		warn_unknown(envp, &listener);
}
