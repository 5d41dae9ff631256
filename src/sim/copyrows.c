/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pitched copies: the descriptors of cuMemcpy2D and cuMemcpy3D, turned into rows. No arrays. */
#include "sim.h"

#include "copy.h"

/* One side of a descriptor. */
struct side {
	CUmemorytype type;
	const void *host;
	CUdeviceptr device;
	size_t x, y, z, pitch, height;
};

static CUresult locate(const struct side *side, size_t width, size_t rows, uint64_t *address_out,
		       uint64_t *plane_out)
{
	uint64_t base;

	switch (side->type) {
	case CU_MEMORYTYPE_HOST:
		base = (uintptr_t)side->host;
		break;
	case CU_MEMORYTYPE_DEVICE:
	case CU_MEMORYTYPE_UNIFIED:
		base = side->device;
		break;
	case CU_MEMORYTYPE_ARRAY:
		return CUDA_ERROR_NOT_SUPPORTED;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
	if (rows > 1 && side->pitch < side->x + width)
		return CUDA_ERROR_INVALID_VALUE;
	*plane_out = (uint64_t)side->pitch * side->height;
	*address_out = base + side->z * *plane_out + side->y * side->pitch + side->x;
	return CUDA_SUCCESS;
}

static CUresult start(const struct side *to, const struct side *from, struct sim_copy copy,
		      CUstream handle, bool per_thread, bool async)
{
	CUresult result = locate(to, copy.width, copy.height, &copy.to, &copy.to_plane);

	if (result == CUDA_SUCCESS)
		result = locate(from, copy.width, copy.height, &copy.from, &copy.from_plane);
	if (result != CUDA_SUCCESS)
		return result;
	copy.to_pitch = to->pitch;
	copy.from_pitch = from->pitch;
	return sim_copy_start(&copy, handle, per_thread, async);
}

static CUresult start_2d(const CUDA_MEMCPY2D *p, CUstream handle, bool per_thread, bool async)
{
	struct side to, from;
	struct sim_copy copy = { .depth = 1 };

	if (!p)
		return CUDA_ERROR_INVALID_VALUE;
	to = (struct side){ p->dstMemoryType, p->dstHost, p->dstDevice, p->dstXInBytes,
			    p->dstY,          0,          p->dstPitch,  0 };
	from = (struct side){ p->srcMemoryType, p->srcHost, p->srcDevice, p->srcXInBytes,
			      p->srcY,          0,          p->srcPitch,  0 };
	copy.width = p->WidthInBytes;
	copy.height = p->Height;
	return start(&to, &from, copy, handle, per_thread, async);
}

/* The two descriptors for volumes differ in contexts and reserved fields alone. */
#define START_3D(p, to_context, from_context)                                            \
	do {                                                                             \
		struct side to, from;                                                    \
		struct sim_copy copy = { 0 };                                            \
                                                                                         \
		if (!(p))                                                                \
			return CUDA_ERROR_INVALID_VALUE;                                 \
		if ((p)->srcLOD || (p)->dstLOD)                                          \
			return CUDA_ERROR_INVALID_VALUE;                                 \
		to = (struct side){ (p)->dstMemoryType, (p)->dstHost,  (p)->dstDevice,   \
				    (p)->dstXInBytes,   (p)->dstY,     (p)->dstZ,        \
				    (p)->dstPitch,      (p)->dstHeight };                \
		from = (struct side){ (p)->srcMemoryType, (p)->srcHost,  (p)->srcDevice, \
				      (p)->srcXInBytes,   (p)->srcY,     (p)->srcZ,      \
				      (p)->srcPitch,      (p)->srcHeight };              \
		copy.width = (p)->WidthInBytes;                                          \
		copy.height = (p)->Height;                                               \
		copy.depth = (p)->Depth;                                                 \
		copy.to_ctx = (to_context);                                              \
		copy.from_ctx = (from_context);                                          \
		return start(&to, &from, copy, handle, per_thread, async);               \
	} while (0)

static CUresult start_3d(const CUDA_MEMCPY3D *p, CUstream handle, bool per_thread, bool async)
{
	START_3D(p, NULL, NULL);
}

static CUresult start_3d_peer(const CUDA_MEMCPY3D_PEER *p, CUstream handle, bool per_thread,
			      bool async)
{
	START_3D(p, p->dstContext, p->srcContext);
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *pCopy)
{
	ENTER(cuMemcpy2D_v2);
	return start_2d(pCopy, NULL, false, false);
}

CUresult cuMemcpy2D_v2_ptds(const CUDA_MEMCPY2D *pCopy)
{
	ENTER(cuMemcpy2D_v2_ptds);
	return start_2d(pCopy, NULL, true, false);
}

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *pCopy)
{
	ENTER(cuMemcpy2DUnaligned_v2);
	return start_2d(pCopy, NULL, false, false);
}

CUresult cuMemcpy2DUnaligned_v2_ptds(const CUDA_MEMCPY2D *pCopy)
{
	ENTER(cuMemcpy2DUnaligned_v2_ptds);
	return start_2d(pCopy, NULL, true, false);
}

CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *pCopy)
{
	ENTER(cuMemcpy3D_v2);
	return start_3d(pCopy, NULL, false, false);
}

CUresult cuMemcpy3D_v2_ptds(const CUDA_MEMCPY3D *pCopy)
{
	ENTER(cuMemcpy3D_v2_ptds);
	return start_3d(pCopy, NULL, true, false);
}

CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D_PEER *pCopy)
{
	ENTER(cuMemcpy3DPeer);
	return start_3d_peer(pCopy, NULL, false, false);
}

CUresult cuMemcpy3DPeer_ptds(const CUDA_MEMCPY3D_PEER *pCopy)
{
	ENTER(cuMemcpy3DPeer_ptds);
	return start_3d_peer(pCopy, NULL, true, false);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy2DAsync_v2);
	return start_2d(pCopy, hStream, false, true);
}

CUresult cuMemcpy2DAsync_v2_ptsz(const CUDA_MEMCPY2D *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy2DAsync_v2_ptsz);
	return start_2d(pCopy, hStream, true, true);
}

CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy3DAsync_v2);
	return start_3d(pCopy, hStream, false, true);
}

CUresult cuMemcpy3DAsync_v2_ptsz(const CUDA_MEMCPY3D *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy3DAsync_v2_ptsz);
	return start_3d(pCopy, hStream, true, true);
}

CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D_PEER *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy3DPeerAsync);
	return start_3d_peer(pCopy, hStream, false, true);
}

CUresult cuMemcpy3DPeerAsync_ptsz(const CUDA_MEMCPY3D_PEER *pCopy, CUstream hStream)
{
	ENTER(cuMemcpy3DPeerAsync_ptsz);
	return start_3d_peer(pCopy, hStream, true, true);
}
