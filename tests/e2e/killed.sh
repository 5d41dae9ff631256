#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Programs that share a device are killed at random points, hundreds of them, those that come after them
# too. The others go on; and in the end whoever comes has the whole device, at once. The same with each in
# namespaces of its own for users and processes.
#
#	killed.sh [KILLS]
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "one emulator for each program is too slow"
case $sanitizers in
?*) kills=${1:-40} ;;
*) kills=${1:-100} ;;
esac
# What the ledger hands out leaves room for the contexts, which the driver makes by itself: for those too of
# programs that are still being taken apart.
export SIMCUDA_MEM=192M AEROSTAT_CAPACITY=48M AEROSTAT_WAIT=60s AEROSTAT_LOG=warn
SIMCUDA_DIR=$work/sim
export SIMCUDA_DIR

first='' second='' a='' b=''
# shellcheck disable=SC2086
trap 'kill -KILL $first $second $a $b 2>/dev/null; rm -rf "$work"' EXIT

# run STEPS SEED OUTPUT: one more program, whose process is $! (and ends with it the one in namespaces).
run()
{
	output=$3
	set -- env "AEROSTAT_MODEL=m$2" "LD_PRELOAD=$preload" "LD_LIBRARY_PATH=$sim" \
		"SIMCUDA_KERNELS=$abs_builddir/tests/apps/.libs/libappkernels.so" \
		"$apps/app_share" "$1" "$2" 40
	[ "$where" = here ] ||
		set -- unshare -Ur --pid --fork --kill-child=KILL --mount-proc "$@"
	"$@" </dev/null >"$work/$output" 2>&1 &
}

# From 0 to 99, from a seed that is said when it fails.
random=${AE_SEED:-1}
next_random()
{
	random=$(((random * 1103515245 + 12345) % 2147483648))
	percent=$((random / 65536 % 100))
}

storm()
{
	where=$1
	run 60 1 survivor.1
	first=$!
	run 60 2 survivor.2
	second=$!
	run 100000 3 victim.3
	a=$!
	run 100000 4 victim.4
	b=$!
	n=0
	while [ $n -lt "$kills" ]; do
		n=$((n + 1))
		next_random
		sleep "0.0$(printf %02d "$percent")"
		kill -KILL "$a"
		wait "$a" 2>/dev/null
		[ $? = 137 ] || {
			cat "$work/victim.$((n + 2))" >&2
			fail "$where: $n: it had ended by itself"
		}
		a=$b
		run 100000 $((n + 4)) "victim.$((n + 4))"
		b=$!
	done
	kill -KILL "$a"
	for survivor in "$first" "$second"; do
		wait "$survivor" || {
			cat "$work"/survivor.* >&2
			fail "$where: who was not killed has failed"
		}
	done
	[ "$(cat "$work"/survivor.* | grep -c -x 'done')" = 2 ] || fail "$where: not done"
	kill -KILL "$b"
	AEROSTAT_CAPACITY=100% AEROSTAT_WAIT=0 preloaded 13000 "$apps/app_steps" start alloc=172 \
		>"$work/out" 2>"$work/err"
	grep -q -x 'alloc=172 -> 0' "$work/out" || {
		cat "$work/out" "$work/err" >&2
		fail "$where: the memory of the dead is not free"
	}
}

storm here
if unshare -Ur --pid --fork --kill-child=KILL --mount-proc true 2>/dev/null; then
	storm apart
else
	echo "namespaces of processes and users are not to be had here: not tried in those"
fi
exit 0
