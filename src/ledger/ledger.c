/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/config.h"
#include "base/fd.h"
#include "ledger/layout.h"

#define LOCK_WAIT_NS     2000000000LL
#define LOCK_STEP_NS     100000L
#define LOCK_STEP_MAX_NS 20000000L
#define GROUP_MAX        64
#define OPEN_TRIES       8
/* What nobody but the owner may have. */
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

struct ae_ledger {
	struct ae_fd file; /* the change lock */
	struct ae_fd alive; /* the alive lock: an open file description of its own */
	struct ae_ledger_file *map; /* NULL once abandoned */
	struct ae_ledger_slot *slot; /* NULL until joined. Set before other threads claim */
	size_t index;
	char path[256];
};

char *ae_ledger_default_dir(char *text, size_t text_size)
{
	return ae_config_default_dir(text, text_size);
}

static int64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int set_lock(int fd, short type, off_t offset)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = offset, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : -errno;
}

/* The change lock; its holder may be stopped or frozen, so that the wait has an end. */
static int lock_changes(int fd, const char *path, char *why, size_t why_size)
{
	int64_t deadline = now_ns(CLOCK_MONOTONIC) + LOCK_WAIT_NS;
	struct timespec step = { 0, LOCK_STEP_NS };
	int ret;

	for (;;) {
		ret = set_lock(fd, F_WRLCK, AE_LEDGER_LOCK_CHANGE);
		if (ret != -EAGAIN && ret != -EACCES && ret != -EINTR)
			break;
		if (now_ns(CLOCK_MONOTONIC) >= deadline) {
			ae_ledger_explain(why, why_size,
					  "%s has been locked for two seconds by another process, "
					  "which may be stopped: see who has it open (fuser %s)",
					  path, path);
			return -ETIMEDOUT;
		}
		nanosleep(&step, NULL);
		if (step.tv_nsec < LOCK_STEP_MAX_NS)
			step.tv_nsec *= 2;
	}
	if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot lock %s: %s", path, strerrordesc_np(-ret));
	return ret;
}

static void unlock_changes(int fd)
{
	set_lock(fd, F_UNLCK, AE_LEDGER_LOCK_CHANGE);
}

/* Only of this user, and for nobody else to write. */
static int check_owner(const struct stat *st, const char *path, char *why, size_t why_size)
{
	if (st->st_uid != geteuid()) {
		ae_ledger_explain(why, why_size,
				  "%s belongs to user %u, not to user %u: set AEROSTAT_DIR to a "
				  "directory of your own",
				  path, (unsigned int)st->st_uid, (unsigned int)geteuid());
		return -EPERM;
	}
	if (st->st_mode & WRITABLE_BY_OTHERS) {
		ae_ledger_explain(why, why_size,
				  "%s may be written by others (mode %04o): chmod go-w %s", path,
				  (unsigned int)st->st_mode & 07777, path);
		return -EPERM;
	}
	return 0;
}

/* The directory's descriptor, made when missing, or a negative errno. */
static int open_dir(const char *dir, char *why, size_t why_size)
{
	struct stat st;
	int fd, ret;

	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		ret = -errno;
		/* A directory that is there may lie where nothing can be made. */
		if (lstat(dir, &st) != 0) {
			ae_ledger_explain(why, why_size,
					  "cannot make the directory %s: %s: make it, or set "
					  "AEROSTAT_DIR to a directory of your own",
					  dir, strerrordesc_np(-ret));
			return ret;
		}
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		if (lstat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
			ae_ledger_explain(why, why_size,
					  "%s is %s, not a directory: set AEROSTAT_DIR to a "
					  "directory of your own",
					  dir, S_ISLNK(st.st_mode) ? "a symbolic link" : "a file");
		else
			ae_ledger_explain(why, why_size, "cannot open the directory %s: %s", dir,
					  strerrordesc_np(-ret));
		return ret;
	}
	ret = fstat(fd, &st) != 0 ? -errno : check_owner(&st, dir, why, why_size);
	if (ret != 0) {
		close(fd);
		return ret;
	}
	return fd;
}

