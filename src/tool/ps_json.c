/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat ps --json. What a reader may rely on stands in aerostat(1). */
#include <config.h>

#include "tool/models.h"
#include "tool/ps.h"
#include "tool/tool.h"

#define NAME "ps"

#ifdef HAVE_JANSSON

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Goes up when a key changes its meaning or goes; new keys may come without it. */
#define FORMAT_VERSION 1

static json_t *integer(uint64_t value)
{
	return json_integer(value < INT64_MAX ? (json_int_t)value : INT64_MAX);
}

/* A path may hold any bytes, JSON none but UTF-8. */
static json_t *string(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value)
		return value;
	copy = strdup(text);
	for (char *at = copy; at && *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	value = copy ? json_string(copy) : NULL;
	free(copy);
	return value;
}

/* json_object_set_new takes the value in any case; false: out of memory. */
static bool set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0;
}

static bool set_figures(json_t *object, const struct ae_ledger_member *sum,
			const struct ae_standing *standing)
{
	return set(object, "resident", integer(sum->claimed)) &&
	       set(object, "cached", integer(sum->cached)) &&
	       set(object, "pinned", integer(sum->pinned)) &&
	       set(object, "evicted", integer(sum->away)) &&
	       set(object, "host", integer(sum->host)) &&
	       set(object, "blocks", integer(sum->blocks)) &&
	       set(object, "chunks", integer(sum->chunks)) &&
	       set(object, "limit", integer(sum->limit)) &&
	       set(object, "reserve", integer(sum->reserve)) &&
	       set(object, "priority", json_integer(sum->priority)) &&
	       set(object, "state", json_string(ae_activity_name(standing->activity))) &&
	       set(object, "waiting_for", integer(standing->wait_bytes)) &&
	       set(object, "idle_ms",
		   standing->idle_ms < 0 ? json_null() : json_integer(standing->idle_ms));
}

static json_t *process_of(const struct ae_ps *ps, const struct ae_ledger_view *view,
			  const struct ae_ledger_member *member)
{
	struct ae_standing standing = ae_standing_of(view, member, ps->idle_after_ms);
	json_t *object = json_object();

	if (set(object, "pid", json_integer(member->pid)) &&
	    set(object, "joined_ms", integer(member->joined_ns / 1000000)) &&
	    set_figures(object, member, &standing))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *model_of(const struct ae_ps *ps, const struct ae_ledger_view *view,
			const struct ae_model *model)
{
	json_t *object = json_object(), *processes = json_array();
	bool whole = set(object, "model", json_string(model->name)) &&
		     set_figures(object, &model->sum, &model->standing);

	for (size_t i = 0; whole && i < model->count; i++)
		whole = json_array_append_new(
				processes,
				process_of(ps, view, &view->members[model->first + i])) == 0;
	/* It is taken in any case, which is why it comes last. */
	whole = set(object, "processes", processes) && whole;
	if (whole)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *device_of(const struct ae_ps *ps, struct ae_seen *seen)
{
	static struct ae_model models[AE_LEDGER_MEMBERS];
	size_t count = ae_models_of(&seen->view, ps->idle_after_ms, models);
	struct ae_device_sums sums = ae_device_sums_of(&seen->view);
	json_t *object = json_object(), *list = json_array();
	bool whole = set(object, "device", json_string(seen->uuid)) &&
		     set(object, "group", string(seen->group)) &&
		     set(object, "ledger", string(seen->view.path)) &&
		     set(object, "total", integer(sums.total)) &&
		     set(object, "members", integer(sums.members)) &&
		     set(object, "outside", integer(sums.outside)) &&
		     set(object, "free", integer(sums.free));

	for (size_t i = 0; whole && i < count; i++)
		whole = json_array_append_new(list, model_of(ps, &seen->view, &models[i])) == 0;
	whole = set(object, "models", list) && whole;
	if (whole)
		return object;
	json_decref(object);
	return NULL;
}

int ae_ps_json(const struct ae_ps *ps, struct ae_ledgers *ledgers)
{
	json_t *root = json_object(), *devices = json_array(), *faults = json_array();
	bool whole = set(root, "version", json_integer(FORMAT_VERSION));

	for (size_t i = 0; whole && i < ledgers->count; i++)
		whole = json_array_append_new(devices, device_of(ps, ledgers->seen[i])) == 0;
	for (size_t i = 0; whole && i < ledgers->faults; i++)
		whole = json_array_append_new(faults, string(ledgers->fault[i])) == 0;
	whole = set(root, "devices", devices) && whole;
	whole = set(root, "unread", faults) && whole;
	if (whole) {
		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(root);
	return whole ? AE_EXIT_OK : ae_failure(NAME, "out of memory");
}

#else

int ae_ps_json(const struct ae_ps *ps, struct ae_ledgers *ledgers)
{
	(void)ps;
	(void)ledgers;
	return ae_failure(NAME, "--json: this aerostat was built without JSON (libjansson)");
}

#endif
