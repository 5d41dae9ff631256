/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/meminfo.h"

uint64_t ae_meminfo_limit(const struct ae_config *config, uint64_t total)
{
	uint64_t limit = ae_size_resolve(&config->limit, total);

	return limit < total ? limit : total;
}

uint64_t ae_meminfo_free(uint64_t limit, const struct ae_pool_stats *stats, uint64_t native_bytes,
			 uint64_t real_free)
{
	uint64_t spare = stats->bytes_cached + stats->bytes_limbo;
	uint64_t used = stats->bytes_resident - spare + native_bytes;
	uint64_t left = used < limit ? limit - used : 0;

	return real_free + spare < left ? real_free + spare : left;
}
