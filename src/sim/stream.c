/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Streams. Each has a queue and, from its first operation on, a thread of its own. An operation
 * starts when those before it in the stream are done and every point that it waits for is reached;
 * points are positions in streams, so what an operation waits for was always enqueued before it and
 * nothing waits in a circle. The legacy default stream waits for all blocking streams of its
 * context, and they for it. Everything under sim_lock; operations run without it.
 */
#include "sim.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

pthread_mutex_t sim_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t sim_progress = PTHREAD_COND_INITIALIZER;

static unsigned long long next_stream_id = 1;

void *sim_op_new(size_t bytes, sim_op_run *run, sim_op_run *drop, CUgraphNodeType type)
{
	struct sim_op *op = calloc(1, bytes);

	if (!op)
		return NULL;
	op->run = run;
	op->drop = drop;
	op->type = type;
	atomic_init(&op->refs, 1);
	return op;
}

void sim_op_get(struct sim_op *op)
{
	atomic_fetch_add(&op->refs, 1);
}

void sim_op_put(struct sim_op *op)
{
	if (atomic_fetch_sub(&op->refs, 1) != 1)
		return;
	if (op->drop)
		op->drop(op);
	free(op);
}

void sim_stream_unref_locked(struct CUstream_st *stream)
{
	if (--stream->refs)
		return;
	pthread_cond_destroy(&stream->work);
	free(stream->pending);
	free(stream);
}

static bool reached(const struct sim_point *point)
{
	return point->stream->completed >= point->number;
}

bool sim_may_start_locked(const struct sim_item *item)
{
	for (unsigned i = 0; i < item->waits_count; i++)
		if (!reached(&item->waits[i]))
			return false;
	return true;
}

static void free_item(struct sim_item *item)
{
	for (unsigned i = 0; i < item->waits_count; i++)
		sim_stream_unref_locked(item->waits[i].stream);
	free(item->waits);
	sim_op_put(item->op);
	free(item);
}

static void *work(void *argument)
{
	struct CUstream_st *stream = argument;

	pthread_mutex_lock(&sim_lock);
	for (;;) {
		struct sim_item *item;
		bool run;

		while (!stream->first && !stream->destroyed)
			pthread_cond_wait(&stream->work, &sim_lock);
		item = stream->first;
		if (!item)
			break;
		sim_lazy_wait_locked(stream);
		while (!sim_may_start_locked(item))
			pthread_cond_wait(&sim_progress, &sim_lock);
		stream->first = item->next;
		if (!stream->first)
			stream->last = &stream->first;
		run = item->op->always || !stream->ctx->error;
		stream->running = item->op;
		pthread_mutex_unlock(&sim_lock);
		if (run && !sim_fault_run(item->op))
			sim_fault_set(stream->ctx, CUDA_ERROR_ILLEGAL_ADDRESS);
		pthread_mutex_lock(&sim_lock);
		stream->running = NULL;
		free_item(item);
		stream->completed++;
		pthread_cond_broadcast(&sim_progress);
	}
	sim_stream_unref_locked(stream);
	pthread_mutex_unlock(&sim_lock);
	return NULL;
}

/* The thread takes no signal that is meant for the program's own, and is gone with the process. */
static CUresult start_locked(struct CUstream_st *stream)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int error;

	if (stream->started)
		return CUDA_SUCCESS;
	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&stream->thread, &attributes, work, stream);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (error)
		return CUDA_ERROR_OUT_OF_MEMORY;
	stream->started = true;
	stream->refs++;
	return CUDA_SUCCESS;
}

static bool add_wait(struct sim_item *item, struct CUstream_st *stream, uint64_t number)
{
	struct sim_point *waits;

	if (stream->completed >= number)
		return true;
	waits = realloc(item->waits, (item->waits_count + 1) * sizeof(*waits));
	if (!waits)
		return false;
	item->waits = waits;
	waits[item->waits_count].stream = stream;
	waits[item->waits_count++].number = number;
	stream->refs++;
	return true;
}

