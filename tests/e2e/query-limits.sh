#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What queries say under a limit, also the first version of the total, and that asking makes no member.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

steps()
{
	preloaded 13000 "$apps/app_steps" "$@" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$*: fails"
	}
}

# Of a device that has more than fits 32 bits.
export SIMCUDA_MEM=8G
AEROSTAT_LIMIT=128M steps init total=0 total-v1=0 total=1 total-v1=1
expect_lines "$work/out" 2 '^total 134217728, ' "under a limit"
expect_lines "$work/out" 1 '^total 0, total=1 -> 101$' "no such device"
expect_lines "$work/out" 1 '^total 0, total-v1=1 -> 101$' "no such device, first version"
AEROSTAT_LIMIT=6G steps init total=0 total-v1=0
expect_lines "$work/out" 1 '^total 6442450944, total=0 -> 0$' "a large limit"
expect_lines "$work/out" 1 '^total 4294967295, total-v1=0 -> 0$' "a large limit, first version"
AEROSTAT_LIMIT=25% steps init total-v1=0
expect_lines "$work/out" 1 '^total 2147483648, total-v1=0 -> 0$' "a part of it, first version"
AEROSTAT_LIMIT=128M AEROSTAT_MEMINFO=physical steps init total=0 total-v1=0
expect_lines "$work/out" 1 '^total 8589934592, ' "physical"
expect_lines "$work/out" 1 '^total 4294967295, ' "physical, first version"
[ ! -e "$AEROSTAT_DIR" ] || fail "asking for the total has made $(ls -R "$AEROSTAT_DIR")"
[ ! -s "$work/err" ] || fail "asking for the total said $(cat "$work/err")"

AEROSTAT_LIMIT=128M steps start total-v1=0 alloc=100 info free=0 info
expect_lines "$work/out" 1 '^total 134217728, ' "under a limit, served"
expect_lines "$work/out" 1 '^free 28 of 128, info' "allocated"
expect_lines "$work/out" 1 '^free 128 of 128, info' "freed, and in part cached"
# Freed in a stream's order, and nobody has looked yet how far the stream is.
AEROSTAT_LIMIT=128M steps start alloc=100 free-async=0 info
expect_lines "$work/out" 1 '^free 128 of 128, info' "freed in a stream's order"
AEROSTAT_LIMIT=128M AEROSTAT_CACHE=100% steps start alloc=100 free=0 info alloc=100 info
expect_lines "$work/out" 1 '^free 128 of 128, info' "cached"
expect_lines "$work/out" 1 '^free 28 of 128, info' "out of the cache"
