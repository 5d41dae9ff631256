#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Green contexts, and what the ledger says: nothing stays behind, and nothing goes too early; also with
# blocks that the driver serves.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the steps' shell does not run in an emulator"
export AEROSTAT_CACHE=0

ledger="sh=env -u LD_PRELOAD -u LD_LIBRARY_PATH ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
$tool doctor --pid \$PPID | sed -n 's/.*claimed \(.*\) of .*/claimed \1/p'"

for ipc in emulate native; do
	export AEROSTAT_IPC=$ipc
	preloaded 13000 "$apps/app_steps" start alloc=4 green alloc=8 free=0 "$ledger" ungreen "$ledger" \
		free=1 "$ledger" green alloc=8 alloc=2 release "$ledger" ungreen "$ledger" start alloc=4 \
		green alloc=8 reset "$ledger" green alloc=8 free-async=6 ungreen alloc=2 "$ledger" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$ipc: fails"
	}
	grep '^claimed' "$work/out" >"$work/said"
	printf 'claimed %s\n' '8 MiB' '8 MiB' '0 bytes' '10 MiB' '0 bytes' '0 bytes' '2 MiB' >"$work/expected"
	diff "$work/expected" "$work/said" >&2 || {
		cat "$work/out" "$work/err" >&2
		fail "$ipc: the ledger says something else"
	}
	# An end that fails ends nothing: it stays one of the primary context's. This one is left in the end.
	SIMCUDA_FAIL=cuGreenCtxDestroy:1=999 preloaded 13000 "$apps/app_steps" start green ungreen alloc=8 release \
		"$ledger" ungreen "$ledger" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$ipc: an end that fails"
	}
	expect_lines "$work/out" 1 '^ungreen -> 999$' "$ipc: an end that fails"
	grep '^claimed' "$work/out" >"$work/said"
	printf 'claimed %s\n' '8 MiB' '0 bytes' >"$work/expected"
	diff "$work/expected" "$work/said" >&2 || fail "$ipc: an end that fails: the ledger says something else"
done
