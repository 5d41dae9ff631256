/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Orders of work that a real driver may choose, and seldom does. Lazy: an operation starts when
 * somebody waits for it, or for what waits for it, or asks whether it is done; left alone it is held
 * back for seconds, not for ever, because a real driver promises progress. Eager: when memory is
 * unmapped, all work that can run does, before the call returns. Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <time.h>

/* Longer than any test that looks for a missing synchronisation takes to look. */
#define LAZY_SECONDS 5

/* Work that goes on for so long without an end waits for the host itself. */
#define EAGER_SECONDS 5

static void from_now(time_t seconds, struct timespec *deadline_out)
{
	clock_gettime(CLOCK_REALTIME, deadline_out);
	deadline_out->tv_sec += seconds;
}

/* For as long as nobody calls for the stream's first item. A stream that was destroyed has nobody
 * left who could. */
void sim_lazy_wait_locked(struct CUstream_st *stream)
{
	struct timespec deadline;

	if (!sim_options()->lazy)
		return;
	from_now(LAZY_SECONDS, &deadline);
	while (!stream->destroyed && stream->first->number > stream->called)
		if (pthread_cond_timedwait(&stream->work, &sim_lock, &deadline))
			sim_lazy_call_locked((struct sim_point){ stream, stream->first->number });
}

/* And for what that waits for in turn. Points lie in the past: the recursion ends. */
void sim_lazy_call_locked(struct sim_point point)
{
	struct CUstream_st *stream = point.stream;

	if (!sim_options()->lazy || stream->called >= point.number)
		return;
	stream->called = point.number;
	for (struct sim_item *item = stream->first; item && item->number <= point.number;
	     item = item->next)
		for (unsigned i = 0; i < item->waits_count; i++)
			sim_lazy_call_locked(item->waits[i]);
	pthread_cond_signal(&stream->work);
}

/* A host function may wait for the caller; everything else ends by itself, if it ends. */
static bool is_busy(const struct CUstream_st *stream)
{
	if (stream->running)
		return stream->running->type != CU_GRAPH_NODE_TYPE_HOST;
	return stream->first && sim_may_start_locked(stream->first);
}

static bool any_busy(void)
{
	bool busy = false;

	for (struct CUctx_st *ctx = sim_contexts; ctx; ctx = ctx->next) {
		for (struct CUstream_st *stream = ctx->streams; stream; stream = stream->next) {
			struct sim_point all = { stream, stream->submitted };

			sim_lazy_call_locked(all);
			if (is_busy(stream))
				busy = true;
		}
	}
	return busy;
}

void sim_eager_run_locked(void)
{
	struct timespec deadline;

	if (!sim_options()->eager)
		return;
	from_now(EAGER_SECONDS, &deadline);
	while (any_busy())
		if (pthread_cond_timedwait(&sim_progress, &sim_lock, &deadline))
			break;
}
