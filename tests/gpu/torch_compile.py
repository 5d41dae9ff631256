# SPDX-License-Identifier: MIT OR Apache-2.0
"""torch.compile: generated Triton kernels, with and without CUDA graphs."""
import torch

torch.manual_seed(1)
torch.set_float32_matmul_precision("highest")


def block(x, w):
    return torch.nn.functional.gelu(x @ w).softmax(-1).cumsum(-1) + x.sin()


w = torch.randn(256, 256, device="cuda")
for mode in ("default", "reduce-overhead"):
    compiled = torch.compile(block, mode=mode)
    for step in range(4):
        x = torch.randn(128, 256, generator=torch.Generator("cuda").manual_seed(step), device="cuda")
        print(mode, step, f"{compiled(x, w).double().sum().item():.9f}")
