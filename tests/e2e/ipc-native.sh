#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# AEROSTAT_IPC=native: what the ledger and the queries say of blocks that the driver serves, the limit, and
# that other programs are none the wiser.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the steps' shell does not run in an emulator"
export AEROSTAT_IPC=native

ledger="sh=env -u LD_PRELOAD -u LD_LIBRARY_PATH ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
$tool doctor --pid \$PPID | sed -n 's/.*claimed \(.*\) of .*, cached \(.*\), .* blocks, \(.* chunks\)/claimed \1, cached \2, \3/p'"

# steps STEP...: a served program does them.
steps()
{
	preloaded 13000 "$apps/app_steps" start "$@" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$*: fails"
	}
	grep -v -e '^start -> 0$' -e '^done$' "$work/out" >"$work/said"
}

# says LINE...: what the steps have said.
says()
{
	printf '%s\n' "$@" >"$work/expected"
	diff "$work/expected" "$work/said" >&2 || {
		cat "$work/err" >&2
		fail "the program said something else"
	}
}
none='claimed 0 bytes, cached 0 bytes, 0 chunks'
five='claimed 6 MiB, cached 0 bytes, 0 chunks'

# Whole granules, each claimed for as long as it is there. (The context takes 16 MiB.)
steps alloc=5 "$ledger" info alloc=200 "$ledger" free=0 free=0 "$ledger" free=1 "$ledger" info
says 'alloc=5 -> 0' "$five" 'free 490 of 512, info -> 0' 'alloc=200 -> 0' \
	'claimed 206 MiB, cached 0 bytes, 0 chunks' 'free=0 -> 0' 'free=0 -> 1' \
	'claimed 200 MiB, cached 0 bytes, 0 chunks' 'free=1 -> 0' "$none" 'free 496 of 512, info -> 0'

# Small ones as they are: the driver packs them.
steps pitch=1 "$ledger" small=100 "$ledger" free=0 free=1 "$ledger"
says 'pitch=1 -> 0' 'claimed 512 bytes, cached 0 bytes, 0 chunks' 'small=100 -> 0' \
	'claimed 1 KiB, cached 0 bytes, 0 chunks' 'free=0 -> 0' 'free=1 -> 0' "$none"

steps alloc=5 free-async=0 "$ledger" alloc=5 "$ledger"
says 'alloc=5 -> 0' 'free-async=0 -> 0' "$none" 'alloc=5 -> 0' "$five"

# They go with their context.
steps alloc=5 push alloc=4 alloc=8 destroy "$ledger" reset "$ledger"
says 'alloc=5 -> 0' 'push -> 0' 'alloc=4 -> 0' 'alloc=8 -> 0' 'destroy -> 0' "$five" 'reset -> 0' "$none"

# The limit, which the queries tell; and what the public API says.
(
	AEROSTAT_LIMIT=128M
	export AEROSTAT_LIMIT
	steps alloc=100 alloc=29 "$ledger" info stats alloc=28 info free=0 free=2 info stats
	says 'alloc=100 -> 0' 'alloc=29 -> 2' 'claimed 100 MiB, cached 0 bytes, 0 chunks' \
		'free 28 of 128, info -> 0' 'resident 100, native 100, 1 blocks, stats -> 0' \
		'alloc=28 -> 0' 'free 0 of 128, info -> 0' 'free=0 -> 0' 'free=2 -> 0' \
		'free 128 of 128, info -> 0' 'resident 0, native 0, 0 blocks, stats -> 0'
) || exit 1

# What the driver refuses is not accounted.
for code in 2 999; do
	SIMCUDA_FAIL=cuMemAlloc_v2:1=$code steps alloc=5 "$ledger" alloc=5 "$ledger"
	says "alloc=5 -> $code" "$none" 'alloc=5 -> 0' "$five"
	SIMCUDA_FAIL=cuMemFree_v2:1=$code steps alloc=5 free=0 "$ledger" free=0 "$ledger"
	says 'alloc=5 -> 0' "free=0 -> $code" "$five" 'free=0 -> 0' "$none"
done

steps "sh=env -u LD_PRELOAD -u LD_LIBRARY_PATH $tool doctor --pid \$PPID >$work/doctor; true"
grep -q '^ok *memory: from the driver' "$work/doctor" || fail "doctor does not tell: $(cat "$work/doctor")"

for program in app_capture app_context app_errors "app_free_async memory" app_free_async app_oom app_queries \
	"app_queries share" app_threads app_fence app_churn; do
	# shellcheck disable=SC2086
	native 13000 "$apps"/$program >"$work/native" || fail "$program: fails natively"
	# shellcheck disable=SC2086
	preloaded 13000 "$apps"/$program >"$work/served" 2>"$work/err" || fail "$program: fails preloaded"
	diff "$work/native" "$work/served" >&2 || fail "$program: prints something else when preloaded"
done
