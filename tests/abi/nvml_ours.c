/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/nvml_abi.h"

#define ABI_TABLE "nvml.def"
#include "abi_print.h"
