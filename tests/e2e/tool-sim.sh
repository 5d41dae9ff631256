#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat run --sim: the simulator's directory, version and memory.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

[ -e "$lib" ] || skip "$lib is not built"
[ -e "$sim/libcuda.so.1" ] || skip "$sim/libcuda.so.1 is not built"
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
export ASAN_OPTIONS
unset LD_PRELOAD LD_LIBRARY_PATH SIMCUDA_MEM SIMCUDA_DRIVER

"$tool" run --sim env > "$work/out" 2> "$work/err" || fail "--sim: $?: $(cat "$work/err")"
grep -qxF "LD_LIBRARY_PATH=$sim" "$work/out" || fail "LD_LIBRARY_PATH: $(cat "$work/out")"
grep -q '^SIMCUDA_MEM' "$work/out" && fail "SIMCUDA_MEM was not asked for"
[ ! -s "$work/err" ] || fail "--sim: $(cat "$work/err")"

LD_LIBRARY_PATH=/usr/lib:/lib "$tool" run --sim=1.5G env > "$work/out" || fail "--sim=1.5G: $?"
grep -qxF "LD_LIBRARY_PATH=$sim:/usr/lib:/lib" "$work/out" || fail "LD_LIBRARY_PATH: $(cat "$work/out")"
grep -qxF SIMCUDA_MEM=1610612736 "$work/out" || fail "SIMCUDA_MEM: $(cat "$work/out")"

SIMCUDA_DRIVER=13000 "$tool" run --sim printenv LD_LIBRARY_PATH > "$work/out" || fail "13000: $?"
[ "$(cat "$work/out")" = "$sim" ] || fail "13000: $(cat "$work/out")"
for driver in 11020 11080 12040; do
	dir=$abs_builddir/src/sim/driver-$driver/.libs
	status=0
	SIMCUDA_DRIVER=$driver "$tool" run --sim printenv LD_LIBRARY_PATH > "$work/out" 2> "$work/err" ||
		status=$?
	if [ -e "$dir/libcuda.so.1" ]; then
		[ "$status $(cat "$work/out")" = "0 $dir" ] || fail "$driver: $status $(cat "$work/out")"
	else
		[ $status = 1 ] || fail "$driver is not built: exit $status"
		grep -qF "$dir/libcuda.so.1 is not there" "$work/err" || fail "$(cat "$work/err")"
	fi
done

AEROSTAT_DIR=$work/none SIMCUDA_DIR=$work/sim "$tool" doctor --sim > "$work/out" 2> "$work/err" ||
	fail "doctor --sim: $?: $(cat "$work/out" "$work/err")"
grep -q '^ok    driver: simulated, for CUDA 13' "$work/out" || fail "doctor --sim: $(cat "$work/out")"
grep -q '^ok    device 0: virtual memory management, granularity 2 MiB' "$work/out" ||
	fail "doctor --sim: $(cat "$work/out")"
[ ! -e "$work/none" ] || fail "doctor has made the directory"
