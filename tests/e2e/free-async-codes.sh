#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Stream-ordered frees where drivers differ among themselves: what is wanted before the stream has come
# so far is waited for; a second free is refused, as a plain one would be; and in a stream that captures
# a block of the pool cannot be freed, which the program is told, and nothing is broken.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

export SIMCUDA_MEM=128M

# served WHAT
served()
{
	preloaded 13000 "$apps/app_free_async" "$1" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$1: fails"
	}
}

served patient
expect_lines "$work/out" 2 '^wanted before the stream has come so far: 0$' "patience"

native 13000 "$apps/app_free_async" twice >"$work/native" || fail "twice: fails natively"
served twice
diff "$work/native" "$work/out" >&2 || fail "twice: other codes than natively"

served captured
expect_lines "$work/out" 2 '^free_in(block, quick) -> 1$' "in a capture"
expect_lines "$work/out" 2 '^cuStreamEndCapture(.*) -> 0$' "the capture"
expect_lines "$work/out" 2 '^cuMemFree(block) -> 0$' "the block is still there"
