/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Any text, through every parser: outputs stay untouched on failure and within bounds otherwise. */
#include <limits.h>
#include <string.h>

#include "base/parse.h"
#include "fuzz.h"

static void parse_size(const char *text)
{
	struct ae_size size = { .bytes = 1, .percent_e3 = 2, .is_percent = true };
	char shown[32];

	if (ae_parse_size(text, &size) != 0) {
		MUST(size.bytes == 1 && size.percent_e3 == 2 && size.is_percent);
		return;
	}
	MUST(!size.is_percent || size.percent_e3 <= 100000);
	MUST(!size.is_percent || ae_size_resolve(&size, UINT64_MAX) <= UINT64_MAX);
	MUST(!size.is_percent || ae_size_resolve(&size, 1000) <= 1000);
	MUST(size.is_percent || ae_size_resolve(&size, 0) == size.bytes);
	MUST(ae_format_bytes(size.bytes, shown, sizeof(shown)) == shown);
	MUST(strlen(shown) <= strlen("1023 bytes"));
}

static void parse_others(const char *text)
{
	uint64_t ms = 77;
	int64_t value = 77;
	bool flag = true;

	if (ae_parse_duration_ms(text, &ms) != 0)
		MUST(ms == 77);
	if (ae_parse_int(text, -10, 10, &value) != 0)
		MUST(value == 77);
	else
		MUST(value >= -10 && value <= 10);
	(void)ae_parse_int(text, INT64_MIN, INT64_MAX, &value);
	if (ae_parse_bool(text, &flag) != 0)
		MUST(flag);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);
	size_t half = size / 2;
	int there, back;
	char *other;

	MUST(text);
	memcpy(text, bytes, size);
	text[size] = 0;
	parse_size(text);
	parse_others(text);
	/* The second half against the first. */
	other = strdup(text + (strlen(text) < half ? strlen(text) : half));
	MUST(other);
	if (strlen(text) > half)
		text[half] = 0;
	there = ae_edit_distance(text, other);
	back = ae_edit_distance(other, text);
	MUST(there == back && there >= 0);
	MUST(there == INT_MAX || there <= 63);
	free(other);
	free(text);
	return 0;
}
