/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The public C API; the contracts are in aerostat.h. */
#include "aerostat.h"

#include <string.h>

#include "config.h"
#include "shim/device.h"
#include "shim/process.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT const char *aerostat_version(void)
{
	return PACKAGE_VERSION;
}

EXPORT const char *aerostat_strerror(int error)
{
	switch (error) {
	case AEROSTAT_OK:
		return "success";
	case AEROSTAT_ERROR_INVALID:
		return "invalid argument";
	case AEROSTAT_ERROR_NOT_SERVED:
		return "aerostat serves no memory of this device in this process";
	default:
		return "unknown error";
	}
}

EXPORT int aerostat_get_stats(int device, struct aerostat_stats *stats)
{
	struct aerostat_stats filled = { 0 };
	struct ae_pool_stats pool_stats;
	struct ae_native_stats native;
	struct ae_process *process;
	struct ae_device *served;
	size_t size;

	if (stats == NULL || stats->size < sizeof(stats->size) || device < 0)
		return AEROSTAT_ERROR_INVALID;
	process = ae_process_serving();
	served = process != NULL ? ae_device_peek(process, device) : NULL;
	if (served == NULL)
		return AEROSTAT_ERROR_NOT_SERVED;
	ae_pool_get_stats(ae_device_pool(served), &pool_stats);
	ae_device_native_stats(served, &native);
	filled.limit_bytes = ae_device_limit(served);
	filled.resident_bytes = pool_stats.bytes_resident + native.bytes;
	filled.cached_bytes = pool_stats.bytes_cached;
	filled.asked_bytes = pool_stats.bytes_asked + native.bytes_asked;
	filled.reserved_bytes = pool_stats.bytes_reserved;
	filled.blocks = pool_stats.blocks_live + native.blocks;
	filled.chunks = pool_stats.chunks;
	filled.allocs = pool_stats.allocs + native.allocs;
	filled.frees = pool_stats.frees + native.frees;
	filled.alloc_hits = pool_stats.alloc_hits;
	filled.native_bytes = native.bytes;
	size = stats->size < sizeof(filled) ? stats->size : sizeof(filled);
	filled.size = size;
	memcpy(stats, &filled, size);
	return AEROSTAT_OK;
}
