/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Any environment: the input's zero-terminated strings are its entries. Each is warned of once at
 * most, texts end within their fields, and what is not set has its default.
 */
#include <string.h>

#include "base/config.h"
#include "fuzz.h"

#define ENTRIES_MAX 64

static void count(void *arg, const char *line)
{
	MUST(strlen(line) < 512);
	++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *envp[ENTRIES_MAX + 1] = { NULL };
	size_t entries = 0, warned = 0;
	struct ae_config config, quiet;
	char *block = malloc(size + 1);
	char why[64];

	MUST(block);
	memcpy(block, bytes, size);
	block[size] = 0;
	for (size_t at = 0; at < size && entries < ENTRIES_MAX; at += strlen(block + at) + 1)
		envp[entries++] = block + at;
	ae_config_load(envp, &config, count, &warned);
	MUST(warned <= entries);
	ae_config_load(envp, &quiet, NULL, NULL);
	for (size_t i = 0; i < ae_options_count; i++) {
		const struct ae_option *option = &ae_options[i];
		const char *field = (const char *)&config + option->offset;

		MUST(ae_option_equal(option, &config, &quiet));
		if (option->kind == AE_OPTION_TEXT || option->kind == AE_OPTION_NAME)
			MUST(memchr(field, 0, AE_CONFIG_TEXT_MAX) != NULL);
		if (entries > 0)
			(void)ae_option_check(option, envp[0], why, sizeof(why));
	}
	for (size_t i = 0; i < entries; i++) {
		(void)ae_option_nearest(envp[i]);
		(void)ae_option_find(envp[i]);
	}
	free(block);
	return 0;
}
