#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Our declarations of the driver's ABI against an official cuda.h.
. ./tests/env.sh

[ -x tests/abi/abi_official ] || skip "no CUDA toolkit found (--with-cuda=DIR)"
./tests/abi/abi_ours >"$work/ours" || fail "abi_ours"
./tests/abi/abi_official >"$work/official" || fail "abi_official"
[ -s "$work/ours" ] || fail "nothing to compare"
diff "$work/ours" "$work/official" || fail "src/cuda/abi.h differs from cuda.h"
