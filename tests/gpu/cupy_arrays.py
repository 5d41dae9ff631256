# SPDX-License-Identifier: MIT OR Apache-2.0
"""CuPy: its own pool over cuMemAlloc, a raw kernel, sorting, and memory given back."""
import hashlib

import cupy

digest = hashlib.sha256()
kernel = cupy.RawKernel(r'extern "C" __global__ void mix(unsigned *x, int n) {'
                        r' int i = blockIdx.x * blockDim.x + threadIdx.x;'
                        r' if (i < n) x[i] = x[i] * 2654435761u ^ (x[i] >> 13); }', "mix")
for step in range(8):
    size = 1000003 * (1 + step % 3)
    x = cupy.arange(size, dtype=cupy.uint32) + step
    kernel(((size + 255) // 256,), (256,), (x, size))
    digest.update(cupy.asnumpy(cupy.sort(x)[::4097]).tobytes())
    if step % 3 == 2:
        del x
        cupy.get_default_memory_pool().free_all_blocks()
print("cupy", digest.hexdigest())
