/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Virtual memory management: reservations, physical memory, mappings, access, handles. */
#include "conform.h"

#include <fcntl.h>

static size_t granularity;

static void reserving(void)
{
	CUdeviceptr a = 0, b = 0;

	RULE("cuMemAddressReserve of 0 bytes", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(&a, 0, 0, 0, 0));
	RULE("cuMemAddressReserve of half a granule", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(&a, granularity / 2, 0, 0, 0));
	RULE("cuMemAddressReserve of a granule and a byte", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(&a, granularity + 1, 0, 0, 0));
	RULE("cuMemAddressReserve aligned to 3", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(&a, granularity, 3, 0, 0));
	RULE("cuMemAddressReserve with flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(&a, granularity, 0, 0, 1ull << 40));
	RULE("cuMemAddressReserve to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressReserve(NULL, granularity, 0, 0, 0));
	RULE("cuMemAddressReserve of 2^47 bytes", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemAddressReserve(&a, 1ull << 47, 0, 0, 0));
	RULE("cuMemAddressReserve aligned to a page", CUDA_SUCCESS,
	     cuMemAddressReserve(&a, granularity, 4096, 0, 0));
	RULE("a reservation begins at a granule", 0, a % granularity);
	RULE("cuMemAddressFree", CUDA_SUCCESS, cuMemAddressFree(a, granularity));
	RULE("cuMemAddressFree twice", CUDA_ERROR_INVALID_VALUE, cuMemAddressFree(a, granularity));
	RULE("cuMemAddressReserve at a free address", CUDA_SUCCESS,
	     cuMemAddressReserve(&b, granularity, 0, a, 0));
	RULE("cuMemAddressReserve at a free address gets it", 0, b - a);
	NEED(cuMemAddressFree(b, granularity));
	NEED(cuMemAddressReserve(&a, granularity, 1ull << 30, 0, 0));
	RULE("cuMemAddressReserve aligned to 1 GiB", 0, a % (1ull << 30));
	NEED(cuMemAddressFree(a, granularity));
	NEED(cuMemAddressReserve(&a, 4 * granularity, 0, 0, 0));
	RULE("cuMemAddressFree of half", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressFree(a, 2 * granularity));
	RULE("cuMemAddressFree of the second half", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressFree(a + 2 * granularity, 2 * granularity));
	RULE("cuMemAddressFree of cuMemAlloc's memory", CUDA_ERROR_INVALID_VALUE,
	     (NEED(cuMemAlloc(&b, granularity)), cuMemAddressFree(b, granularity)));
	NEED(cuMemFree(b));
	NEED(cuMemAddressFree(a, 4 * granularity));
}

static void creating(void)
{
	CUmemAllocationProp prop = conform_prop(), bad;
	CUmemGenericAllocationHandle handle = 0;
	size_t before;

	RULE("cuMemCreate of 0 bytes", CUDA_ERROR_INVALID_VALUE, cuMemCreate(&handle, 0, &prop, 0));
	RULE("cuMemCreate of half a granule", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity / 2, &prop, 0));
	RULE("cuMemCreate of a granule and a page", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity + 4096, &prop, 0));
	RULE("cuMemCreate of more than the device", CUDA_ERROR_OUT_OF_MEMORY,
	     cuMemCreate(&handle, 1ull << 45, &prop, 0));
	RULE("cuMemCreate to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(NULL, granularity, &prop, 0));
	RULE("cuMemCreate of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity, NULL, 0));
	RULE("cuMemCreate with flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity, &prop, 1));
	bad = prop;
	bad.type = CU_MEM_ALLOCATION_TYPE_INVALID;
	RULE("cuMemCreate of no type", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity, &bad, 0));
	bad = prop;
	bad.location.type = CU_MEM_LOCATION_TYPE_INVALID;
	RULE("cuMemCreate at no kind of place", CUDA_ERROR_INVALID_VALUE,
	     cuMemCreate(&handle, granularity, &bad, 0));
	bad = prop;
	bad.location.id = 99;
	RULE("cuMemCreate on no device", CUDA_ERROR_INVALID_DEVICE,
	     cuMemCreate(&handle, granularity, &bad, 0));
	before = conform_free_bytes();
	NEED(cuMemCreate(&handle, 2 * granularity, &prop, 0));
	RULE("cuMemCreate takes what it was asked for", 2 * granularity,
	     before - conform_free_bytes());
	RULE("cuMemGetAllocationPropertiesFromHandle", CUDA_SUCCESS,
	     cuMemGetAllocationPropertiesFromHandle(&bad, handle));
	RULE("cuMemGetAllocationPropertiesFromHandle says the device", 0, bad.location.id);
	RULE("cuMemGetAllocationPropertiesFromHandle says the handle types",
	     CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, bad.requestedHandleTypes);
	RULE("cuMemRelease", CUDA_SUCCESS, cuMemRelease(handle));
	RULE("cuMemRelease of unmapped memory frees it", before, conform_free_bytes());
	RULE("cuMemRelease twice", CUDA_ERROR_INVALID_VALUE, cuMemRelease(handle));
	RULE("cuMemRelease of 0", CUDA_ERROR_INVALID_VALUE, cuMemRelease(0));
}

static void mapping(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle one, two;
	CUdeviceptr a, native;

	NEED(cuMemAddressReserve(&a, 8 * granularity, 0, 0, 0));
	NEED(cuMemCreate(&one, 2 * granularity, &prop, 0));
	NEED(cuMemCreate(&two, 2 * granularity, &prop, 0));
	NEED(cuMemAlloc(&native, 2 * granularity));
	RULE("cuMemMap of 0 bytes", CUDA_ERROR_INVALID_VALUE, cuMemMap(a, 0, 0, one, 0));
	RULE("cuMemMap of half a granule", CUDA_ERROR_NOT_SUPPORTED,
	     cuMemMap(a, granularity / 2, 0, one, 0));
	RULE("cuMemMap in the middle of a granule", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a + granularity / 2, 2 * granularity, 0, one, 0));
	RULE("cuMemMap of more than the handle has", CUDA_ERROR_NOT_SUPPORTED,
	     cuMemMap(a, 4 * granularity, 0, one, 0));
	RULE("cuMemMap with an offset", CUDA_ERROR_NOT_SUPPORTED,
	     cuMemMap(a + 4 * granularity, granularity, granularity, one, 0));

	RULE("cuMemMap with flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a, 2 * granularity, 0, one, 1));
	RULE("cuMemMap of no handle", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a, 2 * granularity, 0, 0, 0));
	RULE("cuMemMap beyond the reservation", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a + 7 * granularity, 2 * granularity, 0, one, 0));
	/* Where another reservation lies behind it, that was one. */
	cuMemUnmap(a + 7 * granularity, 2 * granularity);
	RULE("cuMemMap over cuMemAlloc's memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(native, 2 * granularity, 0, one, 0));
	RULE("cuMemMap", CUDA_SUCCESS, cuMemMap(a, 2 * granularity, 0, one, 0));
	RULE("cuMemMap over a mapping", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a, 2 * granularity, 0, two, 0));
	RULE("cuMemMap over the end of a mapping", CUDA_ERROR_INVALID_VALUE,
	     cuMemMap(a + granularity, 2 * granularity, 0, two, 0));
	RULE("cuMemMap of one handle at a second place", CUDA_SUCCESS,
	     cuMemMap(a + 2 * granularity, 2 * granularity, 0, one, 0));
	RULE("cuMemAddressFree with a mapping left", CUDA_ERROR_INVALID_VALUE,
	     cuMemAddressFree(a, 8 * granularity));
	RULE("cuMemUnmap of half a mapping", CUDA_ERROR_INVALID_VALUE, cuMemUnmap(a, granularity));
	RULE("cuMemUnmap of the second half", CUDA_ERROR_INVALID_VALUE,
	     cuMemUnmap(a + granularity, granularity));
	RULE("cuMemUnmap of no reservation", CUDA_ERROR_INVALID_VALUE,
	     cuMemUnmap(granularity, granularity));
	RULE("cuMemUnmap of 0 bytes", CUDA_ERROR_INVALID_VALUE, cuMemUnmap(a, 0));
	RULE("cuMemUnmap of cuMemAlloc's memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemUnmap(native, 2 * granularity));
	RULE("cuMemUnmap of two mappings", CUDA_SUCCESS, cuMemUnmap(a, 4 * granularity));
	RULE("cuMemUnmap twice", CUDA_SUCCESS, cuMemUnmap(a, 2 * granularity));
	NEED(cuMemMap(a, 2 * granularity, 0, one, 0));
	RULE("cuMemUnmap of a mapping and what is not mapped behind it", CUDA_SUCCESS,
	     cuMemUnmap(a, 4 * granularity));
	RULE("cuMemMap of the first half of a handle", CUDA_ERROR_NOT_SUPPORTED,
	     cuMemMap(a, granularity, 0, one, 0));
	NEED(cuMemRelease(one));
	NEED(cuMemRelease(two));
	NEED(cuMemFree(native));
	NEED(cuMemAddressFree(a, 8 * granularity));
}

static void accessing(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemAccessDesc desc = { .location = prop.location,
				 .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUmemGenericAllocationHandle handle;
	unsigned long long flags = 77;
	CUdeviceptr a;

	NEED(cuMemAddressReserve(&a, 6 * granularity, 0, 0, 0));
	NEED(cuMemCreate(&handle, 2 * granularity, &prop, 0));
	RULE("cuMemSetAccess where nothing is mapped", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, 2 * granularity, &desc, 1));
	RULE("cuMemGetAccess where nothing is mapped", CUDA_ERROR_INVALID_VALUE,
	     cuMemGetAccess(&flags, &prop.location, a));
	NEED(cuMemMap(a, 2 * granularity, 0, handle, 0));
	NEED(cuMemMap(a + 2 * granularity, 2 * granularity, 0, handle, 0));
	RULE("cuMemGetAccess before access was given", CUDA_SUCCESS,
	     cuMemGetAccess(&flags, &prop.location, a));
	RULE("a mapping begins without access", 0, flags);
	RULE("cuMemSetAccess of nobody", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, 2 * granularity, &desc, 0));
	RULE("cuMemSetAccess of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, 2 * granularity, NULL, 1));
	RULE("cuMemSetAccess of half a mapping", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, granularity, &desc, 1));
	RULE("cuMemSetAccess of a mapping and what is not mapped behind it",
	     CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a + 2 * granularity, 4 * granularity, &desc, 1));
	desc.flags = (CUmemAccess_flags)2;
	RULE("cuMemSetAccess with flags 2", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, 2 * granularity, &desc, 1));
	desc.flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
	desc.location.id = 99;
	RULE("cuMemSetAccess for no device", CUDA_ERROR_INVALID_VALUE,
	     cuMemSetAccess(a, 2 * granularity, &desc, 1));
	desc.location.id = 0;
	RULE("cuMemSetAccess over two mappings", CUDA_SUCCESS,
	     cuMemSetAccess(a, 4 * granularity, &desc, 1));
	NEED(cuMemGetAccess(&flags, &prop.location, a + 3 * granularity));
	RULE("cuMemGetAccess says what was given", CU_MEM_ACCESS_FLAGS_PROT_READWRITE, flags);
	desc.flags = CU_MEM_ACCESS_FLAGS_PROT_NONE;
	RULE("cuMemSetAccess takes access away", CUDA_SUCCESS,
	     cuMemSetAccess(a, 4 * granularity, &desc, 1));
	NEED(cuMemGetAccess(&flags, &prop.location, a));
	RULE("cuMemGetAccess after access was taken away", 0, flags);
	RULE("access taken away: cuMemsetD8", CUDA_ERROR_INVALID_VALUE, cuMemsetD8(a, 0, 16));
	NEED(cuMemUnmap(a, 4 * granularity));
	NEED(cuMemMap(a, 2 * granularity, 0, handle, 0));
	RULE("a mapping made again begins without access", CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD8(a, 0, 16));
	NEED(cuMemUnmap(a, 2 * granularity));
	NEED(cuMemRelease(handle));
	NEED(cuMemAddressFree(a, 6 * granularity));
}

