/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An nvml.h: the official one, or the simulator's, which was written apart from ours. Compiling this
 * proves the prototypes of src/cuda/nvml.def; running it prints the rest.
 */
#include <nvml.h>

#define SAME(symbol, params)                                                                  \
	_Static_assert(__builtin_types_compatible_p(__typeof__(symbol), nvmlReturn_t params), \
		       #symbol " has another prototype in nvml.h");
#define AE_NVML(symbol, params, args, why) SAME(symbol, params)
#define AE_NVML_CALL(symbol, params)       SAME(symbol, params)
#define AE_NVML_LEFT(symbol, why)
#include "cuda/nvml.def"

#define ABI_TABLE "nvml.def"
#include "abi_print.h"
