#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Peer access that cannot be: between devices that do not reach each other, and when the driver fails to
# open a chunk. The program is told, nothing is half open, and access is set no more often than it changes.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

export SIMCUDA_DEVICES=2

# sets: how often access was set.
sets()
{
	sed -n 's/.* cuMemSetAccess //p' "$work/trace" | awk '{ n += $1 } END { print n + 0 }'
}

SIMCUDA_NO_PEER=1 native 13000 "$apps/app_peer" none >"$work/native" || fail "none: fails natively"
SIMCUDA_NO_PEER=1 preloaded 13000 "$apps/app_peer" none >"$work/served" 2>"$work/err" ||
	fail "none: fails preloaded: $(cat "$work/err")"
diff "$work/native" "$work/served" >&2 || fail "none: prints something else when preloaded"
expect_lines "$work/served" 1 'cuCtxEnablePeerAccess(first.context, 0) -> 217' "no way to the other device"

# Access to one device is access to that one's memory, whoever else has given or has some.
SIMCUDA_DEVICES=3 native 13000 "$apps/app_peer" chain >"$work/native" || fail "chain: fails natively"
SIMCUDA_DEVICES=3 preloaded 13000 "$apps/app_peer" chain >"$work/served" 2>"$work/err" ||
	fail "chain: fails preloaded: $(cat "$work/err")"
diff "$work/native" "$work/served" >&2 || fail "chain: prints something else when preloaded"
expect_lines "$work/served" 3 "^the next one's: access 0, 3\$" "one step"
expect_lines "$work/served" 3 "^the one's after that: access 0, 0\$" "two steps"

steps()
{
	rm -f "$work/trace"
	SIMCUDA_TRACE=$work/trace preloaded 13000 "$apps/app_steps" "$@" >"$work/served" 2>"$work/err" || {
		cat "$work/served" "$work/err" >&2
		fail "$*: fails"
	}
}

# Two blocks on device 0, in one extent each; a context of device 1 opens and closes them.
steps start alloc=4 alloc=8
before=$(sets)
steps start alloc=4 alloc=8 push-on=1 peer peer unpeer unpeer
[ "$(sets)" = $((before + 4)) ] || fail "access was set $(sets) times, without peers $before"
expect_lines "$work/served" 1 '^peer -> 0$' "enabled"
expect_lines "$work/served" 1 '^peer -> 704$' "enabled twice"
expect_lines "$work/served" 1 '^unpeer -> 0$' "disabled"
expect_lines "$work/served" 1 '^unpeer -> 705$' "disabled twice"

# The driver has no memory for it while the cache is there.
SIMCUDA_FAIL=cuCtxEnablePeerAccess:1=2 AEROSTAT_CACHE=100% steps start alloc=4 alloc=8 free=1 push-on=1 peer access=0
expect_lines "$work/served" 1 '^peer -> 0$' "enabled once the cache is given back"
expect_lines "$work/served" 1 '^access 3, access=' "and open"
SIMCUDA_FAIL=cuCtxEnablePeerAccess:1=2 AEROSTAT_CACHE=100% steps start alloc=4 push-on=1 peer
expect_lines "$work/served" 1 '^peer -> 2$' "nothing to give back"

# The second block cannot be opened: the code, access to neither, and it can be tried again.
SIMCUDA_FAIL=cuMemSetAccess:$((before + 2))=999 steps start alloc=4 alloc=8 push-on=1 \
	peer access=0 access=1 unpeer peer access=0 access=1
expect_lines "$work/served" 1 '^peer -> 999$' "a chunk that cannot be opened"
expect_lines "$work/served" 2 '^access 0, access=' "nothing half open"
expect_lines "$work/served" 1 '^unpeer -> 705$' "not enabled"
expect_lines "$work/served" 1 '^peer -> 0$' "tried again"
expect_lines "$work/served" 2 '^access 3, access=' "all open"

# It cannot be closed: the driver has, and one line says so.
SIMCUDA_FAIL=cuMemSetAccess:$((before + 3))=999 steps start alloc=4 alloc=8 push-on=1 peer unpeer
expect_lines "$work/served" 1 '^unpeer -> 0$' "disabled natively"
expect_lines "$work/err" 1 'device 0: its memory stays open to device 1: CUDA error 999' "one line"
