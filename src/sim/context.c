/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Contexts, each thread's stack of them, and the primary ones. A context's structure stays for
 * ever, so that a thread that still has a destroyed one current gets CUDA_ERROR_CONTEXT_IS_DESTROYED
 * and not a crash. Under sim_lock, but for a thread's stack, which is its own.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_MAX 64

struct CUctx_st *sim_contexts;

static _Thread_local struct CUctx_st *stack[STACK_MAX];
static _Thread_local int depth;
static unsigned long long next_context_id = 1;

struct primary {
	struct CUctx_st *ctx;
	unsigned retained;
	unsigned flags;
};
static struct primary primaries[SIM_MAX_DEVICES];

CUresult sim_device_check(CUdevice device)
{
	if (device < 0 || device >= sim_options()->devices)
		return CUDA_ERROR_INVALID_DEVICE;
	return CUDA_SUCCESS;
}

struct CUctx_st *sim_peek_current(void)
{
	return depth ? stack[depth - 1] : NULL;
}

CUresult sim_current_locked(struct CUctx_st **ctx_out)
{
	struct CUctx_st *ctx = sim_peek_current();

	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!ctx->alive)
		return CUDA_ERROR_CONTEXT_IS_DESTROYED;
	*ctx_out = ctx;
	return (CUresult)ctx->error;
}

CUresult sim_current(struct CUctx_st **ctx_out)
{
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(ctx_out);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

bool sim_context_known_locked(const struct CUctx_st *candidate)
{
	for (struct CUctx_st *ctx = sim_contexts; ctx; ctx = ctx->next)
		if (ctx == candidate)
			return true;
	return false;
}

/* Brings a new context, or a primary one that was reset, to life. */
static CUresult revive(struct CUctx_st *ctx)
{
	static const size_t limits[] = { 1024, 8 << 20, 8 << 20, 2, 2048, 128, 0 };
	CUresult result = sim_fault_of(ctx->device);

	if (result == CUDA_SUCCESS)
		result = sim_budget_charge_locked(ctx->device, SIM_CONTEXT_BYTES);
	if (result != CUDA_SUCCESS)
		return result;
	ctx->alive = true;
	ctx->error = 0;
	ctx->id = next_context_id++;
	ctx->heap.device = ctx->device;
	ctx->heap.ctx = ctx;
	memcpy(ctx->limits, limits, sizeof(limits));
	return CUDA_SUCCESS;
}

/* SIMCUDA_REUSE_HANDLES: a new context gets the handle of one that was destroyed, if there is one. */
static struct CUctx_st *take_handle_locked(void)
{
	struct CUctx_st **link = &sim_contexts, *ctx = NULL;

	while (sim_options()->reuse_handles && *link && ((*link)->alive || (*link)->primary))
		link = &(*link)->next;
	if (!sim_options()->reuse_handles || !*link)
		return calloc(1, sizeof(*ctx));
	ctx = *link;
	*link = ctx->next;
	memset(ctx, 0, sizeof(*ctx));
	return ctx;
}

static void pause_ms(uint64_t ms)
{
	struct timespec pause = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

	if (ms)
		nanosleep(&pause, NULL);
}

/* SIMCUDA_LINGER_MS: what ends a context returns that much later, others going on meanwhile. */
static void linger(void)
{
	pause_ms(sim_options()->linger_ms);
}

CUresult sim_context_create_locked(int device, unsigned flags, unsigned version,
				   struct CUctx_st **ctx_out)
{
	struct CUctx_st *ctx = take_handle_locked();
	CUresult result;

	if (!ctx)
		return CUDA_ERROR_OUT_OF_MEMORY;
	ctx->device = device;
	ctx->flags = flags;
	ctx->version = version;
	ctx->attached = 1;
	result = revive(ctx);
	if (result != CUDA_SUCCESS && !sim_options()->reuse_handles) {
		free(ctx);
		return result;
	}
	/* A handle that was in use before stays known, dead as it is. */
	ctx->next = sim_contexts;
	sim_contexts = ctx;
	if (result == CUDA_SUCCESS)
		*ctx_out = ctx;
	return result;
}

void sim_context_end_locked(struct CUctx_st *ctx)
{
	ctx->alive = false;
	sim_peers_end_locked(ctx);
	sim_context_events_end_locked(ctx);
	sim_context_streams_end_locked(ctx);
	sim_heap_destroy_locked(&ctx->heap);
	sim_context_imports_end_locked(ctx);
	sim_budget_return_locked(ctx->device, SIM_CONTEXT_BYTES);
}

/* What cuMemAlloc and its like made in the context goes with it; what cuMemCreate made stays. */
static void kill_locked(struct CUctx_st *ctx)
{
	/* A primary context takes its green ones along. */
	for (struct CUctx_st *other = sim_contexts; other; other = other->next)
		if (other->green == ctx && other->alive)
			kill_locked(other);
	sim_drain_context_locked(ctx);
	if (ctx->alive)
		sim_context_end_locked(ctx);
}

static CUresult push(struct CUctx_st *ctx)
{
	if (depth == STACK_MAX)
		return CUDA_ERROR_OUT_OF_MEMORY;
	stack[depth++] = ctx;
	return CUDA_SUCCESS;
}

static CUresult context_create(CUcontext *pctx, unsigned flags, CUdevice dev, unsigned version)
{
	CUresult result;

	if (!pctx || (flags & ~(unsigned)CU_CTX_FLAGS_MASK))
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	result = sim_context_create_locked(dev, flags, version, pctx);
	pthread_mutex_unlock(&sim_lock);
	return result != CUDA_SUCCESS ? result : push(*pctx);
}

CUresult cuCtxCreate(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
	ENTER(cuCtxCreate);
	SLOW_CALL(false);
	return context_create(pctx, flags, dev, 3010);
}

CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev)
{
	ENTER(cuCtxCreate_v2);
	SLOW_CALL(false);
	return context_create(pctx, flags, dev, 3020);
}