static bool add_waits(struct CUstream_st *stream, struct sim_item *item)
{
	struct CUctx_st *ctx = stream->ctx;

	item->waits = stream->pending;
	item->waits_count = stream->pending_count;
	stream->pending = NULL;
	stream->pending_count = 0;
	if (stream->legacy) {
		for (struct CUstream_st *other = ctx->streams; other; other = other->next)
			if (other != stream && !other->non_blocking &&
			    !add_wait(item, other, other->submitted))
				return false;
	} else if (!stream->non_blocking && ctx->legacy) {
		return add_wait(item, ctx->legacy, ctx->legacy->submitted);
	}
	return true;
}

/* The legacy stream would have to wait for a stream that captures, which nothing can. */
static CUresult check_implicit_capture(struct CUstream_st *stream)
{
	bool found = false;

	if (!stream->legacy || !stream->ctx->captures)
		return CUDA_SUCCESS;
	for (struct CUstream_st *other = stream->ctx->streams; other; other = other->next) {
		if (other->capture && !other->non_blocking) {
			sim_capture_invalidate_locked(other->capture);
			found = true;
		}
	}
	return found ? CUDA_ERROR_STREAM_CAPTURE_IMPLICIT : CUDA_SUCCESS;
}

CUresult sim_enqueue_locked(struct CUstream_st *stream, struct sim_op *op)
{
	struct sim_item *item;
	CUresult result;

	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->ctx = stream->ctx;
	result = (CUresult)stream->ctx->error;
	if (result == CUDA_SUCCESS && stream->capture)
		return sim_capture_append_locked(stream, op);
	if (result == CUDA_SUCCESS)
		result = check_implicit_capture(stream);
	if (result == CUDA_SUCCESS)
		result = start_locked(stream);
	item = result == CUDA_SUCCESS ? calloc(1, sizeof(*item)) : NULL;
	if (!item) {
		sim_op_put(op);
		return result != CUDA_SUCCESS ? result : CUDA_ERROR_OUT_OF_MEMORY;
	}
	item->op = op;
	if (!add_waits(stream, item)) {
		free_item(item);
		return CUDA_ERROR_OUT_OF_MEMORY;
	}
	*stream->last = item;
	stream->last = &item->next;
	item->number = ++stream->submitted;
	pthread_cond_signal(&stream->work);
	return CUDA_SUCCESS;
}

CUresult sim_stream_wait_locked(struct CUstream_st *stream, struct sim_point point)
{
	struct CUctx_st *ctx = stream->ctx;

	point.stream->refs++;
	sim_lazy_call_locked(point);
	while (!reached(&point))
		pthread_cond_wait(&sim_progress, &sim_lock);
	sim_stream_unref_locked(point.stream);
	return (CUresult)ctx->error;
}

CUresult sim_enqueue_wait_locked(struct CUstream_st *stream, struct sim_op *op)
{
	CUresult result = sim_enqueue_locked(stream, op);
	struct sim_point point = { stream, stream->submitted };

	return result != CUDA_SUCCESS ? result : sim_stream_wait_locked(stream, point);
}

CUresult sim_drain_context_locked(struct CUctx_st *ctx)
{
	struct sim_point *points;
	size_t count = 0;

	for (struct CUstream_st *stream = ctx->streams; stream; stream = stream->next)
		count++;
	points = calloc(count + 1, sizeof(*points));
	if (!points)
		return CUDA_ERROR_OUT_OF_MEMORY;
	count = 0;
	for (struct CUstream_st *stream = ctx->streams; stream; stream = stream->next) {
		points[count].stream = stream;
		points[count].number = stream->submitted;
		stream->refs++;
		sim_lazy_call_locked(points[count++]);
	}
	for (size_t i = 0; i < count; i++) {
		while (!reached(&points[i]))
			pthread_cond_wait(&sim_progress, &sim_lock);
		sim_stream_unref_locked(points[i].stream);
	}
	free(points);
	return (CUresult)ctx->error;
}

