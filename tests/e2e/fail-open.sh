#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# When something of ours cannot work: one line, and the program runs natively. With AEROSTAT_STRICT,
# cuInit fails instead. AEROSTAT_DISABLE: nothing at all.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

native 13000 "$apps/app_linked" >"$work/expected" || fail "the program fails natively"

# natively WHAT: runs the program preloaded in the present environment and wants its native output,
# one line of ours, and no chunk.
natively()
{
	rm -f "$work/trace"
	SIMCUDA_TRACE=$work/trace preloaded 13000 "$apps/app_linked" >"$work/out" 2>"$work/err" || {
		cat "$work/err" >&2
		fail "$1: the program fails"
	}
	diff "$work/expected" "$work/out" || fail "$1: the program prints something else"
	grep -q ' cuMemAlloc_v2 ' "$work/trace" || fail "$1: no native allocation was seen"
}

one_line()
{
	[ "$(wc -l <"$work/err")" = 1 ] || {
		cat "$work/err" >&2
		fail "$1: expected one line"
	}
	grep -q "$2" "$work/err" || {
		cat "$work/err" >&2
		fail "$1: the line does not say '$2'"
	}
}

# strict WHAT: cuInit fails in the present environment, and the reason is given.
strict()
{
	AEROSTAT_STRICT=1 preloaded 13000 "$apps/app_linked" >"$work/out" 2>"$work/err"
	grep -q 'cuInit(0) -> 802' "$work/out" || fail "$1: AEROSTAT_STRICT: $(cat "$work/out")"
	grep -q 'AEROSTAT_STRICT: cuInit fails' "$work/err" || fail "$1: $(cat "$work/err")"
}

export SIMCUDA_NO_VMM=1
natively "a device without VMM"
one_line "a device without VMM" "no virtual memory management"
strict "a device without VMM"
unset SIMCUDA_NO_VMM

touch "$work/file"
(
	AEROSTAT_DIR=$work/file
	natively "a directory that is a file"
	one_line "a directory that is a file" "$work/file"
	strict "a directory that is a file"
	AEROSTAT_DIR=$work/missing/dir
	natively "a directory that cannot be made"
	one_line "a directory that cannot be made" "$work/missing"
	mkdir "$work/open"
	chmod 0777 "$work/open"
	AEROSTAT_DIR=$work/open
	natively "a directory that others may write"
	one_line "a directory that others may write" "$work/open"
) || exit 1

# A full file system, where this user may mount one.
mkdir "$work/full"
if mount -t tmpfs -o size=4k,mode=0700 none "$work/full" 2>/dev/null; then
	head -c 4096 /dev/zero >"$work/full/filler" 2>/dev/null
	(
		export AEROSTAT_DIR="$work/full"
		SIMCUDA_DIR=$work/sim
		natively "a full directory"
		one_line "a full directory" "$work/full"
	)
	status=$?
	umount "$work/full"
	[ $status -eq 0 ] || exit 1
fi

export AEROSTAT_DISABLE=1
natively "AEROSTAT_DISABLE"
[ ! -s "$work/err" ] || fail "AEROSTAT_DISABLE: said $(cat "$work/err")"
unset AEROSTAT_DISABLE

# The kill switch has not broken anything: without it the pool serves.
SIMCUDA_TRACE=$work/trace2 preloaded 13000 "$apps/app_linked" >"$work/out" 2>"$work/err" ||
	fail "the program fails preloaded"
grep -q ' cuMemCreate ' "$work/trace2" || fail "the pool did not serve"
