#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# options.def, --help and the man pages say the same; and the check that says so can fail.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

"$abs_srcdir/scripts/check-docs" "$tool" || fail "the documents have drifted apart"

# The same check, of a tree in which one default is another.
mkdir -p "$work/src/base" "$work/scripts"
cp -r "$abs_srcdir/man" "$work/man"
cp "$abs_srcdir/scripts/check-docs" "$work/scripts"
sed 's/"30s"/"31s"/' "$abs_srcdir/src/base/options.def" > "$work/src/base/options.def"
cmp -s "$abs_srcdir/src/base/options.def" "$work/src/base/options.def" && fail "nothing was changed"
"$work/scripts/check-docs" "$tool" 2> "$work/err" && fail "drift is not noticed"
grep -q 'man/aerostat.1 differs' "$work/err" || fail "not said: man/aerostat.1"
grep -q 'man/libaerostat.7 differs' "$work/err" || fail "not said: man/libaerostat.7"
grep -q 'run --help does not say: --wait=TIME' "$work/err" || fail "not said: --help"
