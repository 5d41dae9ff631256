/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/stopped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static FILE *open_proc(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

/* The letter that follows the name, which may hold anything, in parentheses. */
static char read_state(pid_t pid)
{
	FILE *file = open_proc(pid, "stat");
	char text[512], *end;
	size_t length;

	if (!file)
		return 0;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = 0;
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

static bool has_mapped(pid_t pid, const char *path)
{
	FILE *file = open_proc(pid, "maps");
	unsigned long long inode;
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	struct stat st;

	if (!file)
		return false;
	if (stat(path, &st) != 0)
		st.st_ino = 0;
	while (st.st_ino != 0 && !found && getline(&line, &size, file) > 0)
		/* The device's number is another one there on some file systems. */
		found = strstr(line, ".ledger") &&
			sscanf(line, "%*s %*s %*s %*s %llu", &inode) == 1 && inode == st.st_ino;
	free(line);
	fclose(file);
	return found;
}

bool ae_process_is_stopped(pid_t pid, const char *ledger_path)
{
	char state = pid > 0 ? read_state(pid) : 0;

	return (state == 'T' || state == 't') && has_mapped(pid, ledger_path);
}
