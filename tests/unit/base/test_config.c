/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options from an environment: defaults, values, and one warning for each thing that is wrong. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"

static char warnings[8][512];
static size_t warned;

static void remember(void *arg, const char *line)
{
	ck_assert_ptr_eq(arg, warnings);
	ck_assert_uint_lt(warned, 8);
	snprintf(warnings[warned++], sizeof(warnings[0]), "%s", line);
}

/* Loads from up to three entries; what was wrong is in warnings. */
static struct ae_config load(const char *a, const char *b, const char *c)
{
	char *envp[] = { (char *)(a ? a : "PATH=/bin"), (char *)(b ? b : "HOME=/"),
			 (char *)(c ? c : "X"), NULL };
	struct ae_config config;

	warned = 0;
	memset(&config, 0xa5, sizeof(config));
	ae_config_load(envp, &config, remember, warnings);
	return config;
}

START_TEST(defaults)
{
	struct ae_config config = load(NULL, NULL, NULL);
	char dir[64];

	ck_assert_uint_eq(warned, 0);
	ck_assert_str_eq(config.model, "test_config");
	ck_assert_str_eq(config.group, "default");
	snprintf(dir, sizeof(dir), "/dev/shm/aerostat-%u", (unsigned int)geteuid());
	ck_assert_str_eq(config.dir, dir);
	ck_assert(config.limit.is_percent && config.limit.percent_e3 == 100000);
	ck_assert(!config.reserve.is_percent && config.reserve.bytes == 0);
	ck_assert_int_eq(config.priority, 0);
	ck_assert_uint_eq(config.wait_ms, 30000);
	ck_assert_uint_eq(config.quantum_ms, 2000);
	ck_assert(config.cache.is_percent && config.cache.percent_e3 == 10000);
	ck_assert_int_eq(config.dirty, 0);
	ck_assert(config.preclean);
	ck_assert_int_eq(config.meminfo, AE_MEMINFO_LIMIT);
	ck_assert_int_eq(config.log, AE_LOG_INFO);
	ck_assert_str_eq(config.log_file, "");
	ck_assert(!config.strict && !config.disable);
}
END_TEST

/* Each row: the default is well formed, and both spellings of its name find it. */
START_TEST(rows)
{
	for (size_t i = 0; i < ae_options_count; i++) {
		const struct ae_option *option = &ae_options[i];
		char name[64], why[256];
		size_t length = strlen(option->name);

		ck_assert_msg(ae_option_check(option, option->preset, why, sizeof(why)) == 0, "%s",
			      option->name);
		for (size_t j = 0; j <= length; j++) {
			char c = option->name[j];

			name[j] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		}
		ck_assert_ptr_eq(ae_option_find(option->name), option);
		ck_assert_ptr_eq(ae_option_find(name), option);
		ck_assert_ptr_eq(ae_option_nearest(name), option);
		ck_assert(*option->help && *option->metavar);
	}
	ck_assert_ptr_null(ae_option_find("log_file"));
	ck_assert_ptr_null(ae_option_find("LOG-FILE"));
	ck_assert_ptr_null(ae_option_find("Limit"));
	ck_assert_ptr_null(ae_option_find("limits"));
	ck_assert_ptr_null(ae_option_find(""));
}
END_TEST

START_TEST(values)
{
	struct ae_config config =
		load("AEROSTAT_LIMIT=20G", "AEROSTAT_MEMINFO=physical", "AEROSTAT_MODEL=chat");

	ck_assert_uint_eq(warned, 0);
	ck_assert(!config.limit.is_percent && config.limit.bytes == (uint64_t)20 << 30);
	ck_assert_int_eq(config.meminfo, AE_MEMINFO_PHYSICAL);
	ck_assert_str_eq(config.model, "chat");

	/* The first one counts, as for getenv; empty is unset, and no prefix of a name is a name. */
	config = load("AEROSTAT_LOG=trace", "AEROSTAT_LOG=error", "AEROSTAT_LOG_FILE=");
	ck_assert_uint_eq(warned, 0);
	ck_assert_int_eq(config.log, AE_LOG_TRACE);
	ck_assert_str_eq(config.log_file, "");

	config = load("AEROSTAT_STRICT=on", "AEROSTAT_DISABLE=0", "AEROSTAT_LIMIT");
	ck_assert_uint_eq(warned, 0);
	ck_assert(config.strict && !config.disable);
}
END_TEST

