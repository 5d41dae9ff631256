#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Another library is preloaded before ours, or behind it, wraps the same functions and asks for the next
# ones: each is called once, the program is served, and nobody calls itself. And weak references to a
# driver that nobody has loaded.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the libraries are not the emulator's"
interposer=$apps/.libs/libinterpose.so

# interposed PRELOAD...
interposed()
{
	rm -f "$work/trace"
	SIMCUDA_TRACE=$work/trace run_with 13000 "$1" "$apps/app_steps" start alloc=4 alloc=8 free=0 \
		free=1 >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$1: fails"
	}
	expect_lines "$work/out" 5 ' -> 0$' "$1"
}

interposed "${sanitizer_libs:+$sanitizer_libs:}$interposer"
expect_lines "$work/err" 1 '^interpose: 2 allocations, 2 frees$' "natively"
interposed "${sanitizer_libs:+$sanitizer_libs:}$interposer:$lib"
expect_lines "$work/err" 1 '^interpose: 2 allocations, 2 frees$' "before us"
grep -q ' cuMemCreate ' "$work/trace" || fail "before us: the pool did not serve"
grep ' cuMemAlloc_v2 ' "$work/trace" && fail "before us: the driver served"
interposed "$preload:$interposer"
grep -q ' cuMemCreate ' "$work/trace" || fail "behind us: the pool did not serve"
rm -f "$work/trace"
SIMCUDA_TRACE=$work/trace run_with 13000 "$preload:$interposer" "$apps/app_steps" start next=4 free=0 \
	>"$work/out" 2>"$work/err" || fail "behind us: $(cat "$work/out" "$work/err")"
expect_lines "$work/out" 3 ' -> 0$' "behind us, the next one"
grep ' cuMemAlloc_v2 ' "$work/trace" && fail "behind us: the next one is the driver's"

LD_PRELOAD=$preload "$apps/app_weak" >"$work/out" 2>"$work/err" || fail "weak references: $(cat "$work/out")"
expect_lines "$work/out" 1 '^cuInit: 100$' "weak references, no driver"
[ ! -s "$work/err" ] || fail "weak references: said $(cat "$work/err")"
[ ! -e "$AEROSTAT_DIR/default" ] || fail "weak references: a ledger was made"
