/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of options: one value checked and stored, one name looked up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"

#define VALUE_SHOWN_MAX 64
#define GROUP_NAME_MAX  64

/* What a KIND of options.def is: its enumerator, choices and bounds ... */
#define KIND_SIZE            AE_OPTION_SIZE, NULL, 0, 0
#define KIND_SOME_SIZE       AE_OPTION_SIZE, NULL, 1, 0
#define KIND_DURATION        AE_OPTION_DURATION, NULL, 0, 0
#define KIND_INT(low, high)  AE_OPTION_INT, NULL, (low), (high)
#define KIND_BOOL            AE_OPTION_BOOL, NULL, 0, 0
#define KIND_TEXT            AE_OPTION_TEXT, NULL, 0, 0
#define KIND_NAME            AE_OPTION_NAME, NULL, 0, 0
#define KIND_CHOICE(choices) AE_OPTION_CHOICE, (choices), 0, 0

/* ... and the type of its field. */
#define TYPE_SIZE            struct ae_size
#define TYPE_SOME_SIZE       struct ae_size
#define TYPE_DURATION        uint64_t
#define TYPE_INT(low, high)  int64_t
#define TYPE_BOOL            bool
#define TYPE_TEXT            char *
#define TYPE_NAME            char *
#define TYPE_CHOICE(choices) int64_t

#define ACTS_ACTS  true
#define ACTS_LATER false

#define FIELD(name) (((const struct ae_config *)0)->name)
/* An array of char decays in _Generic; its size tells it from a pointer. */
#define FIELD_FITS(name) \
	_Generic(FIELD(name), char * : sizeof(FIELD(name)) == AE_CONFIG_TEXT_MAX,                  \
		 const char * : sizeof(FIELD(name)) == AE_CONFIG_TEXT_MAX, default : 1)

