/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events: the point in a stream where one was last recorded, and when that was reached. Recording
 * again leaves earlier waits on the earlier point. Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <time.h>

#define EVENT_MAGIC 0x45564e54u

struct record_op {
	struct sim_op op;
	struct sim_record *record;
};

static void put_record(struct sim_record *record)
{
	if (record && --record->refs == 0)
		free(record);
}

static void run_record(struct sim_op *op)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	((struct record_op *)op)->record->ns =
		(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Operations are dropped under sim_lock. */
static void drop_record(struct sim_op *op)
{
	put_record(((struct record_op *)op)->record);
}

static void run_nothing(struct sim_op *op)
{
	(void)op;
}

static bool valid(CUevent event)
{
	return event && event->magic == EVENT_MAGIC;
}

CUresult cuEventCreate(CUevent *phEvent, unsigned int Flags)
{
	struct CUevent_st *event;
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuEventCreate);
	if (!phEvent || Flags > 7)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_current(&ctx);
	if (result != CUDA_SUCCESS)
		return result;
	event = calloc(1, sizeof(*event));
	if (!event)
		return CUDA_ERROR_OUT_OF_MEMORY;
	event->magic = EVENT_MAGIC;
	event->flags = Flags;
	event->ctx = ctx;
	pthread_mutex_lock(&sim_lock);
	event->next = ctx->events;
	event->link = &ctx->events;
	if (event->next)
		event->next->link = &event->next;
	ctx->events = event;
	pthread_mutex_unlock(&sim_lock);
	*phEvent = event;
	return CUDA_SUCCESS;
}

static void forget_locked(struct CUevent_st *event)
{
	if (event->point.stream)
		sim_stream_unref_locked(event->point.stream);
	event->point.stream = NULL;
	put_record(event->record);
	event->record = NULL;
	if (event->capture) {
		sim_capture_unref_locked(event->capture);
		sim_stream_unref_locked(event->captured_in);
	}
	event->capture = NULL;
	event->captured_in = NULL;
}

static void end_locked(struct CUevent_st *event)
{
	forget_locked(event);
	*event->link = event->next;
	if (event->next)
		event->next->link = event->link;
	event->magic = 0;
	free(event);
}

void sim_context_events_end_locked(struct CUctx_st *ctx)
{
	struct CUevent_st *next;

	for (struct CUevent_st *event = ctx->events; event; event = next) {
		next = event->next;
		end_locked(event);
	}
}

static CUresult event_destroy(CUevent event)
{
	if (!valid(event))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	end_locked(event);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent hEvent)
{
	ENTER(cuEventDestroy);
	return event_destroy(hEvent);
}

CUresult cuEventDestroy_v2(CUevent hEvent)
{
	ENTER(cuEventDestroy_v2);
	return event_destroy(hEvent);
}

static CUresult record_locked(struct CUevent_st *event, struct CUstream_st *stream)
{
	struct record_op *op;
	CUresult result;

	if (stream->ctx != event->ctx)
		return CUDA_ERROR_INVALID_HANDLE;
	if (stream->capture) {
		if (stream->capture->invalidated)
			return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
		forget_locked(event);
		event->capture = stream->capture;
		event->capture->refs++;
		event->captured_in = stream;
		stream->refs++;
		return CUDA_SUCCESS;
	}
	op = sim_op_new(sizeof(*op), run_record, drop_record, CU_GRAPH_NODE_TYPE_EVENT_RECORD);
	if (op) {
		op->record = calloc(1, sizeof(*op->record));
		if (!op->record) {
			sim_op_put(&op->op);
			return CUDA_ERROR_OUT_OF_MEMORY;
		}
		op->record->refs = 2;
		forget_locked(event);
		event->record = op->record;
	}
	result = sim_enqueue_locked(stream, op ? &op->op : NULL);
	if (result != CUDA_SUCCESS)
		return result;
	event->point.stream = stream;
	event->point.number = stream->submitted;
	stream->refs++;
	return CUDA_SUCCESS;
}