void sim_drain_device_locked(int device)
{
	/* Contexts are never freed and new ones go to the front: the walk survives the waits. */
	for (struct CUctx_st *ctx = sim_contexts; ctx; ctx = ctx->next)
		if (ctx->alive && ctx->device == device)
			sim_drain_context_locked(ctx);
}

CUresult sim_stream_create_locked(struct CUctx_st *ctx, unsigned flags, int priority,
				  struct CUstream_st **stream_out)
{
	struct CUstream_st *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_cond_init(&stream->work, NULL);
	stream->ctx = ctx;
	stream->last = &stream->first;
	stream->non_blocking = flags & CU_STREAM_NON_BLOCKING;
	stream->priority = priority;
	stream->refs = 1;
	stream->id = next_stream_id++;
	stream->next = ctx->streams;
	ctx->streams = stream;
	*stream_out = stream;
	return CUDA_SUCCESS;
}

/* What is in the queue still runs; the thread ends behind it. */
static void end_locked(struct CUstream_st *stream)
{
	struct CUstream_st **link = &stream->ctx->streams;

	while (*link && *link != stream)
		link = &(*link)->next;
	if (*link)
		*link = stream->next;
	if (stream->capture) {
		sim_capture_invalidate_locked(stream->capture);
		sim_capture_unref_locked(stream->capture);
		stream->capture = NULL;
		stream->ctx->captures--;
	}
	stream->destroyed = true;
	pthread_cond_signal(&stream->work);
	sim_stream_unref_locked(stream);
}

void sim_context_streams_end_locked(struct CUctx_st *ctx)
{
	while (ctx->streams)
		end_locked(ctx->streams);
	ctx->legacy = NULL;
}

/* The per-thread default streams of a thread, one for each context it used one in. */
struct own_stream {
	struct own_stream *next;
	struct CUstream_st *stream;
};
static pthread_key_t own_key;
static pthread_once_t own_once = PTHREAD_ONCE_INIT;

static void end_own_streams(void *argument)
{
	struct own_stream *own = argument, *next;

	pthread_mutex_lock(&sim_lock);
	for (; own; own = next) {
		next = own->next;
		if (!own->stream->destroyed)
			end_locked(own->stream);
		sim_stream_unref_locked(own->stream);
		free(own);
	}
	pthread_mutex_unlock(&sim_lock);
}

static void make_own_key(void)
{
	pthread_key_create(&own_key, end_own_streams);
}

static CUresult own_stream_locked(struct CUctx_st *ctx, struct CUstream_st **stream_out)
{
	struct own_stream *own, *head;
	CUresult result;

	pthread_once(&own_once, make_own_key);
	head = pthread_getspecific(own_key);
	for (own = head; own; own = own->next) {
		if (own->stream->ctx == ctx && !own->stream->destroyed) {
			*stream_out = own->stream;
			return CUDA_SUCCESS;
		}
	}
	own = calloc(1, sizeof(*own));
	if (!own)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = sim_stream_create_locked(ctx, 0, 0, stream_out);
	if (result != CUDA_SUCCESS) {
		free(own);
		return result;
	}
	(*stream_out)->per_thread = true;
	(*stream_out)->refs++;
	own->stream = *stream_out;
	own->next = head;
	pthread_setspecific(own_key, own);
	return CUDA_SUCCESS;
}

CUresult sim_stream_get_locked(CUstream handle, bool per_thread, struct CUstream_st **stream_out)
{
	struct CUctx_st *ctx;
	CUresult result;

	if (handle && handle != CU_STREAM_LEGACY && handle != CU_STREAM_PER_THREAD) {
		for (ctx = sim_contexts; ctx; ctx = ctx->next) {
			for (struct CUstream_st *s = ctx->streams; s; s = s->next) {
				if (s != handle)
					continue;
				*stream_out = s;
				return (CUresult)ctx->error;
			}
		}
		return CUDA_ERROR_INVALID_HANDLE;
	}
	result = sim_current_locked(&ctx);
	if (result != CUDA_SUCCESS)
		return result;
	if (handle == CU_STREAM_PER_THREAD || (!handle && per_thread))
		return own_stream_locked(ctx, stream_out);
	if (!ctx->legacy) {
		result = sim_stream_create_locked(ctx, 0, 0, &ctx->legacy);
		if (result != CUDA_SUCCESS)
			return result;
		ctx->legacy->legacy = true;
	}
	*stream_out = ctx->legacy;
	return CUDA_SUCCESS;
}

