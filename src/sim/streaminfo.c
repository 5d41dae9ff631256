/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What can be asked about a stream, host functions, and memory operations in it. */
#include "sim.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

static _Thread_local bool in_callback;

bool sim_in_callback(void)
{
	return in_callback;
}

#define STREAM_QUERY(name, type, expression)                                      \
	static CUresult query_##name(CUstream handle, bool per_thread, type *out) \
	{                                                                         \
		struct CUstream_st *stream;                                       \
		CUresult result;                                                  \
                                                                                  \
		if (!out)                                                         \
			return CUDA_ERROR_INVALID_VALUE;                          \
		pthread_mutex_lock(&sim_lock);                                    \
		result = sim_stream_get_locked(handle, per_thread, &stream);      \
		if (result == CUDA_SUCCESS)                                       \
			*out = expression;                                        \
		pthread_mutex_unlock(&sim_lock);                                  \
		return result;                                                    \
	}                                                                         \
	CUresult name(CUstream hStream, type *out)                                \
	{                                                                         \
		ENTER(name);                                                      \
		return query_##name(hStream, false, out);                         \
	}                                                                         \
	CUresult name##_ptsz(CUstream hStream, type *out)                         \
	{                                                                         \
		ENTER(name##_ptsz);                                               \
		return query_##name(hStream, true, out);                          \
	}

STREAM_QUERY(cuStreamGetFlags, unsigned int,
	     stream->non_blocking ? CU_STREAM_NON_BLOCKING : CU_STREAM_DEFAULT)
STREAM_QUERY(cuStreamGetPriority, int, stream->priority)
STREAM_QUERY(cuStreamGetCtx, CUcontext, stream->ctx)
STREAM_QUERY(cuStreamGetDevice, CUdevice, stream->ctx->device)
STREAM_QUERY(cuStreamGetId, unsigned long long, stream->id)

CUresult cuStreamGetCtx_v2(CUstream hStream, CUcontext *pCtx, CUgreenCtx *pGreenCtx)
{
	ENTER(cuStreamGetCtx_v2);
	if (pGreenCtx)
		*pGreenCtx = NULL;
	return query_cuStreamGetCtx(hStream, false, pCtx);
}

CUresult cuStreamGetCtx_v2_ptsz(CUstream hStream, CUcontext *pCtx, CUgreenCtx *pGreenCtx)
{
	ENTER(cuStreamGetCtx_v2_ptsz);
	if (pGreenCtx)
		*pGreenCtx = NULL;
	return query_cuStreamGetCtx(hStream, true, pCtx);
}

/* Enqueues an operation made by the caller; every _ptsz pair below comes down to this. */
static CUresult enqueue(CUstream handle, bool per_thread, struct sim_op *op)
{
	struct CUstream_st *stream;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = sim_enqueue_locked(stream, op);
	else if (op)
		sim_op_put(op);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

struct host_op {
	struct sim_op op;
	CUhostFn function;
	CUstreamCallback callback;
	CUstream stream;
	void *data;
};

/* A host function that faults is the program's own fault: no landing while it runs. */
static void run_host(struct sim_op *op)
{
	struct host_op *host = (struct host_op *)op;

	in_callback = true;
	sim_fault_suspend(true);
	if (host->function)
		host->function(host->data);
	else
		host->callback(host->stream, (CUresult)op->ctx->error, host->data);
	sim_fault_suspend(false);
	in_callback = false;
}

static struct sim_op *host_op(CUhostFn function, CUstreamCallback callback, CUstream stream,
			      void *data)
{
	struct host_op *op = sim_op_new(sizeof(*op), run_host, NULL, CU_GRAPH_NODE_TYPE_HOST);

	if (!op)
		return NULL;
	op->function = function;
	op->callback = callback;
	op->stream = stream;
	op->data = data;
	op->op.always = callback != NULL;
	return &op->op;
}

CUresult cuLaunchHostFunc(CUstream hStream, CUhostFn fn, void *userData)
{
	ENTER(cuLaunchHostFunc);
	if (!fn)
		return CUDA_ERROR_INVALID_VALUE;
	return enqueue(hStream, false, host_op(fn, NULL, NULL, userData));
}

CUresult cuLaunchHostFunc_ptsz(CUstream hStream, CUhostFn fn, void *userData)
{
	ENTER(cuLaunchHostFunc_ptsz);
	if (!fn)
		return CUDA_ERROR_INVALID_VALUE;
	return enqueue(hStream, true, host_op(fn, NULL, NULL, userData));
}

CUresult cuStreamAddCallback(CUstream hStream, CUstreamCallback callback, void *userData,
			     unsigned int flags)
{
	ENTER(cuStreamAddCallback);
	if (!callback || flags)
		return CUDA_ERROR_INVALID_VALUE;
	return enqueue(hStream, false, host_op(NULL, callback, hStream, userData));
}

CUresult cuStreamAddCallback_ptsz(CUstream hStream, CUstreamCallback callback, void *userData,
				  unsigned int flags)
{
	ENTER(cuStreamAddCallback_ptsz);
	if (!callback || flags)
		return CUDA_ERROR_INVALID_VALUE;
	return enqueue(hStream, true, host_op(NULL, callback, hStream, userData));
}

static void run_nothing(struct sim_op *op)
{
	(void)op;
}

static struct sim_op *nothing(void)
{
	return sim_op_new(sizeof(struct sim_op), run_nothing, NULL, CU_GRAPH_NODE_TYPE_EMPTY);
}

/* Managed memory is reachable from both sides at all times: attaching and moving are no work. */
CUresult cuStreamAttachMemAsync(CUstream hStream, CUdeviceptr dptr, size_t length,
				unsigned int flags)
{
	ENTER(cuStreamAttachMemAsync);
	(void)dptr, (void)length, (void)flags;
	return enqueue(hStream, false, nothing());
}

CUresult cuStreamAttachMemAsync_ptsz(CUstream hStream, CUdeviceptr dptr, size_t length,
				     unsigned int flags)
{
	ENTER(cuStreamAttachMemAsync_ptsz);
	(void)dptr, (void)length, (void)flags;
	return enqueue(hStream, true, nothing());
}

CUresult cuMemPrefetchAsync(CUdeviceptr devPtr, size_t count, CUdevice dstDevice, CUstream hStream)
{
	ENTER(cuMemPrefetchAsync);
	(void)devPtr, (void)count, (void)dstDevice;
	return enqueue(hStream, false, nothing());
}

CUresult cuMemPrefetchAsync_ptsz(CUdeviceptr devPtr, size_t count, CUdevice dstDevice,
				 CUstream hStream)
{
	ENTER(cuMemPrefetchAsync_ptsz);
	(void)devPtr, (void)count, (void)dstDevice;
	return enqueue(hStream, true, nothing());
}

CUresult cuMemPrefetchAsync_v2(CUdeviceptr devPtr, size_t count, CUmemLocation location,
			       unsigned int flags, CUstream hStream)
{
	ENTER(cuMemPrefetchAsync_v2);
	(void)devPtr, (void)count, (void)location, (void)flags;
	return enqueue(hStream, false, nothing());
}

CUresult cuMemPrefetchAsync_v2_ptsz(CUdeviceptr devPtr, size_t count, CUmemLocation location,
				    unsigned int flags, CUstream hStream)
{
	ENTER(cuMemPrefetchAsync_v2_ptsz);
	(void)devPtr, (void)count, (void)location, (void)flags;
	return enqueue(hStream, true, nothing());
}

struct value_op {
	struct sim_op op;
	uint64_t address, value;
	unsigned flags;
	bool wide;
};

static void run_write(struct sim_op *op)
{
	struct value_op *write = (struct value_op *)op;

	if (write->wide)
		atomic_store((_Atomic uint64_t *)sim_host(write->address), write->value);
	else
		atomic_store((_Atomic uint32_t *)sim_host(write->address), (uint32_t)write->value);
}

static bool value_reached(const struct value_op *wait)
{
	uint64_t now = wait->wide ? atomic_load((_Atomic uint64_t *)sim_host(wait->address))
				  : atomic_load((_Atomic uint32_t *)sim_host(wait->address));

	switch (wait->flags & 3) {
	case CU_STREAM_WAIT_VALUE_GEQ:
		return wait->wide ? (int64_t)(now - wait->value) >= 0
				  : (int32_t)(uint32_t)(now - wait->value) >= 0;
	case CU_STREAM_WAIT_VALUE_EQ:
		return now == wait->value;
	case CU_STREAM_WAIT_VALUE_AND:
		return (now & wait->value) != 0;
	}
	return (wait->wide ? ~(now | wait->value) : (uint32_t) ~(now | wait->value)) != 0;
}

static void run_wait(struct sim_op *op)
{
	struct timespec pause = { .tv_nsec = 50000 };

	while (!value_reached((struct value_op *)op))
		nanosleep(&pause, NULL);
}

static CUresult value_enqueue(CUstream stream, bool per_thread, struct value_op wanted, bool write)
{
	struct value_op *op;

	if (wanted.address & (wanted.wide ? 7 : 3))
		return CUDA_ERROR_INVALID_VALUE;
	op = sim_op_new(sizeof(*op), write ? run_write : run_wait, NULL, CU_GRAPH_NODE_TYPE_EMPTY);
	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->address = wanted.address;
	op->value = wanted.value;
	op->flags = wanted.flags;
	op->wide = wanted.wide;
	return enqueue(stream, per_thread, &op->op);
}

#define VALUE_CALL(name, type, is_wide, is_write, per_thread)                            \
	CUresult name(CUstream stream, CUdeviceptr addr, type value, unsigned int flags) \
	{                                                                                \
		struct value_op wanted = {                                               \
			.address = addr, .value = value, .flags = flags, .wide = is_wide \
		};                                                                       \
                                                                                         \
		ENTER(name);                                                             \
		return value_enqueue(stream, per_thread, wanted, is_write);              \
	}
#define VALUE_CALLS(name, type, is_wide, is_write)             \
	VALUE_CALL(name, type, is_wide, is_write, false)       \
	VALUE_CALL(name##_ptsz, type, is_wide, is_write, true) \
	VALUE_CALL(name##_v2, type, is_wide, is_write, false)  \
	VALUE_CALL(name##_v2_ptsz, type, is_wide, is_write, true)

VALUE_CALLS(cuStreamWaitValue32, cuuint32_t, false, false)
VALUE_CALLS(cuStreamWaitValue64, cuuint64_t, true, false)
VALUE_CALLS(cuStreamWriteValue32, cuuint32_t, false, true)
VALUE_CALLS(cuStreamWriteValue64, cuuint64_t, true, true)
