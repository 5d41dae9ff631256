/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Entry points by name and version, from the table that is made of symbols.tsv. A library is one
 * driver version: what came later than that is not there. No state.
 */
#include "sim.h"

#include "resolve.h"

#include <string.h>

#define FLAGS_KNOWN \
	(CU_GET_PROC_ADDRESS_LEGACY_STREAM | CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)

/* The newest row at or below the version; one for per-thread streams, where asked for, before
 * others. */
static void *find(const char *name, int version, bool per_thread, bool *known_out)
{
	const struct sim_symbol *best = NULL;

	for (const struct sim_symbol *row = sim_symbols; row->base; row++) {
		if (strcmp(row->base, name) != 0 || row->introduced > sim_driver_version)
			continue;
		*known_out = true;
		if (row->version > version && version >= 0)
			continue;
		if (row->per_thread && !per_thread)
			continue;
		if (!best || row->version > best->version ||
		    (row->version == best->version && row->per_thread))
			best = row;
	}
	return best ? (void *)best->address : NULL;
}

CUresult cuGetProcAddress_v2(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags,
			     CUdriverProcAddressQueryResult *symbolStatus)
{
	bool known = false;

	ENTER_ANY(cuGetProcAddress_v2);
	if (!symbol || !pfn || (flags & ~(cuuint64_t)FLAGS_KNOWN) ||
	    cudaVersion > sim_driver_version)
		return CUDA_ERROR_INVALID_VALUE;
	*pfn = find(symbol, cudaVersion, flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM,
		    &known);
	if (symbolStatus)
		*symbolStatus = *pfn    ? CU_GET_PROC_ADDRESS_SUCCESS
				: known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
					: CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	return CUDA_SUCCESS;
}

CUresult cuGetProcAddress(const char *symbol, void **pfn, int cudaVersion, cuuint64_t flags)
{
	bool known = false;
	void *found;

	ENTER_ANY(cuGetProcAddress);
	if (!symbol || !pfn || (flags & ~(cuuint64_t)FLAGS_KNOWN) ||
	    cudaVersion > sim_driver_version)
		return CUDA_ERROR_INVALID_VALUE;
	found = find(symbol, cudaVersion, flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM,
		     &known);
	if (!found)
		return CUDA_ERROR_NOT_FOUND;
	*pfn = found;
	return CUDA_SUCCESS;
}