static CUresult event_record(CUevent event, CUstream handle, unsigned flags, bool per_thread)
{
	struct CUstream_st *stream;
	CUresult result;

	if (!valid(event))
		return CUDA_ERROR_INVALID_HANDLE;
	if (flags > CU_EVENT_RECORD_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = record_locked(event, stream);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuEventRecord(CUevent hEvent, CUstream hStream)
{
	ENTER(cuEventRecord);
	return event_record(hEvent, hStream, 0, false);
}

CUresult cuEventRecord_ptsz(CUevent hEvent, CUstream hStream)
{
	ENTER(cuEventRecord_ptsz);
	return event_record(hEvent, hStream, 0, true);
}

CUresult cuEventRecordWithFlags(CUevent hEvent, CUstream hStream, unsigned int flags)
{
	ENTER(cuEventRecordWithFlags);
	return event_record(hEvent, hStream, flags, false);
}

CUresult cuEventRecordWithFlags_ptsz(CUevent hEvent, CUstream hStream, unsigned int flags)
{
	ENTER(cuEventRecordWithFlags_ptsz);
	return event_record(hEvent, hStream, flags, true);
}

static bool done(const struct CUevent_st *event)
{
	return !event->point.stream || event->point.stream->completed >= event->point.number;
}

static CUresult usable_locked(struct CUevent_st *event)
{
	CUresult result = sim_capture_check_locked();

	if (result != CUDA_SUCCESS)
		return result;
	if (event->capture && !event->capture->ended) {
		sim_capture_invalidate_locked(event->capture);
		return CUDA_ERROR_CAPTURED_EVENT;
	}
	return event->ctx->alive ? (CUresult)event->ctx->error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult cuEventQuery(CUevent hEvent)
{
	CUresult result;

	ENTER(cuEventQuery);
	if (!valid(hEvent))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	result = usable_locked(hEvent);
	if (result == CUDA_SUCCESS && hEvent->point.stream)
		sim_lazy_call_locked(hEvent->point);
	if (result == CUDA_SUCCESS && !done(hEvent))
		result = CUDA_ERROR_NOT_READY;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuEventSynchronize(CUevent hEvent)
{
	CUresult result;

	ENTER(cuEventSynchronize);
	if (!valid(hEvent))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	result = usable_locked(hEvent);
	if (result == CUDA_SUCCESS && hEvent->point.stream)
		result = sim_stream_wait_locked(hEvent->point.stream, hEvent->point);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult elapsed(float *milliseconds, CUevent start, CUevent end)
{
	CUresult result = CUDA_SUCCESS;

	if (!milliseconds || !valid(start) || !valid(end) ||
	    ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	if (!start->record || !end->record)
		result = CUDA_ERROR_INVALID_HANDLE;
	else if (!done(start) || !done(end))
		result = CUDA_ERROR_NOT_READY;
	else
		*milliseconds =
			(float)((double)((int64_t)end->record->ns - (int64_t)start->record->ns) /
				1e6);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd)
{
	ENTER(cuEventElapsedTime);
	return elapsed(pMilliseconds, hStart, hEnd);
}

CUresult cuEventElapsedTime_v2(float *pMilliseconds, CUevent hStart, CUevent hEnd)
{
	ENTER(cuEventElapsedTime_v2);
	return elapsed(pMilliseconds, hStart, hEnd);
}

static bool add_pending_locked(struct CUstream_st *stream, struct sim_point point)
{
	struct sim_point *pending;

	if (!point.stream || point.stream->completed >= point.number)
		return true;
	pending = realloc(stream->pending, (stream->pending_count + 1) * sizeof(*pending));
	if (!pending)
		return false;
	stream->pending = pending;
	pending[stream->pending_count++] = point;
	point.stream->refs++;
	return true;
}

static CUresult wait_locked(struct CUstream_st *stream, struct CUevent_st *event)
{
	if (event->capture && !event->capture->ended)
		return sim_capture_fork_locked(stream, event);
	if (stream->capture) {
		sim_capture_invalidate_locked(stream->capture);
		return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
	}
	if (!add_pending_locked(stream, event->point))
		return CUDA_ERROR_OUT_OF_MEMORY;
	/* An operation of its own, so that a synchronisation of the stream includes the wait. */
	return sim_enqueue_locked(stream, sim_op_new(sizeof(struct sim_op), run_nothing, NULL,
						     CU_GRAPH_NODE_TYPE_WAIT_EVENT));
}

static CUresult stream_wait(CUstream handle, CUevent event, unsigned flags, bool per_thread)
{
	struct CUstream_st *stream;
	CUresult result;

	if (!valid(event))
		return CUDA_ERROR_INVALID_HANDLE;
	if (flags > CU_EVENT_WAIT_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = wait_locked(stream, event);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamWaitEvent(CUstream hStream, CUevent hEvent, unsigned int Flags)
{
	ENTER(cuStreamWaitEvent);
	return stream_wait(hStream, hEvent, Flags, false);
}

CUresult cuStreamWaitEvent_ptsz(CUstream hStream, CUevent hEvent, unsigned int Flags)
{
	ENTER(cuStreamWaitEvent_ptsz);
	return stream_wait(hStream, hEvent, Flags, true);
}

static CUresult named_context_locked(CUcontext named, struct CUctx_st **ctx_out)
{
	CUresult result = CUDA_SUCCESS;

	*ctx_out = named;
	if (!named)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!named->alive)
		result = CUDA_ERROR_CONTEXT_IS_DESTROYED;
	return result == CUDA_SUCCESS ? (CUresult)(*ctx_out)->error : result;
}

/* Recorded in a stream of its own that waits for all the others. */
CUresult cuCtxRecordEvent(CUcontext hCtx, CUevent hEvent)
{
	struct CUstream_st *gather;
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuCtxRecordEvent);
	if (!valid(hEvent))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	result = named_context_locked(hCtx, &ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_conflict_locked(ctx);
	for (gather = result == CUDA_SUCCESS ? ctx->streams : NULL; gather && !gather->gather;)
		gather = gather->next;
	if (result == CUDA_SUCCESS && !gather) {
		result = sim_stream_create_locked(ctx, CU_STREAM_NON_BLOCKING, 0, &gather);
		if (result == CUDA_SUCCESS)
			gather->gather = true;
	}
	for (struct CUstream_st *other = result == CUDA_SUCCESS ? ctx->streams : NULL; other;
	     other = other->next) {
		struct sim_point point = { other, other->submitted };

		if (other != gather && !add_pending_locked(gather, point))
			result = CUDA_ERROR_OUT_OF_MEMORY;
	}
	if (result == CUDA_SUCCESS)
		result = record_locked(hEvent, gather);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuCtxWaitEvent(CUcontext hCtx, CUevent hEvent)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuCtxWaitEvent);
	if (!valid(hEvent))
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	result = named_context_locked(hCtx, &ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_conflict_locked(ctx);
	for (struct CUstream_st *stream = result == CUDA_SUCCESS ? ctx->streams : NULL;
	     result == CUDA_SUCCESS && stream; stream = stream->next)
		if (!stream->gather)
			result = wait_locked(stream, hEvent);
	pthread_mutex_unlock(&sim_lock);
	return result;
}
