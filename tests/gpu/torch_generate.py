# SPDX-License-Identifier: MIT OR Apache-2.0
"""Generates with a transformers model (random weights, fixed seed) and prints the tokens."""
import torch
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(3)
config = LlamaConfig(vocab_size=4096, hidden_size=1024, intermediate_size=2816, num_hidden_layers=8,
                     num_attention_heads=16, num_key_value_heads=8, max_position_embeddings=1024,
                     bos_token_id=1, eos_token_id=None, pad_token_id=0)
model = LlamaForCausalLM(config).to(dtype=torch.bfloat16, device="cuda").eval()
prompt = torch.arange(1, 33, device="cuda").unsqueeze(0)
with torch.no_grad():
    for length in (16, 64, 128):
        out = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                             max_new_tokens=length)
        print(length, " ".join(str(token) for token in out[0].tolist()))
print("parameters", sum(parameter.numel() for parameter in model.parameters()))
