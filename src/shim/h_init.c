/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. The init family: starting, and the entry points that the driver hands out. */
#include "shim/hooks.h"
#include "shim/newer.h"
#include "shim/process.h"

CUresult ae_h_cuInit(unsigned int flags)
{
	CUresult result = ae_driver()->cuInit(flags);

	if (result != CUDA_SUCCESS)
		return result;
	result = ae_process_start();
	ae_newer_say();
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
		ae_newer_seen(symbol, version);
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
