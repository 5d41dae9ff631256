/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/parse.h"
#include "ledger/ledger.h"
#include "tool/doctor.h"
#include "tool/ledgers.h"
#include "tool/paths.h"

/* The library keeps a handful of descriptors; a server has its own. */
#define FILES_LEAST        256
#define SPACE_LEAST        (1u << 20)
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

static void check_limits(struct ae_doctor *doctor)
{
	struct rlimit limit;
	char text[32];

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		ae_doctor_say(doctor,
			      limit.rlim_cur < FILES_LEAST ? AE_VERDICT_WARN : AE_VERDICT_OK,
			      "open files: %llu at most (RLIMIT_NOFILE)%s",
			      (unsigned long long)limit.rlim_cur,
			      limit.rlim_cur < FILES_LEAST ? ": raise it with ulimit -n 1024" : "");
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0)
		ae_doctor_say(doctor, AE_VERDICT_OK,
			      "locked memory: %s (RLIMIT_MEMLOCK; nothing depends on it in this "
			      "version)",
			      limit.rlim_cur == RLIM_INFINITY
				      ? "unlimited"
				      : ae_format_bytes(limit.rlim_cur, text, sizeof(text)));
}

static void check_kernel(struct ae_doctor *doctor)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
	long page = sysconf(_SC_PAGESIZE);
	void *map;

	if (commands >= 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		ae_doctor_say(doctor, AE_VERDICT_OK, "membarrier(2): available");
	else
		ae_doctor_say(
			doctor, AE_VERDICT_WARN,
			"membarrier(2): not available (an old kernel, or refused by seccomp): a "
			"slower way is used");
	map = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map != MAP_FAILED && madvise(map, (size_t)page, MADV_WIPEONFORK) == 0)
		ae_doctor_say(doctor, AE_VERDICT_OK, "MADV_WIPEONFORK: available");
	else
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "MADV_WIPEONFORK: not available: Linux 4.14 or later is needed for "
			      "programs that fork without fork(3)");
	if (map != MAP_FAILED)
		munmap(map, (size_t)page);
}

/* An entry of LD_PRELOAD that is the library by its name. */
static void check_preloaded(struct ae_doctor *doctor, const char *entry)
{
	char path[PATH_MAX], why[PATH_MAX + 256];
	struct stat ours = { 0 }, theirs = { 0 };

	if (!strstr(entry, "libaerostat.so"))
		return;
	if (strchr(entry, '/') && stat(entry, &theirs) != 0)
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "LD_PRELOAD: %s is not there: programs run without it", entry);
	else if (strchr(entry, '/') && ae_path_library(path, why, sizeof(why)) == 0 &&
		 stat(path, &ours) == 0 &&
		 (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino))
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "LD_PRELOAD: %s is not the library of this tool, which is %s", entry,
			      path);
}

static void check_loader(struct ae_doctor *doctor)
{
	const char *preload = getenv("LD_PRELOAD"), *dirs = getenv("LD_LIBRARY_PATH");
	char *copy, *state = NULL;

	ae_doctor_say(doctor, AE_VERDICT_OK, "LD_PRELOAD: %s",
		      preload && *preload ? preload : "not set");
	copy = preload ? strdup(preload) : NULL;
	for (char *entry = copy ? strtok_r(copy, " :", &state) : NULL; entry;
	     entry = strtok_r(NULL, " :", &state))
		check_preloaded(doctor, entry);
	free(copy);
	ae_doctor_say(doctor, AE_VERDICT_OK, "LD_LIBRARY_PATH: %s",
		      dirs && *dirs ? dirs : "not set");
}

/* A directory that is yet to be made: will it be possible? */
static void check_parent(struct ae_doctor *doctor, const char *dir)
{
	char parent[AE_CONFIG_TEXT_MAX];
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	for (slash = strrchr(parent, '/'); slash && !slash[1] && slash > parent;
	     slash = strrchr(parent, '/'))
		*slash = 0;
	if (!slash)
		strcpy(parent, ".");
	else if (slash == parent)
		parent[1] = 0;
	else
		*slash = 0;
	if (access(parent, W_OK | X_OK) == 0)
		ae_doctor_say(doctor, AE_VERDICT_OK, "directory: %s will be made at first use",
			      dir);
	else
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"directory: %s cannot be made: %s: %s: make it, or set AEROSTAT_DIR to "
			"a directory of your own",
			dir, parent, strerror(errno));
}

