#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Every test program on the simulated driver alone: they succeed, and say something.
# shellcheck disable=SC1091,SC2154
. ./tests/env.sh

[ -e "$sim/libcuda.so.1" ] || skip "the simulated driver was not built"

LD_LIBRARY_PATH=$sim:$abs_builddir/src/sim/cudart/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
SIMCUDA_DIR=$work/sim
SIMCUDA_MEM=512M
SIMCUDA_KERNELS=$apps/.libs/libappkernels.so
export LD_LIBRARY_PATH SIMCUDA_DIR SIMCUDA_MEM SIMCUDA_KERNELS
mkdir -p "$SIMCUDA_DIR"

failures=0
for program in capture churn context ctor dlsym dlvsym errors fence fork getproc legacy linked oom \
	queries rtld runtime runtime_ptds threads; do
	out=$work/$program.out
	if ! timeout 120 "$apps/app_$program" >"$out" 2>"$out.err"; then
		echo "app_$program failed:"
		grep FAILED "$out" || tail -n 5 "$out"
		tail -n 5 "$out.err"
		failures=$((failures + 1))
	elif ! [ -s "$out" ]; then
		echo "app_$program printed nothing"
		failures=$((failures + 1))
	fi
done

# The driver's interface alone, on older drivers.
for driver in 11020 11080 12040; do
	for program in capture context ctor dlsym errors getproc legacy linked queries; do
		out=$work/$program.$driver
		if ! LD_LIBRARY_PATH=$abs_builddir/src/sim/driver-$driver/.libs \
			timeout 120 "$apps/app_$program" >"$out" 2>"$out.err"; then
			echo "app_$program failed on driver $driver:"
			grep FAILED "$out" || tail -n 5 "$out"
			tail -n 5 "$out.err"
			failures=$((failures + 1))
		fi
	done
done

# The same again is the same output: nothing in it depends on time or addresses.
for program in churn errors getproc queries; do
	timeout 120 "$apps/app_$program" >"$work/$program.again" 2>/dev/null
	if ! cmp "$work/$program.out" "$work/$program.again"; then
		echo "app_$program printed something else the second time"
		failures=$((failures + 1))
	fi
done
[ "$failures" -eq 0 ] || fail "$failures programs"
