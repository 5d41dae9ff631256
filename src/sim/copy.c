/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Copies. All of them are one operation: rows of bytes, in planes, from one address to another.
 * A plain one is enqueued in the default stream and waited for; an asynchronous one from host
 * memory that the driver does not know has read it when the call returns, and one into such memory
 * has finished, as on a GPU. Under sim_lock for the look-ups alone.
 */
#include "copy.h"

#include <stdlib.h>
#include <string.h>

struct copy_op {
	struct sim_op op;
	struct sim_copy copy;
	void *staged;
};

/* As on a GPU the driver looks addresses up when the call is made, to the last byte; what goes away
 * between the call and its turn in the stream is a fault of the device. */
CUresult sim_address_check_locked(struct CUctx_st *ctx, uint64_t address, uint64_t bytes,
				  bool write)
{
	unsigned needed =
		write ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_READ;

	uint64_t end = address + bytes;
	struct sim_region *region;
	struct sim_block block;

	if (!bytes)
		return CUDA_SUCCESS;
	if (!sim_is_device_address(address))
		return address ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	region = sim_region_find_locked(address);
	if (!region || end < address)
		return CUDA_ERROR_INVALID_VALUE;
	if (region->heap) {
		if (!sim_block_find_locked(address, &block) || end > block.base + block.bytes)
			return CUDA_ERROR_INVALID_VALUE;
		return CUDA_SUCCESS;
	}
	while (address < end) {
		struct sim_map *map = (struct sim_map *)sim_array_find(&sim_maps, address);

		if (!map || map->region != region || map->access[ctx->device] < needed)
			return CUDA_ERROR_INVALID_VALUE;
		address = map->span.base + map->span.size;
	}
	return CUDA_SUCCESS;
}

static void run_copy(struct sim_op *op)
{
	const struct sim_copy *copy = &((struct copy_op *)op)->copy;

	for (size_t z = 0; z < copy->depth; z++) {
		for (size_t y = 0; y < copy->height; y++)
			memmove(sim_host(copy->to + z * copy->to_plane + y * copy->to_pitch),
				sim_host(copy->from + z * copy->from_plane + y * copy->from_pitch),
				copy->width);
	}
}

static void drop_copy(struct sim_op *op)
{
	free(((struct copy_op *)op)->staged);
}

static bool is_pageable_locked(uint64_t address)
{
	return !sim_is_device_address(address) && !sim_region_find_locked(address);
}

static bool stage(struct copy_op *op)
{
	struct sim_copy *copy = &op->copy;
	char *to;

	op->staged = malloc(copy->width * copy->height * copy->depth);
	if (!op->staged)
		return false;
	to = op->staged;
	for (size_t z = 0; z < copy->depth; z++) {
		for (size_t y = 0; y < copy->height; y++, to += copy->width)
			memcpy(to,
			       (const char *)(uintptr_t)(copy->from + z * copy->from_plane +
							 y * copy->from_pitch),
			       copy->width);
	}
	copy->from = (uintptr_t)op->staged;
	copy->from_pitch = copy->width;
	copy->from_plane = copy->width * copy->height;
	return true;
}

/* From the first byte to behind the last. */
static uint64_t extent(const struct sim_copy *copy, uint64_t pitch, uint64_t plane)
{
	if (!copy->width || !copy->height || !copy->depth)
		return 0;
	return (copy->depth - 1) * plane + (copy->height - 1) * pitch + copy->width;
}

/* A copy between contexts goes through the host where neither device can reach the other. */
static bool known_side(const struct CUctx_st *ctx)
{
	return !ctx || (sim_context_known_locked(ctx) && ctx->alive);
}

static CUresult enqueue_locked(struct CUstream_st *stream, const struct sim_copy *copy, bool async)
{
	struct copy_op *op;
	CUresult result;

	if (!known_side(copy->to_ctx) || !known_side(copy->from_ctx))
		return CUDA_ERROR_INVALID_CONTEXT;
	result = sim_address_check_locked(copy->to_ctx ? copy->to_ctx : stream->ctx, copy->to,
					  extent(copy, copy->to_pitch, copy->to_plane), true);
	if (result == CUDA_SUCCESS)
		result = sim_address_check_locked(
			copy->from_ctx ? copy->from_ctx : stream->ctx, copy->from,
			extent(copy, copy->from_pitch, copy->from_plane), false);
	if (result != CUDA_SUCCESS || !copy->width || !copy->height || !copy->depth)
		return result;
	op = sim_op_new(sizeof(*op), run_copy, drop_copy, CU_GRAPH_NODE_TYPE_MEMCPY);
	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->copy = *copy;
	if (async && !stream->capture) {
		if (is_pageable_locked(copy->from) && !stage(op)) {
			sim_op_put(&op->op);
			return CUDA_ERROR_OUT_OF_MEMORY;
		}
		async = !is_pageable_locked(copy->to);
	}
	return async ? sim_enqueue_locked(stream, &op->op)
		     : sim_enqueue_wait_locked(stream, &op->op);
}

