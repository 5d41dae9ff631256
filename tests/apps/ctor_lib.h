/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef APP_CTOR_LIB_H
#define APP_CTOR_LIB_H

#include <cuda.h>

#define CTOR_BYTES 3000000
#define CTOR_BYTE  0x77

/* The block that the library's constructor allocated and set, and how that went. */
CUdeviceptr ctor_block(CUresult *result_out);

#endif
