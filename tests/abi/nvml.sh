#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Our declarations of NVML's ABI against the simulator's header, and against an official nvml.h where the
# toolkit has one.
. ./tests/env.sh

./tests/abi/nvml_ours >"$work/ours" || fail "nvml_ours"
[ -s "$work/ours" ] || fail "nothing to compare"
./tests/abi/nvml_sim >"$work/sim" || fail "nvml_sim"
diff "$work/ours" "$work/sim" || fail "src/cuda/nvml_abi.h differs from the simulator's nvml.h"

[ -x tests/abi/nvml_official ] || skip "the toolkit has no nvml.h, or there is none (--with-cuda=DIR); the simulator's was compared"
./tests/abi/nvml_official >"$work/official" || fail "nvml_official"
diff "$work/ours" "$work/official" || fail "src/cuda/nvml_abi.h differs from nvml.h"
