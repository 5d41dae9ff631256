/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/targets.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "tool/tool.h"

/* For all of them together; each has a little time in any case. */
#define SETTLE_MS       5000
#define SETTLE_LEAST_MS 500

/* What was asked for. */
struct wanted {
	char model[AE_LEDGER_NAME_MAX]; /* empty: any, as below */
	pid_t pid;
	char group[sizeof(((struct ae_seen *)0)->group)];
};

static bool is_wanted(const struct wanted *wanted, const struct ae_seen *seen,
		      const struct ae_ledger_member *member)
{
	return (!wanted->model[0] || strcmp(wanted->model, member->model) == 0) &&
	       (wanted->pid == 0 || wanted->pid == member->pid) &&
	       (!wanted->group[0] || strcmp(wanted->group, seen->group) == 0);
}

/* The first that is wanted, and where; NULL: there is none. */
static const struct ae_ledger_member *
find(const struct ae_ledgers *ledgers, const struct wanted *wanted, const struct ae_seen **seen_out)
{
	for (size_t i = 0; i < ledgers->count; i++) {
		struct ae_seen *seen = ledgers->seen[i];

		for (size_t j = 0; j < seen->view.count; j++) {
			if (is_wanted(wanted, seen, &seen->view.members[j])) {
				*seen_out = seen;
				return &seen->view.members[j];
			}
		}
	}
	return NULL;
}

/* "chat (4711, 4712), embed (4720)": sorts the members. */
static void list_known(const struct ae_ledgers *ledgers, FILE *out)
{
	static struct ae_model models[AE_LEDGER_MEMBERS];
	const char *comma = "";

	for (size_t i = 0; i < ledgers->count; i++) {
		struct ae_ledger_view *view = &ledgers->seen[i]->view;
		size_t count = ae_models_of(view, 0, models);

		for (size_t j = 0; j < count; j++) {
			fprintf(out, "%s%s (", comma, models[j].name);
			for (size_t k = 0; k < models[j].count; k++)
				fprintf(out, "%s%d", k ? ", " : "",
					(int)view->members[models[j].first + k].pid);
			fputc(')', out);
			comma = ", ";
		}
	}
	if (!*comma)
		fputs("nobody", out);
}

static int unknown(const char *command, const struct ae_scope *scope, const char *text,
		   const struct ae_ledgers *ledgers)
{
	char *known = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&known, &size);
	int ret;

	if (out) {
		list_known(ledgers, out);
		fclose(out);
	}
	ret = ae_failure(command, "%s is no model and no process in %s; there is %s", text,
			 scope->dir, known ? known : "not enough memory to say who is");
	free(known);
	return ret;
}

static int ambiguous(const char *command, const char *text, const char *one, const char *other)
{
	return ae_failure(command, "%s is in the groups %s and %s: say --group", text, one, other);
}

/* What text means; 0, or the exit status. */
static int understand(const char *command, const struct ae_scope *scope, const char *text,
		      enum ae_reach reach, const struct ae_ledgers *ledgers,
		      struct wanted *wanted_out)
{
	const struct ae_ledger_member *member = NULL;
	const struct ae_seen *seen = NULL, *other;
	struct wanted wanted = { 0 };
	int64_t pid;

	if (*text && strlen(text) < sizeof(wanted.model)) {
		strcpy(wanted.model, text);
		member = find(ledgers, &wanted, &seen);
	}

	if (!member && ae_parse_int(text, 1, INT_MAX, &pid) == 0) {
		wanted = (struct wanted){ .pid = (pid_t)pid };
		member = find(ledgers, &wanted, &seen);
	}
	if (!member)
		return unknown(command, scope, text, ledgers);
	for (size_t i = 0; i < ledgers->count; i++) {
		struct wanted elsewhere = wanted;

		strcpy(elsewhere.group, ledgers->seen[i]->group);
		if (strcmp(elsewhere.group, seen->group) != 0 && find(ledgers, &elsewhere, &other))
			return ambiguous(command, text, seen->group, other->group);
	}
	strcpy(wanted.group, seen->group);
	if (reach == AE_REACH_MODEL) {
		wanted.pid = 0;
		strcpy(wanted.model, member->model);
	}
	*wanted_out = wanted;
	return AE_EXIT_OK;
}

static bool has_several(const struct ae_ledgers *ledgers, bool of_devices)
{
	for (size_t i = 1; i < ledgers->count; i++) {
		const struct ae_seen *a = ledgers->seen[0], *b = ledgers->seen[i];

		if (strcmp(of_devices ? a->uuid : a->group, of_devices ? b->uuid : b->group) != 0)
			return true;
	}
	return false;
}

static void write_label(const struct ae_ledgers *ledgers, const struct wanted *wanted,
			struct ae_target *target)
{
	char process[32] = "", device[24] = "", group[96] = "";

	if (wanted->pid != 0)
		snprintf(process, sizeof(process), "process %d of ", (int)wanted->pid);
	/* The beginning of a UUID, which --device takes. */
	if (has_several(ledgers, true))
		snprintf(device, sizeof(device), " on %.12s", target->seen->uuid);
	if (!wanted->group[0] && has_several(ledgers, false))
		snprintf(group, sizeof(group), " in group %s", target->seen->group);
	snprintf(target->label, sizeof(target->label), "%s%s%s%s", process, target->model, device,
		 group);
}

static void free_target(struct ae_target *target)
{
	free(target->members);
	free(target->is_silent);
}

