/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The capture family: knows which captures are open. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/lock.h"
#include "shim/capture.h"
#include "shim/hooks.h"

/* The handle that means the calling thread's own stream, in whichever context it is in. */
#define STREAM_PER_THREAD ((CUstream)2)

/* How long a begin waits for a synchronisation that is about to start. */
#define FENCE_WAIT_NS 100000000

struct capture {
	CUstream stream;
	CUcontext context;
	pthread_t thread; /* of STREAM_PER_THREAD */
	struct capture *next;
};

struct ae_captures {
	struct ae_lock lock;
	struct capture *list;
	unsigned int count; /* atomic; never below the number of open captures */
	unsigned int fences; /* atomic; threads between fence_enter and fence_leave */
	pthread_key_t thread_end; /* immutable; set in threads that capture on their own stream */
};

static void thread_ended(void *arg);

struct ae_captures *ae_captures_create(void)
{
	struct ae_captures *captures = calloc(1, sizeof(*captures));

	if (captures == NULL)
		return NULL;
	if (pthread_key_create(&captures->thread_end, thread_ended) != 0) {
		free(captures);
		return NULL;
	}
	ae_lock_init(&captures->lock, AE_LOCK_LEAF);
	return captures;
}

void ae_captures_destroy(struct ae_captures *captures)
{
	if (captures != NULL)
		pthread_key_delete(captures->thread_end);
	free(captures);
}

bool ae_capture_open(struct ae_process *process)
{
	return __atomic_load_n(&process->captures->count, __ATOMIC_ACQUIRE) != 0;
}

/*
 * Each side announces itself before it looks for the other, both in one order that all threads
 * agree on: a fence and a capture cannot both miss each other.
 */
bool ae_capture_fence_enter(struct ae_process *process)
{
	struct ae_captures *captures = process->captures;

	__atomic_add_fetch(&captures->fences, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&captures->count, __ATOMIC_SEQ_CST) == 0)
		return true;
	ae_capture_fence_leave(process);
	return false;
}

void ae_capture_fence_leave(struct ae_process *process)
{
	__atomic_sub_fetch(&process->captures->fences, 1, __ATOMIC_SEQ_CST);
}

static void wait_for_fences(struct ae_captures *captures)
{
	int64_t start;

	if (__atomic_load_n(&captures->fences, __ATOMIC_SEQ_CST) == 0)
		return;
	start = ae_clock_ns();
	while (__atomic_load_n(&captures->fences, __ATOMIC_SEQ_CST) != 0 &&
	       ae_clock_ns() - start < FENCE_WAIT_NS)
		sched_yield();
}

static void count_add(struct ae_captures *captures, int change)
{
	__atomic_add_fetch(&captures->count, (unsigned int)change, __ATOMIC_SEQ_CST);
}

/* The stream that a handle means; per_thread: as the _ptsz entry points read a null one. */
static CUstream stream_meant(CUstream stream, bool per_thread)
{
	return stream == NULL && per_thread ? STREAM_PER_THREAD : stream;
}

static bool is_capture_of(const struct capture *capture, CUstream stream, CUcontext context)
{
	if (capture->stream != stream)
		return false;
	return stream != STREAM_PER_THREAD ||
	       (capture->context == context && pthread_equal(capture->thread, pthread_self()));
}

/* The capture of that stream has ended; true when there was one. */
static bool list_remove(struct ae_captures *captures, CUstream stream)
{
	struct capture **link, *found = NULL;
	CUcontext context = NULL;

	ae_driver()->cuCtxGetCurrent(&context);
	ae_lock_acquire(&captures->lock);
	for (link = &captures->list; *link != NULL; link = &(*link)->next) {
		if (!is_capture_of(*link, stream, context))
			continue;
		found = *link;
		*link = found->next;
		break;
	}
	ae_lock_release(&captures->lock);
	free(found);
	return found != NULL;
}

/* Drops the captures of a context (when it is not NULL), or those of the calling thread's own stream. */
static void forget(struct ae_captures *captures, CUcontext context)
{
	struct capture **link;
	int removed = 0;

	ae_lock_acquire(&captures->lock);
	link = &captures->list;
	while (*link != NULL) {
		struct capture *capture = *link;
		bool ends = context != NULL
				    ? capture->context == context
				    : capture->stream == STREAM_PER_THREAD &&
					      pthread_equal(capture->thread, pthread_self());

		if (ends) {
			*link = capture->next;
			free(capture);
			removed++;
		} else {
			link = &capture->next;
		}
	}
	ae_lock_release(&captures->lock);
	count_add(captures, -removed);
}

void ae_captures_forget_context(struct ae_captures *captures, CUcontext context)
{
	forget(captures, context);
}

/* A thread takes its own stream with it, and what that was capturing. */
static void thread_ended(void *arg)
{
	if (ae_process_serving() != NULL)
		forget(arg, NULL);
}