static void handles(void)
{
	CUmemGenericAllocationHandle handle, again = 0;
	CUdeviceptr native, a = conform_mapped(2 * granularity, &handle);
	size_t before = conform_free_bytes();
	unsigned word = 0;

	NEED(cuMemAlloc(&native, 2 * granularity));
	NEED(cuMemsetD32(a, 0x12345678, 2 * granularity / 4));
	RULE("cuMemRetainAllocationHandle of cuMemAlloc's memory", CUDA_ERROR_INVALID_VALUE,
	     cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)native));
	NEED(cuMemFree(native));
	RULE("cuMemRetainAllocationHandle to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemRetainAllocationHandle(NULL, (void *)(uintptr_t)a));
	RULE("cuMemRetainAllocationHandle inside a mapping", CUDA_SUCCESS,
	     cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)(a + 5)));
	RULE("cuMemRetainAllocationHandle answers the handle", 1, again == handle);
	RULE("cuMemRelease of a handle that was retained", CUDA_SUCCESS, cuMemRelease(handle));
	RULE("cuMemRelease as often as it was retained", CUDA_SUCCESS, cuMemRelease(handle));
	RULE("cuMemRelease once too often", CUDA_ERROR_INVALID_VALUE, cuMemRelease(handle));
	RULE("cuMemRelease while mapped frees nothing", before, conform_free_bytes());
	RULE("cuMemRelease while mapped: cuMemcpyDtoH", CUDA_SUCCESS, cuMemcpyDtoH(&word, a, 4));
	RULE("cuMemRelease while mapped keeps the contents", 0x12345678, word);
	RULE("cuMemRetainAllocationHandle of what was released", CUDA_SUCCESS,
	     cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)a));
	NEED(cuMemRelease(again));
	NEED(cuMemUnmap(a, 2 * granularity));
	RULE("cuMemUnmap of what was released frees it", before + 2 * granularity,
	     conform_free_bytes());
	RULE("cuMemRetainAllocationHandle where nothing is mapped", CUDA_ERROR_INVALID_VALUE,
	     cuMemRetainAllocationHandle(&again, (void *)(uintptr_t)a));
	NEED(cuMemAddressFree(a, 2 * granularity));
}

