#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# scripts/check-hooks with headers of a newer toolkit: it finds each kind of function that no table knows.
. "${top_builddir:-.}/tests/env.sh"

mkdir "$work/include"
sed -n 's/^AE_\(HOOK\|GATED\|SAFE\)(\([A-Za-z0-9_]*\),.*/CUresult CUDAAPI \2(void);/p' \
	"$abs_srcdir"/src/cuda/hooks.def "$abs_srcdir"/src/cuda/gated.def "$abs_srcdir"/src/cuda/safe.def \
	>"$work/include/cuda.h"
"$abs_srcdir/scripts/check-hooks" "$work/include" >"$work/out" 2>&1 ||
	fail "complains of headers without anything new: $(cat "$work/out")"

# new HEADER LINE SYMBOL
new()
{
	cp "$work/include/cuda.h" "$work/kept"
	echo "$2" >>"$work/include/$1"
	if "$abs_srcdir/scripts/check-hooks" "$work/include" >"$work/out" 2>&1; then
		fail "$1: '$2' goes unnoticed"
	fi
	[ "$(cat "$work/out")" = "$work/include/$1 has $3, which is in none of hooks.def, gated.def and safe.def" ] ||
		fail "$1: '$2': $(cat "$work/out")"
	[ "$1" = cuda.h ] || rm "$work/include/$1"
	cp "$work/kept" "$work/include/cuda.h"
}
new cuda.h 'CUresult CUDAAPI cuMemcpyFuture(CUdeviceptr dst);' cuMemcpyFuture
new cuda.h '#define cuMemAlloc cuMemAlloc_v9' cuMemAlloc_v9
new cuda.h '    #define cuMemcpyBatchAsync  __CUDA_API_PTSZ(cuMemcpyBatchAsync_v9)' cuMemcpyBatchAsync_v9_ptsz
new cuda.h '    #define cuMemcpyHtoD  __CUDA_API_PTDS(cuMemcpyHtoD_v9)' cuMemcpyHtoD_v9_ptds
new cudaProfiler.h 'CUresult CUDAAPI cuProfilerFuture(void);' cuProfilerFuture
new cudaGL.h '#define cuGLCtxCreate cuGLCtxCreate_v9' cuGLCtxCreate_v9
new cudaEGL.h 'CUresult CUDAAPI cuEGLFuture(void);' cuEGLFuture
new cudaVDPAU.h 'CUresult CUDAAPI cuVDPAUFuture(void);' cuVDPAUFuture
exit 0
