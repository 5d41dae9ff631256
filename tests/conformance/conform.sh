#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The list of what a driver answers, on each simulated driver, with one device and with two.
. "${top_builddir:-.}/tests/env.sh"
. "$abs_srcdir/tests/e2e/lib.sh"

# Some rules are about memory that is unmapped under a kernel, or that a stream waits for.
case $sanitizers in
*thread*)
	printf 'race:simk_\nrace:run_fill\nrace:run_wait\n' >"$work/races"
	TSAN_OPTIONS="${TSAN_OPTIONS-} suppressions=$work/races"
	export TSAN_OPTIONS
	;;
esac

for driver in 11020 11080 12040 13000; do
	for devices in 1 2; do
		SIMCUDA_DEVICES=$devices native "$driver" "$abs_builddir/tests/conformance/conform" \
			>"$work/out" 2>"$work/err" || {
			grep -v '^ok ' "$work/out" >&2
			cat "$work/err" >&2
			fail "driver $driver, $devices devices: the list differs"
		}
		# Every row has a name of its own: a difference that is listed is listed for one of them.
		sed -n 's/^\(ok\|known\|skip\) //p' "$work/out" | sort | uniq -d >"$work/twice"
		[ -s "$work/twice" ] && fail "rules of one name: $(cat "$work/twice")"
		tail -n 1 "$work/out"
	done
	# The same with the library in front: memory of the pool has to look like the driver's own.
	AEROSTAT_LOG=error preloaded "$driver" "$abs_builddir/tests/conformance/conform" -p \
		>"$work/out" 2>"$work/err" || {
		grep -v '^ok ' "$work/out" >&2
		cat "$work/err" >&2
		fail "driver $driver, preloaded: the list differs"
	}
	tail -n 1 "$work/out"
done
# A difference is a failure, and named: the second free of a reservation is out of memory.
SIMCUDA_FAIL=cuMemAddressFree:2=2 native 13000 "$abs_builddir/tests/conformance/conform" vmm \
	>"$work/out" 2>/dev/null && fail "a difference goes unnoticed"
grep -q '^differs .*expected .*, got 2$' "$work/out" || {
	cat "$work/out" >&2
	fail "no line names the difference"
}
# So is a group that does not come to its end, here because its kernel is not found.
SIMCUDA_FAIL=cuModuleGetFunction=500 native 13000 "$abs_builddir/tests/conformance/conform" fault-unmapped \
	>"$work/out" 2>/dev/null && fail "a group that ends early goes unnoticed"
exit 0