CUresult cuCtxCreate_v3(CUcontext *pctx, CUexecAffinityParam *paramsArray, int numParams,
			unsigned int flags, CUdevice dev)
{
	ENTER(cuCtxCreate_v3);
	SLOW_CALL(false);
	if (numParams)
		return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
	return context_create(pctx, flags, dev, 3020);
}

CUresult cuCtxCreate_v4(CUcontext *pctx, CUctxCreateParams *ctxCreateParams, unsigned int flags,
			CUdevice dev)
{
	ENTER(cuCtxCreate_v4);
	SLOW_CALL(false);
	if (ctxCreateParams && ctxCreateParams->numExecAffinityParams)
		return CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY;
	if (ctxCreateParams && ctxCreateParams->cigParams)
		return CUDA_ERROR_NOT_SUPPORTED;
	return context_create(pctx, flags, dev, 3020);
}

static CUresult context_destroy(CUcontext ctx)
{
	CUresult result = CUDA_SUCCESS;

	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	if (!sim_context_known_locked(ctx))
		result = CUDA_ERROR_INVALID_CONTEXT;
	else if (!ctx->alive)
		result = CUDA_ERROR_CONTEXT_IS_DESTROYED;
	else if (ctx->primary || ctx->green)
		result = CUDA_ERROR_INVALID_CONTEXT;
	else
		kill_locked(ctx);
	pthread_mutex_unlock(&sim_lock);
	if (result == CUDA_SUCCESS && sim_peek_current() == ctx)
		depth--;
	linger();
	return result;
}

CUresult cuCtxDestroy(CUcontext ctx)
{
	ENTER(cuCtxDestroy);
	SLOW_CALL(false);
	return context_destroy(ctx);
}

CUresult cuCtxDestroy_v2(CUcontext ctx)
{
	ENTER(cuCtxDestroy_v2);
	SLOW_CALL(false);
	return context_destroy(ctx);
}

