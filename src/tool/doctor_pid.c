/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat doctor --pid: one process, seen through /proc. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parse.h"
#include "tool/doctor.h"
#include "tool/paths.h"
#include "tool/tool.h"

#define NAME    "doctor"
#define LIBRARY "/libaerostat.so"
#define DRIVER  "/libcuda.so"
#define DELETED " (deleted)"
/* What an environment may be at most (ARG_MAX of any Linux). */
#define ENVIRON_MAX (8u << 20)

/* What the process has mapped. */
struct mapped {
	char library[PATH_MAX]; /* empty: not loaded */
	unsigned long long library_inode;
	bool library_deleted;
	char driver[PATH_MAX];
};

static FILE *open_proc(pid_t pid, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fopen(path, "re");
}

/* The inode, the fifth field of a line of maps, of which the path is the sixth. */
static unsigned long long inode_of(const char *line, const char *path)
{
	const char *end = path, *start;
	unsigned long long inode = 0;

	while (end > line && end[-1] == ' ')
		end--;
	for (start = end; start > line && start[-1] != ' ';)
		start--;
	for (; start < end && *start >= '0' && *start <= '9'; start++)
		inode = inode * 10 + (unsigned long long)(*start - '0');
	return inode;
}

static void read_maps_line(char *line, struct mapped *mapped)
{
	char *path = strchr(line, '/'), *name;

	line[strcspn(line, "\n")] = 0;
	name = path ? strrchr(path, '/') : NULL;
	if (!name)
		return;
	if (strncmp(name, LIBRARY, strlen(LIBRARY)) == 0 && !mapped->library[0]) {
		size_t length = strlen(path), suffix = strlen(DELETED);

		mapped->library_inode = inode_of(line, path);
		mapped->library_deleted =
			length > suffix && strcmp(path + length - suffix, DELETED) == 0;
		if (mapped->library_deleted)
			path[length - suffix] = 0;
		snprintf(mapped->library, sizeof(mapped->library), "%s", path);
	} else if (strncmp(name, DRIVER, strlen(DRIVER)) == 0) {
		snprintf(mapped->driver, sizeof(mapped->driver), "%s", path);
	}
}

/* 0, or a negative errno. */
static int read_maps(pid_t pid, struct mapped *mapped_out)
{
	FILE *file = open_proc(pid, "maps");
	char *line = NULL;
	size_t size = 0;
	int error;

	memset(mapped_out, 0, sizeof(*mapped_out));
	if (!file)
		return -errno;
	errno = 0;
	while (getline(&line, &size, file) > 0)
		read_maps_line(line, mapped_out);
	error = errno;
	free(line);
	fclose(file);
	return -error;
}

/* Its environment at the start, as one block and NULL-terminated strings into it. */
static char **read_environ(pid_t pid, char **block_out)
{
	FILE *file = open_proc(pid, "environ");
	size_t size = 0, count = 0, room = 1;
	char **strings = NULL;
	char *block;

	*block_out = block = malloc(ENVIRON_MAX + 1);
	if (file && block)
		size = fread(block, 1, ENVIRON_MAX, file);
	if (file)
		fclose(file);
	if (!block || size == 0)
		return NULL;
	block[size] = 0;
	for (size_t i = 0; i < size; i++)
		room += block[i] == 0 || i + 1 == size;
	strings = calloc(room, sizeof(*strings));
	for (size_t at = 0; strings && at < size && count + 1 < room; at += strlen(block + at) + 1)
		strings[count++] = block + at;
	return strings;
}

/* The process's id in its own PID namespace, and its user; false when it has gone. */
static bool read_status(pid_t pid, pid_t *inner_out, unsigned int *uid_out)
{
	FILE *file = open_proc(pid, "status");
	char *line = NULL, *last;
	size_t size = 0;
	int64_t value;

	if (!file)
		return false;
	*inner_out = pid;
	while (getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		last = strrchr(line, '\t');
		if (strncmp(line, "NSpid:", 6) == 0 && last &&
		    ae_parse_int(last + 1, 1, INT_MAX, &value) == 0)
			*inner_out = (pid_t)value;
		if (strncmp(line, "Uid:\t", 5) == 0) {
			line[5 + strcspn(line + 5, "\t")] = 0;
			if (ae_parse_int(line + 5, 0, UINT_MAX, &value) == 0)
				*uid_out = (unsigned int)value;
		}
	}
	free(line);
	fclose(file);
	return true;
}

