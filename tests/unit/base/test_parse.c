/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sizes, durations, numbers and words, and sizes for people. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

START_TEST(sizes_in_bytes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "18446744073709551615", UINT64_MAX },
		{ "1K", KIB },
		{ "1k", KIB },
		{ "1KB", KIB },
		{ "1KiB", KIB },
		{ "1kib", KIB },
		{ "512M", 512 * MIB },
		{ "20G", 20 * GIB },
		{ "1.5G", GIB + GIB / 2 },
		{ "0.5T", TIB / 2 },
		{ "0.0001K", 0 },
		{ "1.999999999999999999999999K", 2 * KIB - 1 },
		{ "16777215T", 16777215 * TIB },
		{ "000000000000000000000000001G", GIB },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ae_size size;

		ck_assert_msg(ae_parse_size(cases[i].text, &size) == 0, "%s", cases[i].text);
		ck_assert(!size.is_percent);
		ck_assert_msg(size.bytes == cases[i].bytes, "%s: %llu", cases[i].text,
			      (unsigned long long)size.bytes);
		ck_assert_uint_eq(ae_size_resolve(&size, 7), cases[i].bytes);
	}
}
END_TEST

START_TEST(sizes_in_per_cent)
{
	static const struct {
		const char *text;
		uint64_t of_gib;
	} cases[] = {
		{ "0%", 0 },
		{ "100%", GIB },
		{ "100.000%", GIB },
		{ "50%", GIB / 2 },
		{ "12.5%", GIB / 8 },
		{ "0.001%", GIB / 100000 },
		{ "99.9999%", GIB / 100000 * 99999 + 99999 * (GIB % 100000) / 100000 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ae_size size;

		ck_assert_msg(ae_parse_size(cases[i].text, &size) == 0, "%s", cases[i].text);
		ck_assert(size.is_percent);
		ck_assert_msg(ae_size_resolve(&size, GIB) == cases[i].of_gib, "%s", cases[i].text);
		ck_assert(ae_size_resolve(&size, UINT64_MAX) >= ae_size_resolve(&size, GIB));
	}
}
END_TEST

START_TEST(sizes_refused)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ " ", -EINVAL },
		{ "G", -EINVAL },
		{ ".5G", -EINVAL },
		{ "5.G", -EINVAL },
		{ "1.5", -EINVAL },
		{ "-1G", -EINVAL },
		{ "+1G", -EINVAL },
		{ "1 G", -EINVAL },
		{ " 1G", -EINVAL },
		{ "1G ", -EINVAL },
		{ "1GG", -EINVAL },
		{ "1Gi", -EINVAL },
		{ "1E", -EINVAL },
		{ "1B", -EINVAL },
		{ "0x10", -EINVAL },
		{ "1e3", -EINVAL },
		{ "1,5G", -EINVAL },
		{ "%", -EINVAL },
		{ "1%%", -EINVAL },
		{ "nan", -EINVAL },
		{ "inf", -EINVAL },
		{ "101%", -ERANGE },
		{ "100.000000000000000001%", -ERANGE },
		{ "16777216T", -ERANGE },
		{ "18446744073709551616", -ERANGE },
		{ "99999999999999999999999999999999%", -ERANGE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ae_size size = { .bytes = 77 };

		ck_assert_msg(ae_parse_size(cases[i].text, &size) == cases[i].error, "\"%s\"",
			      cases[i].text);
		ck_assert(size.bytes == 77 && !size.is_percent);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *text;
		int error;
		uint64_t ms;
	} cases[] = {
		{ "0", 0, 0 },
		{ "30", 0, 30000 },
		{ "30s", 0, 30000 },
		{ "2m", 0, 120000 },
		{ "2M", 0, 120000 },
		{ "500ms", 0, 500 },
		{ "1.5s", 0, 1500 },
		{ "0.1ms", 0, 1 },
		{ "0.0001s", 0, 1 },
		{ "1h", -EINVAL, 9 },
		{ "s", -EINVAL, 9 },
		{ "", -EINVAL, 9 },
		{ "-1s", -EINVAL, 9 },
		{ "1 s", -EINVAL, 9 },
		{ "18446744073709551615s", -ERANGE, 9 },
		{ "18446744073709551615ms", 0, UINT64_MAX },
		{ "18446744073709551615.1ms", -ERANGE, 9 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t ms = 9;

		ck_assert_msg(ae_parse_duration_ms(cases[i].text, &ms) == cases[i].error, "\"%s\"",
			      cases[i].text);
		ck_assert_uint_eq(ms, cases[i].ms);
	}
}
END_TEST

