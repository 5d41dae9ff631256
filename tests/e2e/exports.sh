#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The library needs nothing but libc, no symbol newer than GLIBC_2.34, and exports what it must.
. ./tests/env.sh

[ -e "$lib" ] || fail "no $lib"
command -v readelf >/dev/null || skip "no readelf"

readelf --dyn-syms -W "$lib" |
	awk '$7 != "UND" && ($5 == "GLOBAL" || $5 == "WEAK") && $8 != "" { sub(/@.*/, "", $8); print $8 }' |
	sort >"$work/exported"
sort "$abs_builddir/src/shim/libaerostat.sym" >"$work/wanted"
[ -s "$work/wanted" ] || fail "the list of exports is empty"
diff "$work/wanted" "$work/exported" || fail "the exports differ from the table"

# Look-ups tell our functions by the section that all wrappers lie in.
section=$(readelf -SW "$lib" | sed -n 's/^ *\[ *\([0-9]*\)\] ae_wrappers .*/\1/p')
[ -n "$section" ] || fail "no section of wrappers"
readelf --dyn-syms -W "$lib" |
	awk -v section="$section" '$7 == section { sub(/@.*/, "", $8); print $8 }' | sort >"$work/wrappers"
grep '^cu' "$work/wanted" | diff - "$work/wrappers" || fail "the section of wrappers holds something else"

# Instrumented builds need their run time; what follows is about the product.
[ -z "$sanitizer_libs" ] || skip "a sanitizer's run time is linked in (the exports were compared)"

needed=$(readelf -dW "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|ld-linux.*)$')
[ -z "$needed" ] || fail "needs more than libc: $needed"

readelf -VW "$lib" | grep -o 'GLIBC_2\.[0-9]*' | sort -u | while read -r version; do
	[ "${version#GLIBC_2.}" -le 34 ] || fail "needs $version"
done || exit 1
readelf -VW "$lib" | grep -q 'GLIBC_2\.' || fail "found no version to compare"