/*
 * Before the real begin: the record is made and counted, so that a failure of ours costs the program
 * an honest error, not an unknown capture.
 */
static struct capture *begin(struct ae_captures *captures, CUstream stream)
{
	struct capture *capture = calloc(1, sizeof(*capture));

	if (capture == NULL)
		return NULL;
	capture->stream = stream;
	capture->thread = pthread_self();
	/* A stream's own context, which goes with the capture; it need not be the current one. */
	if (ae_driver()->cuStreamGetCtx(stream, &capture->context) != CUDA_SUCCESS)
		ae_driver()->cuCtxGetCurrent(&capture->context);
	if (stream == STREAM_PER_THREAD)
		pthread_setspecific(captures->thread_end, captures);
	count_add(captures, 1);
	wait_for_fences(captures);
	return capture;
}

static CUresult begun(struct ae_captures *captures, struct capture *capture, CUresult result)
{
	if (result != CUDA_SUCCESS) {
		count_add(captures, -1);
		free(capture);
		return result;
	}
	ae_lock_acquire(&captures->lock);
	capture->next = captures->list;
	captures->list = capture;
	ae_lock_release(&captures->lock);
	return result;
}

#define BEGIN(stream, per_thread, call, args)                                                \
	do {                                                                                 \
		struct ae_captures *captures = ae_process_serving()->captures;               \
		struct capture *capture = begin(captures, stream_meant(stream, per_thread)); \
                                                                                             \
		if (capture == NULL)                                                         \
			return CUDA_ERROR_OUT_OF_MEMORY;                                     \
		return begun(captures, capture, ae_driver()->call args);                     \
	} while (0)

CUresult ae_h_cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode)
{
	BEGIN(hStream, false, cuStreamBeginCapture_v2, (hStream, mode));
}

CUresult ae_h_cuStreamBeginCapture_v2_ptsz(CUstream hStream, CUstreamCaptureMode mode)
{
	BEGIN(hStream, true, cuStreamBeginCapture_v2_ptsz, (hStream, mode));
}

CUresult ae_h_cuStreamBeginCapture(CUstream hStream)
{
	BEGIN(hStream, false, cuStreamBeginCapture, (hStream));
}

CUresult ae_h_cuStreamBeginCapture_ptsz(CUstream hStream)
{
	BEGIN(hStream, true, cuStreamBeginCapture_ptsz, (hStream));
}

CUresult ae_h_cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph,
					  const CUgraphNode *dependencies,
					  const CUgraphEdgeData *dependencyData,
					  size_t numDependencies, CUstreamCaptureMode mode)
{
	BEGIN(hStream, false, cuStreamBeginCaptureToGraph,
	      (hStream, hGraph, dependencies, dependencyData, numDependencies, mode));
}

CUresult ae_h_cuStreamBeginCaptureToGraph_ptsz(CUstream hStream, CUgraph hGraph,
					       const CUgraphNode *dependencies,
					       const CUgraphEdgeData *dependencyData,
					       size_t numDependencies, CUstreamCaptureMode mode)
{
	BEGIN(hStream, true, cuStreamBeginCaptureToGraph_ptsz,
	      (hStream, hGraph, dependencies, dependencyData, numDependencies, mode));
}

/*
 * An end that fails may have ended the capture (it was invalidated) or not (the wrong thread, no
 * capture there): the driver is asked, by the entry point that reads the handle as the caller's did.
 */
static CUresult ended(CUstream stream, bool per_thread, CUresult result)
{
	struct ae_process *process = ae_process_serving();
	CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
	CUstream meant = stream_meant(stream, per_thread);

	if (result == CUDA_SUCCESS ||
	    ae_driver()->cuStreamIsCapturing(meant, &status) != CUDA_SUCCESS ||
	    status == CU_STREAM_CAPTURE_STATUS_NONE)
		count_add(process->captures, list_remove(process->captures, meant) ? -1 : 0);
	return result;
}

CUresult ae_h_cuStreamEndCapture(CUstream hStream, CUgraph *phGraph)
{
	return ended(hStream, false, ae_driver()->cuStreamEndCapture(hStream, phGraph));
}

CUresult ae_h_cuStreamEndCapture_ptsz(CUstream hStream, CUgraph *phGraph)
{
	return ended(hStream, true, ae_driver()->cuStreamEndCapture_ptsz(hStream, phGraph));
}

static CUresult destroyed(CUstream stream, CUresult result)
{
	struct ae_process *process = ae_process_serving();

	if (result == CUDA_SUCCESS && ae_capture_open(process) &&
	    list_remove(process->captures, stream))
		count_add(process->captures, -1);
	return result;
}

CUresult ae_h_cuStreamDestroy_v2(CUstream hStream)
{
	return destroyed(hStream, ae_driver()->cuStreamDestroy_v2(hStream));
}

CUresult ae_h_cuStreamDestroy(CUstream hStream)
{
	return destroyed(hStream, ae_driver()->cuStreamDestroy(hStream));
}
