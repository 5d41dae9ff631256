#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Every fuzz target, with its committed seeds.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

for target in parse config ledger; do
	"$abs_builddir/tests/fuzz/fuzz_$target" "$abs_srcdir/tests/fuzz/seeds-$target"/* ||
		fail "fuzz_$target"
done
