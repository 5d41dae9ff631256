/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/table.h"

#include <stdlib.h>
#include <string.h>

static struct ae_table_row *next_row(struct ae_table *table)
{
	if (table->count == table->room) {
		size_t room = table->room * 2 + 16;
		void *rows = reallocarray(table->rows, room, sizeof(*table->rows));

		if (!rows)
			return NULL;
		table->rows = rows;
		table->room = room;
	}
	table->rows[table->count] = (struct ae_table_row){ 0 };
	return &table->rows[table->count];
}

static void free_row(const struct ae_table *table, struct ae_table_row *row)
{
	free(row->line);
	for (size_t i = 0; i < table->columns; i++)
		free(row->cells[i]);
}

bool ae_table_line(struct ae_table *table, const char *line)
{
	struct ae_table_row *row = next_row(table);

	if (!row)
		return false;
	row->line = strdup(line);
	if (!row->line)
		return false;
	table->count++;
	return true;
}

bool ae_table_row(struct ae_table *table, const char *const *cells)
{
	struct ae_table_row *row = next_row(table);

	if (!row)
		return false;
	for (size_t i = 0; i < table->columns; i++) {
		row->cells[i] = strdup(cells[i]);
		if (!row->cells[i]) {
			free_row(table, row);
			return false;
		}
	}
	table->count++;
	return true;
}

/* No space at the end of a line: the last column is set left, and not filled. */
static void print_cells(const struct ae_table *table, const char *const *cells, const int *widths,
			FILE *out)
{
	for (size_t i = 0; i < table->columns; i++) {
		bool is_left = table->align[i] == 'l', is_last = i + 1 == table->columns;

		if (i > 0)
			fputs("  ", out);
		fprintf(out, "%*s",
			is_left && is_last ? 0
			: is_left          ? -widths[i]
					   : widths[i],
			cells[i]);
	}
	fputc('\n', out);
}

void ae_table_print(const struct ae_table *table, FILE *out)
{
	int widths[AE_TABLE_COLUMNS];

	for (size_t i = 0; i < table->columns; i++) {
		widths[i] = (int)strlen(table->names[i]);
		for (size_t j = 0; j < table->count; j++) {
			const struct ae_table_row *row = &table->rows[j];

			if (!row->line && (int)strlen(row->cells[i]) > widths[i])
				widths[i] = (int)strlen(row->cells[i]);
		}
	}
	print_cells(table, table->names, widths, out);
	for (size_t j = 0; j < table->count; j++) {
		const struct ae_table_row *row = &table->rows[j];

		if (row->line)
			fprintf(out, "%s\n", row->line);
		else
			print_cells(table, (const char *const *)row->cells, widths, out);
	}
}

void ae_table_free(struct ae_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		free_row(table, &table->rows[i]);
	free(table->rows);
	table->rows = NULL;
	table->count = table->room = 0;
}
