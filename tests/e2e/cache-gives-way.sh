#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The cache holds nearly the whole device. Other families of memory get it all the same; and when a
# context ends, other processes do.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

export AEROSTAT_CACHE=100%

steps()
{
	preloaded 13000 "$apps/app_steps" "$@" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$*: fails"
	}
}

expect()
{
	grep -q -x -e "$1" "$work/out" || {
		cat "$work/out" "$work/err" >&2
		fail "no '$1'"
	}
}

# The cache is there, or the rest shows nothing: 60 MiB natively taken, and what is allocated again is
# no new memory.
SIMCUDA_TRACE=$work/trace steps start alloc=440 free=0 alloc=440 free=0
expect 'alloc=440 -> 0'
[ "$(sed -n 's/.* cuMemCreate //p' "$work/trace")" = 5 ] ||
	fail "cuMemCreate was called $(sed -n 's/.* cuMemCreate //p' "$work/trace") times, not 5"

for other in create=440 async=440 managed=440 context=20; do
	steps start alloc=440 free=0 $other
	expect "$other -> 0"
done

[ -z "$AE_WRAPPER" ] || exit 0

# The cache of a peer gives way too: to its blocks, and to what the driver allocates for it.
export AEROSTAT_DECAY=60m
for other in alloc=400 create=400 async=400 managed=400; do
	steps start alloc=440 free=0 "sh=$apps/app_steps start $other 2>/dev/null | sed 's/^/peer: /'"
	expect "peer: $other -> 0"
done

# In another process: not while the cache has it, but once a context has ended.
outside="sh=env -u LD_PRELOAD $apps/app_steps start create=400 | sed 's/^/outside: /'"
steps start alloc=440 free=0 "$outside"
expect 'outside: create=400 -> 2'
steps start push alloc=440 free=0 destroy "$outside"
expect 'destroy -> 0'
expect 'outside: create=400 -> 0'
steps start push alloc=440 destroy "$outside"
expect 'outside: create=400 -> 0'
steps start alloc=440 free=0 reset "$outside"
expect 'outside: create=400 -> 0'
