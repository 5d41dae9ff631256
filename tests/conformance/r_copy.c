/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Copies and fills: what is refused when the call is made, and what the bytes are afterwards. */
#include "conform.h"

static CUdeviceptr good;

/* Every kind of call on the same bytes: all of them refuse them, and nothing is sticky. */
static void refused(const char *what, CUdeviceptr at, size_t bytes)
{
	static unsigned char host[4096];

	rule(conform_name("%s: cuMemcpyHtoD", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyHtoD(at, host, bytes));
	rule(conform_name("%s: cuMemcpyDtoH", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyDtoH(host, at, bytes));
	rule(conform_name("%s: cuMemcpyDtoD to it", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyDtoD(at, good, bytes));
	rule(conform_name("%s: cuMemcpyDtoD from it", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyDtoD(good, at, bytes));
	rule(conform_name("%s: cuMemcpyHtoDAsync", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyHtoDAsync(at, host, bytes, NULL));
	rule(conform_name("%s: cuMemcpyDtoHAsync", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyDtoHAsync(host, at, bytes, NULL));
	rule(conform_name("%s: cuMemcpyDtoDAsync", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyDtoDAsync(good, at, bytes, NULL));
	rule(conform_name("%s: cuMemsetD8", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD8(at, 0, bytes));
	rule(conform_name("%s: cuMemsetD32Async", what), CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD32Async(at, 0, bytes / 4, NULL));
	rule(conform_name("%s: nothing is sticky", what), CUDA_SUCCESS, cuCtxSynchronize());
}

void rules_copies_refused(void)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle one, two;
	CUdeviceptr a, block;
	unsigned word = 0;

	NEED(cuMemAlloc(&good, 4096));
	NEED(cuMemAddressReserve(&a, 8 * MIB, 0, 0, 0));
	refused("reserved and not mapped", a, 64);
	NEED(cuMemCreate(&one, 2 * MIB, &prop, 0));
	NEED(cuMemCreate(&two, 2 * MIB, &prop, 0));
	NEED(cuMemMap(a, 2 * MIB, 0, one, 0));
	refused("mapped without access", a, 64);
	NEED(conform_access(a, 2 * MIB, CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
	refused("first bytes mapped and last ones not", a + 2 * MIB - 64, 128);
	NEED(cuMemMap(a + 2 * MIB, 2 * MIB, 0, two, 0));
	refused("first bytes accessible and last ones not", a + 2 * MIB - 64, 128);
	NEED(conform_access(a + 2 * MIB, 2 * MIB, CU_MEM_ACCESS_FLAGS_PROT_READWRITE));
	RULE("across two accessible mappings: cuMemsetD32", CUDA_SUCCESS,
	     cuMemsetD32(a + 2 * MIB - 64, 0x12345678, 32));
	RULE("across two accessible mappings: cuMemcpyDtoD", CUDA_SUCCESS,
	     cuMemcpyDtoD(a, a + 2 * MIB - 64, 128));
	RULE("across two accessible mappings: cuMemcpyDtoH", CUDA_SUCCESS,
	     cuMemcpyDtoH(&word, a + 124, 4));
	RULE("across two accessible mappings: the bytes", 0x12345678, word);
	NEED(cuMemAlloc(&block, 4 * MIB));
	refused("past the end of a block", block + 4 * MIB - 64, 128);
	NEED(cuMemFree(block));
	refused("freed", block, 64);
}

static unsigned at(CUdeviceptr address)
{
	unsigned word = 0;

	NEED(cuMemcpyDtoH(&word, address, 4));
	return word;
}

void rules_fills(void)
{
	CUdeviceptr a;

	NEED(cuMemAlloc(&a, 4096));
	NEED(cuMemsetD32(a, 0, 1024));
	RULE("cuMemsetD8", CUDA_SUCCESS, cuMemsetD8(a + 1, 0x11, 2));
	RULE("cuMemsetD8 fills bytes", 0x00111100, at(a));
	RULE("cuMemsetD16", CUDA_SUCCESS, cuMemsetD16(a + 2, 0x2233, 1));
	RULE("cuMemsetD16 fills pairs of bytes", 0x22331100, at(a));
	RULE("cuMemsetD32", CUDA_SUCCESS, cuMemsetD32(a + 4, 0x44556677, 2));
	RULE("cuMemsetD32 fills words", 0x44556677, at(a + 8));
	RULE("cuMemsetD32 fills no more than it should", 0, at(a + 12));
	RULE("cuMemsetD16 of an odd address", CUDA_ERROR_INVALID_VALUE, cuMemsetD16(a + 1, 0, 1));
	RULE("cuMemsetD32 of half a word", CUDA_ERROR_INVALID_VALUE, cuMemsetD32(a + 2, 0, 1));
	RULE("cuMemsetD8 of nothing", CUDA_SUCCESS, cuMemsetD8(a, 0, 0));
	RULE("cuMemsetD2D8", CUDA_SUCCESS, cuMemsetD2D8(a + 1024, 512, 0x55, 4, 3));
	RULE("cuMemsetD2D8 fills the first row", 0x55555555, at(a + 1024));
	RULE("cuMemsetD2D8 fills the last row", 0x55555555, at(a + 1024 + 2 * 512));
	RULE("cuMemsetD2D8 leaves what is between", 0, at(a + 1024 + 4));
	RULE("cuMemsetD2D32", CUDA_SUCCESS, cuMemsetD2D32(a + 1024, 512, 7, 2, 2));
	RULE("cuMemsetD2D32 fills words of rows", 7, at(a + 1024 + 512 + 4));
	RULE("cuMemsetD2D8 with rows that overlap", CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD2D8(a, 8, 0, 16, 2));
	RULE("cuMemsetD2D8 of no rows", CUDA_SUCCESS, cuMemsetD2D8(a, 512, 0, 16, 0));
	RULE("cuMemsetD2D8 past the end", CUDA_ERROR_INVALID_VALUE,
	     cuMemsetD2D8(a, 2048, 0, 16, 4));
	NEED(cuCtxSynchronize());
}

static CUDA_MEMCPY2D to_device(const void *from, CUdeviceptr to)
{
	CUDA_MEMCPY2D copy;

	memset(&copy, 0, sizeof(copy));
	copy.srcMemoryType = CU_MEMORYTYPE_HOST;
	copy.srcHost = from;
	copy.srcPitch = 16;
	copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
	copy.dstDevice = to;
	copy.dstPitch = 512;
	copy.WidthInBytes = 8;
	copy.Height = 2;
	return copy;
}

static void rows(CUdeviceptr a)
{
	unsigned from[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	CUDA_MEMCPY2D copy = to_device(from, a);

	NEED(cuMemsetD32(a, 0, 1024));
	copy.srcXInBytes = 4;
	copy.dstXInBytes = 8;
	copy.dstY = 1;
	RULE("cuMemcpy2D", CUDA_SUCCESS, cuMemcpy2D(&copy));
	RULE("cuMemcpy2D: the first word", 2, at(a + 512 + 8));
	RULE("cuMemcpy2D: the last word", 7, at(a + 1024 + 12));
	RULE("cuMemcpy2D: what is beside", 0, at(a + 512 + 4) | at(a + 512 + 16));
	RULE("cuMemcpy2DUnaligned", CUDA_SUCCESS, cuMemcpy2DUnaligned(&copy));
	RULE("cuMemcpy2D of NULL", CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(NULL));
	copy = to_device(from, a);
	copy.Height = 0;
	RULE("cuMemcpy2D of no rows", CUDA_SUCCESS, cuMemcpy2D(&copy));
	copy = to_device(from, a);
	copy.WidthInBytes = 0;
	RULE("cuMemcpy2D of no columns", CUDA_SUCCESS, cuMemcpy2D(&copy));
	copy = to_device(from, a);
	copy.srcPitch = 4;
	RULE("cuMemcpy2D from rows that overlap", CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
	copy = to_device(from, a);
	copy.dstPitch = 4;
	RULE("cuMemcpy2D to rows that overlap", CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
	copy = to_device(from, a);
	copy.dstMemoryType = (CUmemorytype)9;
	RULE("cuMemcpy2D to no kind of memory", CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
	copy = to_device(from, a + 4096 - 512);
	RULE("cuMemcpy2D past the end", CUDA_ERROR_INVALID_VALUE, cuMemcpy2D(&copy));
}

static void volumes(CUdeviceptr a)
{
	unsigned from[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	CUDA_MEMCPY3D copy;

	memset(&copy, 0, sizeof(copy));
	copy.srcMemoryType = CU_MEMORYTYPE_HOST;
	copy.srcHost = from;
	copy.srcPitch = 8;
	copy.srcHeight = 2;
	copy.dstMemoryType = CU_MEMORYTYPE_DEVICE;
	copy.dstDevice = a;
	copy.dstPitch = 512;
	copy.dstHeight = 4;
	copy.WidthInBytes = 8;
	copy.Height = 2;
	copy.Depth = 2;
	RULE("cuMemcpy3D", CUDA_SUCCESS, cuMemcpy3D(&copy));
	RULE("cuMemcpy3D: the last word", 8, at(a + 2048 + 512 + 4));
	RULE("cuMemcpy3D of NULL", CUDA_ERROR_INVALID_VALUE, cuMemcpy3D(NULL));
}

void rules_copies(void)
{
	unsigned words[4] = { 1, 2, 3, 4 }, back = 0;
	CUdeviceptr a;

	NEED(cuMemAlloc(&a, 4096));
	RULE("cuMemcpyHtoD", CUDA_SUCCESS, cuMemcpyHtoD(a, words, sizeof(words)));
	RULE("cuMemcpyDtoD", CUDA_SUCCESS, cuMemcpyDtoD(a + 64, a, 16));
	RULE("cuMemcpyDtoD copies", 3, at(a + 64 + 8));
	RULE("cuMemcpy finds out the direction", CUDA_SUCCESS,
	     cuMemcpy((uintptr_t)&back, a + 12, 4));
	RULE("cuMemcpy copies", 4, back);
	RULE("cuMemcpyHtoD of nothing", CUDA_SUCCESS, cuMemcpyHtoD(a, words, 0));
	RULE("cuMemcpyDtoH of nothing", CUDA_SUCCESS, cuMemcpyDtoH(words, a, 0));
	RULE("cuMemcpyHtoD of nothing from NULL", CUDA_SUCCESS, cuMemcpyHtoD(a, NULL, 0));
	RULE("cuMemcpyHtoD from NULL", CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, NULL, 16));
	RULE("cuMemcpyDtoH to NULL", CUDA_ERROR_INVALID_VALUE, cuMemcpyDtoH(NULL, a, 16));
	RULE("cuMemcpyHtoD to 0", CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(0, words, 16));
	RULE("cuMemcpyHtoDAsync to 0", CUDA_ERROR_INVALID_VALUE,
	     cuMemcpyHtoDAsync(0, words, 16, NULL));
	rows(a);
	volumes(a);
	RULE("copies that were refused leave nothing behind", CUDA_SUCCESS, cuCtxSynchronize());
}

/* Memory that may be read and not written. */
void rules_read_only(void)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr a = conform_mapped(2 * MIB, &handle);
	unsigned word;

	NEED(conform_access(a, 2 * MIB, CU_MEM_ACCESS_FLAGS_PROT_READ));
	RULE("read only: cuMemcpyDtoH", CUDA_SUCCESS, cuMemcpyDtoH(&word, a, 4));
	RULE("read only: cuMemsetD8", CUDA_ERROR_INVALID_VALUE, cuMemsetD8(a, 0, 16));
	RULE("read only: cuMemcpyHtoD", CUDA_ERROR_INVALID_VALUE, cuMemcpyHtoD(a, &word, 4));
}
