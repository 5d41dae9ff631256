/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. Turns text that a person wrote into values, and values into text for people. No
 * locale, no allocation, no global state.
 */
#ifndef AE_BASE_PARSE_H
#define AE_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A size as a person gives it: a number of bytes or a share of the device. Resolved once the
 * device is known (ae_size_resolve).
 */
struct ae_size {
	uint64_t bytes; /* when !is_percent */
	uint32_t percent_e3; /* thousandths of a per cent, when is_percent: 12.5% is 12500 */
	bool is_percent;
};

/*
 * Each parser takes the whole text: 0, or -EINVAL (not of this form) or -ERANGE (does not fit),
 * with the output untouched.
 *
 * Size: digits with an optional fraction and an optional unit K M G T (powers of 1024, also KiB,
 * KB, k, ...), or a percentage ("12.5%", at most 100%). A fraction needs a unit; parts of a byte,
 * and of a thousandth of a per cent, are dropped.
 * Duration: digits with an optional fraction and an optional unit ms, s, m; a bare number is
 * seconds. Parts of a millisecond are rounded up, so that only 0 is 0.
 */
int ae_parse_size(const char *text, struct ae_size *size_out);
int ae_parse_duration_ms(const char *text, uint64_t *ms_out);
int ae_parse_int(const char *text, int64_t least, int64_t most, int64_t *value_out);
int ae_parse_bool(const char *text, bool *value_out); /* 0 1 no yes off on false true */

/* The bytes that size means on a device of whole bytes; never overflows. */
uint64_t ae_size_resolve(const struct ae_size *size, uint64_t whole);

/* "12.4 GiB", "512 bytes": three digits that count, no trailing zeros. Returns text. */
char *ae_format_bytes(uint64_t bytes, char *text, size_t text_size);

/* How many single-letter edits lie between a and b (case ignored). Texts over 63 letters: INT_MAX. */
int ae_edit_distance(const char *a, const char *b);

#endif