START_TEST(integers)
{
	int64_t value = 9;

	ck_assert_int_eq(ae_parse_int("-10", -10, 10, &value), 0);
	ck_assert_int_eq(value, -10);
	ck_assert_int_eq(ae_parse_int("+7", -10, 10, &value), 0);
	ck_assert_int_eq(value, 7);
	ck_assert_int_eq(ae_parse_int("-0", -10, 10, &value), 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(ae_parse_int("-9223372036854775808", INT64_MIN, INT64_MAX, &value), 0);
	ck_assert(value == INT64_MIN);
	ck_assert_int_eq(ae_parse_int("9223372036854775807", INT64_MIN, INT64_MAX, &value), 0);
	ck_assert(value == INT64_MAX);
	value = 9;
	ck_assert_int_eq(ae_parse_int("9223372036854775808", INT64_MIN, INT64_MAX, &value),
			 -ERANGE);
	ck_assert_int_eq(ae_parse_int("-9223372036854775809", INT64_MIN, INT64_MAX, &value),
			 -ERANGE);
	ck_assert_int_eq(ae_parse_int("99999999999999999999", INT64_MIN, INT64_MAX, &value),
			 -ERANGE);
	ck_assert_int_eq(ae_parse_int("11", -10, 10, &value), -ERANGE);
	ck_assert_int_eq(ae_parse_int("", -10, 10, &value), -EINVAL);
	ck_assert_int_eq(ae_parse_int("-", -10, 10, &value), -EINVAL);
	ck_assert_int_eq(ae_parse_int("--1", -10, 10, &value), -EINVAL);
	ck_assert_int_eq(ae_parse_int("1.0", -10, 10, &value), -EINVAL);
	ck_assert_int_eq(ae_parse_int("1 ", -10, 10, &value), -EINVAL);
	ck_assert_int_eq(value, 9);
}
END_TEST

START_TEST(booleans)
{
	static const char *const yes[] = { "1", "yes", "on", "true", "TRUE", "Yes" };
	static const char *const no[] = { "0", "no", "off", "false", "OFF" };
	static const char *const neither[] = { "", "2", "y", "n", "01", "yes ", "-1", "tru" };
	bool value;

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		value = false;
		ck_assert_int_eq(ae_parse_bool(yes[i], &value), 0);
		ck_assert(value);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		value = true;
		ck_assert_int_eq(ae_parse_bool(no[i], &value), 0);
		ck_assert(!value);
	}
	for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
		value = true;
		ck_assert_msg(ae_parse_bool(neither[i], &value) == -EINVAL, "%s", neither[i]);
		ck_assert(value);
	}
}
END_TEST

START_TEST(bytes_for_people)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 bytes" },
		{ 1, "1 byte" },
		{ 512, "512 bytes" },
		{ 1023, "1023 bytes" },
		{ KIB, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ KIB + 102, "1.1 KiB" },
		{ KIB + 10, "1.01 KiB" },
		{ 1023 * KIB, "1023 KiB" },
		{ MIB - 1, "1 MiB" },
		{ 2 * MIB, "2 MiB" },
		{ GIB - 1, "1 GiB" },
		{ 80 * GIB, "80 GiB" },
		{ 12 * GIB + 4 * GIB / 10, "12.4 GiB" },
		{ 141 * GIB + GIB / 3, "141 GiB" },
		{ 3 * TIB, "3 TiB" },
		{ UINT64_MAX, "16 EiB" },
	};
	char text[32], tiny[4];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_ptr_eq(ae_format_bytes(cases[i].bytes, text, sizeof(text)), text);
		ck_assert_str_eq(text, cases[i].text);
	}
	ck_assert_str_eq(ae_format_bytes(GIB, tiny, sizeof(tiny)), "1 G");
}
END_TEST

START_TEST(edit_distances)
{
	char longest[64], too_long[65];

	memset(longest, 'a', 63);
	longest[63] = 0;
	memset(too_long, 'a', 64);
	too_long[64] = 0;
	ck_assert_int_eq(ae_edit_distance("", ""), 0);
	ck_assert_int_eq(ae_edit_distance("", "abc"), 3);
	ck_assert_int_eq(ae_edit_distance("abc", ""), 3);
	ck_assert_int_eq(ae_edit_distance("limit", "LIMIT"), 0);
	ck_assert_int_eq(ae_edit_distance("LIMT", "LIMIT"), 1);
	ck_assert_int_eq(ae_edit_distance("kitten", "sitting"), 3);
	ck_assert_int_eq(ae_edit_distance(longest, longest), 0);
	ck_assert_int_eq(ae_edit_distance(longest, ""), 63);
	ck_assert_int_eq(ae_edit_distance(too_long, "a"), INT_MAX);
	ck_assert_int_eq(ae_edit_distance("a", too_long), INT_MAX);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parse");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, sizes_in_bytes);
	tcase_add_test(tcase, sizes_in_per_cent);
	tcase_add_test(tcase, sizes_refused);
	tcase_add_test(tcase, durations);
	tcase_add_test(tcase, integers);
	tcase_add_test(tcase, booleans);
	tcase_add_test(tcase, bytes_for_people);
	tcase_add_test(tcase, edit_distances);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
