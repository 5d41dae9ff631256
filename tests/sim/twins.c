/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C twin of the kernel in check.h. */
#include <simcuda_kernel.h>

void simk_add(const struct simk_launch *launch, void *const *params);

void simk_add(const struct simk_launch *launch, void *const *params)
{
	uint32_t *to = simk_ptr(*(const uint64_t *)params[0]);
	uint32_t value = *(const uint32_t *)params[1];
	const uint32_t *triple = params[2];

	for (uint32_t i = 0; i < launch->grid[0] * launch->block[0]; i++)
		to[i] += value + triple[0] + triple[1] + triple[2];
}
