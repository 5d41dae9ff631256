# SPDX-License-Identifier: MIT OR Apache-2.0
"""Trains a small network on the GPU and prints what must not depend on who serves the memory."""
import hashlib

import torch
from torch import nn

torch.manual_seed(7)
torch.use_deterministic_algorithms(True, warn_only=True)
torch.backends.cudnn.benchmark = False
device = torch.device("cuda")

model = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(64 * 64, 256), nn.ReLU(), nn.Linear(256, 10),
).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
loss_function = nn.CrossEntropyLoss()
generator = torch.Generator().manual_seed(11)

for step in range(60):
    # Batches of different sizes, so that the allocator's segments differ too.
    batch = 16 + 16 * (step % 5)
    images = torch.randn(batch, 3, 64, 64, generator=generator).to(device)
    labels = torch.randint(0, 10, (batch,), generator=generator).to(device)
    optimizer.zero_grad()
    loss = loss_function(model(images), labels)
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step} loss {loss.item():.9g}")
    if step % 20 == 19:
        torch.cuda.empty_cache()

digest = hashlib.sha256()
for name, parameter in sorted(model.state_dict().items()):
    digest.update(name.encode())
    digest.update(parameter.cpu().numpy().tobytes())
print("weights", digest.hexdigest())
