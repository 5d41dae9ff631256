#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat doctor: without a driver, with broken ones, with a bad directory and bad variables; and
# doctor --pid.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0:handle_segv=0
TSAN_OPTIONS=handle_segv=0
export ASAN_OPTIONS TSAN_OPTIONS
unset LD_PRELOAD LD_LIBRARY_PATH

examine()
{
	status=0
	"$tool" doctor "$@" > "$work/out" 2> "$work/err" || status=$?
	[ ! -s "$work/err" ] || fail "doctor $*: on standard error: $(cat "$work/err")"
}

says()
{
	grep -q -e "$1" "$work/out" || fail "no \"$1\" in: $(cat "$work/out")"
}

examine
says '  libaerostat: '
says '^ok    AEROSTAT_\* variables: well formed'
says '  driver: '
says '  open files: '
says '  membarrier(2): '
says '  MADV_WIPEONFORK: '
says '^ok    LD_PRELOAD: not set'
says "^ok    directory: $AEROSTAT_DIR will be made at first use"
if grep -q '^FAIL' "$work/out"; then
	[ $status = 1 ] || fail "FAIL, and exit $status"
	says '^It will not work here'
else
	[ $status = 0 ] || fail "no FAIL, and exit $status"
	says '^It will work here'
fi
[ ! -e "$AEROSTAT_DIR" ] || fail "doctor has made $AEROSTAT_DIR"
if grep -q 'no libcuda.so.1 is found' "$work/out"; then
	says 'install NVIDIA'
fi

# Drivers that crash, hang up, refuse, or are no drivers: the doctor survives and says so.
# driver C-SOURCE: becomes the libcuda.so.1 that is found.
driver()
{
	echo "$1" > "$work/driver.c"
	# shellcheck disable=SC2086
	$cc -shared -fPIC -o "$work/libcuda.so.1" "$work/driver.c" 2> "$work/cc" ||
		skip "the compiler makes no shared objects: $(cat "$work/cc")"
	status=0
	LD_LIBRARY_PATH=$work "$tool" doctor > "$work/out" 2> "$work/err" || status=$?
	[ $status = 1 ] || fail "a broken driver, and exit $status: $(cat "$work/out")"
	says '^It will not work here'
}

driver '#include <signal.h>
__attribute__((constructor)) static void crash(void) { raise(SIGSEGV); }'
says '^FAIL  driver: it crashes (signal 11)'
driver '#include <stdlib.h>
__attribute__((constructor)) static void leave(void) { _Exit(0); }'
says '^FAIL  driver: it ends the process that loads it (exit status 0)'
driver 'int x;'
says '^FAIL  driver: it has no cu.*: a driver for CUDA 11.2 or later'
names='cuDriverGetVersion cuGetErrorName cuDeviceGetCount cuDeviceGet cuDeviceGetName
	cuDeviceTotalMem_v2 cuDeviceGetAttribute cuDevicePrimaryCtxRetain cuDevicePrimaryCtxRelease_v2
	cuCtxSetCurrent cuMemGetAllocationGranularity cuMemAddressReserve cuMemAddressFree cuMemCreate
	cuMemRelease cuMemMap cuMemUnmap cuMemSetAccess cuMemExportToShareableHandle'
stubs=$(for name in $names; do echo "int $name(void) { return 801; }"; done)
driver "int cuInit(unsigned f) { return 100; } $stubs"
says '^FAIL  driver: cuInit: error 100: '
driver "int cuInit(unsigned f) { return 0; } $stubs"
says '^FAIL  driver: no device is visible'
echo 'not a library' > "$work/libcuda.so.1"
status=0
LD_LIBRARY_PATH=$work "$tool" doctor > "$work/out" 2> "$work/err" || status=$?
[ $status = 1 ] || fail "a driver that is none: exit $status"
says '^FAIL  driver: libcuda.so.1 cannot be loaded'