#define AE_OPTION(NAME, name, kind, preset, acts, metavar, help)                              \
	_Static_assert(_Generic(((struct ae_config *)0)->name, TYPE_##kind : 1, default : 0), \
		       "options.def: " #NAME " has a field of another kind");                 \
	_Static_assert(FIELD_FITS(name), "options.def: " #NAME " has a field of another size");
#include "base/options.def"
#undef AE_OPTION

/* Through a second macro: KIND_ stands for several members. */
#define ROW(...) ROW_MEMBERS(__VA_ARGS__)
#define ROW_MEMBERS(NAME, field, kind_, choices_, least_, most_, preset_, acts_, metavar_, help_) \
	{                                                                                         \
		.name = NAME,                                                                     \
		.kind = kind_,                                                                    \
		.preset = preset_,                                                                \
		.acts = acts_,                                                                    \
		.metavar = metavar_,                                                              \
		.help = help_,                                                                    \
		.choices = choices_,                                                              \
		.least = least_,                                                                  \
		.most = most_,                                                                    \
		.offset = offsetof(struct ae_config, field),                                      \
	},
#define AE_OPTION(NAME, field, kind, preset, acts, metavar, help) \
	ROW(#NAME, field, KIND_##kind, preset, ACTS_##acts, metavar, help)
const struct ae_option ae_options[] = {
#include "base/options.def"
};
#undef AE_OPTION

const size_t ae_options_count = sizeof(ae_options) / sizeof(ae_options[0]);

/* The index of value in "a|b|c", or -1. */
static int64_t choice_index(const char *choices, const char *value)
{
	size_t length = strlen(value);
	int64_t index = 0;

	if (length == 0)
		return -1;
	for (const char *word = choices; word; index++) {
		const char *end = strchr(word, '|');
		size_t word_length = end ? (size_t)(end - word) : strlen(word);

		if (word_length == length && memcmp(word, value, length) == 0)
			return index;
		word = end ? end + 1 : NULL;
	}
	return -1;
}

/* "a, b or c" from "a|b|c". */
static void list_choices(const char *choices, char *text, size_t text_size)
{
	size_t used = 0;

	for (const char *word = choices; word && used < text_size;) {
		const char *end = strchr(word, '|');
		int length = end ? (int)(end - word) : (int)strlen(word);
		const char *joint = !end ? "" : strchr(end + 1, '|') ? ", " : " or ";
		int n = snprintf(text + used, text_size - used, "%.*s%s", length, word, joint);

		used += n > 0 ? (size_t)n : 0;
		word = end ? end + 1 : NULL;
	}
}

static bool is_name(const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(value);

	return length > 0 && length <= GROUP_NAME_MAX && value[0] != '.' &&
	       strspn(value, letters) == length;
}

static int parse_size(const char *value, int64_t least, struct ae_size *size_out)
{
	struct ae_size size;
	int ret = ae_parse_size(value, &size);

	if (ret != 0)
		return ret;
	if (least > 0 && (size.is_percent ? size.percent_e3 == 0 : size.bytes == 0))
		return -EDOM;
	*size_out = size;
	return 0;
}

static int parse_value(const struct ae_option *option, const char *value, void *field)
{
	int64_t index;

	switch (option->kind) {
	case AE_OPTION_SIZE:
		return parse_size(value, option->least, field);
	case AE_OPTION_DURATION:
		return ae_parse_duration_ms(value, field);
	case AE_OPTION_INT:
		return ae_parse_int(value, option->least, option->most, field);
	case AE_OPTION_BOOL:
		return ae_parse_bool(value, field);
	case AE_OPTION_CHOICE:
		index = choice_index(option->choices, value);
		if (index < 0)
			return -EINVAL;
		*(int64_t *)field = index;
		return 0;
	case AE_OPTION_NAME:
		if (!is_name(value))
			return -EINVAL;
		break;
	case AE_OPTION_TEXT:
		if (strlen(value) >= AE_CONFIG_TEXT_MAX)
			return -ERANGE;
		break;
	}
	strcpy(field, value);
	return 0;
}

/* "... " + what the kind takes; the value is quoted, long ones cut. */
static void explain(const struct ae_option *option, const char *value, int error, char *why,
		    size_t why_size)
{
	const char *more = strlen(value) > VALUE_SHOWN_MAX ? "..." : "";
	char taken[128] = "";
	const char *what = "";

	switch (option->kind) {
	case AE_OPTION_SIZE:
		what = error == -ERANGE ? "is too large for a size"
		       : error == -EDOM ? "is too little: nothing could be allocated"
					: "is not a size (such as 512M, 20G or 50%)";
		break;
	case AE_OPTION_DURATION:
		what = error == -ERANGE ? "is too long a time"
					: "is not a time (such as 500ms, 30s or 2m)";
		break;
	case AE_OPTION_INT:
		snprintf(taken, sizeof(taken), "is not a whole number from %lld to %lld",
			 (long long)option->least, (long long)option->most);
		what = taken;
		break;
	case AE_OPTION_BOOL:
		what = "is neither 0 nor 1";
		break;
	case AE_OPTION_CHOICE:
		memcpy(taken, "is not ", 7);
		list_choices(option->choices, taken + 7, sizeof(taken) - 7);
		what = taken;
		break;
	case AE_OPTION_NAME:
		snprintf(taken, sizeof(taken),
			 "is not a name (up to %d letters, digits, '.', '_' and '-', no '.' first)",
			 GROUP_NAME_MAX);
		what = taken;
		break;
	case AE_OPTION_TEXT:
		snprintf(taken, sizeof(taken), "is longer than %d bytes", AE_CONFIG_TEXT_MAX - 1);
		what = taken;
		break;
	}
	snprintf(why, why_size, "\"%.*s%s\" %s", VALUE_SHOWN_MAX, value, more, what);
}

int ae_option_set(const struct ae_option *option, const char *value, struct ae_config *config,
		  char *why, size_t why_size)
{
	int ret = parse_value(option, value, (char *)config + option->offset);

	if (ret == 0)
		return 0;
	explain(option, value, ret, why, why_size);
	return -EINVAL;
}

int ae_option_check(const struct ae_option *option, const char *value, char *why, size_t why_size)
{
	struct ae_config scratch;

	return ae_option_set(option, value, &scratch, why, why_size);
}

bool ae_option_equal(const struct ae_option *option, const struct ae_config *a,
		     const struct ae_config *b)
{
	const void *left = (const char *)a + option->offset;
	const void *right = (const char *)b + option->offset;
	const struct ae_size *x = left, *y = right;

	switch (option->kind) {
	case AE_OPTION_SIZE:
		if (x->is_percent != y->is_percent)
			return false;
		return x->is_percent ? x->percent_e3 == y->percent_e3 : x->bytes == y->bytes;
	case AE_OPTION_DURATION:
		return *(const uint64_t *)left == *(const uint64_t *)right;
	case AE_OPTION_INT:
	case AE_OPTION_CHOICE:
		return *(const int64_t *)left == *(const int64_t *)right;
	case AE_OPTION_BOOL:
		return *(const bool *)left == *(const bool *)right;
	case AE_OPTION_TEXT:
	case AE_OPTION_NAME:
		break;
	}
	return strcmp(left, right) == 0;
}

/* name is row in the tool's form: "log-file" for "LOG_FILE". */
static bool is_tool_form(const char *name, const char *row)
{
	for (; *row; name++, row++) {
		char c = *row == '_' ? '-' : (char)(*row - 'A' + 'a');

		if (*name != c)
			return false;
	}
	return !*name;
}

const struct ae_option *ae_option_find(const char *name)
{
	for (size_t i = 0; i < ae_options_count; i++) {
		if (strcmp(name, ae_options[i].name) == 0 || is_tool_form(name, ae_options[i].name))
			return &ae_options[i];
	}
	return NULL;
}

const struct ae_option *ae_option_nearest(const char *name)
{
	const struct ae_option *best = NULL;
	size_t length = strlen(name);
	/* How much of a name may be wrong before a suggestion is a guess. */
	int allowed = length < 4 ? 1 : length < 9 ? 2 : 3;
	char wanted[64];

	if (length == 0 || length >= sizeof(wanted))
		return NULL;
	for (size_t i = 0; i <= length; i++)
		wanted[i] = name[i] == '-' ? '_' : name[i];
	for (size_t i = 0; i < ae_options_count; i++) {
		int distance = ae_edit_distance(wanted, ae_options[i].name);

		if (distance > allowed)
			continue;
		best = &ae_options[i];
		allowed = distance - 1;
	}
	/* Half a name, or a name and a half: IDLE, DIRECTORY. */
	for (size_t i = 0; i < ae_options_count && !best && length >= 3; i++) {
		size_t known = strlen(ae_options[i].name);
		char start[64];

		snprintf(start, sizeof(start), "%.*s", (int)length, ae_options[i].name);
		if (ae_edit_distance(start, wanted) == 0)
			best = &ae_options[i];
		snprintf(start, sizeof(start), "%.*s", (int)known, wanted);
		if (ae_edit_distance(start, ae_options[i].name) == 0)
			best = &ae_options[i];
	}
	return best;
}
