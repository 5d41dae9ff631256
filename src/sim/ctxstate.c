/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a context can be asked and told, and waiting for all of it. Under sim_lock. */
#include "sim.h"

#include <string.h>

#define WITH_CONTEXT(statement)                    \
	do {                                       \
		struct CUctx_st *ctx;              \
		CUresult result;                   \
		pthread_mutex_lock(&sim_lock);     \
		result = sim_current_locked(&ctx); \
		if (result == CUDA_SUCCESS) {      \
			statement;                 \
		}                                  \
		pthread_mutex_unlock(&sim_lock);   \
		return result;                     \
	} while (0)

/* Answered from the handle alone, whatever became of the context. */
CUresult cuCtxGetDevice(CUdevice *device)
{
	struct CUctx_st *ctx;

	ENTER(cuCtxGetDevice);
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	ctx = sim_peek_current();
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	*device = ctx->device;
	return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx)
{
	ENTER(cuCtxGetDevice_v2);
	if (!device)
		return CUDA_ERROR_INVALID_VALUE;
	if (!ctx)
		ctx = sim_peek_current();
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	*device = ctx->device;
	return CUDA_SUCCESS;
}

CUresult cuCtxGetFlags(unsigned int *flags)
{
	ENTER(cuCtxGetFlags);
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(*flags = ctx->flags);
}

CUresult cuCtxSetFlags(unsigned int flags)
{
	ENTER(cuCtxSetFlags);
	if (flags & ~(unsigned)CU_CTX_FLAGS_MASK)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(ctx->flags = flags);
}

CUresult cuCtxGetId(CUcontext ctx, unsigned long long *ctxId)
{
	ENTER(cuCtxGetId);
	if (!ctxId)
		return CUDA_ERROR_INVALID_VALUE;
	if (!ctx)
		ctx = sim_peek_current();
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	*ctxId = ctx->id;
	return CUDA_SUCCESS;
}

CUresult cuCtxGetApiVersion(CUcontext ctx, unsigned int *version)
{
	ENTER(cuCtxGetApiVersion);
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	if (!ctx)
		ctx = sim_peek_current();
	if (!ctx)
		return CUDA_ERROR_INVALID_CONTEXT;
	*version = ctx->version;
	return CUDA_SUCCESS;
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *pconfig)
{
	ENTER(cuCtxGetCacheConfig);
	if (!pconfig)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(*pconfig = ctx->cache);
}

CUresult cuCtxSetCacheConfig(CUfunc_cache config)
{
	ENTER(cuCtxSetCacheConfig);
	WITH_CONTEXT(ctx->cache = config);
}

CUresult cuCtxGetSharedMemConfig(CUsharedconfig *pConfig)
{
	ENTER(cuCtxGetSharedMemConfig);
	if (!pConfig)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(*pConfig = ctx->shared);
}

CUresult cuCtxSetSharedMemConfig(CUsharedconfig config)
{
	ENTER(cuCtxSetSharedMemConfig);
	WITH_CONTEXT(ctx->shared = config);
}

CUresult cuCtxGetLimit(size_t *pvalue, CUlimit limit)
{
	ENTER(cuCtxGetLimit);
	if (!pvalue)
		return CUDA_ERROR_INVALID_VALUE;
	if ((unsigned)limit > CU_LIMIT_PERSISTING_L2_CACHE_SIZE)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(*pvalue = ctx->limits[limit]);
}

CUresult cuCtxSetLimit(CUlimit limit, size_t value)
{
	ENTER(cuCtxSetLimit);
	if ((unsigned)limit > CU_LIMIT_PERSISTING_L2_CACHE_SIZE)
		return CUDA_ERROR_INVALID_VALUE;
	WITH_CONTEXT(ctx->limits[limit] = value);
}

CUresult cuCtxGetStreamPriorityRange(int *leastPriority, int *greatestPriority)
{
	ENTER(cuCtxGetStreamPriorityRange);
	WITH_CONTEXT(if (leastPriority) *leastPriority = 0;
		     if (greatestPriority) *greatestPriority = -5);
}

CUresult cuCtxResetPersistingL2Cache(void)
{
	ENTER(cuCtxResetPersistingL2Cache);
	WITH_CONTEXT((void)ctx);
}

static CUresult synchronize(struct CUctx_st *named)
{
	struct CUctx_st *ctx = named;
	CUresult result;

	pthread_mutex_lock(&sim_lock);
	if (named)
		result = named->alive ? (CUresult)named->error : CUDA_ERROR_CONTEXT_IS_DESTROYED;
	else
		result = sim_current_locked(&ctx);
	if (result == CUDA_SUCCESS)
		result = sim_capture_conflict_locked(ctx);
	if (result == CUDA_SUCCESS)
		result = sim_drain_context_locked(ctx);
	/* A primary context's work is that of its green ones too. */
	for (struct CUctx_st *other = sim_contexts; result == CUDA_SUCCESS && other;
	     other = other->next)
		if (other->green == ctx && other->alive)
			result = sim_drain_context_locked(other);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuCtxSynchronize(void)
{
	ENTER(cuCtxSynchronize);
	return synchronize(NULL);
}

CUresult cuCtxSynchronize_v2(CUcontext ctx)
{
	ENTER(cuCtxSynchronize_v2);
	return synchronize(ctx);
}