static int open_file(int dir_fd, const char *name, const char *path, struct stat *st_out, char *why,
		     size_t why_size)
{
	int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int fd = openat(dir_fd, name, flags, 0600);
	int ret;

	if (fd < 0 || fstat(fd, st_out) != 0) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot open %s: %s", path, strerrordesc_np(-ret));
		if (fd >= 0)
			close(fd);
		return ret;
	}
	if (!S_ISREG(st_out->st_mode)) {
		ae_ledger_explain(why, why_size, "%s is not a file", path);
		ret = -EPROTO;
	} else {
		ret = check_owner(st_out, path, why, why_size);
	}
	if (ret != 0) {
		close(fd);
		return ret;
	}
	return fd;
}

/* Gives an empty file its size. A hole would be a SIGBUS later, in the middle of a server. */
static int fill_file(int fd, const char *path, char *why, size_t why_size)
{
	int error;

	do {
		error = posix_fallocate(fd, 0, sizeof(struct ae_ledger_file));
	} while (error == EINTR);
	if (error != 0)
		ae_ledger_explain(why, why_size,
				  "no room for %s: %s: free some of that file system, or set "
				  "AEROSTAT_DIR to a directory elsewhere",
				  path, strerrordesc_np(error));
	return -error;
}

/* True when the file has its size and nothing in its header: whoever was to write it has died. */
static bool is_unfinished(const struct ae_ledger_header *header, off_t size)
{
	static const struct ae_ledger_header nothing;

	return size == (off_t)sizeof(struct ae_ledger_file) &&
	       memcmp(header, &nothing, sizeof(nothing)) == 0;
}

/* Under the change lock: a header that is right, written if nobody has written one yet. */
static int settle_header(int fd, const unsigned char uuid[16], uint64_t total, const char *path,
			 char *why, size_t why_size)
{
	struct ae_ledger_header header;
	struct stat st;
	ssize_t n;
	int ret;

	if (fstat(fd, &st) != 0)
		goto err_file;
	if (st.st_size == 0) {
		ret = fill_file(fd, path, why, why_size);
		if (ret != 0)
			return ret;
		st.st_size = sizeof(struct ae_ledger_file);
	}
	memset(&header, 0xff, sizeof(header));
	if (pread(fd, &header, sizeof(header), 0) < 0)
		goto err_file;
	if (!is_unfinished(&header, st.st_size)) {
		ret = ae_ledger_header_check(&header, st.st_size, uuid, path, why, why_size);
		if (ret != 0)
			return ret;
		if (header.total == total)
			return 0;
		for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
			if (ae_ledger_slot_alive(fd, i) != 0)
				return 0;
		}
	}
	ae_ledger_header_make(uuid, total, &header);
	n = pwrite(fd, &header, sizeof(header), 0);
	if (n == (ssize_t)sizeof(header))
		return 0;
	if (n >= 0)
		errno = EIO;
err_file:
	ret = -errno;
	ae_ledger_explain(why, why_size, "cannot prepare %s: %s", path, strerrordesc_np(-ret));
	return ret;
}

static int name_file(const char *dir, const char *group, const unsigned char uuid[16], char *path,
		     size_t path_size, size_t *dir_length_out, char *why, size_t why_size)
{
	size_t dir_length = strlen(dir);
	char text[40];
	size_t used = 0;
	int n;

	if (!*group || *group == '.' || strchr(group, '/') || strlen(group) > GROUP_MAX) {
		ae_ledger_explain(
			why, why_size,
			"\"%.64s\" cannot be a group's name: set AEROSTAT_GROUP to letters "
			"and digits",
			group);
		return -EINVAL;
	}
	/* open(2) would follow a link with a slash behind it. */
	while (dir_length > 1 && dir[dir_length - 1] == '/')
		dir_length--;
	for (size_t i = 0; i < 16; i++) {
		const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%02x", dash, uuid[i]);
	}
	n = snprintf(path, path_size, "%.*s/%s-%s.ledger",
		     (int)(dir_length < 4096 ? dir_length : 4096), dir, group, text);
	if (dir_length == 0 || n < 0 || (size_t)n >= path_size) {
		ae_ledger_explain(why, why_size,
				  "AEROSTAT_DIR is %s: set it to a shorter path of a directory",
				  dir_length == 0 ? "empty" : "too long");
		return dir_length == 0 ? -EINVAL : -ENAMETOOLONG;
	}
	*dir_length_out = dir_length;
	return 0;
}

