/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The directory and the file of a ledger: who may have made them, and who gives the file its header. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "ledger/layout.h"

#define GROUP_MAX  64
#define OPEN_TRIES 8
/* What nobody but the owner may have. */
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

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

static bool may_reach(off_t end)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
	       (rlim_t)end <= limit.rlim_cur;
}

int ae_ledger_write_at(int fd, const void *buffer, size_t size, off_t offset)
{
	ssize_t n;

	if (!may_reach(offset + (off_t)size))
		return -EFBIG;
	do {
		n = pwrite(fd, buffer, size, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EIO;
}

int ae_ledger_read_at(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t n;

	do {
		n = pread(fd, buffer, size, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == size ? 0 : -EPROTO;
}

bool ae_ledger_file_intact(const struct ae_fd *file)
{
	struct stat st;

	return file->fd >= 0 && fstat(file->fd, &st) == 0 && st.st_dev == file->dev &&
	       st.st_ino == file->ino && st.st_nlink > 0 &&
	       st.st_size == (off_t)sizeof(struct ae_ledger_file);
}

/* Gives an empty file its size. With a hole, a full file system would be found out in mid-flight. */
static int fill_file(int fd, const char *path, char *why, size_t why_size)
{
	int error = EFBIG;

	if (may_reach((off_t)sizeof(struct ae_ledger_file))) {
		do {
			error = posix_fallocate(fd, 0, sizeof(struct ae_ledger_file));
		} while (error == EINTR);
	}
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
	int ret;

	if (fstat(fd, &st) != 0) {
		ret = -errno;
		goto err_file;
	}
	if (st.st_size == 0) {
		ret = fill_file(fd, path, why, why_size);
		if (ret != 0)
			return ret;
		st.st_size = sizeof(struct ae_ledger_file);
	}
	memset(&header, 0xff, sizeof(header));
	if (pread(fd, &header, sizeof(header), 0) < 0) {
		ret = -errno;
		goto err_file;
	}
	if (!is_unfinished(&header, st.st_size)) {
		ret = ae_ledger_header_check(&header, st.st_size, uuid, path, why, why_size);
		if (ret != 0)
			return ret;
		if (header.total == total && header.outside == 0)
			return 0;
		for (size_t i = 0; i < AE_LEDGER_MEMBERS; i++) {
			if (ae_ledger_slot_alive(fd, i) != 0)
				return 0;
		}
		header.total = total;
		header.outside = 0;
	} else {
		ae_ledger_header_make(uuid, total, &header);
	}
	ret = ae_ledger_write_at(fd, &header, sizeof(header), 0);
	if (ret == 0)
		return 0;
err_file:
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
			const char *path, char *why, size_t why_size, struct ae_fd *file_out)
{
	struct stat st;
	int fd, ret;

	for (int i = 0; i < OPEN_TRIES; i++) {
		fd = open_file(dir_fd, name, path, &st, why, why_size);
		if (fd < 0)
			return fd;
		ret = ae_ledger_lock_changes(fd, path, AE_LEDGER_LOCK_WAIT_NS, why, why_size);
		if (ret == 0 && fstat(fd, &st) == 0 && st.st_nlink == 0) {
			close(fd);
			continue;
		}
		if (ret == 0) {
			ret = settle_header(fd, uuid, total, path, why, why_size);
			ae_ledger_unlock_changes(fd);
		}
		if (ret != 0) {
			close(fd);
			return ret;
		}
		return ae_fd_adopt(fd, file_out);
	}
	ae_ledger_explain(why, why_size, "%s is being removed again and again", path);
	return -EAGAIN;
}

int ae_ledger_file_open(const char *dir, const char *group, const unsigned char uuid[16],
			uint64_t total, char *why, size_t why_size, char *path, size_t path_size,
			struct ae_fd *file_out)
{
	size_t dir_length = 0;
	const char *name;
	int dir_fd, ret;

	ret = name_file(dir, group, uuid, path, path_size, &dir_length, why, why_size);
	if (ret != 0)
		return ret;
	/* The directory's part of the path, for a moment. */
	path[dir_length] = 0;
	dir_fd = open_dir(path, why, why_size);
	path[dir_length] = '/';
	if (dir_fd < 0)
		return dir_fd;
	name = path + dir_length + 1;
	ret = open_settled(dir_fd, name, uuid, total, path, why, why_size, file_out);
	close(dir_fd);
	return ret;
}