static void sharing(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle handle, other, plain;
	CUdeviceptr a = conform_mapped(granularity, &handle), b;
	unsigned word = 0;
	int fd = -1, null;

	NEED(cuMemsetD32(a, 0x12345678, granularity / 4));
	NEED(cuCtxSynchronize());
	prop.requestedHandleTypes = 0;
	NEED(cuMemCreate(&plain, granularity, &prop, 0));
	RULE("cuMemExportToShareableHandle of what was not made for it", CUDA_ERROR_INVALID_VALUE,
	     cuMemExportToShareableHandle(&fd, plain, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0));
	NEED(cuMemRelease(plain));
	RULE("cuMemExportToShareableHandle to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemExportToShareableHandle(NULL, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
					  0));
	RULE("cuMemExportToShareableHandle with flags", CUDA_ERROR_INVALID_VALUE,
	     cuMemExportToShareableHandle(&fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
					  1));
	RULE("cuMemExportToShareableHandle", CUDA_SUCCESS,
	     cuMemExportToShareableHandle(&fd, handle, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
					  0));
	RULE("cuMemImportFromShareableHandle", CUDA_SUCCESS,
	     cuMemImportFromShareableHandle(&other, (void *)(intptr_t)fd,
					    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	close(fd);
	NEED(cuMemAddressReserve(&b, granularity, 0, 0, 0));
	RULE("cuMemMap of what was imported", CUDA_SUCCESS, cuMemMap(b, granularity, 0, other, 0));
	NEED(conform_access(b, granularity, CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
	NEED(cuMemcpyDtoH(&word, b, 4));
	RULE("what was imported is the same memory", 0x12345678, word);
	NEED(cuMemUnmap(b, granularity));
	NEED(cuMemRelease(other));
	NEED(cuMemAddressFree(b, granularity));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	RULE("cuMemImportFromShareableHandle of another file", CUDA_ERROR_UNKNOWN,
	     cuMemImportFromShareableHandle(&other, (void *)(intptr_t)null,
					    CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR));
	close(null);
	NEED(cuMemUnmap(a, granularity));
	NEED(cuMemRelease(handle));
	NEED(cuMemAddressFree(a, granularity));
}

void rules_vmm(void)
{
	CUmemAllocationProp prop = conform_prop();
	size_t recommended;

	RULE("cuMemGetAllocationGranularity to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuMemGetAllocationGranularity(NULL, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
	RULE("cuMemGetAllocationGranularity of no kind", CUDA_ERROR_INVALID_VALUE,
	     cuMemGetAllocationGranularity(&granularity, &prop,
					   (CUmemAllocationGranularity_flags)7));
	NEED(cuMemGetAllocationGranularity(&granularity, &prop, CU_MEM_ALLOC_GRANULARITY_MINIMUM));
	NEED(cuMemGetAllocationGranularity(&recommended, &prop,
					   CU_MEM_ALLOC_GRANULARITY_RECOMMENDED));
	RULE("the granularity is 2 MiB", 2 * MIB, granularity);
	RULE("the recommended granularity is 2 MiB", 2 * MIB, recommended);
	reserving();
	creating();
	mapping();
	accessing();
	handles();
	sharing();
}

/* The simulated driver's addresses are this process's own, of which there may be fewer. */
#if defined(__SANITIZE_THREAD__) || defined(__aarch64__)
#define FEW_ADDRESSES true
#else
#define FEW_ADDRESSES false
#endif

void rules_vmm_huge(void)
{
	CUdeviceptr a;

	if (conform_simulated && FEW_ADDRESSES) {
		rule_skip("cuMemAddressReserve of 2^46 bytes", "no room in this process");
		return;
	}
	RULE("cuMemAddressReserve of 2^46 bytes", CUDA_SUCCESS,
	     cuMemAddressReserve(&a, 1ull << 46, 0, 0, 0));
	RULE("cuMemAddressFree of 2^46 bytes", CUDA_SUCCESS, cuMemAddressFree(a, 1ull << 46));
}

/* Memory of the host, as the same calls make it. */
void rules_vmm_host(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle handle;

	prop.location.type = (CUmemLocationType)3; /* CU_MEM_LOCATION_TYPE_HOST_NUMA */
	RULE("cuMemCreate on a host's node", CUDA_SUCCESS, cuMemCreate(&handle, 2 * MIB, &prop, 0));
}