/*
 * The file open, and its header in order. Whoever comes first gives it its size and header under the
 * change lock; a file removed between opening and locking is somebody else's by now.
 */
static int open_settled(int dir_fd, const char *name, const unsigned char uuid[16], uint64_t total,
			struct ae_ledger *ledger, char *why, size_t why_size)
{
	const char *path = ledger->path;
	struct stat st;
	int fd, ret;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = open_file(dir_fd, name, path, &st, why, why_size);
		if (fd < 0)
			return fd;
		ret = lock_changes(fd, path, why, why_size);
		if (ret == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0) {
			close(fd);
			continue;
		}
		if (ret == 0) {
			ret = settle_header(fd, uuid, total, path, why, why_size);
			unlock_changes(fd);
		}
		if (ret != 0) {
			close(fd);
			return ret;
		}
		return ae_fd_adopt(fd, &ledger->file);
	}
	ae_ledger_explain(why, why_size, "%s is being removed again and again", path);
	return -EAGAIN;
}

/* A second open file description of the same file, for the alive lock. */
static int open_alive(int dir_fd, const char *name, struct ae_ledger *ledger, char *why,
		      size_t why_size)
{
	struct stat st;
	int fd = open_file(dir_fd, name, ledger->path, &st, why, why_size);

	if (fd < 0)
		return fd;
	if (st.st_dev != ledger->file.dev || st.st_ino != ledger->file.ino) {
		close(fd);
		ae_ledger_explain(why, why_size, "%s was replaced while it was opened",
				  ledger->path);
		return -EAGAIN;
	}
	return ae_fd_adopt(fd, &ledger->alive);
}

int ae_ledger_open(const char *dir, const char *group, const unsigned char uuid[16], uint64_t total,
		   char *why, size_t why_size, struct ae_ledger **ledger_out)
{
	struct ae_ledger *ledger;
	size_t dir_length = 0;
	char dir_path[256];
	int dir_fd, ret;
	void *map;

	ledger = calloc(1, sizeof(*ledger));
	if (!ledger) {
		ae_ledger_explain(why, why_size, "out of memory");
		return -ENOMEM;
	}
	ledger->file = ledger->alive = (struct ae_fd)AE_FD_NONE;
	ret = name_file(dir, group, uuid, ledger->path, sizeof(ledger->path), &dir_length, why,
			why_size);
	if (ret != 0)
		goto err_free;
	memcpy(dir_path, ledger->path, dir_length);
	dir_path[dir_length] = 0;
	dir_fd = open_dir(dir_path, why, why_size);
	if (dir_fd < 0) {
		ret = dir_fd;
		goto err_free;
	}
	ret = open_settled(dir_fd, ledger->path + dir_length + 1, uuid, total, ledger, why,
			   why_size);
	if (ret == 0)
		ret = open_alive(dir_fd, ledger->path + dir_length + 1, ledger, why, why_size);
	close(dir_fd);
	if (ret != 0)
		goto err_close;
	map = mmap(NULL, sizeof(struct ae_ledger_file), PROT_READ | PROT_WRITE, MAP_SHARED,
		   ledger->file.fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		ae_ledger_explain(why, why_size, "cannot map %s: %s", ledger->path,
				  strerrordesc_np(-ret));
		goto err_close;
	}
	ledger->map = map;
	*ledger_out = ledger;
	return 0;

err_close:
	ae_fd_close(&ledger->alive);
	ae_fd_close(&ledger->file);
err_free:
	free(ledger);
	return ret;
}

