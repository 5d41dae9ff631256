#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Malformed and unknown AEROSTAT_* in a program that is served: one warning each, the value kept.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
SIMCUDA_MEM=4G

# served NAME=VALUE...: runs the program with these set; its log is in $work/err.
served()
{
	(
		for pair in "$@"; do
			export "${pair?}"
		done
		preloaded 13000 "$apps/app_linked" >"$work/out" 2>"$work/err"
	) || {
		cat "$work/err" >&2
		fail "$*: the program fails"
	}
}

served AEROSTAT_LIMIT=much
expect_lines "$work/err" 1 'AEROSTAT_LIMIT' "a malformed size"
expect_lines "$work/err" 1 'limit 4 GiB of 4 GiB' "the default is kept"

served AEROSTAT_LIMT=1G
expect_lines "$work/err" 1 'AEROSTAT_LIMT.*AEROSTAT_LIMIT' "an unknown name"

served AEROSTAT_QUANTUM=5s
expect_lines "$work/err" 1 'AEROSTAT_QUANTUM.*in this version' "an option on which nothing acts yet"

served AEROSTAT_LIMIT=1000T
expect_lines "$work/err" 1 'limit 4 GiB of 4 GiB' "a limit above the device is the device's size"

served AEROSTAT_LIMIT=1G AEROSTAT_MODEL=chat
expect_lines "$work/err" 1 'model chat, limit 1 GiB of 4 GiB' "a limit and a model"
expect_lines "$work/err" 1 '' "nothing else is said"

served AEROSTAT_LOG=error
[ ! -s "$work/err" ] || fail "AEROSTAT_LOG=error: said $(cat "$work/err")"

served AEROSTAT_LOG_FILE="$work/log"
[ ! -s "$work/err" ] || fail "AEROSTAT_LOG_FILE: still on standard error: $(cat "$work/err")"
expect_lines "$work/log" 1 'device 0' "AEROSTAT_LOG_FILE"
