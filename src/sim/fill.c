/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Fills: one operation for every element size and shape. */
#include "sim.h"

#include <string.h>

struct fill_op {
	struct sim_op op;
	uint64_t address, pitch;
	uint32_t value;
	unsigned element;
	size_t width, height;
};

static void run_fill(struct sim_op *op)
{
	struct fill_op *fill = (struct fill_op *)op;

	for (size_t y = 0; y < fill->height; y++) {
		void *row = sim_host(fill->address + y * fill->pitch);

		switch (fill->element) {
		case 1:
			memset(row, (int)fill->value, fill->width);
			break;
		case 2:
			for (size_t x = 0; x < fill->width; x++)
				((uint16_t *)row)[x] = (uint16_t)fill->value;
			break;
		default:
			for (size_t x = 0; x < fill->width; x++)
				((uint32_t *)row)[x] = fill->value;
		}
	}
}

static CUresult fill_locked(struct CUstream_st *stream, const struct fill_op *wanted)
{
	struct sim_map *map;
	struct fill_op *op;
	CUresult result;

	if (!wanted->width || !wanted->height)
		return CUDA_SUCCESS;
	result = sim_address_check_locked(
		stream->ctx, wanted->address,
		(wanted->height - 1) * wanted->pitch + wanted->width * wanted->element, true);
	if (result != CUDA_SUCCESS)
		return result;
	/* A fill is done by the device itself: another's memory must have been opened to it. */
	map = (struct sim_map *)sim_array_find(&sim_maps, wanted->address);
	if (map && map->accessed && !sim_may_touch_locked(stream->ctx, map))
		return CUDA_ERROR_INVALID_VALUE;
	op = sim_op_new(sizeof(*op), run_fill, NULL, CU_GRAPH_NODE_TYPE_MEMSET);
	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->address = wanted->address;
	op->pitch = wanted->pitch;
	op->value = wanted->value;
	op->element = wanted->element;
	op->width = wanted->width;
	op->height = wanted->height;
	return sim_enqueue_locked(stream, &op->op);
}

/* The plain ones are asynchronous to the host too, in the default stream. */
static CUresult fill(uint64_t address, uint64_t pitch, uint32_t value, unsigned element,
		     size_t width, size_t height, CUstream handle, bool per_thread)
{
	struct fill_op wanted = { .address = address,
				  .pitch = pitch,
				  .value = value,
				  .element = element,
				  .width = width,
				  .height = height };
	struct CUstream_st *stream;
	CUresult result;

	if (address % element || (height > 1 && (pitch % element || pitch < width * element)))
		return CUDA_ERROR_INVALID_VALUE;
	sim_slow_pass();
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = fill_locked(stream, &wanted);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuMemsetD8_v2(CUdeviceptr dstDevice, unsigned char uc, size_t N)
{
	ENTER(cuMemsetD8_v2);
	return fill(dstDevice, 0, uc, 1, N, 1, NULL, false);
}

CUresult cuMemsetD8_v2_ptds(CUdeviceptr dstDevice, unsigned char uc, size_t N)
{
	ENTER(cuMemsetD8_v2_ptds);
	return fill(dstDevice, 0, uc, 1, N, 1, NULL, true);
}

CUresult cuMemsetD8Async(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD8Async);
	return fill(dstDevice, 0, uc, 1, N, 1, hStream, false);
}

CUresult cuMemsetD8Async_ptsz(CUdeviceptr dstDevice, unsigned char uc, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD8Async_ptsz);
	return fill(dstDevice, 0, uc, 1, N, 1, hStream, true);
}

CUresult cuMemsetD2D8_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width,
			 size_t Height)
{
	ENTER(cuMemsetD2D8_v2);
	return fill(dstDevice, dstPitch, uc, 1, Width, Height, NULL, false);
}

CUresult cuMemsetD2D8_v2_ptds(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc,
			      size_t Width, size_t Height)
{
	ENTER(cuMemsetD2D8_v2_ptds);
	return fill(dstDevice, dstPitch, uc, 1, Width, Height, NULL, true);
}

CUresult cuMemsetD2D8Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc, size_t Width,
			   size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D8Async);
	return fill(dstDevice, dstPitch, uc, 1, Width, Height, hStream, false);
}