CUresult sim_copy_start(const struct sim_copy *copy, CUstream handle, bool per_thread, bool async)
{
	struct CUstream_st *stream;
	CUresult result;

	sim_slow_pass();
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = enqueue_locked(stream, copy, async);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

static CUresult linear(uint64_t to, uint64_t from, size_t bytes, CUstream handle, bool per_thread,
		       bool async)
{
	struct sim_copy copy = { .to = to, .from = from, .width = bytes, .height = 1, .depth = 1 };

	return sim_copy_start(&copy, handle, per_thread, async);
}

static CUresult between(uint64_t to, CUcontext to_ctx, uint64_t from, CUcontext from_ctx,
			size_t bytes, CUstream handle, bool per_thread, bool async)
{
	struct sim_copy copy = { .to = to,
				 .from = from,
				 .width = bytes,
				 .height = 1,
				 .depth = 1,
				 .to_ctx = to_ctx,
				 .from_ctx = from_ctx };

	return sim_copy_start(&copy, handle, per_thread, async);
}

CUresult cuMemcpy(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount)
{
	ENTER(cuMemcpy);
	return linear(dst, src, ByteCount, NULL, false, false);
}

CUresult cuMemcpy_ptds(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount)
{
	ENTER(cuMemcpy_ptds);
	return linear(dst, src, ByteCount, NULL, true, false);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount)
{
	ENTER(cuMemcpyHtoD_v2);
	return linear(dstDevice, (uintptr_t)srcHost, ByteCount, NULL, false, false);
}

CUresult cuMemcpyHtoD_v2_ptds(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount)
{
	ENTER(cuMemcpyHtoD_v2_ptds);
	return linear(dstDevice, (uintptr_t)srcHost, ByteCount, NULL, true, false);
}

CUresult cuMemcpyDtoH_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount)
{
	ENTER(cuMemcpyDtoH_v2);
	return linear((uintptr_t)dstHost, srcDevice, ByteCount, NULL, false, false);
}

CUresult cuMemcpyDtoH_v2_ptds(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount)
{
	ENTER(cuMemcpyDtoH_v2_ptds);
	return linear((uintptr_t)dstHost, srcDevice, ByteCount, NULL, true, false);
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount)
{
	ENTER(cuMemcpyDtoD_v2);
	return linear(dstDevice, srcDevice, ByteCount, NULL, false, false);
}

CUresult cuMemcpyDtoD_v2_ptds(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount)
{
	ENTER(cuMemcpyDtoD_v2_ptds);
	return linear(dstDevice, srcDevice, ByteCount, NULL, true, false);
}

CUresult cuMemcpyPeer(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
		      CUcontext srcContext, size_t ByteCount)
{
	ENTER(cuMemcpyPeer);
	return between(dstDevice, dstContext, srcDevice, srcContext, ByteCount, NULL, false, false);
}

CUresult cuMemcpyPeer_ptds(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
			   CUcontext srcContext, size_t ByteCount)
{
	ENTER(cuMemcpyPeer_ptds);
	return between(dstDevice, dstContext, srcDevice, srcContext, ByteCount, NULL, true, false);
}

CUresult cuMemcpyAsync(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream)
{
	ENTER(cuMemcpyAsync);
	return linear(dst, src, ByteCount, hStream, false, true);
}

CUresult cuMemcpyAsync_ptsz(CUdeviceptr dst, CUdeviceptr src, size_t ByteCount, CUstream hStream)
{
	ENTER(cuMemcpyAsync_ptsz);
	return linear(dst, src, ByteCount, hStream, true, true);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
			      CUstream hStream)
{
	ENTER(cuMemcpyHtoDAsync_v2);
	return linear(dstDevice, (uintptr_t)srcHost, ByteCount, hStream, false, true);
}

CUresult cuMemcpyHtoDAsync_v2_ptsz(CUdeviceptr dstDevice, const void *srcHost, size_t ByteCount,
				   CUstream hStream)
{
	ENTER(cuMemcpyHtoDAsync_v2_ptsz);
	return linear(dstDevice, (uintptr_t)srcHost, ByteCount, hStream, true, true);
}

CUresult cuMemcpyDtoHAsync_v2(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
			      CUstream hStream)
{
	ENTER(cuMemcpyDtoHAsync_v2);
	return linear((uintptr_t)dstHost, srcDevice, ByteCount, hStream, false, true);
}

CUresult cuMemcpyDtoHAsync_v2_ptsz(void *dstHost, CUdeviceptr srcDevice, size_t ByteCount,
				   CUstream hStream)
{
	ENTER(cuMemcpyDtoHAsync_v2_ptsz);
	return linear((uintptr_t)dstHost, srcDevice, ByteCount, hStream, true, true);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
			      CUstream hStream)
{
	ENTER(cuMemcpyDtoDAsync_v2);
	return linear(dstDevice, srcDevice, ByteCount, hStream, false, true);
}

CUresult cuMemcpyDtoDAsync_v2_ptsz(CUdeviceptr dstDevice, CUdeviceptr srcDevice, size_t ByteCount,
				   CUstream hStream)
{
	ENTER(cuMemcpyDtoDAsync_v2_ptsz);
	return linear(dstDevice, srcDevice, ByteCount, hStream, true, true);
}

CUresult cuMemcpyPeerAsync(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
			   CUcontext srcContext, size_t ByteCount, CUstream hStream)
{
	ENTER(cuMemcpyPeerAsync);
	return between(dstDevice, dstContext, srcDevice, srcContext, ByteCount, hStream, false,
		       true);
}

CUresult cuMemcpyPeerAsync_ptsz(CUdeviceptr dstDevice, CUcontext dstContext, CUdeviceptr srcDevice,
				CUcontext srcContext, size_t ByteCount, CUstream hStream)
{
	ENTER(cuMemcpyPeerAsync_ptsz);
	return between(dstDevice, dstContext, srcDevice, srcContext, ByteCount, hStream, true,
		       true);
}
