#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What the ledger says of a process from outside, whole and after driver calls that failed; that the
# program gets the driver's own code for each of those; and that nothing of them stays.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the steps' shell does not run in an emulator"
export AEROSTAT_CACHE=0

# The step that shows the process's line of the ledger.
ledger="sh=env -u LD_PRELOAD -u LD_LIBRARY_PATH ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
$tool doctor --pid \$PPID | sed -n 's/.*claimed \(.*\) of .*, cached \(.*\), \(.* chunks\)/claimed \1, cached \2, \3/p'"

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
none='claimed 0 bytes, cached 0 bytes, 0 blocks, 0 chunks'
four='claimed 4 MiB, cached 0 bytes, 1 blocks, 1 chunks'

# No memory but for the program's, from the first allocation on.
steps alloc=5 "$ledger" alloc=200 "$ledger" free=0 "$ledger" free=1 "$ledger" info
says 'alloc=5 -> 0' 'claimed 6 MiB, cached 0 bytes, 1 blocks, 1 chunks' \
	'alloc=200 -> 0' 'claimed 206 MiB, cached 0 bytes, 2 blocks, 3 chunks' \
	'free=0 -> 0' 'claimed 200 MiB, cached 0 bytes, 1 blocks, 2 chunks' \
	'free=1 -> 0' "$none" 'free 496 of 512, info -> 0'

steps alloc=4 free-async=0 alloc=4 "$ledger"
says 'alloc=4 -> 0' 'free-async=0 -> 0' 'alloc=4 -> 0' "$four"

steps push alloc=4 alloc=8 destroy "$ledger"
says 'push -> 0' 'alloc=4 -> 0' 'alloc=8 -> 0' 'destroy -> 0' "$none"

# What is cached is claimed, and counts as free in the queries.
(
	AEROSTAT_CACHE=100%
	steps alloc=4 free=0 "$ledger" info create=480 "$ledger"
	says 'alloc=4 -> 0' 'free=0 -> 0' \
		'claimed 4 MiB, cached 4 MiB, 0 blocks, 1 chunks' 'free 496 of 512, info -> 0' \
		'create=480 -> 0' 'claimed 4 MiB, cached 4 MiB, 0 blocks, 1 chunks'
) || exit 1

# fails RULE CODE [STEP...]: with the driver failing so, the first allocation has that code; the next one
# is served, and accounted alone. Joining the ledger tries one cuMemCreate: the first of the program's is
# the second.
fails()
{
	rm -f "$AEROSTAT_DIR"/*.ledger # a member that has just died would be a reason to ask again
	SIMCUDA_FAIL=$1=$2 steps alloc=4 "$ledger" info alloc=4 "$ledger" free=1 "$ledger"
	says "alloc=4 -> $3" "$none" 'free 496 of 512, info -> 0' 'alloc=4 -> 0' "$four" \
		'free=1 -> 0' "$none"
}

for code in 1 2 700 719 801 999; do
	fails cuMemCreate:2 $code $code
	fails cuMemMap:1 $code $code
	fails cuMemSetAccess:1 $code $code
	[ $code = 2 ] || fails cuMemAddressReserve:1 $code $code
done
# Less address space may be had than was asked for first.
SIMCUDA_FAIL=cuMemAddressReserve:1=2 steps alloc=4 "$ledger"
says 'alloc=4 -> 0' "$four"

# One of several chunks.
SIMCUDA_FAIL=cuMemCreate:4=999 steps alloc=300 "$ledger" alloc=300 "$ledger"
says 'alloc=300 -> 999' "$none" 'alloc=300 -> 0' 'claimed 300 MiB, cached 0 bytes, 1 blocks, 3 chunks'

# A code is of the call that failed, not of one before it.
SIMCUDA_FAIL=cuMemCreate:2=999 steps alloc=4 alloc=600 alloc=4
says 'alloc=4 -> 999' 'alloc=600 -> 2' 'alloc=4 -> 0'

# Properties that the driver refuses are done without, and the pool serves.
for rule in cuMemCreate:1=1 cuMemGetAllocationGranularity:1=1 \
	cuMemGetAllocationGranularity:1=1,cuMemCreate:1=1 cuMemCreate:1=800; do
	rm -f "$work/trace"
	SIMCUDA_TRACE=$work/trace SIMCUDA_FAIL=$rule steps alloc=4 "$ledger"
	says 'alloc=4 -> 0' "$four"
	grep -q ' cuMemAlloc_v2 ' "$work/trace" && fail "$rule: the driver served"
done

SIMCUDA_NO_EXPORT=1 SIMCUDA_TRACE=$work/trace steps alloc=4 "$ledger"
says 'alloc=4 -> 0' "$four"
grep -q ' cuMemAlloc_v2 ' "$work/trace" && fail "no exports: the driver served"

# A free in a stream that cannot be: the block is the program's still.
SIMCUDA_FAIL=cuEventRecord:1=999 steps alloc=4 free-async=0 "$ledger" free=0 "$ledger"
says 'alloc=4 -> 0' 'free-async=0 -> 999' "$four" 'free=0 -> 0' "$none"
SIMCUDA_FAIL=cuEventCreate:1=2 steps alloc=4 free-async=0 free-async=0 alloc=4 "$ledger"
says 'alloc=4 -> 0' 'free-async=0 -> 2' 'free-async=0 -> 0' 'alloc=4 -> 0' "$four"

# The free's own synchronisation fails: the code, and nothing freed.
SIMCUDA_FAIL=cuCtxSynchronize:1=719 steps alloc=4 free=0 "$ledger" free=0 "$ledger"
says 'alloc=4 -> 0' 'free=0 -> 719' "$four" 'free=0 -> 0' "$none"
