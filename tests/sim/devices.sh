#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# t_devices with the C twin of its kernel.
. "${top_builddir:-.}/tests/env.sh"

SIMCUDA_KERNELS=$abs_builddir/tests/sim/.libs/twins.so
export SIMCUDA_KERNELS
"$abs_builddir/tests/sim/t_devices" 2>"$work/err" || fail "$(cat "$work/err")"
