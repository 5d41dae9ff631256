#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Options that show outside of the process: the trace, the warnings, a device without VMM.
. "${top_builddir:-.}/tests/env.sh"

SIMCUDA_TRACE=$work/trace SIMCUDA_MEM=1Q SIMCUDA_DRIVER=12040 \
	"$abs_builddir/tests/sim/t_options" 1 2>"$work/err" || fail "$(cat "$work/err")"
grep -q '^simcuda: SIMCUDA_MEM=1Q' "$work/err" || fail "no word about a malformed value"
grep -q '^simcuda: SIMCUDA_DRIVER=12040, but' "$work/err" || fail "no word about the driver"
[ "$(wc -l <"$work/err")" -eq 2 ] || fail "$(cat "$work/err")"
grep -Eq '^[0-9]+ cuMemAlloc_v2 2$' "$work/trace" || fail "$(cat "$work/trace")"
grep -Eq '^[0-9]+ cuMemCreate 1$' "$work/trace" || fail "$(cat "$work/trace")"
grep -Eq '^[0-9]+ cuArray3DCreate_v2 1$' "$work/trace" || fail "stubs are not counted"
grep -q cuMemFree_v2 "$work/trace" && fail "a call that nobody made"
SIMCUDA_NO_VMM=1 "$abs_builddir/tests/sim/t_options" 0 || fail "SIMCUDA_NO_VMM"
exit 0