static void say_library(struct ae_doctor *doctor, const struct mapped *mapped)
{
	char path[PATH_MAX], why[PATH_MAX + 256];
	struct stat st;

	if (!mapped->library[0]) {
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"libaerostat: not loaded there: start the program with aerostat run "
			"(LD_PRELOAD does not reach programs that are static or set-user-ID)");
	} else if (mapped->library_deleted) {
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "libaerostat: %s was replaced or removed since the program started, "
			      "which still runs the old one: start it again",
			      mapped->library);
	} else if (ae_path_library(path, why, sizeof(why)) == 0 && stat(path, &st) == 0 &&
		   mapped->library_inode != st.st_ino) {
		ae_doctor_say(
			doctor, AE_VERDICT_WARN,
			"libaerostat: %s is loaded, which is not the library of this tool (%s)",
			mapped->library, path);
	} else {
		ae_doctor_say(doctor, AE_VERDICT_OK, "libaerostat: %s is loaded", mapped->library);
	}
	if (mapped->driver[0])
		ae_doctor_say(doctor, AE_VERDICT_OK, "driver: %s is loaded", mapped->driver);
	else
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "driver: not loaded: the program has not used CUDA yet, or is the "
			      "starter of those who do");
}

static void say_environ(struct ae_doctor *doctor, char *const *strings)
{
	if (!strings) {
		ae_doctor_say(doctor, AE_VERDICT_WARN, "its environment cannot be read");
		ae_config_load((char *const[]){ NULL }, &doctor->config, NULL, NULL);
		return;
	}
	for (char *const *at = strings; *at; at++) {
		if (strncmp(*at, "AEROSTAT_", 9) == 0 || strncmp(*at, "LD_PRELOAD=", 11) == 0)
			ae_doctor_say(doctor, AE_VERDICT_OK, "started with %s", *at);
	}
	ae_doctor_options(doctor, strings);
	if (doctor->config.ipc == AE_IPC_NATIVE)
		ae_doctor_say(
			doctor, AE_VERDICT_OK,
			"memory: from the driver itself (AEROSTAT_IPC=native): it is accounted "
			"for, and cannot move");
}

static void say_ledgers(struct ae_doctor *doctor, pid_t pid, bool has_dir)
{
	unsigned int uid = geteuid();
	char root[64];
	pid_t inner;

	if (!read_status(pid, &inner, &uid))
		return;
	if (!has_dir)
		ae_config_default_dir(uid, doctor->config.dir, sizeof(doctor->config.dir));
	/* Its own file system: in a container, the directory is another one. */
	snprintf(root, sizeof(root), "/proc/%d/root", (int)pid);
	if (access(root, X_OK) != 0)
		root[0] = 0;
	if (ae_doctor_ledgers(doctor, root, inner) == 0)
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "ledger: no entry of it in %s: it has allocated nothing yet, or runs "
			      "natively (see its log)",
			      doctor->config.dir);
}

int ae_doctor_pid(pid_t pid)
{
	struct ae_doctor doctor = { 0 };
	struct mapped mapped;
	bool has_dir = false;
	char **strings, *block;
	char path[64];
	int ret;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (access(path, F_OK) != 0)
		return ae_failure(NAME, "there is no process %d", (int)pid);
	ret = read_maps(pid, &mapped);
	if (ret != 0)
		return ae_failure(NAME, "process %d: %s%s", (int)pid, strerror(-ret),
				  ret == -EACCES || ret == -EPERM ? ": run this as its user" : "");
	say_library(&doctor, &mapped);
	/* A relative AEROSTAT_DIR is relative to there; where that cannot be, the options say so. */
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	if (chdir(path) != 0)
		ae_doctor_say(&doctor, AE_VERDICT_WARN, "its directory cannot be entered: %s",
			      strerror(errno));
	strings = read_environ(pid, &block);
	say_environ(&doctor, strings);
	for (char **at = strings; at && *at; at++)
		has_dir = has_dir || (strncmp(*at, "AEROSTAT_DIR=", 13) == 0 && (*at)[13]);
	say_ledgers(&doctor, pid, has_dir);
	free(strings);
	free(block);
	return doctor.failures ? AE_EXIT_FAILED : AE_EXIT_OK;
}