static void fill_slot(struct ae_ledger_slot *slot, const char *model, uint64_t limit)
{
	uint64_t words[AE_LEDGER_MODEL_WORDS];
	char text[AE_LEDGER_NAME_MAX];

	ae_ledger_text_clean(model, text);
	memcpy(words, text, sizeof(words));
	for (size_t i = 0; i < AE_LEDGER_MODEL_WORDS; i++)
		atomic_store_explicit(&slot->model[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&slot->pid, (uint64_t)getpid(), memory_order_relaxed);
	atomic_store_explicit(&slot->joined_ns, (uint64_t)now_ns(CLOCK_REALTIME),
			      memory_order_relaxed);
	atomic_store_explicit(&slot->limit, limit, memory_order_relaxed);
	atomic_store_explicit(&slot->claimed, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->cached, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->blocks, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->chunks, 0, memory_order_relaxed);
}

/* Under the change lock. */
static int take_slot(struct ae_ledger *ledger, const char *model, uint64_t limit)
{
	for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
		struct ae_ledger_slot *slot = &ledger->map->slots[i];
		int ret = ae_ledger_slot_alive(ledger->file.fd, i);
		uint64_t sequence;

		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		/* Odd before the alive lock is taken: see read.c. */
		sequence = atomic_load(&slot->sequence) | 1;
		atomic_store(&slot->sequence, sequence);
		ret = set_lock(ledger->alive.fd, F_WRLCK, AE_LEDGER_LOCK_ALIVE_0 + (off_t)i);
		if (ret == -EAGAIN || ret == -EACCES)
			continue;
		if (ret != 0)
			return ret;
		fill_slot(slot, model, limit);
		atomic_store(&slot->sequence, sequence + 1);
		ledger->index = i;
		ledger->slot = slot;
		return 0;
	}
	return -EUSERS;
}

int ae_ledger_join(struct ae_ledger *ledger, const char *model, uint64_t limit, char *why,
		   size_t why_size)
{
	int ret;

	if (ledger->slot || !ledger->map) {
		ae_ledger_explain(why, why_size, "this process has joined %s already",
				  ledger->path);
		return -EALREADY;
	}
	ret = lock_changes(ledger->file.fd, ledger->path, why, why_size);
	if (ret != 0)
		return ret;
	ret = take_slot(ledger, model, limit);
	unlock_changes(ledger->file.fd);
	if (ret == -EUSERS)
		ae_ledger_explain(why, why_size, "%s has its %d members: set AEROSTAT_GROUP",
				  ledger->path, AE_LEDGER_MEMBERS);
	else if (ret != 0)
		ae_ledger_explain(why, why_size, "cannot join %s: %s", ledger->path,
				  strerrordesc_np(-ret));
	return ret;
}

static void unmap(struct ae_ledger *ledger)
{
	if (ledger->map)
		munmap(ledger->map, sizeof(*ledger->map));
	ledger->map = NULL;
	ledger->slot = NULL;
}

void ae_ledger_close(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	unmap(ledger);
	ae_fd_close(&ledger->alive); /* and with it the alive lock */
	ae_fd_close(&ledger->file);
	free(ledger);
}

void ae_ledger_abandon(struct ae_ledger *ledger)
{
	if (!ledger)
		return;
	unmap(ledger);
	ae_fd_close(&ledger->alive);
	ae_fd_close(&ledger->file);
}

void ae_ledger_claim(struct ae_ledger *ledger, uint64_t bytes)
{
	if (ledger->slot)
		atomic_fetch_add_explicit(&ledger->slot->claimed, bytes, memory_order_relaxed);
}

void ae_ledger_unclaim(struct ae_ledger *ledger, uint64_t bytes)
{
	if (ledger->slot)
		atomic_fetch_sub_explicit(&ledger->slot->claimed, bytes, memory_order_relaxed);
}

void ae_ledger_report(struct ae_ledger *ledger, uint64_t cached, uint64_t blocks, uint64_t chunks)
{
	if (!ledger->slot)
		return;
	atomic_store_explicit(&ledger->slot->cached, cached, memory_order_relaxed);
	atomic_store_explicit(&ledger->slot->blocks, blocks, memory_order_relaxed);
	atomic_store_explicit(&ledger->slot->chunks, chunks, memory_order_relaxed);
}
