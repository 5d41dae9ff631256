/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The official cuda.h, as the driver itself is built with it: every variant under its own name.
 * Compiling this proves the prototypes of hooks.def and calls.def; running it prints the rest.
 */
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#define SAME(symbol, params)                                                              \
	_Static_assert(__builtin_types_compatible_p(__typeof__(symbol), CUresult params), \
		       #symbol " has another prototype in cuda.h");
#define AE_HOOK(symbol, gate, family, params, args, why) SAME(symbol, params)
#define AE_GATED(symbol, gate, params, args, why)        SAME(symbol, params)
#define AE_CALL(symbol, params)                          SAME(symbol, params)
#include "cuda/calls.def"
#include "cuda/gated.def"
#include "cuda/hooks.def"

#define ABI_TABLE "abi.def"
#include "abi_print.h"
