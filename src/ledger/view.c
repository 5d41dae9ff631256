/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From the file to the policy's view of it. */
#include <string.h>

#include "ledger/internal.h"

/* How often a part that does not agree with its checksum is read again: it may be being written. */
#define READ_TRIES 4
/* Most devices have no more members than this. */
#define SLOTS_FEW 16

static bool is_blank(const struct ae_ledger_slot *slot)
{
	return slot->own.check == 0 && slot->own.pid == 0;
}

/* Reads a slot again until it is whole. False: it stays as it is. */
static bool read_whole(int fd, size_t index, struct ae_ledger_slot *slot)
{
	for (int i = 0; i < READ_TRIES; i++) {
		if (ae_ledger_slot_is_whole(slot))
			return true;
		if (ae_ledger_read_at(fd, slot, sizeof(*slot), ae_ledger_slot_offset(index)) != 0)
			return false;
	}
	return ae_ledger_slot_is_whole(slot);
}

static uint64_t hash_model(const uint64_t *model)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < AE_LEDGER_MODEL_WORDS; i++)
		hash = (hash ^ model[i]) * 0x9e3779b97f4a7c15ULL;
	return hash;
}

/* The number of a model in the view: the index of its first member. */
static uint32_t number_model(struct ae_ledger_scratch *scratch, const uint64_t *model, size_t at)
{
	scratch->model[at] = hash_model(model);
	for (size_t i = 0; i < at; i++) {
		const uint64_t *other = scratch->file.slots[scratch->slot[i]].own.model;

		if (scratch->model[i] == scratch->model[at] &&
		    memcmp(other, model, AE_LEDGER_NAME_MAX) == 0)
			return scratch->view.members[i].model;
	}
	return (uint32_t)at;
}

/* 0 also when the waiter should have given up by now: it is stopped, and nobody waits behind it. */
static uint64_t wait_of(const struct ae_ledger_own *own, int64_t now_ns)
{
	return own->wait_until_s == 0 || now_ns / 1000000000 <= own->wait_until_s ? own->wait_bytes
										  : 0;
}

static void view_add(struct ae_ledger_scratch *scratch, size_t slot, int64_t now_ns)
{
	const struct ae_ledger_own *own = &scratch->file.slots[slot].own;
	const struct ae_ledger_mail *mail = &scratch->file.slots[slot].mail;
	size_t at = scratch->view.count;

	scratch->slot[at] = (uint16_t)slot;
	scratch->view.members[at] = (struct ae_policy_member){
		.model = number_model(scratch, own->model, at),
		.priority = own->priority < -10  ? -10
			    : own->priority > 10 ? 10
						 : (int32_t)own->priority,
		.claimed = own->claimed,
		.cached = own->cached,
		.away = own->away,
		.limit = mail->limit,
		.reserve = mail->reserve,
		.active_ns = own->active_ns,
		.resident_ns = own->resident_ns,
		.moved = own->moved,
		.wait_bytes = wait_of(own, now_ns),
		.wait_turn = own->wait_turn,
	};
	scratch->view.count++;
}

/* The header and so many slots, in one call where they are few. */
static int read_slots(int fd, const struct ae_ledger *ledger, struct ae_ledger_file *file,
		      size_t *count_out)
{
	const size_t few = offsetof(struct ae_ledger_file, slots[SLOTS_FEW]);
	int ret = ae_ledger_read_at(fd, file, few, 0);

	*count_out = ae_ledger_slots_used(&file->header);
	/* What the header says is not true of a file that was cut, for those who had joined before. */
	if ((ledger && *count_out <= ledger->index) ||
	    ae_ledger_first_alive(fd, *count_out, AE_LEDGER_MEMBERS) < AE_LEDGER_MEMBERS)
		*count_out = AE_LEDGER_MEMBERS;
	if (ret != 0 || *count_out <= SLOTS_FEW)
		return ret;
	return ae_ledger_read_at(fd, &file->slots[SLOTS_FEW],
				 (*count_out - SLOTS_FEW) * sizeof(struct ae_ledger_slot),
				 (off_t)few);
}

