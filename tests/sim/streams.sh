#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# t_streams with its C twin; the kernel that has none is named on standard error.
. "${top_builddir:-.}/tests/env.sh"

SIMCUDA_KERNELS=$abs_builddir/tests/sim/.libs/twins.so
export SIMCUDA_KERNELS
"$abs_builddir/tests/sim/t_streams" 2>"$work/err" || fail "$(cat "$work/err")"
grep -q '^simcuda: kernel lonely has no C twin' "$work/err" || fail "no word about the kernel"
