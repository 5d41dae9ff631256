/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A member's mail, from its own side: what peers and the tool ask of it, and the bell. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "ledger/internal.h"

/* Under the change lock: empties it, and mends it when it was damaged. */
static int read_mail(struct ae_ledger *ledger, uint64_t *target_out)
{
	struct ae_ledger_mail mail;
	int ret = ae_ledger_read_at(ledger->file.fd, &mail, sizeof(mail),
				    ae_ledger_mail_offset(ledger->index));

	if (ret != 0)
		return ret;
	if (mail.check != ae_ledger_mail_check(&mail)) {
		ae_warn("%s: what it had for this process was damaged, and is as it was before",
			ledger->path);
		mail = ledger->mail;
		mail.target = *target_out = UINT64_MAX;
		return ae_ledger_write_mail(ledger->file.fd, ledger->index, &mail);
	}
	*target_out = mail.target;
	mail.target = UINT64_MAX;
	ledger->mail = mail;
	return *target_out != UINT64_MAX
		       ? ae_ledger_write_mail(ledger->file.fd, ledger->index, &mail)
		       : 0;
}

/* Under the change lock: what is constant in the header as it has to be; nobody could join or read otherwise. */
static void mend_header(struct ae_ledger *ledger)
{
	struct ae_ledger_header *header = &ledger->scratch->file.header, made;
	char why[512];

	if (ae_ledger_slots_used(header) <= ledger->index) {
		header->high = AE_LEDGER_MEMBERS;
		header->high_check = ~header->high;
		ae_ledger_write_at(ledger->file.fd, &header->high, 2 * sizeof(header->high),
				   (off_t)offsetof(struct ae_ledger_header, high));
	}
	if (ae_ledger_header_check(header, (off_t)sizeof(struct ae_ledger_file), ledger->uuid,
				   ledger->path, why, sizeof(why)) == 0)
		return;
	ae_warn("%s: its header was damaged, and is written anew", ledger->path);
	ae_ledger_header_make(ledger->uuid, ledger->total, &made);
	ae_ledger_write_at(ledger->file.fd, &made, offsetof(struct ae_ledger_header, turn), 0);
}

static bool somebody_waits(const struct ae_ledger *ledger)
{
	const struct ae_policy_view *view = &ledger->scratch->view;

	for (size_t i = 0; i < view->count; i++) {
		if (i != ledger->scratch->self && view->members[i].wait_bytes != 0)
			return true;
	}
	return false;
}

static int take_mail(struct ae_ledger *ledger, struct ae_ledger_mailbag *mail_out)
{
	uint64_t target = UINT64_MAX;
	int ret;

	if (atomic_load(&ledger->state) != AE_LEDGER_JOINED || !ae_ledger_hold(ledger))
		return -ENOENT;
	ret = ae_ledger_lock(ledger);
	if (ret != 0)
		return ret;
	ret = read_mail(ledger, &target);
	if (ret == 0)
		/* With a look at who is dead: their waits would keep our cache from us for ever. */
		ret = ae_ledger_gather(ledger, true);
	if (ret == 0)
		mend_header(ledger);
	ae_ledger_unlock(ledger);
	if (ret != 0)
		return ret;
	*mail_out = (struct ae_ledger_mailbag){
		.limit = ledger->mail.limit,
		.reserve = ledger->mail.reserve,
		.target = target,
		.map_asked =
			ledger->mail.map_asked != ledger->own.map_done ? ledger->mail.map_asked : 0,
		.others_wait = somebody_waits(ledger),
	};
	return 0;
}

int ae_ledger_take_mail(struct ae_ledger *ledger, struct ae_ledger_mailbag *mail_out)
{
	int saved_errno = errno, ret;

	ae_lock_acquire(&ledger->lock);
	ret = take_mail(ledger, mail_out);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return ret;
}

uint32_t ae_ledger_bell(struct ae_ledger *ledger)
{
	int saved_errno = errno;
	uint32_t bell;

	ae_lock_acquire(&ledger->lock);
	bell = ae_ledger_words_read(ledger->file.fd, ae_ledger_bell_offset(ledger->index));
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
	return bell;
}

void ae_ledger_bell_wait(struct ae_ledger *ledger, uint32_t bell, int64_t timeout_ns)
{
	int saved_errno = errno;
	off_t offset;

	ae_lock_acquire(&ledger->lock);
	offset = ae_ledger_bell_offset(ledger->index);
	ae_lock_release(&ledger->lock);
	ae_ledger_words_wait(&ledger->words, offset, bell, timeout_ns);
	errno = saved_errno;
}

void ae_ledger_map_path(const struct ae_ledger *ledger, uint64_t map, char *path, size_t path_size)
{
	ae_ledger_map_name(ledger->path, ledger->index, map, path, path_size);
}

void ae_ledger_map_done(struct ae_ledger *ledger, uint64_t map)
{
	int saved_errno = errno;

	ae_lock_acquire(&ledger->lock);
	ledger->own.map_done = map;
	if (atomic_load(&ledger->state) == AE_LEDGER_JOINED && ae_ledger_hold(ledger))
		ae_ledger_write_own(ledger);
	ae_lock_release(&ledger->lock);
	errno = saved_errno;
}
