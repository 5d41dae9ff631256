#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each driver exports what the table says, and nothing else, and resolves names accordingly.
. "${top_builddir:-.}/tests/env.sh"

table=$abs_srcdir/src/sim/symbols.tsv
for driver in 11020 11080 12040 13000; do
	library=$sim/libcuda.so.1
	[ "$driver" = 13000 ] || library=$abs_builddir/src/sim/driver-$driver/.libs/libcuda.so.1
	awk -F '\t' -v driver="$driver" '!/^#/ && $2 + 0 <= driver + 0 { print $1 }' "$table" |
		sort >"$work/wanted"
	nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exported"
	diff "$work/wanted" "$work/exported" || fail "driver $driver: exports differ"
	"$abs_builddir/tests/sim/t_resolve" "$library" "$driver" || fail "driver $driver: resolver"
done
grep -c . "$work/exported"
