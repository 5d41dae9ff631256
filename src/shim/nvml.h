/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The exported functions of NVML: which real entry point each stands for. What hooks.h is
 * for the driver; both are reached by a linked program and by dlsym.
 *
 * The table is built once, when NVML is loaded and first asked for, and published with one atomic
 * store. A program that never uses NVML pays nothing.
 */
#ifndef AE_SHIM_NVML_H
#define AE_SHIM_NVML_H

#include <stdbool.h>

#include "cuda/nvml.h"

/* The real entry points; all NULL while NVML is not loaded. */
const struct ae_nvml *ae_nvml(void);

/* Our function that stands for a real entry point, or NULL when that is not one we hook. */
void *ae_nvml_wrapper(void *real);

/* True when address is one of our exported NVML functions; *real_out is what it stands for. */
bool ae_nvml_is_wrapper(void *address, void **real_out);

/* The implementations, in h_nvml.c. Called only where the real function is there. */
#define AE_NVML(symbol, params, args, why) nvmlReturn_t ae_h_##symbol params;
#define AE_NVML_CALL(symbol, params)
#define AE_NVML_LEFT(symbol, why)
#include "cuda/nvml.def"
#undef AE_NVML
#undef AE_NVML_CALL
#undef AE_NVML_LEFT

#endif
