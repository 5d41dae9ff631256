/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HEADERS_MAX 64

/* Where execvp(3) finds name: what cannot be executed is passed over. */
static bool find(const char *name, char *path_out)
{
	const char *dirs = getenv("PATH");
	char fallback[256] = "/bin:/usr/bin";

	if (strchr(name, '/')) {
		snprintf(path_out, PATH_MAX, "%s", name);
		return true;
	}
	if (!dirs) {
		confstr(_CS_PATH, fallback, sizeof(fallback));
		dirs = fallback;
	}
	for (const char *at = dirs;; at++) {
		size_t length = strcspn(at, ":");
		struct stat st;
		int n = snprintf(path_out, PATH_MAX, "%.*s%s%s",
				 (int)(length < PATH_MAX ? length : 0), at, length ? "/" : "",
				 name);

		if (n < PATH_MAX && access(path_out, X_OK) == 0 && stat(path_out, &st) == 0 &&
		    S_ISREG(st.st_mode))
			return true;
		at += length;
		if (!*at)
			return false;
	}
}

/* Executing the file changes this user or group: the loader then takes no library from the user. */
static bool is_privileged(int fd, const struct stat *st)
{
	struct statvfs fs;

	if (!((st->st_mode & S_ISUID) && st->st_uid != getuid()) &&
	    !((st->st_mode & S_ISGID) && (st->st_mode & S_IXGRP) && st->st_gid != getgid()))
		return false;
	/* Where the bits count for nothing. */
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 &&
	       !(fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOSUID));
}

/* The loader itself, run by name with a program as its argument: it preloads, though it has no loader. */
static bool is_loader(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld.", 3) == 0 ||
	       strncmp(name, "ld64.", 5) == 0;
}

/* An ELF file of this machine's kind without a loader. */
static bool is_static(int fd, const char *path)
{
	static const unsigned char ident[] = {
		ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
	};
	ElfW(Phdr) headers[HEADERS_MAX];
	ElfW(Ehdr) file;
	size_t size;

	if (pread(fd, &file, sizeof(file), 0) != (ssize_t)sizeof(file) ||
	    memcmp(file.e_ident, ident, sizeof(ident)) != 0 ||
	    (file.e_type != ET_EXEC && file.e_type != ET_DYN) ||
	    file.e_phentsize != sizeof(headers[0]) || file.e_phnum == 0 ||
	    file.e_phnum > HEADERS_MAX)
		return false;
	size = file.e_phnum * sizeof(headers[0]);
	if (pread(fd, headers, size, (off_t)file.e_phoff) != (ssize_t)size)
		return false;
	for (size_t i = 0; i < file.e_phnum; i++) {
		if (headers[i].p_type == PT_INTERP)
			return false;
	}
	return !is_loader(path);
}

const char *ae_program_no_preload(const char *name, char *path_out)
{
	const char *why = NULL;
	struct stat st;
	int fd;

	if (!find(name, path_out))
		return NULL;
	fd = open(path_out, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		if (is_privileged(fd, &st))
			why = "set-user-ID or set-group-ID";
		else if (is_static(fd, path_out))
			why = "statically linked";
	}
	close(fd);
	return why;
}