CUresult cuStreamCreateWithPriority(CUstream *phStream, unsigned int flags, int priority)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuStreamCreateWithPriority);
	if (!phStream || flags > CU_STREAM_NON_BLOCKING)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_stream_create_locked(ctx, flags,
						  priority < -5  ? -5
						  : priority > 0 ? 0
								 : priority,
						  phStream);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamCreate(CUstream *phStream, unsigned int Flags)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuStreamCreate);
	if (!phStream || Flags > CU_STREAM_NON_BLOCKING)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_stream_create_locked(ctx, Flags, 0, phStream);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult stream_destroy(CUstream handle)
{
	struct CUstream_st *stream;
	CUresult result;

	if (!handle || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD)
		return CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, false, &stream);
	if (result != CUDA_ERROR_INVALID_HANDLE)
		end_locked(stream);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamDestroy(CUstream hStream)
{
	ENTER(cuStreamDestroy);
	return stream_destroy(hStream);
}

CUresult cuStreamDestroy_v2(CUstream hStream)
{
	ENTER(cuStreamDestroy_v2);
	return stream_destroy(hStream);
}

/* Asking for any stream is unsafe under a capture; for the capturing one itself in every mode. */
static CUresult waiting_conflict(struct CUstream_st *stream)
{
	CUresult result = sim_capture_check_locked();

	if (stream->capture) {
		sim_capture_invalidate_locked(stream->capture);
		return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	return result != CUDA_SUCCESS ? result : check_implicit_capture(stream);
}

/* Asking is what a program may go on doing until it is: so it calls for the work. */
static bool stream_done(struct CUstream_st *stream)
{
	struct sim_point all = { stream, stream->submitted };

	sim_lazy_call_locked(all);
	return reached(&all);
}

static CUresult stream_query(CUstream handle, bool per_thread)
{
	struct CUstream_st *stream = NULL;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = waiting_conflict(stream);
	if (result == CUDA_SUCCESS && !stream_done(stream))
		result = CUDA_ERROR_NOT_READY;
	for (struct CUstream_st *other = stream ? stream->ctx->streams : NULL;
	     result == CUDA_SUCCESS && stream->legacy && other; other = other->next)
		if (!other->non_blocking && !stream_done(other))
			result = CUDA_ERROR_NOT_READY;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static void run_nothing(struct sim_op *op)
{
	(void)op;
}

static CUresult stream_synchronize(CUstream handle, bool per_thread)
{
	struct CUstream_st *stream;
	struct sim_point point;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = waiting_conflict(stream);
	if (result == CUDA_SUCCESS && stream->legacy) {
		/* It waits for the blocking streams too: as an operation in it would. */
		result = sim_enqueue_wait_locked(stream,
						 sim_op_new(sizeof(struct sim_op), run_nothing,
							    NULL, CU_GRAPH_NODE_TYPE_EMPTY));
	} else if (result == CUDA_SUCCESS) {
		point.stream = stream;
		point.number = stream->submitted;
		result = sim_stream_wait_locked(stream, point);
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamQuery(CUstream hStream)
{
	ENTER(cuStreamQuery);
	return stream_query(hStream, false);
}

CUresult cuStreamQuery_ptsz(CUstream hStream)
{
	ENTER(cuStreamQuery_ptsz);
	return stream_query(hStream, true);
}

CUresult cuStreamSynchronize(CUstream hStream)
{
	ENTER(cuStreamSynchronize);
	return stream_synchronize(hStream, false);
}

CUresult cuStreamSynchronize_ptsz(CUstream hStream)
{
	ENTER(cuStreamSynchronize_ptsz);
	return stream_synchronize(hStream, true);
}
