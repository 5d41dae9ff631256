/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C twins of model_ptx.h's kernels, for a machine without a GPU. */
#include "simcuda_kernel.h"

simk_function simk_model_read, simk_model_next, simk_model_row;

static uint64_t wide(const void *param)
{
	return *(const uint64_t *)param;
}

static uint64_t mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdull;
	return value ^ value >> 33;
}

void simk_model_read(const struct simk_launch *launch, void *const *params)
{
	const uint32_t *words = simk_ptr(wide(params[0]));
	uint64_t n = wide(params[1]), sum = 0, *state = simk_ptr(wide(params[2]));
	uint64_t x = state[0];

	for (uint64_t i = 0; i < n; i++)
		sum += words[i] * ((i + x) | 1);
	state[1] += sum;
}

void simk_model_next(const struct simk_launch *launch, void *const *params)
{
	uint64_t *state = simk_ptr(wide(params[0]));

	state[0] = mix(state[0] + state[1]);
	state[1] = 0;
}

void simk_model_row(const struct simk_launch *launch, void *const *params)
{
	uint32_t *row = simk_ptr(wide(params[0]));
	uint64_t n = wide(params[1]);
	const uint64_t *state = simk_ptr(wide(params[2]));
	uint64_t x = state[0];

	for (uint64_t i = 0; i < n; i++)
		row[i] = (uint32_t)mix(x + i);
}
