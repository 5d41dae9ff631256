/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: cuda. The real entry points of NVML, libnvidia-ml.so.1, as far as nvml.def names them. An
 * entry that the installed library lacks is NULL.
 */
#ifndef AE_CUDA_NVML_H
#define AE_CUDA_NVML_H

#include "cuda/nvml_abi.h"

struct ae_nvml {
#define AE_NVML(symbol, params, args, why) nvmlReturn_t(*symbol) params;
#define AE_NVML_CALL(symbol, params)       nvmlReturn_t(*symbol) params;
#define AE_NVML_LEFT(symbol, why)
#include "cuda/nvml.def"
#undef AE_NVML
#undef AE_NVML_CALL
#undef AE_NVML_LEFT
};

/*
 * Fills the table from the libnvidia-ml.so.1 that this process has loaded, which then stays loaded;
 * loads nothing itself. -ENOENT: there is none.
 */
int ae_nvml_load(struct ae_nvml *nvml_out);

#endif
