/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/abi.h"

#include "abi_print.h"
