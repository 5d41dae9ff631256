/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. Whom a command means: a model by its name, or a process by its id; and telling them
 * something, with an end to the wait for those who do not answer.
 */
#ifndef AE_TOOL_TARGETS_H
#define AE_TOOL_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/models.h"

/* A model on one device, or one process of it. */
struct ae_target {
	struct ae_seen *seen;
	/* "chat", "process 4711 of chat"; with the device where there are several */
	char label[256];
	char model[AE_LEDGER_NAME_MAX];
	size_t count; /* members that are meant, as they were last seen */
	struct ae_ledger_member *members;
	bool *is_silent; /* of each: it did not answer */
};

struct ae_targets {
	struct ae_ledgers ledgers;
	size_t count;
	struct ae_target *targets;
};

enum ae_reach {
	AE_REACH_PROCESS, /* a process id means that process */
	AE_REACH_MODEL, /* a process id means its model */
};

/*
 * Finds whom text names in the ledgers of scope; NULL: everybody. A name comes before a process id.
 * 0, or the exit status of the command after a line on standard error: there is none, and who there
 * is; or the name is of a model in several groups. For ae_targets_free in either case.
 */
int ae_targets_find(const char *command, const struct ae_scope *scope, const char *text,
		    enum ae_reach reach, struct ae_targets *targets_out);
void ae_targets_free(struct ae_targets *targets);

/*
 * Tells all members of a target the same, or each its own (values, one for each of them). 0, or the
 * exit status after a line. Who has ended is no failure.
 */
int ae_target_tell(const char *command, const struct ae_target *target, enum ae_ledger_order order,
		   const uint64_t *values);

/*
 * Waits until every member of every target has done what it was told, for some seconds in all. 0, or the
 * exit status after a line for each that has not answered; such a one is not waited for again.
 */
int ae_targets_settle(const char *command, struct ae_targets *targets);

/*
 * The same, and their members as they are now: what they show by themselves may be a second old. To be
 * done before what they hold is looked at.
 */
int ae_targets_freshen(const char *command, struct ae_targets *targets);

/*
 * Reads the ledger anew. What the target's own members hold now is added up in sum_out; those of its
 * whole model in model_out. Either may be NULL.
 */
void ae_target_look(struct ae_target *target, struct ae_ledger_member *sum_out,
		    struct ae_ledger_member *model_out);

#endif
