/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The second set of work.c's calls, under the names of the per-thread default stream. */
#include <cuda.h>

#define CUDA_API_PER_THREAD_DEFAULT_STREAM
#define CUDART_PER_THREAD 1
#include "work.c"
