/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Another library that is preloaded before us, as profilers are: it wraps two functions, counts, and
 * passes on to whoever is next. At its end it says how often it was called.
 */
#include <dlfcn.h>

#include "app.h"

CUresult interpose_alloc(CUdeviceptr *dptr, size_t bytesize);

static unsigned long allocations, frees;
static __thread int inside;

static void *next(const char *name)
{
	void *volatile symbol = dlsym(RTLD_NEXT, name);

	return symbol;
}

static void enter(void)
{
	/* Somebody has passed it back to us. */
	if (inside++) {
		fputs("interpose: recursion\n", stderr);
		_exit(99);
	}
}

CUresult cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytesize)
{
	CUresult (*real)(CUdeviceptr *, size_t) = next("cuMemAlloc_v2");
	CUresult result;

	enter();
	result = real ? real(dptr, bytesize) : CUDA_ERROR_UNKNOWN;
	inside--;
	allocations++;
	return result;
}

CUresult cuMemFree_v2(CUdeviceptr dptr)
{
	CUresult (*real)(CUdeviceptr) = next("cuMemFree_v2");
	CUresult result;

	enter();
	result = real ? real(dptr) : CUDA_ERROR_UNKNOWN;
	inside--;
	frees++;
	return result;
}

/* For a program that has found us: whoever comes behind us allocates. */
CUresult interpose_alloc(CUdeviceptr *dptr, size_t bytesize)
{
	CUresult (*real)(CUdeviceptr *, size_t) = next("cuMemAlloc_v2");

	return real ? real(dptr, bytesize) : CUDA_ERROR_UNKNOWN;
}

__attribute__((destructor)) static void say(void)
{
	fprintf(stderr, "interpose: %lu allocations, %lu frees\n", allocations, frees);
}
