/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The init family: starting, and the entry points that the driver hands out. */
#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "shim/hooks.h"
#include "shim/process.h"

/* The first function that was asked for and is in no table. */
static char newer[96];
static int newer_state; /* atomic: 0 none, 1 being written, 2 written, 3 said */

/*
 * A newer driver has functions, and variants, that no table of ours knows. They go to the driver as
 * they are; a process that uses one will never be evicted, once there is eviction. Said once, and not
 * before cuInit: the runtime looks its functions up earlier, when the log is not configured yet.
 */
static void newer_say(void)
{
	int written = 2;

	if (ae_process_serving() != NULL &&
	    __atomic_compare_exchange_n(&newer_state, &written, 3, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		ae_info("%s is newer than this aerostat: it goes to the driver as it is", newer);
}

static void newer_seen(const char *symbol, int version)
{
	int none = 0;

	if (__atomic_compare_exchange_n(&newer_state, &none, 1, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		snprintf(newer, sizeof(newer), "%s, as of CUDA %d.%d,", symbol, version / 1000,
			 version % 1000 / 10);
		__atomic_store_n(&newer_state, 2, __ATOMIC_RELEASE);
	}
	newer_say();
}

CUresult ae_h_cuInit(unsigned int flags)
{
	CUresult result = ae_driver()->cuInit(flags);

	if (result != CUDA_SUCCESS)
		return result;
	result = ae_process_start();
	newer_say();
	return result;
}

/*
 * The real look-up comes first. Its answer is replaced only when it is a real entry point that we
 * hook, which is right for every name, version and flag without knowing them.
 */
static CUresult replace(CUresult result, const char *symbol, void **pfn, int version)
{
	void *wrapper;

	if (result != CUDA_SUCCESS || pfn == NULL || *pfn == NULL)
		return result;
	wrapper = ae_hooks_wrapper(*pfn);
	if (wrapper != NULL)
		*pfn = wrapper;
	else if (!ae_hooks_known(*pfn))
		newer_seen(symbol, version);
	return result;
}

CUresult ae_h_cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags)
{
	return replace(ae_driver()->cuGetProcAddress(symbol, pfn, cudaVersion, flags), symbol, pfn,
		       cudaVersion);
}

CUresult ae_h_cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
				  CUdriverProcAddressQueryResult *symbolStatus)
{
	return replace(
		ae_driver()->cuGetProcAddress_v2(symbol, pfn, cudaVersion, flags, symbolStatus),
		symbol, pfn, cudaVersion);
}
