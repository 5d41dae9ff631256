#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What NVML's memory queries say under a limit: before CUDA is initialised, after, and with memory out;
# the same as cuMemGetInfo does; and that asking makes no member. The simulated NVML counts 64 MiB of
# each device that CUDA does not.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

SIMCUDA_MEM=512M
app=
asked()
{
	preloaded 13000 "$apps/$app" "$@" >"$work/out" 2>"$work/err" || {
		cat "$work/out" "$work/err" >&2
		fail "$app $*: fails"
	}
}

# says LINE WHAT: once, exactly.
says()
{
	[ "$(grep -cxF -- "$1" "$work/out")" = 1 ] || {
		cat "$work/out" "$work/err" >&2
		fail "$app, $2: expected '$1'"
	}
}

for app in app_nvml app_nvml_linked; do
	rm -rf "$AEROSTAT_DIR"
	AEROSTAT_LIMIT=128M asked open v1 v2
	says 'total 128, free 128, used 0, v1 -> 0' "before CUDA"
	says 'total 128, reserved 0, free 128, used 0, v2 -> 0' "before CUDA"
	AEROSTAT_LIMIT=25% asked open v1
	says 'total 144, free 144, used 0, v1 -> 0' "a part of NVML's total, before CUDA"
	AEROSTAT_LIMIT=1T asked open v1 v2
	says 'total 576, free 512, used 64, v1 -> 0' "a limit above the device"
	says 'total 576, reserved 64, free 512, used 0, v2 -> 0' "a limit above the device"
	AEROSTAT_LIMIT=nonsense asked open v1
	says 'total 576, free 512, used 64, v1 -> 0' "a malformed limit"
	AEROSTAT_LIMIT=128M AEROSTAT_MEMINFO=physical asked open v1
	says 'total 576, free 512, used 64, v1 -> 0' "physical, before CUDA"
	AEROSTAT_LIMIT=128M AEROSTAT_DISABLE=1 asked open v1 v2
	says 'total 576, free 512, used 64, v1 -> 0' "disabled"
	says 'total 576, reserved 64, free 512, used 0, v2 -> 0' "disabled"
	AEROSTAT_LIMIT=25% asked open init v1
	says 'total 128, free 128, used 0, v1 -> 0' "a part of CUDA's total"
	[ ! -e "$AEROSTAT_DIR" ] || fail "$app: asking has made $(ls -R "$AEROSTAT_DIR")"
	[ ! -s "$work/err" ] || fail "$app: asking said $(cat "$work/err")"

	AEROSTAT_LIMIT=128M asked open start alloc=100 v1 v2 info agree sums
	says 'free 28 of 128, info -> 0' "allocated"
	says 'total 128, free 28, used 100, v1 -> 0' "allocated"
	says 'total 128, reserved 0, free 28, used 100, v2 -> 0' "allocated"
	AEROSTAT_LIMIT=128M AEROSTAT_CACHE=100% asked open start alloc=100 free=0 v1 agree
	says 'total 128, free 128, used 0, v1 -> 0' "freed, and cached"
	AEROSTAT_LIMIT=128M AEROSTAT_MEMINFO=physical asked open start alloc=100 v1 agree
	says 'total 576, free 396, used 180, v1 -> 0' "physical: the context and the blocks"
	AEROSTAT_LIMIT=128M AEROSTAT_IPC=native asked open start alloc=100 v1 agree free=0 v1 agree
	says 'total 128, free 28, used 100, v1 -> 0' "blocks of the driver's"
	says 'total 128, free 128, used 0, v1 -> 0' "blocks of the driver's, freed"
	# Without a limit the device's total stays, and the cache counts as free.
	AEROSTAT_CACHE=100% asked open start alloc=100 v1 v2 agree sums free=0 agree sums
	says 'total 576, free 396, used 180, v1 -> 0' "no limit"
	says 'total 576, reserved 64, free 396, used 116, v2 -> 0' "no limit"
	AEROSTAT_CACHE=100% asked open start alloc=100 free=0 v1 v2
	says 'total 576, free 496, used 80, v1 -> 0' "no limit, cached"
	says 'total 576, reserved 64, free 496, used 16, v2 -> 0' "no limit, cached"

	# Never more free than there is. (Nothing is preloaded: a sanitizer's run time alone ends some shells.)
	run_with 13000 "" "$apps/app_steps" start alloc=300 \
		"sh=LD_PRELOAD=$preload AEROSTAT_LIMIT=400M $apps/$app open v1 start alloc=100 v1 agree" \
		>"$work/out" 2>"$work/err" || fail "$app: beside another: $(cat "$work/out" "$work/err")"
	says 'total 400, free 196, used 204, v1 -> 0' "beside another, before CUDA"
	says 'total 400, free 80, used 320, v1 -> 0' "beside another"

	# Each device for itself, found by its UUID.
	export SIMCUDA_DEVICES=2
	AEROSTAT_LIMIT=128M asked open start=1 alloc=100 v1 device=1 uuid v2 agree
	says 'total 128, free 128, used 0, v1 -> 0' "the other device"
	says 'total 128, reserved 0, free 28, used 100, v2 -> 0' "the device that is used"
	unset SIMCUDA_DEVICES
done

# The child of a process that uses CUDA is a stranger: it has the limit, and nothing of its own.
AEROSTAT_LIMIT=128M asked open start alloc=100 fork=v1
says 'total 128, free 128, used 0, v1 -> 0' "in a forked child"

# A device that cannot be served is the driver's, and NVML's.
SIMCUDA_NO_VMM=1 AEROSTAT_LIMIT=128M asked open start alloc=100 v1
says 'total 576, free 396, used 180, v1 -> 0' "a device without virtual memory management"

# aerostat run --sim puts the simulated NVML beside the simulated driver.
unset LD_LIBRARY_PATH LD_PRELOAD
for driver in 11020 11080 12040 13000; do
	SIMCUDA_DRIVER=$driver SIMCUDA_DIR=$work/run "$tool" run --sim=256M --limit=128M -- "$apps/app_nvml" open \
		v1 v2 start sums >"$work/out" 2>"$work/err" || fail "run --sim, $driver: $(cat "$work/out" "$work/err")"
	says 'total 128, free 128, used 0, v1 -> 0' "run --sim, $driver"
	if [ "$driver" = 11020 ]; then
		says 'missing, v2 -> 0' "a function that the installed NVML lacks"
	else
		says 'total 128, reserved 0, free 128, used 0, v2 -> 0' "run --sim, $driver"
	fi
done
