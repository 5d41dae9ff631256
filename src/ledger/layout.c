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
