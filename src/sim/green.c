/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Green contexts: a share of the primary context's multiprocessors (which nobody counts here) and streams
 * of its own. Memory is the primary context's, which a green context retains; where the documentation
 * does not say what becomes of a thing, it is as for any other context. Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define GREEN_MAGIC 0x4752454eu

/* Neither is ever freed: a handle that is no more is known as such. */
struct CUgreenCtx_st {
	uint32_t magic;
	struct CUctx_st *ctx;
	struct CUgreenCtx_st *next;
};
struct CUdevResourceDesc_st {
	uint32_t magic;
	CUdevResource resource;
	struct CUdevResourceDesc_st *next;
};
static struct CUgreenCtx_st *greens;
static struct CUdevResourceDesc_st *descs;

CUresult cuDeviceGetDevResource(CUdevice device, CUdevResource *resource, CUdevResourceType type)
{
	CUresult result;
	int count;

	ENTER(cuDeviceGetDevResource);
	if (!resource)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(device);
	if (result != CUDA_SUCCESS)
		return result;
	if (type != CU_DEV_RESOURCE_TYPE_SM)
		return CUDA_ERROR_INVALID_RESOURCE_TYPE;
	result = cuDeviceGetAttribute(&count, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device);
	if (result != CUDA_SUCCESS)
		return result;
	memset(resource, 0, sizeof(*resource));
	resource->type = type;
	resource->sm.smCount = (unsigned)count;
	return CUDA_SUCCESS;
}

CUresult cuDevResourceGenerateDesc(CUdevResourceDesc *phDesc, CUdevResource *resources,
				   unsigned int nbResources)
{
	struct CUdevResourceDesc_st *desc;

	ENTER(cuDevResourceGenerateDesc);
	if (!phDesc || !resources || nbResources != 1)
		return CUDA_ERROR_INVALID_VALUE;
	if (resources->type != CU_DEV_RESOURCE_TYPE_SM)
		return CUDA_ERROR_INVALID_RESOURCE_TYPE;
	desc = calloc(1, sizeof(*desc));
	if (!desc)
		return CUDA_ERROR_OUT_OF_MEMORY;
	desc->magic = GREEN_MAGIC;
	desc->resource = *resources;
	pthread_mutex_lock(&sim_lock);
	desc->next = descs;
	descs = desc;
	pthread_mutex_unlock(&sim_lock);
	*phDesc = desc;
	return CUDA_SUCCESS;
}

static CUresult create_locked(int device, struct CUgreenCtx_st *green)
{
	struct CUctx_st *primary;
	CUresult result = sim_primary_retain_locked(device, &primary);

	if (result != CUDA_SUCCESS)
		return result;
	result = sim_context_create_locked(device, primary->flags, primary->version, &green->ctx);
	if (result != CUDA_SUCCESS) {
		sim_primary_release_locked(device);
		return result;
	}
	green->ctx->green = primary;
	green->magic = GREEN_MAGIC;
	green->next = greens;
	greens = green;
	return CUDA_SUCCESS;
}

CUresult cuGreenCtxCreate(CUgreenCtx *phCtx, CUdevResourceDesc desc, CUdevice dev,
			  unsigned int flags)
{
	struct CUgreenCtx_st *green;
	CUresult result;

	ENTER(cuGreenCtxCreate);
	if (!phCtx || !desc || desc->magic != GREEN_MAGIC || flags != CU_GREEN_CTX_DEFAULT_STREAM)
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_device_check(dev);
	if (result != CUDA_SUCCESS)
		return result;
	green = calloc(1, sizeof(*green));
	if (!green)
		return CUDA_ERROR_OUT_OF_MEMORY;
	pthread_mutex_lock(&sim_lock);
	result = create_locked(dev, green);
	pthread_mutex_unlock(&sim_lock);
	if (result != CUDA_SUCCESS) {
		free(green);
		return result;
	}
	*phCtx = green;
	return CUDA_SUCCESS;
}

static CUresult check_locked(const struct CUgreenCtx_st *green)
{
	const struct CUgreenCtx_st *known = greens;

	while (known && known != green)
		known = known->next;
	if (!known)
		return CUDA_ERROR_INVALID_CONTEXT;
	return known->ctx->alive ? CUDA_SUCCESS : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

CUresult cuCtxFromGreenCtx(CUcontext *pContext, CUgreenCtx hCtx)
{
	CUresult result;

	ENTER(cuCtxFromGreenCtx);
	if (!pContext)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = check_locked(hCtx);
	if (result == CUDA_SUCCESS)
		*pContext = hCtx->ctx;
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuGreenCtxDestroy(CUgreenCtx hCtx)
{
	CUresult result;

	ENTER(cuGreenCtxDestroy);
	pthread_mutex_lock(&sim_lock);
	result = check_locked(hCtx);
	if (result == CUDA_SUCCESS) {
		/* That it waits is not documented: it does not. */
		sim_context_end_locked(hCtx->ctx);
		sim_primary_release_locked(hCtx->ctx->device);
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}