/* One model of a view, of the wanted members. False: out of memory. */
static bool add_target(struct ae_targets *targets, const struct wanted *wanted,
		       struct ae_seen *seen, const struct ae_model *model)
{
	struct ae_target *target;
	void *grown = reallocarray(targets->targets, targets->count + 1, sizeof(*target));

	if (!grown)
		return false;
	targets->targets = grown;
	target = &targets->targets[targets->count];
	*target = (struct ae_target){ .seen = seen };
	target->members = calloc(model->count, sizeof(*target->members));
	target->is_silent = calloc(model->count, sizeof(*target->is_silent));
	if (!target->members || !target->is_silent) {
		free_target(target);
		return false;
	}
	for (size_t i = 0; i < model->count; i++) {
		const struct ae_ledger_member *member = &seen->view.members[model->first + i];

		if (is_wanted(wanted, seen, member))
			target->members[target->count++] = *member;
	}
	if (target->count == 0) {
		free_target(target);
		return true;
	}
	snprintf(target->model, sizeof(target->model), "%s", model->name);
	write_label(&targets->ledgers, wanted, target);
	targets->count++;
	return true;
}

int ae_targets_find(const char *command, const struct ae_scope *scope, const char *text,
		    enum ae_reach reach, struct ae_targets *targets_out)
{
	static struct ae_model models[AE_LEDGER_MEMBERS];
	struct ae_ledgers *ledgers = &targets_out->ledgers;
	struct wanted wanted = { 0 };
	int ret;

	*targets_out = (struct ae_targets){ 0 };
	ret = ae_ledgers_read(command, scope, ledgers);
	if (ret == AE_EXIT_OK)
		ae_ledgers_complain(command, ledgers);
	if (ret == AE_EXIT_OK && text)
		ret = understand(command, scope, text, reach, ledgers, &wanted);
	if (ret != AE_EXIT_OK)
		return ret;
	for (size_t i = 0; i < ledgers->count; i++) {
		size_t count = ae_models_of(&ledgers->seen[i]->view, 0, models);

		for (size_t j = 0; j < count; j++) {
			if (!add_target(targets_out, &wanted, ledgers->seen[i], &models[j]))
				return ae_failure(command, "out of memory");
		}
	}
	return AE_EXIT_OK;
}

void ae_targets_free(struct ae_targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		free_target(&targets->targets[i]);
	free(targets->targets);
	ae_ledgers_free(&targets->ledgers);
	*targets = (struct ae_targets){ 0 };
}

int ae_target_tell(const char *command, const struct ae_target *target, enum ae_ledger_order order,
		   const uint64_t *values)
{
	char why[512];

	for (size_t i = 0; i < target->count; i++) {
		int ret = ae_ledger_tell(target->seen->view.path, &target->members[i], order,
					 values[i], why, sizeof(why));

		if (ret != 0 && ret != -ESRCH)
			return ae_failure(command, "%s: %s", target->label, why);
	}
	return AE_EXIT_OK;
}

int ae_targets_settle(const char *command, struct ae_targets *targets)
{
	int64_t deadline = ae_clock_ns() / 1000000 + SETTLE_MS, left;
	int status = AE_EXIT_OK, ret;
	char why[512];

	for (size_t i = 0; i < targets->count; i++) {
		struct ae_target *target = &targets->targets[i];

		for (size_t j = 0; j < target->count; j++) {
			if (target->is_silent[j])
				continue;
			left = deadline - ae_clock_ns() / 1000000;
			ret = ae_ledger_settle(target->seen->view.path, &target->members[j],
					       left > SETTLE_LEAST_MS ? (int)left : SETTLE_LEAST_MS,
					       why, sizeof(why));
			if (ret == 0 || ret == -ESRCH)
				continue;
			target->is_silent[j] = true;
			status = ae_failure(command, "%s", why);
		}
	}
	return status;
}

static bool is_same(const struct ae_ledger_member *a, const struct ae_ledger_member *b)
{
	return a->slot == b->slot && a->pid == b->pid && a->joined_ns == b->joined_ns;
}

int ae_targets_freshen(const char *command, struct ae_targets *targets)
{
	int status = ae_targets_settle(command, targets);

	for (size_t i = 0; i < targets->count; i++) {
		struct ae_target *target = &targets->targets[i];
		const struct ae_ledger_view *view = &target->seen->view;

		ae_seen_refresh(target->seen);
		for (size_t j = 0; j < view->count * target->count; j++) {
			struct ae_ledger_member *mine = &target->members[j % target->count];
			const struct ae_ledger_member *now = &view->members[j / target->count];

			if (is_same(mine, now))
				*mine = *now;
		}
	}
	return status;
}

void ae_target_look(struct ae_target *target, struct ae_ledger_member *sum_out,
		    struct ae_ledger_member *model_out)
{
	struct ae_ledger_member sum, model;

	ae_member_sum_init(&sum);
	ae_member_sum_init(&model);
	ae_seen_refresh(target->seen);
	for (size_t i = 0; i < target->seen->view.count; i++) {
		const struct ae_ledger_member *member = &target->seen->view.members[i];

		if (strcmp(member->model, target->model) == 0)
			ae_member_sum_add(&model, member);
		for (size_t j = 0; j < target->count; j++) {
			if (is_same(member, &target->members[j]))
				ae_member_sum_add(&sum, member);
		}
	}
	if (sum_out)
		*sum_out = sum;
	if (model_out)
		*model_out = model;
}