CUresult cuCtxAttach(CUcontext *pctx, unsigned int flags)
{
	CUresult result;

	ENTER(cuCtxAttach);
	if (!pctx || flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_current_locked(pctx);
	if (result == CUDA_SUCCESS)
		(*pctx)->attached++;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuCtxDetach(CUcontext ctx)
{
	bool last = false;

	ENTER(cuCtxDetach);
	SLOW_CALL(false);
	pthread_mutex_lock(&sim_lock);
	if (sim_context_known_locked(ctx) && ctx->alive && ctx->attached)
		last = --ctx->attached == 0;
	else
		ctx = NULL;
	pthread_mutex_unlock(&sim_lock);
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	return last ? context_destroy(ctx) : CUDA_SUCCESS;
}

static CUresult context_push(CUcontext ctx)
{
	bool known;

	if (!ctx)
		return CUDA_ERROR_INVALID_VALUE;
	pause_ms(sim_options()->push_ms);
	pthread_mutex_lock(&sim_lock);
	known = sim_context_known_locked(ctx);
	pthread_mutex_unlock(&sim_lock);
	if (!known)
		return CUDA_ERROR_INVALID_CONTEXT;
	return ctx->alive ? push(ctx) : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

static CUresult context_pop(CUcontext *pctx)
{
	if (!depth)
		return CUDA_ERROR_INVALID_CONTEXT;
	depth--;
	if (pctx)
		*pctx = stack[depth];
	return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent(CUcontext ctx)
{
	ENTER(cuCtxPushCurrent);
	return context_push(ctx);
}

CUresult cuCtxPushCurrent_v2(CUcontext ctx)
{
	ENTER(cuCtxPushCurrent_v2);
	return context_push(ctx);
}

CUresult cuCtxPopCurrent(CUcontext *pctx)
{
	ENTER(cuCtxPopCurrent);
	return context_pop(pctx);
}

CUresult cuCtxPopCurrent_v2(CUcontext *pctx)
{
	ENTER(cuCtxPopCurrent_v2);
	return context_pop(pctx);
}

CUresult cuCtxSetCurrent(CUcontext ctx)
{
	ENTER(cuCtxSetCurrent);
	if (!ctx) {
		if (depth)
			depth--;
		return CUDA_SUCCESS;
	}
	pthread_mutex_lock(&sim_lock);
	bool known = sim_context_known_locked(ctx);
	pthread_mutex_unlock(&sim_lock);
	/* Also one that was destroyed: what is then asked of it says so. */
	if (!known)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!depth)
		return push(ctx);
	stack[depth - 1] = ctx;
	return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *pctx)
{
	ENTER(cuCtxGetCurrent);
	if (!pctx)
		return CUDA_ERROR_INVALID_VALUE;
	*pctx = sim_peek_current();
	return CUDA_SUCCESS;
}

CUresult sim_primary_retain_locked(int device, struct CUctx_st **ctx_out)
{
	struct primary *primary = &primaries[device];
	CUresult result = CUDA_SUCCESS;

	if (!primary->ctx) {
		result = sim_context_create_locked(device, primary->flags, 3020, &primary->ctx);
		if (result == CUDA_SUCCESS)
			primary->ctx->primary = true;
	} else if (!primary->ctx->alive) {
		result = revive(primary->ctx);
		if (result == CUDA_SUCCESS)
			primary->ctx->flags = primary->flags;
	}
	if (result == CUDA_SUCCESS) {
		primary->retained++;
		*ctx_out = primary->ctx;
	}
	return result;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *pctx, CUdevice dev)
{
	CUresult result;

	ENTER(cuDevicePrimaryCtxRetain);
	SLOW_CALL(false);
	if (!pctx)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	result = sim_primary_retain_locked(dev, pctx);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult sim_primary_release_locked(int device)
{
	if (!primaries[device].retained)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (--primaries[device].retained == 0 && primaries[device].ctx->alive)
		kill_locked(primaries[device].ctx);
	return CUDA_SUCCESS;
}

static CUresult primary_release(CUdevice dev)
{
	CUresult result = sim_device_check(dev);

	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	result = sim_primary_release_locked(dev);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice dev)
{
	ENTER(cuDevicePrimaryCtxRelease);
	SLOW_CALL(false);
	return primary_release(dev);
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice dev)
{
	ENTER(cuDevicePrimaryCtxRelease_v2);
	SLOW_CALL(false);
	return primary_release(dev);
}

static CUresult primary_reset(CUdevice dev)
{
	CUresult result = sim_device_check(dev);

	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	if (primaries[dev].ctx && primaries[dev].ctx->alive)
		kill_locked(primaries[dev].ctx);
	pthread_mutex_unlock(&sim_lock);
	linger();
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxReset(CUdevice dev)
{
	ENTER(cuDevicePrimaryCtxReset);
	SLOW_CALL(false);
	return primary_reset(dev);
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice dev)
{
	ENTER(cuDevicePrimaryCtxReset_v2);
	SLOW_CALL(false);
	return primary_reset(dev);
}

static CUresult primary_set_flags(CUdevice dev, unsigned flags)
{
	CUresult result = sim_device_check(dev);

	if (result != CUDA_SUCCESS)
		return result;
	if (flags & ~(unsigned)CU_CTX_FLAGS_MASK)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	primaries[dev].flags = flags;
	if (primaries[dev].ctx)
		primaries[dev].ctx->flags = flags;
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags)
{
	ENTER(cuDevicePrimaryCtxSetFlags);
	return primary_set_flags(dev, flags);
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags)
{
	ENTER(cuDevicePrimaryCtxSetFlags_v2);
	return primary_set_flags(dev, flags);
}

CUresult cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active)
{
	CUresult result;

	ENTER(cuDevicePrimaryCtxGetState);
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	pthread_mutex_lock(&sim_lock);
	if (flags)
		*flags = primaries[dev].flags;
	if (active)
		*active = primaries[dev].ctx && primaries[dev].ctx->alive;
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}
