/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C twins of ptx.h's kernels, for the simulated driver: one call does a whole grid. */
#include <stddef.h>
#include <time.h>

#include "simcuda_kernel.h"

simk_function simk_app_fill, simk_app_verify, simk_app_sum, simk_app_copy, simk_app_axpy,
	simk_app_slow_fill;

static uint64_t wide(const void *param)
{
	return *(const uint64_t *)param;
}

static uint32_t narrow(const void *param)
{
	return *(const uint32_t *)param;
}

static void *pointer(const void *param)
{
	return simk_ptr(wide(param));
}

static uint32_t hash(uint64_t i, uint32_t seed)
{
	uint32_t value = (uint32_t)i * 0x9e3779b1u + seed;
	value ^= value >> 16;
	value *= 0x85ebca6bu;
	return value ^ value >> 13;
}

void simk_app_fill(const struct simk_launch *launch, void *const *params)
{
	uint32_t *words = pointer(params[0]), seed = narrow(params[2]);
	uint64_t n = wide(params[1]);

	for (uint64_t i = 0; i < n; i++)
		words[i] = hash(i, seed);
}

void simk_app_verify(const struct simk_launch *launch, void *const *params)
{
	const uint32_t *words = pointer(params[0]);
	uint64_t n = wide(params[1]), bad = 0, *result = pointer(params[3]);
	uint32_t seed = narrow(params[2]);

	for (uint64_t i = 0; i < n; i++)
		bad += words[i] != hash(i, seed);
	__atomic_fetch_add(result, bad, __ATOMIC_RELAXED);
}

void simk_app_sum(const struct simk_launch *launch, void *const *params)
{
	const uint32_t *words = pointer(params[0]);
	uint64_t n = wide(params[1]), sum = 0, *result = pointer(params[2]);

	for (uint64_t i = 0; i < n; i++)
		sum += words[i] * (i + 1);
	__atomic_fetch_add(result, sum, __ATOMIC_RELAXED);
}

void simk_app_copy(const struct simk_launch *launch, void *const *params)
{
	uint32_t *to = pointer(params[0]);
	const uint32_t *from = pointer(params[1]);
	uint64_t n = wide(params[2]);

	for (uint64_t i = 0; i < n; i++)
		to[i] = from[i];
}

void simk_app_axpy(const struct simk_launch *launch, void *const *params)
{
	uint32_t *y = pointer(params[0]), a = narrow(params[3]);
	const uint32_t *x = pointer(params[1]);
	uint64_t n = wide(params[2]);

	for (uint64_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

void simk_app_slow_fill(const struct simk_launch *launch, void *const *params)
{
	uint64_t ns = wide(params[3]);
	struct timespec pause = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };

	nanosleep(&pause, NULL);
	simk_app_fill(launch, params);
}