START_TEST(malformed)
{
	struct ae_config config = load("AEROSTAT_LIMIT=20Q", NULL, NULL);

	ck_assert_uint_eq(warned, 1);
	ck_assert_str_eq(warnings[0], "AEROSTAT_LIMIT: \"20Q\" is not a size (such as 512M, 20G or "
				      "50%); keeping 100%");
	ck_assert(config.limit.is_percent && config.limit.percent_e3 == 100000);

	/* A limit of nothing refuses every allocation; a reserve or a cache of nothing is a choice. */
	config = load("AEROSTAT_LIMIT=0", "AEROSTAT_RESERVE=0", "AEROSTAT_CACHE=0");
	ck_assert_uint_eq(warned, 1);
	ck_assert_str_eq(warnings[0], "AEROSTAT_LIMIT: \"0\" is too little: nothing could be "
				      "allocated; keeping 100%");
	ck_assert(config.limit.is_percent && config.limit.percent_e3 == 100000);
	config = load("AEROSTAT_LIMIT=0%", NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert(config.limit.percent_e3 == 100000);

	config = load("AEROSTAT_LOG=loud", "AEROSTAT_PRIORITY=11", "AEROSTAT_GROUP=../x");
	ck_assert_uint_eq(warned, 3);
	ck_assert_str_eq(warnings[0],
			 "AEROSTAT_GROUP: \"../x\" is not a name (up to 64 letters, digits, '.', "
			 "'_' and '-', no '.' first); keeping default");
	ck_assert_str_eq(
		warnings[1],
		"AEROSTAT_PRIORITY: \"11\" is not a whole number from -10 to 10; keeping 0");
	ck_assert_str_eq(warnings[2], "AEROSTAT_LOG: \"loud\" is not error, warn, info, debug or "
				      "trace; keeping info");
	ck_assert_int_eq(config.log, AE_LOG_INFO);
	ck_assert_int_eq(config.priority, 0);
	ck_assert_str_eq(config.group, "default");
}
END_TEST

START_TEST(malformed_long)
{
	char entry[600] = "AEROSTAT_MODEL=";
	struct ae_config config;

	memset(entry + strlen(entry), 'x', 256);
	config = load(entry, NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_str_eq(config.model, "test_config");
	ck_assert_ptr_nonnull(strstr(warnings[0], "xxx...\" is longer than 255 bytes; keeping "
						  "test_config"));
	entry[strlen(entry) - 1] = 0;
	config = load(entry, NULL, NULL);
	ck_assert_uint_eq(warned, 0);
	ck_assert_uint_eq(strlen(config.model), 255);

	/* A name beyond all measure is one warning too. */
	memset(entry, 'A', sizeof(entry));
	memcpy(entry, "AEROSTAT_", 9);
	entry[590] = '=';
	entry[591] = 0;
	load(entry, NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_uint_lt(strlen(warnings[0]), 120);
}
END_TEST

START_TEST(unknown)
{
	load("AEROSTAT_LIMT=20G", NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_str_eq(warnings[0],
			 "AEROSTAT_LIMT is not an option; did you mean AEROSTAT_LIMIT?");
	load("AEROSTAT_limit=20G", "AEROSTAT_WEATHER=fair", "AEROSTAT_=1");
	ck_assert_uint_eq(warned, 3);
	ck_assert_str_eq(warnings[0],
			 "AEROSTAT_limit is not an option; did you mean AEROSTAT_LIMIT?");
	ck_assert_str_eq(warnings[1], "AEROSTAT_WEATHER is not an option");
	ck_assert_str_eq(warnings[2], "AEROSTAT_ is not an option");
	load("AEROSTAT_IDLE=3s", "AEROSTAT_DIRECTORY=/x", "XAEROSTAT_LIMT=1");
	ck_assert_uint_eq(warned, 2);
	ck_assert_str_eq(warnings[0],
			 "AEROSTAT_IDLE is not an option; did you mean AEROSTAT_IDLE_AFTER?");
	ck_assert_str_eq(warnings[1],
			 "AEROSTAT_DIRECTORY is not an option; did you mean AEROSTAT_DIR?");
}
END_TEST

START_TEST(a_relative_directory)
{
	char entry[300] = "AEROSTAT_DIR=", cwd[] = "/tmp/aerostat-test.XXXXXX", expected[300];
	struct ae_config config;

	ck_assert_int_eq(chdir("/"), 0);
	config = load("AEROSTAT_DIR=run/aerostat", NULL, NULL);
	ck_assert_uint_eq(warned, 0);
	ck_assert_str_eq(config.dir, "/run/aerostat");

	ck_assert_ptr_nonnull(mkdtemp(cwd));
	ck_assert_int_eq(chdir(cwd), 0);
	config = load("AEROSTAT_DIR=run/aerostat", NULL, NULL);
	ck_assert_uint_eq(warned, 0);
	snprintf(expected, sizeof(expected), "%s/run/aerostat", cwd);
	ck_assert_str_eq(config.dir, expected);
	config = load("AEROSTAT_DIR=/run/aerostat", NULL, NULL);
	ck_assert_str_eq(config.dir, "/run/aerostat");

	/* It fits by itself, and no more with the current directory before it. */
	memset(entry + strlen(entry), 'd', 240);
	config = load(entry, NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_ptr_nonnull(strstr(warnings[0], "ddd\" is too long with the current directory "
						  "before it; keeping /dev/shm/aerostat-"));
	ck_assert_ptr_nonnull(strstr(config.dir, "/dev/shm/aerostat-"));

	ck_assert_int_eq(rmdir(cwd), 0);
	config = load("AEROSTAT_DIR=run", NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_ptr_nonnull(strstr(warnings[0], "AEROSTAT_DIR: \"run\" is relative, and the "
						  "current directory is not known; keeping /dev"));
	ck_assert_ptr_nonnull(strstr(config.dir, "/dev/shm/aerostat-"));
}
END_TEST

START_TEST(later)
{
	struct ae_config config = load("AEROSTAT_QUANTUM=5s", NULL, NULL);

	ck_assert_uint_eq(warned, 1);
	ck_assert_str_eq(warnings[0],
			 "AEROSTAT_QUANTUM is accepted, but nothing acts on it in this version");
	ck_assert_uint_eq(config.quantum_ms, 5000);
	/* The default in other words is the default. */
	load("AEROSTAT_QUANTUM=2000ms", "AEROSTAT_PRECLEAN=yes", "AEROSTAT_CAPACITY=100.0%");
	ck_assert_uint_eq(warned, 0);
	/* Malformed and not acted on is one warning. */
	load("AEROSTAT_QUANTUM=soon", NULL, NULL);
	ck_assert_uint_eq(warned, 1);
	ck_assert_ptr_nonnull(strstr(warnings[0], "keeping 2s"));
}
END_TEST

START_TEST(no_listener_and_no_environment)
{
	char *bad[] = { (char *)"AEROSTAT_LIMIT=x", (char *)"AEROSTAT_Y=", NULL };
	struct ae_config config;

	ae_config_load(bad, &config, NULL, NULL);
	ck_assert(config.limit.is_percent);
	setenv("AEROSTAT_MODEL", "from-environ", 1);
	ae_config_load(NULL, &config, NULL, NULL);
	ck_assert_str_eq(config.model, "from-environ");
	clearenv();
	ae_config_load(NULL, &config, NULL, NULL);
	ck_assert_str_eq(config.model, "test_config");
}
END_TEST

START_TEST(setting_is_all_or_nothing)
{
	const struct ae_option *limit = ae_option_find("limit");
	struct ae_config config = { .limit = { .bytes = 5 } };
	char why[16];

	ck_assert_int_eq(ae_option_set(limit, "1x", &config, why, sizeof(why)), -EINVAL);
	ck_assert_uint_eq(config.limit.bytes, 5);
	ck_assert_uint_eq(strlen(why), 15); /* cut, and ended */
	ck_assert_int_eq(ae_option_set(limit, "", &config, why, sizeof(why)), -EINVAL);
	ck_assert_int_eq(ae_option_set(limit, "1K", &config, why, sizeof(why)), 0);
	ck_assert_uint_eq(config.limit.bytes, 1024);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, rows);
	tcase_add_test(tcase, values);
	tcase_add_test(tcase, malformed);
	tcase_add_test(tcase, malformed_long);
	tcase_add_test(tcase, unknown);
	tcase_add_test(tcase, a_relative_directory);
	tcase_add_test(tcase, later);
	tcase_add_test(tcase, no_listener_and_no_environment);
	tcase_add_test(tcase, setting_is_all_or_nothing);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
