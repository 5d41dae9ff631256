/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/models.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/parse.h"
#include "tool/stopped.h"

static uint64_t add(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static int by_model(const void *a, const void *b)
{
	const struct ae_ledger_member *x = a, *y = b;
	int order = strcmp(x->model, y->model);

	return order ? order : (x->pid > y->pid) - (x->pid < y->pid);
}

static int by_size(const void *a, const void *b)
{
	const struct ae_model *x = a, *y = b;

	if (x->sum.claimed != y->sum.claimed)
		return x->sum.claimed < y->sum.claimed ? 1 : -1;
	return strcmp(x->name, y->name);
}

struct ae_standing ae_standing_of(const struct ae_ledger_view *view,
				  const struct ae_ledger_member *member, uint64_t idle_after_ms)
{
	struct ae_standing standing = { .idle_ms = -1, .wait_bytes = member->wait_bytes };
	int64_t idle_ns;

	if (member->active_ns > 0) {
		idle_ns = ae_clock_ns() - member->active_ns;
		standing.idle_ms = idle_ns > 0 ? idle_ns / 1000000 : 0;
	}
	if (ae_process_is_stopped(member->pid, view->path))
		standing.activity = AE_STOPPED;
	else if (member->wait_bytes > 0)
		standing.activity = AE_WAITING;
	else if (standing.idle_ms < 0)
		standing.activity = AE_STARTING;
	else if ((uint64_t)standing.idle_ms < idle_after_ms)
		standing.activity = AE_BUSY;
	else
		standing.activity = AE_IDLE;
	return standing;
}

static void merge(struct ae_standing *sum, const struct ae_standing *one)
{
	if (one->activity > sum->activity)
		sum->activity = one->activity;
	if (one->idle_ms >= 0 && (sum->idle_ms < 0 || one->idle_ms < sum->idle_ms))
		sum->idle_ms = one->idle_ms;
	sum->wait_bytes = add(sum->wait_bytes, one->wait_bytes);
}

void ae_member_sum_init(struct ae_ledger_member *sum_out)
{
	*sum_out = (struct ae_ledger_member){ .limit = UINT64_MAX, .priority = INT_MIN };
}

void ae_member_sum_add(struct ae_ledger_member *sum, const struct ae_ledger_member *member)
{
	sum->claimed = add(sum->claimed, member->claimed);
	sum->cached = add(sum->cached, member->cached);
	sum->blocks = add(sum->blocks, member->blocks);
	sum->chunks = add(sum->chunks, member->chunks);
	sum->pinned = add(sum->pinned, member->pinned);
	sum->away = add(sum->away, member->away);
	sum->host = add(sum->host, member->host);
	if (member->limit < sum->limit)
		sum->limit = member->limit;
	if (member->reserve > sum->reserve)
		sum->reserve = member->reserve;
	if (member->priority > sum->priority)
		sum->priority = member->priority;
}

static void add_member(struct ae_model *model, const struct ae_ledger_view *view,
		       const struct ae_ledger_member *member, uint64_t idle_after_ms)
{
	struct ae_standing standing = ae_standing_of(view, member, idle_after_ms);

	ae_member_sum_add(&model->sum, member);
	if (model->count++ == 0)
		model->standing = standing;
	else
		merge(&model->standing, &standing);
}

size_t ae_models_of(struct ae_ledger_view *view, uint64_t idle_after_ms,
		    struct ae_model *models_out)
{
	struct ae_model *model = NULL;
	size_t count = 0;

	qsort(view->members, view->count, sizeof(view->members[0]), by_model);
	for (size_t i = 0; i < view->count; i++) {
		const struct ae_ledger_member *member = &view->members[i];

		if (!model || strcmp(model->name, member->model) != 0) {
			model = &models_out[count++];
			*model = (struct ae_model){ .name = member->model, .first = i };
			ae_member_sum_init(&model->sum);
		}
		add_member(model, view, member, idle_after_ms);
	}
	qsort(models_out, count, sizeof(*models_out), by_size);
	return count;
}

const char *ae_activity_name(enum ae_activity activity)
{
	static const char *const names[] = { "starting", "idle", "busy", "waiting", "stopped" };

	return names[activity];
}

static void write_time(int64_t ms, char *text, size_t text_size)
{
	int64_t s = ms / 1000;

	if (s < 120)
		snprintf(text, text_size, "%d s", (int)s);
	else if (s < 120 * 60)
		snprintf(text, text_size, "%d m", (int)(s / 60));
	else if (s < 48 * 3600)
		snprintf(text, text_size, "%d h", (int)(s / 3600));
	else
		snprintf(text, text_size, "%lld days", (long long)(s / 86400));
}

char *ae_standing_text(const struct ae_standing *standing, char *text, size_t text_size)
{
	char detail[32];

	if (standing->activity == AE_WAITING)
		snprintf(text, text_size, "waiting for %s",
			 ae_format_bytes(standing->wait_bytes, detail, sizeof(detail)));
	else if (standing->activity == AE_IDLE) {
		write_time(standing->idle_ms, detail, sizeof(detail));
		snprintf(text, text_size, "idle for %s", detail);
	} else
		snprintf(text, text_size, "%s", ae_activity_name(standing->activity));
	return text;
}

struct ae_device_sums ae_device_sums_of(const struct ae_ledger_view *view)
{
	struct ae_device_sums sums = { .total = view->total };
	uint64_t left;

	for (size_t i = 0; i < view->count; i++)
		sums.members = add(sums.members, view->members[i].claimed);
	/* Claims that were made without asking, or an entry that is wrong: no device holds more than it has. */
	if (sums.members > sums.total)
		sums.members = sums.total;
	left = sums.total - sums.members;
	/* It was measured before the last claims were made. */
	sums.outside = view->outside < left ? view->outside : left;
	sums.free = left - sums.outside;
	return sums;
}
