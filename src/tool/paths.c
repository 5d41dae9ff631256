/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/paths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY   "libaerostat.so"
#define DRIVER    "libcuda.so.1"
#define TOOL_ROOM "/src/tool"

/* As configured; -D on the command line. */
static const char bindir[] = AE_BINDIR;
static const char libdir[] = AE_LIBDIR;

/* What SIMCUDA_DRIVER may be. The last is the directory of the simulator itself. */
static const char *const drivers[] = { "11020", "11080", "12040", "13000" };
#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

/* The directory that the tool lies in, without a link. */
static bool own_dir(char dir[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);
	char *slash;

	if (n <= 0)
		return false;
	dir[n] = 0;
	slash = strrchr(dir, '/');
	if (!slash)
		return false;
	*slash = 0;
	return true;
}

/* Appends, or gives up with an empty string, which no file is called. */
static void join(char path[PATH_MAX], const char *head, const char *tail)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", head, tail);

	if (n < 0 || n >= PATH_MAX)
		path[0] = 0;
}

/* The root of the build tree that the tool lies in; false where it is installed. */
static bool build_root(char root[PATH_MAX])
{
	char makefile[PATH_MAX];
	size_t length;

	if (!own_dir(root))
		return false;
	length = strlen(root);
	if (length <= strlen(TOOL_ROOM) ||
	    strcmp(root + length - strlen(TOOL_ROOM), TOOL_ROOM) != 0)
		return false;
	root[length - strlen(TOOL_ROOM)] = 0;
	join(makefile, root, "config.status");
	return access(makefile, F_OK) == 0;
}

/* libdir, seen from where the tool lies now: as many steps up as bindir has beyond what they share. */
static bool moved_libdir(char dir[PATH_MAX])
{
	size_t shared = 0;

	if (!own_dir(dir))
		return false;
	for (size_t i = 0; bindir[i] && bindir[i] == libdir[i]; i++) {
		if (bindir[i] == '/')
			shared = i;
	}
	/* Never more up than the tool's directory agrees with the configured one. */
	for (const char *at = bindir + shared; *at; at++) {
		char *slash;

		if (*at != '/')
			continue;
		slash = strrchr(dir, '/');
		if (!slash)
			return false;
		*slash = 0;
	}
	if (strlen(dir) + strlen(libdir + shared) >= PATH_MAX)
		return false;
	strcat(dir, libdir + shared);
	return true;
}

/* The first of the installed places that has file; otherwise the configured one, and false. */
static bool find_installed(const char *file, char path[PATH_MAX])
{
	char dir[PATH_MAX];

	if (moved_libdir(dir)) {
		join(path, dir, file);
		if (path[0] && access(path, R_OK) == 0)
			return true;
	}
	join(path, libdir, file);
	return path[0] && access(path, R_OK) == 0;
}

int ae_path_library(char path_out[PATH_MAX], char *why, size_t why_size)
{
	char root[PATH_MAX];

	if (build_root(root)) {
		join(path_out, root, "src/shim/.libs/" LIBRARY);
		if (path_out[0] && access(path_out, R_OK) == 0)
			return 0;
		snprintf(why, why_size, "%s is not there: run make in %s", path_out, root);
		return -ENOENT;
	}
	if (find_installed(LIBRARY, path_out))
		return 0;
	snprintf(why, why_size,
		 "%s is not there: install aerostat again, the library with the tool", path_out);
	return -ENOENT;
}

int ae_path_simulator(char dir_out[PATH_MAX], char *why, size_t why_size)
{
	const char *driver = getenv("SIMCUDA_DRIVER");
	char root[PATH_MAX], file[64];
	bool found;
	size_t i;

	if (!driver || !*driver)
		driver = drivers[DRIVERS - 1];
	for (i = 0; i < DRIVERS && strcmp(driver, drivers[i]) != 0; i++)
		;
	if (i == DRIVERS) {
		snprintf(why, why_size,
			 "SIMCUDA_DRIVER: \"%.32s\" is not 11020, 11080, 12040 or 13000", driver);
		return -EINVAL;
	}
	if (build_root(root)) {
		if (i == DRIVERS - 1)
			snprintf(file, sizeof(file), "src/sim/.libs/" DRIVER);
		else
			snprintf(file, sizeof(file), "src/sim/driver-%s/.libs/" DRIVER, driver);
		join(dir_out, root, file);
		found = dir_out[0] && access(dir_out, R_OK) == 0;
	} else {
		if (i == DRIVERS - 1)
			snprintf(file, sizeof(file), "aerostat/sim/" DRIVER);
		else
			snprintf(file, sizeof(file), "aerostat/sim/driver-%s/" DRIVER, driver);
		found = find_installed(file, dir_out);
	}
	if (!found) {
		snprintf(why, why_size, "the simulated driver %s is not there: %s", dir_out,
			 "build and install aerostat with its simulator");
		return -ENOENT;
	}
	*strrchr(dir_out, '/') = 0;
	return 0;
}
