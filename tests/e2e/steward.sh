#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The background thread: unused cache goes back to the device while the program does nothing; the program
# cannot tell the thread by its signals; and it is never in the driver when the process ends.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
export AEROSTAT_CACHE=100%

steps()
{
	preloaded 13000 "$apps/app_steps" "$@" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$*: fails"
	}
}

outside="env -u LD_PRELOAD $apps/app_steps start create=400 | grep -q 'create=400 -> 0'"

# Within 30 s, long before which 200 ms are over.
export AEROSTAT_DECAY=200ms
steps start alloc=440 free=0 \
	"sh=for i in \$(seq 300); do $outside && echo given back && break; sleep 0.1; done" alloc=440
expect_lines "$work/out" 1 '^given back' "unused cache decays"
expect_lines "$work/out" 2 '^alloc=440 -> 0' "and can be had again"

# An hour is not over, nor the longest time that can be written.
for time in 60m 18446744073709551615ms; do
	export AEROSTAT_DECAY=$time
	steps start alloc=440 free=0 "sh=sleep 1.5; $outside || echo kept"
	expect_lines "$work/out" 1 '^kept' "cache that is young stays"
	expect_lines "$work/err" 0 AEROSTAT_DECAY "$time is a time"
done

# One thread, by its name, with all signals blocked that can be.
steps start alloc=1 'sh=for task in /proc/$PPID/task/*; do
	[ "$(cat $task/comm)" = aerostat ] && sed -n "s/^SigBlk:/steward /p" $task/status; done'
expect_lines "$work/out" 1 '^steward' "one thread is the steward"
mask=$(sed -n 's/^steward[[:space:]]*//p' "$work/out")
case $mask in
*7ffbfeff) ;;
*) fail "the steward's mask is $mask: SIGKILL and SIGSTOP alone may be open" ;;
esac

# At rest it looks once a second: three times here, and a few more for its start and what is reported.
export AEROSTAT_DECAY=10s
steps start alloc=1 'sh=for task in /proc/$PPID/task/*; do
	[ "$(cat $task/comm)" = aerostat ] || continue
	sed -n "s/^voluntary_ctxt_switches:/before/p" $task/status; sleep 3
	sed -n "s/^voluntary_ctxt_switches:/after/p" $task/status; done'
before=$(sed -n 's/^before[[:space:]]*//p' "$work/out") after=$(sed -n 's/^after[[:space:]]*//p' "$work/out")
[ -n "$before" ] && [ $((after - before)) -ge 1 ] || fail "the steward does not look by itself: $before, $after"
[ $((after - before)) -le 30 ] || fail "the steward woke $((after - before)) times in 3 s at rest"

# It gives back all the time, and the process ends in the midst of it.
export AEROSTAT_DECAY=1ms
for _ in $(seq 20); do
	steps start alloc=100 alloc=100 alloc=100 free=0 free=1 free=2 sh=:
done

# It is in the midst of giving back twenty chunks, and calls of the driver take their time.
export AEROSTAT_DECAY=1ms AEROSTAT_MEMINFO=physical
set --
for i in $(seq 0 19); do
	set -- "$@" alloc=4
done
for i in $(seq 0 19); do
	set -- "$@" "free=$i"
done
SIMCUDA_DEVICES=2 SIMCUDA_ONE_LOCK=20 steps last start "$@" moves
expect_lines "$work/out" 1 '^moves -> 0$' "it gives back"
expect_lines "$work/out" 1 '^nothing moves$' "the steward has stopped when the exit goes on"
expect_lines "$work/out" 1 '^no steward goes on$' "and none begins"
