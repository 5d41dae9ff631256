#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Legacy IPC: between two processes with AEROSTAT_IPC=native, refused without, with one line however often.
# shellcheck disable=SC2030,SC2031
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the program starts itself, which an emulator does not see"

native 13000 "$apps/app_ipc" >"$work/native" 2>"$work/err" || fail "fails natively: $(cat "$work/err")"
expect_lines "$work/native" 6 ': wrong words 0$' "natively"
(
	AEROSTAT_IPC=native SIMCUDA_TRACE=$work/trace
	export AEROSTAT_IPC SIMCUDA_TRACE
	preloaded 13000 "$apps/app_ipc" >"$work/served" 2>"$work/err" || {
		cat "$work/served" "$work/err" >&2
		fail "fails preloaded"
	}
) || exit 1
diff "$work/native" "$work/served" >&2 || fail "prints something else when preloaded"
expect_lines "$work/err" 2 ', memory from the driver (AEROSTAT_IPC=native)$' "both say it in the first line"
expect_lines "$work/trace" 0 ' cuMemMap ' "the pool served"
grep -q 'no effect' "$work/err" && fail "the option is said to have no effect"

preloaded 13000 "$apps/app_ipc" >"$work/served" 2>"$work/err" || fail "fails without the option"
expect_lines "$work/served" 3 'cuIpcGetMemHandle(.*) -> 801$' "refused"
expect_lines "$work/err" 1 'cuIpcGetMemHandle: .*AEROSTAT_IPC=native' "one line, and what to do"
[ "$(wc -l <"$work/err")" = 2 ] || fail "more lines than the first one and that: $(cat "$work/err")"
