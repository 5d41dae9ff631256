/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. A table for people: columns as wide as their widest cell, the same whether a terminal or a
 * pipe reads it, no colours. Lines of their own may stand between the rows.
 */
#ifndef AE_TOOL_TABLE_H
#define AE_TOOL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define AE_TABLE_COLUMNS 16

struct ae_table_row {
	char *line; /* instead of cells; NULL: cells */
	char *cells[AE_TABLE_COLUMNS];
};

struct ae_table {
	size_t columns;
	const char *names[AE_TABLE_COLUMNS];
	const char *align; /* a letter for each column: l is set left, r right */
	struct ae_table_row *rows;
	size_t count, room;
};

/* Copy what they are given. False: out of memory, and it is not there. */
bool ae_table_line(struct ae_table *table, const char *line);
bool ae_table_row(struct ae_table *table, const char *const *cells);

/* The names of the columns stand first. */
void ae_table_print(const struct ae_table *table, FILE *out);
void ae_table_free(struct ae_table *table);

#endif
