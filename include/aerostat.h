/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The public C API of aerostat: for programs that want to know more than transparency tells. Usable
 * from C and C++, by linking with -laerostat or by dlsym(RTLD_DEFAULT, ...) when libaerostat.so is
 * preloaded. Thread-safe.
 *
 * This version offers identification and statistics. Virtual memory pools, pools shared by models
 * and elastic ranges are planned and not here.
 */
#ifndef AEROSTAT_H
#define AEROSTAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AEROSTAT_VERSION_MAJOR 0
#define AEROSTAT_VERSION_MINOR 1
#define AEROSTAT_VERSION_PATCH 0

/* What calls return: 0, or one of these. */
enum aerostat_error {
	AEROSTAT_OK = 0,
	AEROSTAT_ERROR_INVALID = -1, /* an argument is out of range or NULL */
	AEROSTAT_ERROR_NOT_SERVED = -2, /* no memory of this device is served here (yet) */
};

/*
 * One device in this process. The caller sets size to sizeof(struct aerostat_stats); newer
 * libraries fill no more than that.
 */
struct aerostat_stats {
	size_t size;
	uint64_t limit_bytes; /* most that this process may use on the device */
	uint64_t resident_bytes; /* physical memory held: in live blocks or cached */
	uint64_t cached_bytes; /* of it, in no live block */
	uint64_t asked_bytes; /* the sum of the live blocks' sizes as asked for */
	uint64_t reserved_bytes; /* address space */
	uint64_t blocks; /* live blocks */
	uint64_t chunks; /* physical allocations */
	uint64_t allocs; /* allocations served since the start */
	uint64_t frees;
	uint64_t alloc_hits; /* of allocs: served without a driver call */
	uint64_t
		native_bytes; /* of resident_bytes: the driver's own blocks (AEROSTAT_IPC=native) */
};

/* "0.1.0": of the library that runs, not of this header. Static storage. */
const char *aerostat_version(void);

/* A sentence for an error code; for unknown codes too. Static storage. */
const char *aerostat_strerror(int error);

/*
 * Statistics of one device by its ordinal. AEROSTAT_ERROR_INVALID: stats is NULL, stats->size is too
 * small to hold size itself, or the ordinal is negative. AEROSTAT_ERROR_NOT_SERVED: this process
 * has had nothing allocated on that device by aerostat. Calls no driver function.
 */
int aerostat_get_stats(int device, struct aerostat_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
