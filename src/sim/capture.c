/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stream capture. Operations enqueued in a capturing stream are kept in a graph, in the order of
 * the calls: a linear order that satisfies every dependency. Which calls a capture forbids, to whom
 * and in which mode follows what was measured on a GPU (doc/driver-behaviour.md). Under sim_lock,
 * but for the mode of a thread, which is its own.
 */
#include "sim.h"

#include <stdlib.h>

static _Thread_local CUstreamCaptureMode thread_mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
static struct sim_capture *captures; /* begun and not yet ended */
static unsigned long long next_capture_id = 1;

void sim_capture_invalidate_locked(struct sim_capture *capture)
{
	capture->invalidated = true;
}

void sim_capture_unref_locked(struct sim_capture *capture)
{
	if (--capture->refs)
		return;
	free(capture);
}

/* Does the capture forbid this thread what is unsafe? */
static bool forbids(const struct sim_capture *capture)
{
	bool own = pthread_equal(capture->thread, pthread_self());

	if (thread_mode == CU_STREAM_CAPTURE_MODE_RELAXED ||
	    capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED)
		return false;
	if (own)
		return true;
	return thread_mode == CU_STREAM_CAPTURE_MODE_GLOBAL &&
	       capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
}

CUresult sim_capture_check_locked(void)
{
	CUresult result = CUDA_SUCCESS;

	for (struct sim_capture *capture = captures; capture; capture = capture->next) {
		if (!forbids(capture))
			continue;
		sim_capture_invalidate_locked(capture);
		result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	return result;
}

CUresult sim_capture_conflict_locked(struct CUctx_st *ctx)
{
	CUresult result = sim_capture_check_locked();

	for (struct CUstream_st *stream = ctx->streams; stream; stream = stream->next) {
		if (!stream->capture)
			continue;
		sim_capture_invalidate_locked(stream->capture);
		result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	}
	return result;
}

CUresult sim_capture_append_locked(struct CUstream_st *stream, struct sim_op *op)
{
	struct CUgraph_st *graph = stream->capture->graph;

	if (stream->capture->invalidated) {
		sim_op_put(op);
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	}
	if (graph->count == graph->room) {
		size_t room = graph->room ? graph->room * 2 : 16;
		struct sim_op **ops = realloc(graph->ops, room * sizeof(*ops));

		if (!ops) {
			sim_op_put(op);
			return CUDA_ERROR_OUT_OF_MEMORY;
		}
		graph->ops = ops;
		graph->room = room;
	}
	graph->ops[graph->count++] = op;
	if (stream != stream->capture->origin)
		stream->unjoined = true;
	return CUDA_SUCCESS;
}

/* A stream that waits for an event of a capture becomes part of it; waiting the other way joins. */
CUresult sim_capture_fork_locked(struct CUstream_st *stream, struct CUevent_st *event)
{
	struct sim_capture *capture = event->capture;

	if (capture->invalidated)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	if (stream->legacy) {
		sim_capture_invalidate_locked(capture);
		return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	if (stream->capture && stream->capture != capture) {
		sim_capture_invalidate_locked(capture);
		sim_capture_invalidate_locked(stream->capture);
		return CUDA_ERROR_STREAM_CAPTURE_MERGE;
	}
	if (event->captured_in != stream)
		event->captured_in->unjoined = false;
	if (!stream->capture) {
		stream->capture = capture;
		stream->ctx->captures++;
		stream->unjoined = true;
		capture->refs++;
	}
	return CUDA_SUCCESS;
}

/* Into `graph`, which stays the caller's; NULL: into one of its own. */
static CUresult begin(CUstream handle, struct CUgraph_st *graph, CUstreamCaptureMode mode,
		      bool per_thread)
{
	struct sim_capture *capture;
	struct CUstream_st *stream;
	CUresult result;

	if ((unsigned)mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS && stream->legacy)
		result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
	if (result == CUDA_SUCCESS && stream->capture)
		result = CUDA_ERROR_ILLEGAL_STATE;
	if (result != CUDA_SUCCESS)
		goto out;
	capture = calloc(1, sizeof(*capture));
	if (capture)
		capture->graph = graph ? graph : sim_graph_new();
	if (!capture || !capture->graph) {
		free(capture);
		result = CUDA_ERROR_OUT_OF_MEMORY;
		goto out;
	}
	if (graph)
		graph->refs++;
	capture->given = graph;
	capture->refs = 2; /* the list and the stream */
	capture->mode = mode;
	capture->thread = pthread_self();
	capture->id = next_capture_id++;
	capture->origin = stream;
	capture->next = captures;
	captures = capture;
	stream->capture = capture;
	stream->ctx->captures++;
	stream->unjoined = false;
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamBeginCapture(CUstream hStream)
{
	ENTER(cuStreamBeginCapture);
	return begin(hStream, NULL, CU_STREAM_CAPTURE_MODE_GLOBAL, false);
}

CUresult cuStreamBeginCapture_ptsz(CUstream hStream)
{
	ENTER(cuStreamBeginCapture_ptsz);
	return begin(hStream, NULL, CU_STREAM_CAPTURE_MODE_GLOBAL, true);
}

CUresult cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode)
{
	ENTER(cuStreamBeginCapture_v2);
	return begin(hStream, NULL, mode, false);
}

CUresult cuStreamBeginCapture_v2_ptsz(CUstream hStream, CUstreamCaptureMode mode)
{
	ENTER(cuStreamBeginCapture_v2_ptsz);
	return begin(hStream, NULL, mode, true);
}

static CUresult begin_to_graph(CUstream stream, CUgraph graph, const CUgraphNode *dependencies,
			       size_t count, CUstreamCaptureMode mode, bool per_thread)
{
	/* Operations are kept in one order, so that a dependency on an earlier one is always met. */
	if (!sim_graph_valid(graph) || (count && !dependencies))
		return CUDA_ERROR_INVALID_VALUE;
	return begin(stream, graph, mode, per_thread);
}

CUresult cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph,
				     const CUgraphNode *dependencies,
				     const CUgraphEdgeData *dependencyData, size_t numDependencies,
				     CUstreamCaptureMode mode)
{
	ENTER(cuStreamBeginCaptureToGraph);
	return begin_to_graph(hStream, hGraph, dependencies, numDependencies, mode, false);
}

CUresult cuStreamBeginCaptureToGraph_ptsz(CUstream hStream, CUgraph hGraph,
					  const CUgraphNode *dependencies,
					  const CUgraphEdgeData *dependencyData,
					  size_t numDependencies, CUstreamCaptureMode mode)
{
	ENTER(cuStreamBeginCaptureToGraph_ptsz);
	return begin_to_graph(hStream, hGraph, dependencies, numDependencies, mode, true);
}

/* Every stream leaves the capture. True when all of them had been joined. */
static bool leave_locked(struct sim_capture *capture)
{
	const struct CUstream_st *origin = capture->origin;
	struct sim_capture **link = &captures;
	bool joined = true;

	capture->ended = true;
	while (*link != capture)
		link = &(*link)->next;
	*link = capture->next;
	for (struct CUctx_st *ctx = sim_contexts; ctx; ctx = ctx->next) {
		for (struct CUstream_st *s = ctx->streams; s; s = s->next) {
			if (s->capture != capture)
				continue;
			if (s != origin && s->unjoined)
				joined = false;
			s->capture = NULL;
			s->unjoined = false;
			ctx->captures--;
			/* The list's reference, which the caller drops, is still there. */
			capture->refs--;
		}
	}
	return joined;
}

static CUresult end(CUstream handle, CUgraph *graph_out, bool per_thread)
{
	struct sim_capture *capture;
	struct CUstream_st *stream;
	CUresult result;

	if (!graph_out)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result != CUDA_SUCCESS)
		goto out;
	capture = stream->capture;
	if (!capture) {
		result = CUDA_ERROR_ILLEGAL_STATE;
		goto out;
	}
	if (capture->origin != stream) {
		sim_capture_invalidate_locked(capture);
		result = CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
		goto out;
	}
	if (capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED &&
	    !pthread_equal(capture->thread, pthread_self())) {
		/* Measured: it ends all the same. */
		result = CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD;
	}
	if (!leave_locked(capture) && result == CUDA_SUCCESS)
		result = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
	if (capture->invalidated && result != CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD)
		result = CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	*graph_out = NULL;
	if (result == CUDA_SUCCESS)
		*graph_out = capture->graph;
	if (result != CUDA_SUCCESS || capture->given)
		sim_graph_unref_locked(capture->graph);
	sim_capture_unref_locked(capture);
out:
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamEndCapture(CUstream hStream, CUgraph *phGraph)
{
	ENTER(cuStreamEndCapture);
	return end(hStream, phGraph, false);
}

CUresult cuStreamEndCapture_ptsz(CUstream hStream, CUgraph *phGraph)
{
	ENTER(cuStreamEndCapture_ptsz);
	return end(hStream, phGraph, true);
}

struct capture_info {
	CUstreamCaptureStatus *status;
	cuuint64_t *id;
	CUgraph *graph;
	const CUgraphNode **dependencies;
	const CUgraphEdgeData **edges;
	size_t *count;
};

static CUresult info(CUstream handle, bool per_thread, struct capture_info out)
{
	struct CUstream_st *stream;
	CUresult result;

	if (!out.status)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS && stream->legacy && stream->ctx->captures) {
		for (struct CUstream_st *other = stream->ctx->streams; other; other = other->next)
			if (other->capture && !other->non_blocking)
				result = CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
	}
	if (result == CUDA_SUCCESS) {
		struct sim_capture *capture = stream->capture;

		*out.status = !capture               ? CU_STREAM_CAPTURE_STATUS_NONE
			      : capture->invalidated ? CU_STREAM_CAPTURE_STATUS_INVALIDATED
						     : CU_STREAM_CAPTURE_STATUS_ACTIVE;
		if (capture && out.id)
			*out.id = capture->id;
		if (capture && out.graph)
			*out.graph = capture->graph;
		/* The order of the operations stands for their edges: there are none to show. */
		if (out.dependencies)
			*out.dependencies = NULL;
		if (out.edges)
			*out.edges = NULL;
		if (out.count)
			*out.count = 0;
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuStreamIsCapturing(CUstream hStream, CUstreamCaptureStatus *captureStatus)
{
	struct capture_info out = { .status = captureStatus };

	ENTER(cuStreamIsCapturing);
	return info(hStream, false, out);
}

CUresult cuStreamIsCapturing_ptsz(CUstream hStream, CUstreamCaptureStatus *captureStatus)
{
	struct capture_info out = { .status = captureStatus };

	ENTER(cuStreamIsCapturing_ptsz);
	return info(hStream, true, out);
}

CUresult cuStreamGetCaptureInfo(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
				cuuint64_t *id_out)
{
	struct capture_info out = { .status = captureStatus_out, .id = id_out };

	ENTER(cuStreamGetCaptureInfo);
	return info(hStream, false, out);
}

CUresult cuStreamGetCaptureInfo_ptsz(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
				     cuuint64_t *id_out)
{
	struct capture_info out = { .status = captureStatus_out, .id = id_out };

	ENTER(cuStreamGetCaptureInfo_ptsz);
	return info(hStream, true, out);
}

CUresult cuStreamGetCaptureInfo_v2(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
				   cuuint64_t *id_out, CUgraph *graph_out,
				   const CUgraphNode **dependencies_out,
				   size_t *numDependencies_out)
{
	struct capture_info out = { captureStatus_out, id_out, graph_out,
				    dependencies_out,  NULL,   numDependencies_out };

	ENTER(cuStreamGetCaptureInfo_v2);
	return info(hStream, false, out);
}

CUresult cuStreamGetCaptureInfo_v2_ptsz(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
					cuuint64_t *id_out, CUgraph *graph_out,
					const CUgraphNode **dependencies_out,
					size_t *numDependencies_out)
{
	struct capture_info out = { captureStatus_out, id_out, graph_out,
				    dependencies_out,  NULL,   numDependencies_out };

	ENTER(cuStreamGetCaptureInfo_v2_ptsz);
	return info(hStream, true, out);
}

CUresult cuStreamGetCaptureInfo_v3(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
				   cuuint64_t *id_out, CUgraph *graph_out,
				   const CUgraphNode **dependencies_out,
				   const CUgraphEdgeData **edgeData_out,
				   size_t *numDependencies_out)
{
	struct capture_info out = { captureStatus_out, id_out,       graph_out,
				    dependencies_out,  edgeData_out, numDependencies_out };

	ENTER(cuStreamGetCaptureInfo_v3);
	return info(hStream, false, out);
}

CUresult cuStreamGetCaptureInfo_v3_ptsz(CUstream hStream, CUstreamCaptureStatus *captureStatus_out,
					cuuint64_t *id_out, CUgraph *graph_out,
					const CUgraphNode **dependencies_out,
					const CUgraphEdgeData **edgeData_out,
					size_t *numDependencies_out)
{
	struct capture_info out = { captureStatus_out, id_out,       graph_out,
				    dependencies_out,  edgeData_out, numDependencies_out };

	ENTER(cuStreamGetCaptureInfo_v3_ptsz);
	return info(hStream, true, out);
}

CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode)
{
	CUstreamCaptureMode before = thread_mode;

	ENTER(cuThreadExchangeStreamCaptureMode);
	if (!mode || (unsigned)*mode > CU_STREAM_CAPTURE_MODE_RELAXED)
		return CUDA_ERROR_INVALID_VALUE;
	thread_mode = *mode;
	*mode = before;
	return CUDA_SUCCESS;
}
