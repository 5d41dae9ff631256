#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# A block is freed after the driver has ended its context and before the call that ended it returns (the
# simulated driver is made to take its time): the program is told what it is told natively.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

export SIMCUDA_LINGER_MS=300

native 13000 "$apps/app_context_races" after >"$work/native" || fail "fails natively"
preloaded 13000 "$apps/app_context_races" after >"$work/served" 2>"$work/err" || fail "fails preloaded"
diff "$work/native" "$work/served" >&2 || fail "prints something else when preloaded"
