/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/meminfo.h"

uint64_t ae_meminfo_limit(const struct ae_config *config, uint64_t total)
{
	uint64_t limit = ae_size_resolve(&config->limit, total);

	return limit < total ? limit : total;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t ae_meminfo_free(uint64_t limit, const struct ae_meminfo_use *use, uint64_t real_free)
{
	const struct ae_ledger_others *others = &use->others;
	uint64_t promised = less(least(less(limit, others->model_used), others->room), use->used);
	uint64_t there = less(real_free + use->spare + others->cached, others->kept);

	return least(promised, there);
}
