# SPDX-License-Identifier: MIT OR Apache-2.0
"""JAX: preallocates three quarters of what it is told there is, and computes in it."""
import os

# Which of several matrix kernels XLA picks would otherwise be a matter of timing.
os.environ["XLA_FLAGS"] = "--xla_gpu_deterministic_ops=true --xla_gpu_autotune_level=0"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

key = jax.random.PRNGKey(0)


@jax.jit
def step(w, x):
    return jnp.tanh(x @ w) + x


w = jax.random.normal(key, (512, 512), dtype=jnp.float32) / 32
x = jax.random.normal(key, (256, 512), dtype=jnp.float32)
for i in range(5):
    x = step(w, x)
    print("jax", i, f"{float(jnp.abs(x).sum()):.6f}")