CUresult cuMemsetD2D8Async_ptsz(CUdeviceptr dstDevice, size_t dstPitch, unsigned char uc,
				size_t Width, size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D8Async_ptsz);
	return fill(dstDevice, dstPitch, uc, 1, Width, Height, hStream, true);
}

CUresult cuMemsetD16_v2(CUdeviceptr dstDevice, unsigned short us, size_t N)
{
	ENTER(cuMemsetD16_v2);
	return fill(dstDevice, 0, us, 2, N, 1, NULL, false);
}

CUresult cuMemsetD16_v2_ptds(CUdeviceptr dstDevice, unsigned short us, size_t N)
{
	ENTER(cuMemsetD16_v2_ptds);
	return fill(dstDevice, 0, us, 2, N, 1, NULL, true);
}

CUresult cuMemsetD16Async(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD16Async);
	return fill(dstDevice, 0, us, 2, N, 1, hStream, false);
}

CUresult cuMemsetD16Async_ptsz(CUdeviceptr dstDevice, unsigned short us, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD16Async_ptsz);
	return fill(dstDevice, 0, us, 2, N, 1, hStream, true);
}

CUresult cuMemsetD2D16_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width,
			  size_t Height)
{
	ENTER(cuMemsetD2D16_v2);
	return fill(dstDevice, dstPitch, us, 2, Width, Height, NULL, false);
}

CUresult cuMemsetD2D16_v2_ptds(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
			       size_t Width, size_t Height)
{
	ENTER(cuMemsetD2D16_v2_ptds);
	return fill(dstDevice, dstPitch, us, 2, Width, Height, NULL, true);
}

CUresult cuMemsetD2D16Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us, size_t Width,
			    size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D16Async);
	return fill(dstDevice, dstPitch, us, 2, Width, Height, hStream, false);
}

CUresult cuMemsetD2D16Async_ptsz(CUdeviceptr dstDevice, size_t dstPitch, unsigned short us,
				 size_t Width, size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D16Async_ptsz);
	return fill(dstDevice, dstPitch, us, 2, Width, Height, hStream, true);
}

CUresult cuMemsetD32_v2(CUdeviceptr dstDevice, unsigned int ui, size_t N)
{
	ENTER(cuMemsetD32_v2);
	return fill(dstDevice, 0, ui, 4, N, 1, NULL, false);
}

CUresult cuMemsetD32_v2_ptds(CUdeviceptr dstDevice, unsigned int ui, size_t N)
{
	ENTER(cuMemsetD32_v2_ptds);
	return fill(dstDevice, 0, ui, 4, N, 1, NULL, true);
}

CUresult cuMemsetD32Async(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD32Async);
	return fill(dstDevice, 0, ui, 4, N, 1, hStream, false);
}

CUresult cuMemsetD32Async_ptsz(CUdeviceptr dstDevice, unsigned int ui, size_t N, CUstream hStream)
{
	ENTER(cuMemsetD32Async_ptsz);
	return fill(dstDevice, 0, ui, 4, N, 1, hStream, true);
}

CUresult cuMemsetD2D32_v2(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width,
			  size_t Height)
{
	ENTER(cuMemsetD2D32_v2);
	return fill(dstDevice, dstPitch, ui, 4, Width, Height, NULL, false);
}

CUresult cuMemsetD2D32_v2_ptds(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui,
			       size_t Width, size_t Height)
{
	ENTER(cuMemsetD2D32_v2_ptds);
	return fill(dstDevice, dstPitch, ui, 4, Width, Height, NULL, true);
}

CUresult cuMemsetD2D32Async(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui, size_t Width,
			    size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D32Async);
	return fill(dstDevice, dstPitch, ui, 4, Width, Height, hStream, false);
}

CUresult cuMemsetD2D32Async_ptsz(CUdeviceptr dstDevice, size_t dstPitch, unsigned int ui,
				 size_t Width, size_t Height, CUstream hStream)
{
	ENTER(cuMemsetD2D32Async_ptsz);
	return fill(dstDevice, dstPitch, ui, 4, Width, Height, hStream, true);
}
