/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Help in two columns, and the options of the library as they stand in options.def. */
#include <string.h>

#include "base/config.h"
#include "tool/tool.h"

#define COLUMN 24
#define WIDTH  79

void ae_help_row(FILE *out, const char *term, const char *meaning)
{
	size_t column = (size_t)fprintf(out, "  %s", term);

	if (column + 2 > COLUMN) {
		fputc('\n', out);
		column = 0;
	}
	for (const char *word = meaning; *word;) {
		size_t length = strcspn(word, " ");

		if (column > COLUMN && column + 1 + length > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column < COLUMN) {
			fprintf(out, "%*s", (int)(COLUMN - column), "");
			column = COLUMN;
		} else {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, word);
		column += length;
		word += length;
		word += strspn(word, " ");
	}
	fputc('\n', out);
}

void ae_help_options(FILE *out)
{
	for (size_t i = 0; i < ae_options_count; i++) {
		const struct ae_option *option = &ae_options[i];
		char term[80], meaning[512], *at = term;

		at += snprintf(term, sizeof(term), "--");
		for (const char *from = option->name; *from; from++)
			*at++ = *from == '_' ? '-' : (char)(*from - 'A' + 'a');
		snprintf(at, sizeof(term) - (size_t)(at - term), "=%s", option->metavar);
		snprintf(meaning, sizeof(meaning), "%s%s%s%s%s%s%s", option->help,
			 option->choices ? ": " : "", option->choices ? option->choices : "",
			 *option->preset ? " (default " : "", option->preset,
			 *option->preset ? ")" : "",
			 option->acts ? "" : " (no effect in this version)");
		ae_help_row(out, term, meaning);
	}
}
