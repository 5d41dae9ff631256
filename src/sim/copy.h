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
};

CUresult sim_copy_start(const struct sim_copy *copy, CUstream handle, bool per_thread, bool async);

#endif
