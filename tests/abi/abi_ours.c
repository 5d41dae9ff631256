/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/abi.h"

#define ABI_TABLE "abi.def"
#include "abi_print.h"
