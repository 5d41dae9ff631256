#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# NVIDIA's own runtime, where one is found, on the simulated driver: every function it asks for that is
# hooked or gated is answered with ours, and everything else with the driver's. It works no further than
# that: it checks whether the driver is a genuine one, which this is not, and nobody pretends.
#
# AE_TEST_CUDART names runtimes, or directories to find them under (of an unpacked nvidia-cuda-runtime
# package, for example), separated by colons. Looked for besides: CUDA_HOME, the toolkit of --with-cuda,
# /usr/local/cuda, the system's libraries.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the libraries are not the emulator's"
[ -z "$sanitizer_libs" ] || skip "the program has a dlsym of its own, which a sanitizer's run time cannot start with"
toolkit=$(sed -n 's/^CUDA_INCLUDE = \(.*\)\/include$/\1/p' "$abs_builddir/Makefile")
{
	echo "${AE_TEST_CUDART-}" | tr : '\n'
	for directory in "${CUDA_HOME-}" "$toolkit" /usr/local/cuda; do
		[ -z "$directory" ] || printf '%s\n' "$directory/lib64" "$directory/lib"
	done
	PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | sed -n 's/.*libcudart\.so[^ ]* .*=> //p'
} | while IFS= read -r place; do
	[ -n "$place" ] && [ -e "$place" ] && find -L "$place" -name 'libcudart.so*' -exec readlink -f {} +
done 2>/dev/null | sort -u >"$work/found"

# Of another architecture, no library at all, or too old to ask for anything: not ours to judge.
: >"$work/usable"
while IFS= read -r runtime; do
	if native 13000 "$apps/app_cudart" "$runtime" >"$work/native" 2>"$work/err" &&
		grep -q '^cuGetProcAddress' "$work/native"; then
		echo "$runtime" >>"$work/usable"
	else
		echo "not used: $runtime: $(head -n 1 "$work/err")"
	fi
done <"$work/found"
[ -s "$work/usable" ] ||
	skip "no libcudart.so of NVIDIA's is found (AE_TEST_CUDART, CUDA_HOME, --with-cuda, /usr/local/cuda, system libraries)"

# same COLUMNS: both programs wrote the same there.
same()
{
	cut -f "$1" "$work/native" >"$work/native.part"
	cut -f "$1" "$work/served" | diff "$work/native.part" - >&2 ||
		fail "$runtime, driver $driver: differs when preloaded"
}

while IFS= read -r runtime; do
	for driver in 11080 12040 13000; do
		native "$driver" "$apps/app_cudart" "$runtime" >"$work/native" 2>"$work/err" ||
			fail "$runtime, driver $driver: fails natively: $(cat "$work/err")"
		preloaded "$driver" "$apps/app_cudart" "$runtime" >"$work/served" 2>"$work/err" ||
			fail "$runtime, driver $driver: exit $?: $(cat "$work/err")"
		# The same requests, the same functions behind them, the same codes in the end.
		same 1-3,5
		awk -F '\t' '
			FNR == NR { ours[$1]; next }
			/^#/ || $4 !~ /^lib/ { next }
			{ object = $5 in ours ? "libaerostat.so" : "libcuda.so.1"; n[object]++ }
			$4 !~ "^" object { print "not from " object ": " $0; bad = 1 }
			END {
				printf "%d answered with ours, %d with the driver'"'"'s\n", n["libaerostat.so"],
					n["libcuda.so.1"]
				exit bad || !n["libaerostat.so"] || !n["libcuda.so.1"]
			}' "$abs_builddir/src/shim/libaerostat.sym" "$work/served" >"$work/verdict" || {
			cat "$work/verdict" >&2
			fail "$runtime, driver $driver: a function is not answered with ours"
		}
		echo "$runtime, driver $driver: $(cat "$work/verdict"); $(sed -n 's/^# //p' "$work/served" | head -n 1)"
	done
	# On a driver as new as the runtime, all of them were asked for.
	asked=$(grep -vc '^#' "$work/served")
	[ "$asked" -ge 300 ] || fail "$runtime asked for no more than $asked functions"
done <"$work/usable"
