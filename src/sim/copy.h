/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A copy of rows in planes: what every copying entry point comes down to. */
#ifndef SIM_COPY_H
#define SIM_COPY_H

#include "sim.h"

struct sim_copy {
	uint64_t to, from;
	uint64_t to_pitch, from_pitch;
	uint64_t to_plane, from_plane;
	size_t width, height, depth;
	struct CUctx_st *to_ctx, *from_ctx; /* whose memory it is; NULL: the stream's context's */
};

CUresult sim_copy_start(const struct sim_copy *copy, CUstream handle, bool per_thread, bool async);

#endif
