#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# AEROSTAT_LIMIT holds for one process: it is what memory queries call total, no allocation goes
# beyond it, and what is freed can be had again.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

# fill: the most memory that the program gets, in MiB, by its own count.
fill()
{
	preloaded 13000 "$apps/app_fill" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "app_fill fails"
	}
	sed -n 's/^filled \([0-9]*\) MiB$/\1/p' "$work/out"
}

filled=$(AEROSTAT_LIMIT=128M fill)
[ "$filled" = 128 ] || fail "with AEROSTAT_LIMIT=128M a program got $filled MiB"
expect_lines "$work/out" 1 '^total 128 MiB, free 128 MiB$' "what the queries say"
expect_lines "$work/out" 1 '^when full: free 0 MiB$' "what is left"
expect_lines "$work/out" 1 '^out of memory is 2$' "the code"
expect_lines "$work/out" 1 '^again 128 MiB$' "what was freed can be had again"

filled=$(AEROSTAT_LIMIT=25% fill)
[ "$filled" = 128 ] || fail "with AEROSTAT_LIMIT=25% of 512M a program got $filled MiB"

filled=$(AEROSTAT_LIMIT=1T fill)
[ "$filled" -gt 400 ] || fail "with a limit above the device a program got $filled MiB"
expect_lines "$work/out" 1 '^total 512 MiB' "a limit above the device is the device's size"

filled=$(AEROSTAT_LIMIT=128M AEROSTAT_MEMINFO=physical fill)
[ "$filled" = 128 ] || fail "with AEROSTAT_MEMINFO=physical a program got $filled MiB"
expect_lines "$work/out" 1 '^total 512 MiB' "the device's own figures"