/*
 * Slots of [from, to) are blank: whoever lives in one has lost its entry, in a file that was cut and
 * filled again, and is told.
 */
static void find_lost(int fd, size_t from, size_t to, struct ae_ledger *ledger,
		      struct ae_ledger_scratch *scratch)
{
	while (from < to) {
		from = ae_ledger_first_alive(fd, from, to);
		if (from == to)
			return;
		scratch->damaged = true;
		if (ledger)
			ae_ledger_ring(ledger, from);
		from++;
	}
}

int ae_ledger_bury(int fd, size_t index)
{
	static const struct ae_ledger_slot nothing;
	const off_t offset = ae_ledger_slot_offset(index);
	int64_t now_ns = ae_clock_ns();
	struct ae_ledger_slot slot;

	if (ae_ledger_read_at(fd, &slot, sizeof(slot), offset) == 0 && slot.own.claimed != 0)
		ae_ledger_write_at(fd, &now_ns, sizeof(now_ns),
				   (off_t)offsetof(struct ae_ledger_header, died_ns));
	return ae_ledger_write_at(fd, &nothing, sizeof(nothing), offset);
}

int ae_ledger_scan(int fd, enum ae_ledger_scan mode, struct ae_ledger *ledger,
		   struct ae_ledger_scratch *scratch)
{
	int64_t now_ns = ae_clock_ns();
	size_t count, blank_from = 0;
	int ret = read_slots(fd, ledger, &scratch->file, &count);

	if (ret != 0)
		return ret;
	scratch->damaged = false;
	scratch->view.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct ae_ledger_slot *slot = &scratch->file.slots[i];
		bool is_own = ledger && i == ledger->index;

		if (!is_own && is_blank(slot))
			continue;
		find_lost(fd, blank_from, i, ledger, scratch);
		blank_from = i + 1;
		if (is_own) {
			/* Ours is what we know of it, but for what others have set. */
			if (slot->mail.check != ae_ledger_mail_check(&slot->mail))
				slot->mail = ledger->mail;
			slot->own = ledger->own;
			scratch->self = scratch->view.count;
			view_add(scratch, i, now_ns);
			continue;
		}
		if (mode != AE_LEDGER_SCAN_TRUST && ae_ledger_slot_alive(fd, i) == 0) {
			if (mode == AE_LEDGER_SCAN_SWEEP)
				ae_ledger_bury(fd, i);
			continue;
		}
		if (!read_whole(fd, i, slot)) {
			scratch->damaged = true;
			if (ledger)
				ae_ledger_ring(ledger, i);
			continue;
		}
		view_add(scratch, i, now_ns);
	}
	find_lost(fd, blank_from, count, ledger, scratch);
	return 0;
}

uint64_t ae_ledger_claims(const struct ae_policy_view *view)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->count; i++)
		sum = ae_ledger_sum(sum, view->members[i].claimed);
	return sum;
}

uint64_t ae_ledger_committed(const struct ae_policy_view *view, uint32_t but_model)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct ae_ledger_share share;

		/* Each model at its first member, which has its number. */
		if (view->members[i].model != i || but_model == i)
			continue;
		share = ae_ledger_share_of(view, (uint32_t)i);
		sum = ae_ledger_sum(sum, share.used > share.reserve ? share.used : share.reserve);
	}
	return sum;
}

struct ae_ledger_share ae_ledger_share_of(const struct ae_policy_view *view, uint32_t model)
{
	struct ae_ledger_share share = { 0 };

	for (size_t i = 0; i < view->count; i++) {
		const struct ae_policy_member *member = &view->members[i];
		uint64_t cached = member->cached;

		if (member->model != model)
			continue;
		if (cached > member->claimed)
			cached = member->claimed;
		share.cached = ae_ledger_sum(share.cached, cached);
		share.used = ae_ledger_sum(share.used, member->claimed - cached);
		if (member->reserve > share.reserve)
			share.reserve = member->reserve;
	}
	return share;
}
