#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Which handles of NVML the limit concerns: GPUs that CUDA sees; not their parts, not other GPUs, none
# whose UUID cannot be had. And programs whose NVML lacks a function, or is not there at all.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "the libraries are not the emulator's"

cat >"$work/nvml.c" <<'EOS'
#include <stdlib.h>
#include <string.h>
struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device) { *device = &nvmlInit_v2; return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) { *device = &nvmlInit_v2; return 0; }
#ifndef NO_UUID
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned length)
{
	const char *text = getenv("FAKE_UUID");
	if (!text)
		return 999;
	strcpy(uuid, text);
	return 0;
}
#endif
int nvmlDeviceGetMemoryInfo(void *device, struct memory *memory)
{
	*memory = (struct memory){ 512 << 20, 500 << 20, 12 << 20 };
	return 0;
}
#ifndef NO_V2
int nvmlDeviceGetMemoryInfo_v2(void *device, struct memory_v2 *memory)
{
	*memory = (struct memory_v2){ memory->version, 512 << 20, 2 << 20, 500 << 20, 10 << 20 };
	return 0;
}
#endif
EOS
cat >"$work/weak.c" <<'EOS'
#include <stdio.h>
extern int nvmlDeviceGetMemoryInfo_v2(void *device, void *memory) __attribute__((weak));
int main(void)
{
	if (!nvmlDeviceGetMemoryInfo_v2)
		return puts("missing") < 0;
	printf("%d\n", nvmlDeviceGetMemoryInfo_v2(0, 0));
	return 0;
}
EOS
mkdir "$work/full" "$work/no-uuid" "$work/no-v2"
build="$cc -shared -fPIC -Wl,-soname,libnvidia-ml.so.1"
if ! $build -o "$work/full/libnvidia-ml.so.1" "$work/nvml.c" 2>"$work/cc" ||
	! $build -DNO_UUID -o "$work/no-uuid/libnvidia-ml.so.1" "$work/nvml.c" 2>>"$work/cc" ||
	! $build -DNO_V2 -o "$work/no-v2/libnvidia-ml.so.1" "$work/nvml.c" 2>>"$work/cc" ||
	! $cc -o "$work/weak" "$work/weak.c" 2>>"$work/cc" ||
	! $cc -Wl,-z,lazy,--no-as-needed -o "$work/linked" "$work/weak.c" "$work/full/libnvidia-ml.so.1" 2>>"$work/cc"; then
	skip "the compiler makes no programs: $(head -n 1 "$work/cc")"
fi

# figures DIRECTORY UUID STEP...: what the program sees, "-": no UUID.
figures()
{
	library=$1 uuid=$2
	shift 2
	[ "$uuid" = - ] || export FAKE_UUID="$uuid"
	AEROSTAT_LIMIT=128M preloaded 13000 env "LD_LIBRARY_PATH=$work/$library:$sim" "$apps/app_nvml" open "$@" \
		>"$work/out" 2>"$work/err" || fail "$uuid $*: $(cat "$work/out" "$work/err")"
	unset FAKE_UUID
	sed -n 's/^\(total.*\), v1 -> 0$/\1/p' "$work/out"
}

ours='total 128, free 128, used 0'
theirs='total 512, free 500, used 12'
expect()
{
	wanted=$1
	shift
	[ "$(figures "$@")" = "$wanted" ] || fail "$*: said $(figures "$@"), not $wanted"
}

expect "$ours" full GPU-514dae05-7a77-4e10-9d0c-ba11004f6100 v1
expect "$ours" full GPU-514dae05-7a77-4e10-9d0c-ba11004f6100 start v1
expect "$ours" full GPU-00000000-0000-0000-0000-000000000001 v1
expect "$theirs" full GPU-00000000-0000-0000-0000-000000000001 start v1
expect "$theirs" full MIG-514dae05-7a77-4e10-9d0c-ba11004f6100 v1
expect "$theirs" full MIG-514dae05-7a77-4e10-9d0c-ba11004f6100 start v1
expect "$theirs" full - v1
expect "$theirs" no-uuid - start v1

# By its linked name: a function that the installed NVML lacks, and no NVML at all.
LD_PRELOAD=$preload LD_LIBRARY_PATH=$work/no-v2 "$work/linked" >"$work/out" 2>"$work/err" ||
	fail "a missing function: exit $?"
[ "$(cat "$work/out")" = 13 ] || fail "a missing function: $(cat "$work/out")"
expect_lines "$work/err" 1 'nvmlDeviceGetMemoryInfo_v2 was called, and the installed NVML has no such' "said"
LD_PRELOAD=$preload "$work/weak" >"$work/out" 2>"$work/err" || fail "a weak reference: exit $?"
[ "$(cat "$work/out")" = 1 ] || fail "a weak reference: $(cat "$work/out")"
[ ! -s "$work/err" ] || fail "a weak reference: $(cat "$work/err")"
