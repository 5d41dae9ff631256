#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# A driver from before virtual memory management (11.2 is the oldest that is simulated): one line, and its
# own allocations. AEROSTAT_STRICT fails cuInit.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

cat >"$work/driver.c" <<'EOF'
#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) { *version = 10000; return 0; }
int cuDeviceGetCount(int *count) { *count = 1; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) { return 1; }
int cuDeviceGetName(char *name, int size, int device) { strcpy(name, "old"); return 0; }
int cuDeviceTotalMem_v2(unsigned long *bytes, int device) { *bytes = 1 << 30; return 0; }
int cuCtxGetCurrent(void **context) { *context = (void *)1; return 0; }
int cuCtxGetDevice(int *device) { *device = 0; return 0; }
int cuMemAlloc_v2(unsigned long long *address, unsigned long bytes) { *address = 0x7000; return 0; }
int cuMemGetInfo_v2(unsigned long *left, unsigned long *total) { *left = 5; *total = 1 << 30; return 0; }
int cuMemFree_v2(unsigned long long address) { return address == 0x7000 ? 0 : 1; }
EOF
cat >"$work/program.c" <<'EOF'
#include <stdio.h>
int cuInit(unsigned), cuMemAlloc_v2(unsigned long long *, unsigned long), cuMemFree_v2(unsigned long long);
int cuMemGetInfo_v2(unsigned long *, unsigned long *), cuDeviceTotalMem_v2(unsigned long *, int);
int main(void)
{
	unsigned long long block = 0;
	unsigned long left = 0, total = 0, whole = 0;
	int init = cuInit(0);
	int alloc = cuMemAlloc_v2(&block, 100), again = cuMemAlloc_v2(&block, 100);

	cuMemGetInfo_v2(&left, &total);
	cuDeviceTotalMem_v2(&whole, 0);
	printf("%d %d %d %llx %d, %lu of %lu, %lu\n", init, alloc, again, block, cuMemFree_v2(block), left, total,
	       whole);
	return 0;
}
EOF
if ! $cc -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$work/libcuda.so.1" "$work/driver.c" 2>"$work/cc" ||
	! $cc -o "$work/program" "$work/program.c" "$work/libcuda.so.1" 2>>"$work/cc"; then
	skip "the compiler makes no programs: $(head -n 1 "$work/cc")"
fi
export AEROSTAT_LIMIT=1M LD_LIBRARY_PATH="$work"

LD_PRELOAD=$preload "$work/program" >"$work/out" 2>"$work/err" || fail "exit $?: $(cat "$work/err")"
[ "$(cat "$work/out")" = "0 0 0 7000 0, 5 of 1073741824, 1073741824" ] || fail "said $(cat "$work/out")"
expect_lines "$work/err" 1 'served natively by the driver: the driver has no virtual memory management; 11.2' \
	"one line says why"
expect_lines "$work/err" 1 '' "and nothing else is said"

AEROSTAT_STRICT=1 LD_PRELOAD=$preload "$work/program" >"$work/out" 2>"$work/err"
grep -q '^802 ' "$work/out" || fail "AEROSTAT_STRICT: said $(cat "$work/out")"
