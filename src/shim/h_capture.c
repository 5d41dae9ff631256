/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The capture family: knows which captures are open. */
#include <stdlib.h>

#include "base/lock.h"
#include "shim/capture.h"
#include "shim/hooks.h"

struct capture {
	CUstream stream;
	CUcontext context;
	struct capture *next;
};

struct ae_captures {
	struct ae_lock lock;
	struct capture *list;
	unsigned int count; /* atomic; never below the number of open captures */
};

struct ae_captures *ae_captures_create(void)
{
	struct ae_captures *captures = calloc(1, sizeof(*captures));

	if (captures != NULL)
		ae_lock_init(&captures->lock, AE_LOCK_LEAF);
	return captures;
}

void ae_captures_destroy(struct ae_captures *captures)
{
	free(captures);
}

bool ae_capture_open(struct ae_process *process)
{
	return __atomic_load_n(&process->captures->count, __ATOMIC_ACQUIRE) != 0;
}

static void count_add(struct ae_captures *captures, int change)
{
	__atomic_add_fetch(&captures->count, (unsigned int)change, __ATOMIC_SEQ_CST);
}

/* Unlinks the captures that match and returns how many; streams and contexts may be NULL handles. */
static int list_remove(struct ae_captures *captures, const CUstream *stream,
		       const CUcontext *context)
{
	struct capture **link;
	int removed = 0;

	ae_lock_acquire(&captures->lock);
	link = &captures->list;
	while (*link != NULL) {
		struct capture *capture = *link;

		if ((stream != NULL && capture->stream == *stream) ||
		    (context != NULL && capture->context == *context)) {
			*link = capture->next;
			free(capture);
			removed++;
		} else {
			link = &capture->next;
		}
	}
	ae_lock_release(&captures->lock);
	return removed;
}

void ae_captures_forget_context(struct ae_captures *captures, CUcontext context)
{
	count_add(captures, -list_remove(captures, NULL, &context));
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
	ae_driver()->cuCtxGetCurrent(&capture->context);
	count_add(captures, 1);
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

#define BEGIN(stream, call)                                                    \
	do {                                                                   \
		struct ae_captures *captures = ae_process_serving()->captures; \
		struct capture *capture = begin(captures, stream);             \
                                                                               \
		if (capture == NULL)                                           \
			return CUDA_ERROR_OUT_OF_MEMORY;                       \
		return begun(captures, capture, ae_driver()->call);            \
	} while (0)

CUresult ae_h_cuStreamBeginCapture_v2(CUstream hStream, CUstreamCaptureMode mode)
{
	BEGIN(hStream, cuStreamBeginCapture_v2(hStream, mode));
}

CUresult ae_h_cuStreamBeginCapture_v2_ptsz(CUstream hStream, CUstreamCaptureMode mode)
{
	BEGIN(hStream, cuStreamBeginCapture_v2_ptsz(hStream, mode));
}

CUresult ae_h_cuStreamBeginCapture(CUstream hStream)
{
	BEGIN(hStream, cuStreamBeginCapture(hStream));
}

CUresult ae_h_cuStreamBeginCapture_ptsz(CUstream hStream)
{
	BEGIN(hStream, cuStreamBeginCapture_ptsz(hStream));
}

CUresult ae_h_cuStreamBeginCaptureToGraph(CUstream hStream, CUgraph hGraph,
					  const CUgraphNode *dependencies,
					  const CUgraphEdgeData *dependencyData,
					  size_t numDependencies, CUstreamCaptureMode mode)
{
	BEGIN(hStream, cuStreamBeginCaptureToGraph(hStream, hGraph, dependencies, dependencyData,
						   numDependencies, mode));
}

CUresult ae_h_cuStreamBeginCaptureToGraph_ptsz(CUstream hStream, CUgraph hGraph,
					       const CUgraphNode *dependencies,
					       const CUgraphEdgeData *dependencyData,
					       size_t numDependencies, CUstreamCaptureMode mode)
{
	BEGIN(hStream, cuStreamBeginCaptureToGraph_ptsz(hStream, hGraph, dependencies,
							dependencyData, numDependencies, mode));
}

/*
 * An end that fails may have ended the capture (it was invalidated) or not (the wrong thread, no
 * capture there): the driver is asked.
 */
static CUresult ended(CUstream stream, CUresult result)
{
	struct ae_captures *captures = ae_process_serving()->captures;
	CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;

	if (result == CUDA_SUCCESS ||
	    ae_driver()->cuStreamIsCapturing(stream, &status) != CUDA_SUCCESS ||
	    status == CU_STREAM_CAPTURE_STATUS_NONE)
		count_add(captures, -list_remove(captures, &stream, NULL));
	return result;
}

CUresult ae_h_cuStreamEndCapture(CUstream hStream, CUgraph *phGraph)
{
	return ended(hStream, ae_driver()->cuStreamEndCapture(hStream, phGraph));
}

CUresult ae_h_cuStreamEndCapture_ptsz(CUstream hStream, CUgraph *phGraph)
{
	return ended(hStream, ae_driver()->cuStreamEndCapture_ptsz(hStream, phGraph));
}

static CUresult destroyed(CUstream stream, CUresult result)
{
	struct ae_captures *captures = ae_process_serving()->captures;

	if (result == CUDA_SUCCESS && ae_capture_open(ae_process_serving()))
		count_add(captures, -list_remove(captures, &stream, NULL));
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
