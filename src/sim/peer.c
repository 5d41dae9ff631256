/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which device may touch whose memory. What a context made with cuMemAlloc is open to another
 * device's context once that one has enabled access to it; what was mapped (and what a memory pool
 * made), to the devices that were given access. Between the contexts of one device all is open. Every
 * device can reach every other, unless SIMCUDA_NO_PEER. Under sim_lock.
 */
#include "sim.h"

static struct CUctx_st **find_peer(struct CUctx_st *ctx, const struct CUctx_st *peer)
{
	for (int i = 0; i < SIM_MAX_PEERS; i++)
		if (ctx->peers[i] == peer)
			return &ctx->peers[i];
	return NULL;
}

bool sim_may_touch_locked(struct CUctx_st *ctx, const struct sim_map *map)
{
	const struct sim_region *region = map->region;

	return map->access[ctx->device] ||
	       (region->heap && region->ctx && find_peer(sim_memory_context(ctx), region->ctx));
}

bool sim_may_launch_with_locked(struct CUctx_st *ctx, uint64_t address)
{
	const struct sim_map *map = (struct sim_map *)sim_array_find(&sim_maps, address);

	return !map || !map->accessed || sim_may_touch_locked(ctx, map);
}

void sim_peers_end_locked(struct CUctx_st *ctx)
{
	for (int i = 0; i < SIM_MAX_PEERS; i++)
		ctx->peers[i] = NULL;
	for (struct CUctx_st *other = sim_contexts; other; other = other->next) {
		struct CUctx_st **peer = find_peer(other, ctx);

		if (peer)
			*peer = NULL;
	}
}

static CUresult enable_locked(struct CUctx_st *peer)
{
	struct CUctx_st *ctx, **room;
	CUresult result = sim_current_locked(&ctx);

	if (result != CUDA_SUCCESS)
		return result;
	if (!sim_context_known_locked(peer) || !peer->alive)
		return CUDA_ERROR_INVALID_CONTEXT;
	ctx = sim_memory_context(ctx);
	peer = sim_memory_context(peer);
	if (peer->device == ctx->device || sim_options()->no_peer)
		return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
	if (find_peer(ctx, peer))
		return CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
	room = find_peer(ctx, NULL);
	if (!room)
		return CUDA_ERROR_TOO_MANY_PEERS;
	*room = peer;
	return CUDA_SUCCESS;
}

CUresult cuCtxEnablePeerAccess(CUcontext peerContext, unsigned int Flags)
{
	CUresult result;

	ENTER(cuCtxEnablePeerAccess);
	if (Flags)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = enable_locked(peerContext);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult disable_locked(struct CUctx_st *peer)
{
	struct CUctx_st *ctx, **enabled;
	CUresult result = sim_current_locked(&ctx);

	if (result != CUDA_SUCCESS)
		return result;
	if (!sim_context_known_locked(peer))
		return CUDA_ERROR_INVALID_CONTEXT;
	enabled = find_peer(sim_memory_context(ctx), sim_memory_context(peer));
	if (!enabled)
		return CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
	*enabled = NULL;
	return CUDA_SUCCESS;
}

CUresult cuCtxDisablePeerAccess(CUcontext peerContext)
{
	CUresult result;

	ENTER(cuCtxDisablePeerAccess);
	pthread_mutex_lock(&sim_lock);
	result = disable_locked(peerContext);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuDeviceCanAccessPeer(int *canAccessPeer, CUdevice dev, CUdevice peerDev)
{
	ENTER(cuDeviceCanAccessPeer);
	if (!canAccessPeer)
		return CUDA_ERROR_INVALID_VALUE;
	if (sim_device_check(dev) != CUDA_SUCCESS || sim_device_check(peerDev) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_DEVICE;
	*canAccessPeer = dev != peerDev && !sim_options()->no_peer;
	return CUDA_SUCCESS;
}

CUresult cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attrib, CUdevice srcDevice,
				 CUdevice dstDevice)
{
	ENTER(cuDeviceGetP2PAttribute);
	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	if (sim_device_check(srcDevice) != CUDA_SUCCESS ||
	    sim_device_check(dstDevice) != CUDA_SUCCESS || srcDevice == dstDevice)
		return CUDA_ERROR_INVALID_DEVICE;
	switch (attrib) {
	case CU_DEVICE_P2P_ATTRIBUTE_PERFORMANCE_RANK:
		*value = 0;
		return CUDA_SUCCESS;
	case CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED:
	case CU_DEVICE_P2P_ATTRIBUTE_NATIVE_ATOMIC_SUPPORTED:
		*value = !sim_options()->no_peer;
		return CUDA_SUCCESS;
	case CU_DEVICE_P2P_ATTRIBUTE_CUDA_ARRAY_ACCESS_SUPPORTED:
		*value = 0;
		return CUDA_SUCCESS;
	}
	return CUDA_ERROR_INVALID_VALUE;
}
