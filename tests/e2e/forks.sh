#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Children are strangers: one that outlives its parent does not keep the parent's entry in the ledger,
# one that libc knows nothing of does not touch the parent's pool, and one that was forked before cuInit
# is a member of its own.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
export ASAN_OPTIONS

child=$(preloaded 13000 "$apps/app_orphan" orphan 2>"$work/err") || fail "$(cat "$work/err")"
trap 'kill "$child" 2>/dev/null; rm -rf "$work"' EXIT
kill -0 "$child" || fail "the child does not live"
"$tool" doctor >"$work/out" 2>&1
grep -q 'ledger: .*, 0 members$' "$work/out" || {
	cat "$work/out" >&2
	fail "the dead parent is a member as long as its child lives"
}

case $sanitizers in
*thread*) ;;
*)
	preloaded 13000 "$apps/app_orphan" clone >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "a raw clone: its parent fails"
	}
	expect_lines "$work/out" 1 '^the child could not free' "a raw clone"
	;;
esac

SIMCUDA_TRACE=$work/trace preloaded 13000 "$apps/app_fork" >"$work/out" 2>"$work/err" ||
	fail "app_fork fails"
expect_lines "$work/err" 2 ': model app_fork, ' "the parent's line, and that of the child from before"
[ "$(grep -c ' cuMemCreate ' "$work/trace")" = 1 ] || [ "$(grep -c ' cuMemCreate ' "$work/trace")" = 2 ] ||
	fail "members: $(cat "$work/trace")"
