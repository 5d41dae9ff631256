/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Any file in a ledger's place. The first byte of the input says what the rest is: 0, the file as it
 * is; otherwise the start of a file that has zeros up to a ledger's size. The alive locks of some
 * slots are held, so that their slots are read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "ledger/layout.h"

#define ALIVE 4

static char dir[64], path[160];
static const unsigned char uuid[16];

static void remove_files(void)
{
	unlink(path);
	rmdir(dir);
}

static void make_dir(void)
{
	strcpy(dir, "/tmp/aerostat-fuzz.XXXXXX");
	MUST(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/default-00000000-0000-0000-0000-000000000000.ledger", dir);
	atexit(remove_files);
}

static void check_view(const struct ae_ledger_view *view)
{
	MUST(view->count <= ALIVE);
	for (size_t i = 0; i < view->count; i++) {
		MUST(view->members[i].pid >= 0);
		MUST(memchr(view->members[i].model, 0, AE_LEDGER_NAME_MAX));
		for (const char *at = view->members[i].model; *at; at++)
			MUST(*at >= ' ' && *at <= '~');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct ae_ledger_view view;
	struct flock lock = { .l_type = F_WRLCK,
			      .l_start = AE_LEDGER_LOCK_ALIVE_0,
			      .l_len = ALIVE };
	const struct ae_ledger_terms terms = {
		.model = "fuzz",
		.limit = 4,
		.reserve = 1,
		.capacity = UINT64_MAX,
	};
	struct ae_ledger_mailbag mail;
	struct ae_ledger_others others;
	struct ae_ledger *ledger;
	char why[512];
	int fd, claimed;

	if (!*dir)
		make_dir();
	if (size == 0 || size > 2 * sizeof(struct ae_ledger_file))
		return 0;
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	MUST(fd >= 0);
	MUST(write(fd, bytes + 1, size - 1) == (ssize_t)(size - 1));
	if (bytes[0] != 0 && size - 1 < sizeof(struct ae_ledger_file))
		MUST(ftruncate(fd, sizeof(struct ae_ledger_file)) == 0);
	MUST(fcntl(fd, F_OFD_SETLK, &lock) == 0);
	if (ae_ledger_read(path, why, sizeof(why), &view) == 0)
		check_view(&view);
	if (ae_ledger_open(dir, "default", uuid, 5, why, sizeof(why), &ledger) == 0) {
		MUST(ae_ledger_join(ledger, &terms, why, sizeof(why)) == 0);
		claimed = ae_ledger_claim(ledger, 3);
		MUST(claimed == 0 || claimed == -EAGAIN || claimed == -ENOMEM || claimed == -EBUSY);
		MUST(ae_ledger_take_mail(ledger, &mail) == 0);
		ae_ledger_get_others(ledger, &others);
		ae_ledger_close(ledger);
		MUST(ae_ledger_read(path, why, sizeof(why), &view) == 0);
		check_view(&view);
	}
	close(fd);
	return 0;
}