static void check_space(struct ae_doctor *doctor, const char *dir)
{
	char parent[AE_CONFIG_TEXT_MAX], text[32];
	struct statvfs space;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", dir);
	slash = strrchr(parent, '/');
	if (statvfs(parent, &space) != 0 && slash && slash > parent)
		*slash = 0; /* not made yet */
	if (statvfs(parent, &space) != 0)
		return;
	ae_format_bytes((uint64_t)space.f_bavail * space.f_frsize, text, sizeof(text));
	if ((uint64_t)space.f_bavail * space.f_frsize < SPACE_LEAST)
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"directory: %s free in %s: free some of that file system (a container: "
			"--shm-size), or set AEROSTAT_DIR to a directory elsewhere",
			text, parent);
	else
		ae_doctor_say(doctor, AE_VERDICT_OK, "directory: %s free in %s", text, parent);
}

static void check_dir(struct ae_doctor *doctor)
{
	const char *dir = doctor->config.dir;
	char preset[AE_CONFIG_TEXT_MAX];
	struct stat st;

	if (lstat(dir, &st) != 0) {
		if (errno == ENOENT)
			check_parent(doctor, dir);
		else
			ae_doctor_say(doctor, AE_VERDICT_FAIL, "directory: %s: %s", dir,
				      strerror(errno));
	} else if (!S_ISDIR(st.st_mode)) {
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"directory: %s is %s, not a directory: set AEROSTAT_DIR to a directory "
			"of your own",
			dir, S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
	} else if (st.st_uid != geteuid()) {
		/* In /dev/shm, under a name that anybody can tell. */
		ae_config_default_dir(geteuid(), preset, sizeof(preset));
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"directory: %s belongs to user %u%s: set AEROSTAT_DIR to a directory of "
			"your own (for all members, the same one)",
			dir, (unsigned int)st.st_uid,
			strcmp(dir, preset) == 0 ? ", who made it first" : "");
	} else if (st.st_mode & WRITABLE_BY_OTHERS) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "directory: %s may be written by others: chmod go-w %s", dir, dir);
	} else if (access(dir, W_OK | X_OK) != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "directory: %s: %s: chmod u+rwx %s", dir,
			      strerror(errno), dir);
	} else {
		ae_doctor_say(doctor, AE_VERDICT_OK, "directory: %s", dir);
	}
	check_space(doctor, dir);
}

void ae_doctor_system(struct ae_doctor *doctor)
{
	check_limits(doctor);
	check_kernel(doctor);
	check_loader(doctor);
	check_dir(doctor);
}

static size_t print_members(const struct ae_ledger_view *view, pid_t pid)
{
	char claimed[32], cached[32], limit[32];
	size_t shown = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct ae_ledger_member *member = &view->members[i];

		if (pid != 0 && member->pid != pid)
			continue;
		shown++;
		printf("      pid %d, model %s: claimed %s of %s, cached %s, %" PRIu64
		       " blocks, %" PRIu64 " chunks\n",
		       (int)member->pid, member->model,
		       ae_format_bytes(member->claimed, claimed, sizeof(claimed)),
		       ae_format_bytes(member->limit, limit, sizeof(limit)),
		       ae_format_bytes(member->cached, cached, sizeof(cached)), member->blocks,
		       member->chunks);
	}
	return shown;
}

static size_t look_at_ledger(struct ae_doctor *doctor, const char *path, pid_t pid)
{
	static struct ae_ledger_view view;
	const char *name = strrchr(path, '/') + 1;
	char why[512], total[32];

	if (ae_ledger_read(path, why, sizeof(why), &view) != 0) {
		ae_doctor_say(doctor, AE_VERDICT_WARN, "ledger: %s", why);
		return 0;
	}
	if (pid == 0)
		ae_doctor_say(doctor, AE_VERDICT_OK, "ledger: %s: %s, %zu member%s", name,
			      ae_format_bytes(view.total, total, sizeof(total)), view.count,
			      view.count == 1 ? "" : "s");
	return print_members(&view, pid);
}

size_t ae_doctor_ledgers(struct ae_doctor *doctor, const char *root, pid_t pid)
{
	char dir[PATH_MAX], **paths;
	size_t shown = 0, count;

	snprintf(dir, sizeof(dir), "%s%s", root, doctor->config.dir);
	if (ae_ledgers_list(dir, &paths, &count) != 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		shown += look_at_ledger(doctor, paths[i], pid);
		free(paths[i]);
	}
	free(paths);
	return shown;
}
