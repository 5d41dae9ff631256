# SPDX-License-Identifier: MIT OR Apache-2.0
"""CUDA graphs: captured with allocations inside, replayed after other memory came and went."""
import hashlib

import torch

torch.manual_seed(5)
model = torch.nn.Sequential(torch.nn.Linear(512, 1024), torch.nn.GELU(), torch.nn.Linear(1024, 512)).cuda()
static = torch.randn(64, 512, device="cuda")
side = torch.cuda.Stream()
side.wait_stream(torch.cuda.current_stream())
with torch.cuda.stream(side), torch.no_grad():
    for _ in range(3):
        model(static)
torch.cuda.current_stream().wait_stream(side)
graph = torch.cuda.CUDAGraph()
with torch.no_grad(), torch.cuda.graph(graph):
    hidden = model(static)
    out = model(hidden) + static
digest = hashlib.sha256()
generator = torch.Generator().manual_seed(9)
for step in range(20):
    static.copy_(torch.randn(64, 512, generator=generator))
    churn = [torch.full((1 << (18 + step % 4),), float(step), device="cuda") for _ in range(4)]
    graph.replay()
    digest.update(out.cpu().numpy().tobytes())
    del churn
    if step % 5 == 4:
        torch.cuda.empty_cache()
print("graphs", digest.hexdigest())
