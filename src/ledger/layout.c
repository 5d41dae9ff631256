/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ae_ledger_explain(char *why, size_t why_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, why_size, format, args);
	va_end(args);
}

/* FNV-1a, by words: it has to tell any flipped bit, and nobody's malice. */
static uint64_t sum_words(const uint64_t *words, size_t count)
{
	uint64_t sum = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ words[i]) * 0x100000001b3ULL;
	return sum ? sum : 1;
}

uint64_t ae_ledger_own_check(const struct ae_ledger_own *own)
{
	return sum_words(&own->pid, sizeof(*own) / sizeof(uint64_t) - 1);
}

uint64_t ae_ledger_mail_check(const struct ae_ledger_mail *mail)
{
	return sum_words(&mail->limit, (offsetof(struct ae_ledger_mail, bell) -
					offsetof(struct ae_ledger_mail, limit)) /
					       sizeof(uint64_t));
}

bool ae_ledger_slot_is_whole(const struct ae_ledger_slot *slot)
{
	return slot->own.check == ae_ledger_own_check(&slot->own) &&
	       slot->mail.check == ae_ledger_mail_check(&slot->mail);
}

int ae_ledger_write_mail(int fd, size_t index, struct ae_ledger_mail *mail)
{
	mail->check = ae_ledger_mail_check(mail);
	return ae_ledger_write_at(fd, mail, offsetof(struct ae_ledger_mail, bell),
				  ae_ledger_mail_offset(index));
}

size_t ae_ledger_slots_used(const struct ae_ledger_header *header)
{
	return header->high_check == ~header->high && header->high <= AE_LEDGER_MEMBERS
		       ? header->high
		       : AE_LEDGER_MEMBERS;
}

void ae_ledger_header_make(const unsigned char uuid[16], uint64_t total,
			   struct ae_ledger_header *header_out)
{
	*header_out = (struct ae_ledger_header){
		.magic = AE_LEDGER_MAGIC,
		.version = AE_LEDGER_VERSION,
		.header_size = sizeof(struct ae_ledger_header),
		.file_size = sizeof(struct ae_ledger_file),
		.slot_count = AE_LEDGER_MEMBERS,
		.slot_size = sizeof(struct ae_ledger_slot),
		.total = total,
		.high_check = UINT32_MAX,
	};
	memcpy(header_out->uuid, uuid, sizeof(header_out->uuid));
}

int ae_ledger_header_check(const struct ae_ledger_header *header, off_t file_size,
			   const unsigned char *uuid, const char *path, char *why, size_t why_size)
{
	if (header->magic != AE_LEDGER_MAGIC) {
		ae_ledger_explain(why, why_size,
				  "%s is not a ledger of aerostat: remove it, or set AEROSTAT_DIR "
				  "to another directory",
				  path);
		return -EPROTO;
	}
	if (header->version != AE_LEDGER_VERSION) {
		ae_ledger_explain(why, why_size,
				  "%s is a ledger of version %u, and this aerostat writes version "
				  "%d: run one version on a device, or set AEROSTAT_DIR to another "
				  "directory",
				  path, header->version, AE_LEDGER_VERSION);
		return -EPROTO;
	}
	if (header->header_size != sizeof(struct ae_ledger_header) ||
	    header->slot_count != AE_LEDGER_MEMBERS ||
	    header->slot_size != sizeof(struct ae_ledger_slot) ||
	    header->file_size != sizeof(struct ae_ledger_file) ||
	    file_size != (off_t)sizeof(struct ae_ledger_file)) {
		ae_ledger_explain(why, why_size,
				  "%s is damaged (its header and its size do not agree): remove it "
				  "when none of its processes runs any more",
				  path);
		return -EPROTO;
	}
	if (uuid && memcmp(header->uuid, uuid, sizeof(header->uuid)) != 0) {
		ae_ledger_explain(why, why_size,
				  "%s is the ledger of another device than its name says: remove "
				  "it when none of its processes runs any more",
				  path);
		return -EPROTO;
	}
	return 0;
}

void ae_ledger_text_clean(const char *from, char text_out[AE_LEDGER_NAME_MAX])
{
	size_t i;

	for (i = 0; i < AE_LEDGER_NAME_MAX - 1 && from[i]; i++)
		text_out[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	memset(text_out + i, 0, AE_LEDGER_NAME_MAX - i);
}
