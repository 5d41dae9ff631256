/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The directory and the file: who may have made them, and what may lie in them. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ledger/layout.h"
#include "ledger_fixture.h"

/* Opening must fail like that, with these words, and hand nothing out. */
static void refuse(const char *dir, int error, const char *words)
{
	struct ae_ledger *ledger = (void *)1;
	int ret = ae_ledger_open(dir, "default", fixture_uuid, TOTAL, fixture_why,
				 sizeof(fixture_why), &ledger);

	ck_assert_msg(ret == error, "%d (%s), not %d", ret, fixture_why, error);
	ck_assert_ptr_eq(ledger, (void *)1);
	ck_assert_msg(strstr(fixture_why, words) != NULL, "%s", fixture_why);
}

static void refuse_read(int error, const char *words)
{
	struct ae_ledger_view view;
	int ret = ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view);

	ck_assert_msg(ret == error, "%d (%s), not %d", ret, fixture_why, error);
	ck_assert_msg(strstr(fixture_why, words) != NULL, "%s", fixture_why);
}

START_TEST(what_is_made)
{
	struct stat st;

	umask(0);
	ae_ledger_close(fixture_open());
	ck_assert_int_eq(stat(fixture_dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(fixture_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_lt(st.st_size, 65536);
	ck_assert_int_ge(st.st_blocks * 512, st.st_size); /* no holes */
}
END_TEST

START_TEST(directories_refused)
{
	char path[256], slashes[300];

	/* Only the last component is made. */
	snprintf(path, sizeof(path), "%s/no/such", fixture_root);
	refuse(path, -ENOENT, "cannot make the directory");

	snprintf(path, sizeof(path), "%s/link", fixture_root);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	refuse(path, -ENOTDIR, "is a symbolic link");
	snprintf(slashes, sizeof(slashes), "%s//", path);
	refuse(slashes, -ENOTDIR, "is a symbolic link");

	snprintf(path, sizeof(path), "%s/file", fixture_root);
	ck_assert_int_eq(close(creat(path, 0600)), 0);
	refuse(path, -ENOTDIR, "is a file");

	snprintf(path, sizeof(path), "%s/open", fixture_root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, 0770), 0);
	refuse(path, -EPERM, "chmod go-w");
	ck_assert_int_eq(chmod(path, 01777), 0);
	refuse(path, -EPERM, "chmod go-w");
	rmdir(path);

	refuse("", -EINVAL, "empty");
	memset(path, 'd', 250);
	path[250] = 0;
	refuse(path, -ENAMETOOLONG, "too long");
}
END_TEST

START_TEST(a_directory_with_slashes)
{
	struct ae_ledger *ledger = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s//", fixture_dir);
	ck_assert_int_eq(ae_ledger_open(path, "default", fixture_uuid, TOTAL, fixture_why,
					sizeof(fixture_why), &ledger),
			 0);
	ae_ledger_close(ledger);
	ck_assert_uint_eq(fixture_read()->count, 0);
}
END_TEST

START_TEST(groups_refused)
{
	static const char *const names[] = { "", ".", "../x", "a/b", ".hidden" };
	struct ae_ledger *ledger;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(ae_ledger_open(fixture_dir, names[i], fixture_uuid, TOTAL,
						fixture_why, sizeof(fixture_why), &ledger),
				 -EINVAL);
}
END_TEST

/* As somebody for whom permissions count. Runs in a process of its own (Check forks). */
static void be_nobody(void)
{
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
}

START_TEST(where_nothing_may_be_made)
{
	ck_assert_int_eq(chmod(fixture_root, 0555), 0);
	be_nobody();
	refuse(fixture_dir, -EACCES, "cannot make the directory");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	chmod(fixture_root, 0700);
}
END_TEST

START_TEST(a_directory_of_somebody_else)
{
	if (geteuid() != 0) {
		refuse("/", -EPERM, "belongs to user 0");
		return;
	}
	ck_assert_int_eq(mkdir(fixture_dir, 0755), 0);
	ck_assert_int_eq(chmod(fixture_root, 0755), 0);
	be_nobody();
	refuse(fixture_dir, -EPERM, "belongs to user 0, not to user 65534");
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(no_room)
{
	char path[160];

	ck_assert_int_eq(mkdir(fixture_dir, 0700), 0);
	if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", fixture_dir, "tmpfs", 0, "size=16k,mode=0700") != 0) {
		printf("no_room: no small tmpfs here: %s\n", strerror(errno));
		return;
	}
	snprintf(path, sizeof(path), "%s/", fixture_dir);
	refuse(path, -ENOSPC, "no room for");
	/* Once there is room, the empty file that was left is no obstacle. */
	ck_assert_int_eq(mount("tmpfs", fixture_dir, "tmpfs", MS_REMOUNT, "size=1m,mode=0700"), 0);
	ae_ledger_close(fixture_open());
	umount(fixture_dir);
}
END_TEST

static void write_file(const void *bytes, size_t size)
{
	int fd;

	mkdir(fixture_dir, 0700);
	fd = open(fixture_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, size), size);
	close(fd);
}

static size_t load_file(void *bytes, size_t size)
{
	int fd = open(fixture_path, O_RDONLY);
	ssize_t n = read(fd, bytes, size);

	close(fd);
	ck_assert_int_ge(n, 0);
	return (size_t)n;
}

START_TEST(files_refused)
{
	static struct ae_ledger_file file, after;

	/* Garbage, and it is left alone. */
	write_file("not a ledger", 12);
	refuse(fixture_dir, -EPROTO, "is not a ledger of aerostat");
	refuse_read(-EPROTO, "is not a ledger of aerostat");
	ck_assert_uint_eq(load_file(&after, sizeof(after)), 12);
	ck_assert_mem_eq(&after, "not a ledger", 12);

	ae_ledger_header_make(fixture_uuid, TOTAL, &file.header);
	file.header.version = AE_LEDGER_VERSION + 1;
	write_file(&file, sizeof(file));
	refuse(fixture_dir, -EPROTO, "is a ledger of version 3");
	refuse_read(-EPROTO, "is a ledger of version 3");
	load_file(&after, sizeof(after));
	ck_assert_mem_eq(&after, &file, sizeof(file));

	/* Of a newer version, and of another size. */
	write_file(&file, 200);
	refuse(fixture_dir, -EPROTO, "is a ledger of version 3");

	file.header.version = AE_LEDGER_VERSION;
	file.header.uuid[3] ^= 1;
	write_file(&file, sizeof(file));
	refuse(fixture_dir, -EPROTO, "another device");
}
END_TEST

START_TEST(files_that_are_none)
{
	ck_assert_int_eq(mkdir(fixture_dir, 0700), 0);
	ck_assert_int_eq(mkfifo(fixture_path, 0600), 0);
	refuse(fixture_dir, -EPROTO, "is not a file");
	refuse_read(-EPROTO, "is not a file");
	unlink(fixture_path);
	ck_assert_int_eq(symlink("/etc/passwd", fixture_path), 0);
	refuse(fixture_dir, -ELOOP, "cannot open");
	refuse_read(-ELOOP, "cannot open");
	unlink(fixture_path);
	refuse_read(-ENOENT, "cannot open");
	write_file("", 0);
	refuse_read(-EPROTO, "0 bytes");
	ck_assert_int_eq(chmod(fixture_path, 0666), 0);
	refuse(fixture_dir, -EPERM, "chmod go-w");
}
END_TEST

START_TEST(truncated_anywhere)
{
	static struct ae_ledger_file file;

	ae_ledger_header_make(fixture_uuid, TOTAL, &file.header);
	for (size_t size = 1; size <= sizeof(file) + 128; size += size < 300 ? 1 : 997) {
		static char bytes[sizeof(file) + 2000];

		memcpy(bytes, &file, sizeof(file));
		if (size == sizeof(file))
			continue;
		write_file(bytes, size);
		refuse(fixture_dir, -EPROTO, fixture_path);
		refuse_read(-EPROTO, fixture_path);
	}
}
END_TEST

/* Whoever made the file died between its size and its header. */
START_TEST(an_unfinished_file_is_finished)
{
	static struct ae_ledger_file file;

	write_file(&file, sizeof(file));
	ae_ledger_close(fixture_join("x"));
	ck_assert_uint_eq(fixture_read()->total, TOTAL);
	write_file("", 0);
	ae_ledger_close(fixture_join("x"));
	ck_assert_uint_eq(fixture_read()->total, TOTAL);
}
END_TEST

START_TEST(a_new_total)
{
	struct ae_ledger *ledger, *member = fixture_join("x");

	ck_assert_int_eq(ae_ledger_open(fixture_dir, "default", fixture_uuid, 5, fixture_why,
					sizeof(fixture_why), &ledger),
			 0);
	ck_assert_uint_eq(fixture_read()->total, TOTAL);
	ae_ledger_close(ledger);
	ae_ledger_close(member);
	ck_assert_int_eq(ae_ledger_open(fixture_dir, "default", fixture_uuid, 5, fixture_why,
					sizeof(fixture_why), &ledger),
			 0);
	ck_assert_uint_eq(fixture_read()->total, 5);
	ae_ledger_close(ledger);
}
END_TEST

/* What a reader hands out is bounded and printable, whatever lies in the file. */
static void check_view(const struct ae_ledger_view *view)
{
	ck_assert_uint_le(view->count, AE_LEDGER_MEMBERS);
	for (size_t i = 0; i < view->count; i++) {
		const char *model = view->members[i].model;

		ck_assert_int_ge(view->members[i].pid, 0);
		ck_assert_ptr_nonnull(memchr(model, 0, AE_LEDGER_NAME_MAX));
		for (; *model; model++)
			ck_assert(*model >= ' ' && *model <= '~');
	}
}

START_TEST(random_bytes_in_every_position)
{
	static struct ae_ledger_file file, good;
	static struct ae_ledger_view view;
	struct ae_ledger *member = fixture_join("x"), *ledger;
	unsigned int seed = 1;
	int fd = open(fixture_path, O_RDWR);

	load_file(&good, sizeof(good));
	for (size_t at = 0; at < sizeof(file); at += at < 512 ? 1 : 61) {
		char byte = (char)rand_r(&seed);

		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
		if (ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view) == 0)
			check_view(&view);
		if (ae_ledger_open(fixture_dir, "default", fixture_uuid, TOTAL, fixture_why,
				   sizeof(fixture_why), &ledger) == 0)
			ae_ledger_close(ledger);
		ck_assert_int_eq(pwrite(fd, (char *)&good + at, 1, (off_t)at), 1);
	}
	/* All of the slots at once, under a header that is right and a member that lives. */
	for (int i = 0; i < 200; i++) {
		for (size_t at = 0; at < sizeof(file); at++)
			((unsigned char *)&file)[at] = (unsigned char)rand_r(&seed);
		file.header = good.header;
		file.slots[0].own.check = ae_ledger_own_check(&file.slots[0].own);
		file.slots[0].mail.check = ae_ledger_mail_check(&file.slots[0].mail);
		ck_assert_int_eq(pwrite(fd, &file, sizeof(file), 0), sizeof(file));
		check_view(fixture_read());
		ck_assert_uint_eq(fixture_read()->count, 1);
		ledger = fixture_join("y");
		ck_assert_uint_eq(fixture_read()->count, 2);
		ck_assert_str_eq(fixture_read()->members[1].model, "y");
		ae_ledger_close(ledger);
	}
	/* A slot that never agrees with its checksum keeps no reader. */
	file.slots[0].own.claimed ^= 1;
	ck_assert_int_eq(pwrite(fd, &file, sizeof(file), 0), sizeof(file));
	ck_assert_uint_eq(fixture_read()->count, 0);
	close(fd);
	ae_ledger_close(member);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger file");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, fixture_setup, fixture_teardown);
	tcase_add_test(tcase, what_is_made);
	tcase_add_test(tcase, directories_refused);
	tcase_add_test(tcase, a_directory_with_slashes);
	tcase_add_test(tcase, groups_refused);
	tcase_add_test(tcase, where_nothing_may_be_made);
	tcase_add_test(tcase, a_directory_of_somebody_else);
	tcase_add_test(tcase, no_room);
	tcase_add_test(tcase, files_refused);
	tcase_add_test(tcase, files_that_are_none);
	tcase_add_test(tcase, truncated_anywhere);
	tcase_add_test(tcase, an_unfinished_file_is_finished);
	tcase_add_test(tcase, a_new_total);
	tcase_add_test(tcase, random_bytes_in_every_position);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
