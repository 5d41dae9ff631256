#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# A driver newer than our tables: a function that none of them knows goes through as it is, works, and one
# line names it. Functions that are listed as safe are not mentioned.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

cat >"$work/driver.c" <<'EOF'
#include <string.h>
int cuInit(unsigned flags) { return 0; }
int cuDriverGetVersion(int *version) { *version = 14000; return 0; }
int cuDeviceGetCount(int *count) { *count = 0; return 0; }
static int future(void) { return 42; }
int cuMemcpyNewer(void) { return 43; }
int cuGetProcAddress_v2(const char *symbol, void **pfn, int version, unsigned long long flags, int *status)
{
	*pfn = !strcmp(symbol, "cuMemcpyFutureAsync")	? (void *)future
	       : !strcmp(symbol, "cuDriverGetVersion") ? (void *)cuDriverGetVersion
	       : !strcmp(symbol, "cuDeviceGetCount")	? (void *)cuDeviceGetCount
						       : 0;
	return 0;
}
EOF
cat >"$work/program.c" <<'EOF'
#include <dlfcn.h>
#include <stdio.h>
#ifndef RTLD_DEFAULT
#define RTLD_DEFAULT ((void *)0)
#endif
/* Of the program, not of the driver, whatever it is called. */
int cuOfTheProgram(void) { return 44; }
int main(int argc, char **argv)
{
	void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
	int (*look)(const char *, void **, int, unsigned long long, int *) = dlsym(driver, "cuGetProcAddress_v2");
	int (*init)(unsigned) = dlsym(driver, "cuInit");
	int (*call)(void) = 0;
	/* As the runtime does it: the functions first, cuInit after. */
	for (int i = 1; i < argc; i++) {
		const char *how = argv[i][0] == '+' ? "handle" : argv[i][0] == '-' ? "default" : 0;

		if (how)
			call = dlsym(how[0] == 'h' ? driver : RTLD_DEFAULT, argv[i] + 1);
		else
			look(argv[i], (void **)&call, 14000, 0, 0);
		printf("%s %s\n", argv[i], call ? "found" : "none");
	}
	init(0);
	if (argc == 2 && call)
		printf("%d\n", call());
	return 0;
}
EOF
if ! $cc -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$work/libcuda.so.1" "$work/driver.c" 2>"$work/cc" ||
	! $cc -o "$work/program" "$work/program.c" -rdynamic -ldl 2>>"$work/cc"; then
	skip "the compiler makes no programs: $(head -n 1 "$work/cc")"
fi

served()
{
	LD_LIBRARY_PATH=$work LD_PRELOAD=$preload "$work/program" "$@" >"$work/out" 2>"$work/err" ||
		fail "$*: exit $?: $(cat "$work/err")"
}

served cuMemcpyFutureAsync
[ "$(cat "$work/out")" = "cuMemcpyFutureAsync found
42" ] || fail "the function does not work: $(cat "$work/out")"
expect_lines "$work/err" 1 'cuMemcpyFutureAsync, as of CUDA 14.0, is newer than this aerostat' "one line names it"
expect_lines "$work/err" 1 '' "and nothing else is said"

# Libraries that ask for a variant by its name are no different.
for how in + -; do
	served "${how}cuMemcpyNewer"
	[ "$(cat "$work/out")" = "${how}cuMemcpyNewer found
43" ] || fail "by name: the function does not work: $(cat "$work/out")"
	expect_lines "$work/err" 1 'cuMemcpyNewer is newer than this aerostat' "by name: one line names it"
	expect_lines "$work/err" 1 '' "by name: and nothing else is said"
done

served cuDriverGetVersion cuDeviceGetCount cuNoSuch +cuDriverGetVersion -cuDeviceGetCount +cuNoSuch -cuNoSuch \
	-cuOfTheProgram
[ ! -s "$work/err" ] || fail "safe functions are mentioned: $(cat "$work/err")"

export AEROSTAT_LOG=error
served cuMemcpyFutureAsync
[ ! -s "$work/err" ] || fail "AEROSTAT_LOG=error does not hold: $(cat "$work/err")"
