/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/parse.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DISTANCE_MAX 63
#define PERCENT_E3   100000 /* 100 % in thousandths of a per cent */
/* Digits of a fraction beyond these are checked and make no difference. */
#define FRACTION_DIGITS 18

__extension__ typedef unsigned __int128 uint128;

/* A number as written: whole + fraction / scale. */
struct number {
	uint64_t whole;
	uint64_t fraction;
	uint64_t scale;
	bool has_fraction;
	bool too_large; /* well formed, but whole does not hold it */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_word(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* Digits into value; where they end, or NULL when there are none. */
static const char *scan_digits(const char *text, uint64_t *value_out, bool *too_large_out)
{
	uint64_t value = 0;
	bool too_large = false;

	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			too_large = true;
	}
	*value_out = value;
	*too_large_out = too_large;
	return text;
}

static const char *scan_number(const char *text, struct number *number_out)
{
	struct number number = { .scale = 1 };
	int digits = 0;

	text = scan_digits(text, &number.whole, &number.too_large);
	if (!text)
		return NULL;
	if (*text == '.') {
		text++;
		if (!is_digit(*text))
			return NULL;
		number.has_fraction = true;
		for (; is_digit(*text); text++) {
			if (digits++ >= FRACTION_DIGITS)
				continue;
			number.fraction = number.fraction * 10 + (uint64_t)(*text - '0');
			number.scale *= 10;
		}
	}
	*number_out = number;
	return text;
}

/* number times unit, rounded down or up, or -ERANGE. */
static int scale_number(const struct number *number, uint64_t unit, bool up, uint64_t *value_out)
{
	uint128 part = (uint128)number->fraction * unit;
	uint128 value;

	if (number->too_large)
		return -ERANGE;
	if (up)
		part += number->scale - 1;
	value = (uint128)number->whole * unit + part / number->scale;
	if (value > UINT64_MAX)
		return -ERANGE;
	*value_out = (uint64_t)value;
	return 0;
}

static int parse_percent(const struct number *number, struct ae_size *size_out)
{
	uint64_t thousandths;

	/* Rounded up first, so that 100.0001% is too much. */
	if (scale_number(number, 1000, true, &thousandths) != 0 || thousandths > PERCENT_E3)
		return -ERANGE;
	scale_number(number, 1000, false, &thousandths);
	*size_out = (struct ae_size){ .is_percent = true, .percent_e3 = (uint32_t)thousandths };
	return 0;
}

int ae_parse_size(const char *text, struct ae_size *size_out)
{
	static const char units[] = "kmgt";
	struct number number;
	uint64_t bytes, unit = 1;
	const char *found;
	int ret;

	text = scan_number(text, &number);
	if (!text)
		return -EINVAL;
	if (same_word(text, "%"))
		return parse_percent(&number, size_out);
	if (*text) {
		found = strchr(units, lower(*text));
		if (!found)
			return -EINVAL;
		unit = (uint64_t)1 << (10 * (found - units + 1));
		text++;
		if (*text && !same_word(text, "b") && !same_word(text, "ib"))
			return -EINVAL;
	} else if (number.has_fraction) {
		return -EINVAL; /* a part of a byte: the unit was forgotten */
	}
	ret = scale_number(&number, unit, false, &bytes);
	if (ret != 0)
		return ret;
	*size_out = (struct ae_size){ .bytes = bytes };
	return 0;
}

int ae_parse_duration_ms(const char *text, uint64_t *ms_out)
{
	struct number number;
	uint64_t unit;

	text = scan_number(text, &number);
	if (!text)
		return -EINVAL;
	if (!*text || same_word(text, "s"))
		unit = 1000;
	else if (same_word(text, "ms"))
		unit = 1;
	else if (same_word(text, "m"))
		unit = 60 * 1000;
	else
		return -EINVAL;
	return scale_number(&number, unit, true, ms_out);
}

int ae_parse_int(const char *text, int64_t least, int64_t most, int64_t *value_out)
{
	bool negative = *text == '-';
	bool too_large;
	uint64_t size;
	int64_t value;

	if (*text == '-' || *text == '+')
		text++;
	text = scan_digits(text, &size, &too_large);
	if (!text || *text)
		return -EINVAL;
	if (too_large || size > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return -ERANGE;
	value = negative ? (int64_t)(0 - size) : (int64_t)size;
	if (value < least || value > most)
		return -ERANGE;
	*value_out = value;
	return 0;
}

int ae_parse_bool(const char *text, bool *value_out)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "no", "yes" }, { "off", "on" }, { "false", "true" }
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (int value = 0; value < 2; value++) {
			if (same_word(text, words[i][value])) {
				*value_out = value;
				return 0;
			}
		}
	}
	return -EINVAL;
}

uint64_t ae_size_resolve(const struct ae_size *size, uint64_t whole)
{
	uint128 bytes;

	if (!size->is_percent)
		return size->bytes;
	bytes = (uint128)whole * size->percent_e3 / PERCENT_E3;
	return bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes;
}

char *ae_format_bytes(uint64_t bytes, char *text, size_t text_size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	const size_t last = sizeof(units) / sizeof(units[0]) - 1;
	unsigned int decimals, hundredths;
	uint128 value, unit = 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(text, text_size, "%u byte%s", (unsigned int)bytes, bytes == 1 ? "" : "s");
		return text;
	}
	while (i < last && bytes >= unit * 1024) {
		unit *= 1024;
		i++;
	}
	for (;;) {
		/* Three digits: hundredths below ten, tenths below a hundred. */
		decimals = bytes < unit * 10 ? 2 : bytes < unit * 100 ? 1 : 0;
		value = decimals == 2 ? 1 : decimals == 1 ? 10 : 100; /* the step, in hundredths */
		value = ((uint128)bytes * 100 / value + unit / 2) / unit * value;
		if (value < 1024 * 100 || i == last)
			break;
		unit *= 1024; /* rounding made it 1024 of this unit */
		i++;
	}
	hundredths = (unsigned int)(value % 100);
	if (hundredths == 0)
		snprintf(text, text_size, "%u %s", (unsigned int)(value / 100), units[i]);
	else if (hundredths % 10 == 0)
		snprintf(text, text_size, "%u.%u %s", (unsigned int)(value / 100), hundredths / 10,
			 units[i]);
	else
		snprintf(text, text_size, "%u.%02u %s", (unsigned int)(value / 100), hundredths,
			 units[i]);
	return text;
}

int ae_edit_distance(const char *a, const char *b)
{
	size_t a_length = strlen(a), b_length = strlen(b);
	int row[DISTANCE_MAX + 1];

	if (a_length > DISTANCE_MAX || b_length > DISTANCE_MAX)
		return INT_MAX;
	/* row[j]: from the first i letters of a to the first j of b. */
	for (size_t j = 0; j <= b_length; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= a_length; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= b_length; j++) {
			int above = row[j];
			int best = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b_length];
}