# Variables and directories.
AEROSTAT_LIMT=1 AEROSTAT_QUANTUM=5s AEROSTAT_LIMIT=x AEROSTAT_DISABLE=1 examine
says '^warn  AEROSTAT_LIMT is not an option; did you mean AEROSTAT_LIMIT?'
says '^warn  AEROSTAT_QUANTUM is accepted, but nothing acts on it'
says '^warn  AEROSTAT_LIMIT: "x" is not a size'
says '^warn  AEROSTAT_DISABLE is set'
ln -s /tmp "$work/link"
AEROSTAT_DIR=$work/link examine
says "^FAIL  directory: $work/link is a symbolic link"
mkdir -m 0777 "$work/open"
chmod 0777 "$work/open"
AEROSTAT_DIR=$work/open examine
says "^FAIL  directory: $work/open may be written by others: chmod go-w"
# Another user's: whoever runs this can make one, or finds one.
if [ "$(id -u)" = 0 ]; then
	mkdir -m 0755 "$work/foreign"
	chown 65534 "$work/foreign"
	AEROSTAT_DIR=$work/foreign examine
	says "^FAIL  directory: $work/foreign belongs to user 65534: set AEROSTAT_DIR to a directory of your own"
	# The default directory, which any user can make before its owner does; not in the real /dev/shm.
	shm='mount -t tmpfs none /dev/shm && mkdir -m 0700 /dev/shm/aerostat-0 && chown 65534 /dev/shm/aerostat-0'
	if unshare -m sh -c "$shm" 2> /dev/null; then
		AEROSTAT_DIR='' unshare -m sh -c "$shm && exec \"\$0\" doctor" "$tool" > "$work/out"
		says '^FAIL  directory: /dev/shm/aerostat-0 belongs to user 65534, who made it first: set AEROSTAT_DIR'
	fi
else
	AEROSTAT_DIR=/ examine
	says '^FAIL  directory: / belongs to user 0: set AEROSTAT_DIR to a directory of your own'
fi
AEROSTAT_DIR=$work/no/such examine
says '^FAIL  directory: .*/no/such cannot be made'
mkdir -m 0700 "$work/garbage"
echo garbage > "$work/garbage/x.ledger"
AEROSTAT_DIR=$work/garbage examine
says '^warn  ledger: .*/x.ledger is not a ledger of aerostat'
[ "$(cat "$work/garbage/x.ledger")" = garbage ] || fail "a file was changed"

# One process.
status=0
"$tool" doctor --pid 2147483647 > "$work/out" 2> "$work/err" || status=$?
[ $status = 1 ] || fail "a process that is not there: exit $status"
grep -q 'there is no process 2147483647' "$work/err" || fail "$(cat "$work/err")"

mkdir "$work/elsewhere"
# shellcheck disable=SC2030
(cd "$work/elsewhere" && AEROSTAT_DIR=ledgers exec sleep 60) &
pid=$!
i=0
until [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = sleep ]; do
	i=$((i + 1))
	[ $i -lt 200 ] || fail "sleep does not start"
	sleep 0.05
done
examine --pid $pid
kill $pid
says "^warn  ledger: no entry of it in $(cd "$work/elsewhere" && pwd -P)/ledgers"

AEROSTAT_MODEL=chat sleep 60 &
pid=$!
i=0
until [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = sleep ]; do
	i=$((i + 1))
	[ $i -lt 200 ] || fail "sleep does not start"
	sleep 0.05
done
examine --pid $pid
kill $pid
[ $status = 1 ] || fail "not loaded, and exit $status"
says '^FAIL  libaerostat: not loaded there'
says '^ok    started with AEROSTAT_MODEL=chat'
says '^warn  driver: not loaded'
says "^warn  ledger: no entry of it in $AEROSTAT_DIR"

if [ -e "$lib" ]; then
	"$tool" run --model chat --limt-is-checked 2> /dev/null && fail "an unknown option"
	"$tool" run --model chat -- sleep 60 2> /dev/null &
	pid=$!
	i=0
	until [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = sleep ]; do
		i=$((i + 1))
		[ $i -lt 200 ] || fail "sleep does not start"
		sleep 0.05
	done
	sleep 0.2
	examine --pid=$pid
	kill $pid
	[ $status = 0 ] || fail "loaded, and exit $status: $(cat "$work/out")"
	says '^ok    libaerostat: .*libaerostat.so.* is loaded'
	says '^ok    started with AEROSTAT_MODEL=chat'
	says '^ok    started with LD_PRELOAD='
fi
exit 0
