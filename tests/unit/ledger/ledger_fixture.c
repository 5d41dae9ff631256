/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger_fixture.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const unsigned char fixture_uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 4,  5,  6,  7,
					 8,    9,    10,   11,   12, 13, 14, 15 };
char fixture_root[64], fixture_dir[80], fixture_path[200], fixture_why[512];

void fixture_setup(void)
{
	strcpy(fixture_root, "/tmp/aerostat-test.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(fixture_root));
	snprintf(fixture_dir, sizeof(fixture_dir), "%s/dir", fixture_root);
	snprintf(fixture_path, sizeof(fixture_path),
		 "%s/default-deadbeef-0405-0607-0809-0a0b0c0d0e0f.ledger", fixture_dir);
}

static void remove_all(const char *dir)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	char path[512];

	while (stream && (entry = readdir(stream))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			remove(path);
	}
	if (stream)
		closedir(stream);
	rmdir(dir);
}

void fixture_teardown(void)
{
	remove_all(fixture_dir);
	remove_all(fixture_root);
}

struct ae_ledger *fixture_open(void)
{
	struct ae_ledger *ledger = NULL;
	int ret = ae_ledger_open(fixture_dir, "default", fixture_uuid, TOTAL, fixture_why,
				 sizeof(fixture_why), &ledger);

	ck_assert_msg(ret == 0, "%s", fixture_why);
	ck_assert_ptr_nonnull(ledger);
	return ledger;
}

int fixture_try_join(struct ae_ledger *ledger, const char *model, uint64_t limit)
{
	const struct ae_ledger_terms terms = { .model = model, .limit = limit, .capacity = TOTAL };

	return ae_ledger_join(ledger, &terms, fixture_why, sizeof(fixture_why));
}

struct ae_ledger *fixture_join(const char *model)
{
	struct ae_ledger *ledger = fixture_open();
	int ret = fixture_try_join(ledger, model, TOTAL);

	ck_assert_msg(ret == 0, "%s", fixture_why);
	return ledger;
}

pid_t fixture_member(const char *model, uint64_t bytes)
{
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		ae_ledger_claim(fixture_join(model), bytes);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

void fixture_kill(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

const struct ae_ledger_view *fixture_read(void)
{
	static struct ae_ledger_view view;
	int ret = ae_ledger_read(fixture_path, fixture_why, sizeof(fixture_why), &view);

	ck_assert_msg(ret == 0, "%s", fixture_why);
	return &view;
}

void fixture_report(struct ae_ledger *ledger, uint64_t cached, uint64_t blocks, uint64_t chunks)
{
	static uint64_t order;
	const struct ae_ledger_figures figures = {
		.order = ++order,
		.cached = cached,
		.blocks = blocks,
		.chunks = chunks,
	};

	ae_ledger_report(ledger, &figures);
}
