/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. The members of a ledger as models: what a person gave a name, and limits, is one thing,
 * however many processes it has.
 */
#ifndef AE_TOOL_MODELS_H
#define AE_TOOL_MODELS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tool/ledgers.h"

enum ae_activity {
	AE_STARTING, /* has not used the GPU yet */
	AE_IDLE,
	AE_BUSY,
	AE_WAITING, /* for memory */
	AE_STOPPED, /* by a signal: it gives nothing back and answers nobody */
};

struct ae_standing {
	enum ae_activity activity;
	int64_t idle_ms; /* since it last used the GPU; -1: it never has */
	uint64_t wait_bytes;
};

struct ae_model {
	const char *name; /* in the view */
	size_t first, count; /* its members: so many of the view's, from the first */
	struct ae_ledger_member sum; /* of bytes and numbers; the limit and the reserve that hold */
	struct ae_standing standing; /* of the one that matters most */
};

/*
 * Adds bytes and numbers up; of the limits the least holds, of the reserves and the priorities the
 * largest, as the policy has it.
 */
void ae_member_sum_init(struct ae_ledger_member *sum_out);
void ae_member_sum_add(struct ae_ledger_member *sum, const struct ae_ledger_member *member);

/*
 * Sorts the view's members by model and process id, and makes the models of them, the largest first. As
 * many as there are; models_out has AE_LEDGER_MEMBERS.
 */
size_t ae_models_of(struct ae_ledger_view *view, uint64_t idle_after_ms,
		    struct ae_model *models_out);

struct ae_standing ae_standing_of(const struct ae_ledger_view *view,
				  const struct ae_ledger_member *member, uint64_t idle_after_ms);

/* "busy", "idle for 12 m", "waiting for 4 GiB": for people. Returns text. */
char *ae_standing_text(const struct ae_standing *standing, char *text, size_t text_size);
/* One word, for programs. */
const char *ae_activity_name(enum ae_activity activity);

/* What is used of the device, and by whom; adds up to total. */
struct ae_device_sums {
	uint64_t total, members, outside, free;
};
struct ae_device_sums ae_device_sums_of(const struct ae_ledger_view *view);

#endif
