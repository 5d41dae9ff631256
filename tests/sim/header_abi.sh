#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Every size, offset, enumerator, constant and prototype of the stand-in cuda.h against an official
# one. Skips where no toolkit is installed; --with-cuda=DIR says where it is.
. "${top_builddir:-.}/tests/env.sh"

ours=$abs_srcdir/src/sim/include
official=$(sed -n 's/^CUDA_INCLUDE = //p' "$abs_builddir/Makefile")
[ -n "$official" ] && [ -f "$official/cuda.h" ] || skip "no official cuda.h"
cc=${cc:-cc}

# One program, made from our header, that prints what both headers say about the same names.
{
	cat <<'END'
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>
#include <stddef.h>
#include <stdio.h>
#define V(n) printf("value %s %lld\n", #n, (long long)(n));
#define S(t) printf("size %s %zu %zu\n", #t, sizeof(t), _Alignof(t));
#define O(t, m) printf("offset %s.%s %zu\n", #t, #m, offsetof(t, m));
int main(void) {
END
	awk '
	/^typedef struct [A-Za-z0-9_]* \{/ || /^typedef union [A-Za-z0-9_]* \{/ {
		depth = 0; n = 0; inside = 1
	}
	inside && /^\t(struct|union) \{/ { depth++; next }
	inside && /^\t\}/ { depth-- ; sub(/^\t\} */, ""); sub(/;.*/, ""); if ($0 != "") m[n++] = $0; next }
	inside && !depth && /^\t[^\t].*;/ {
		line = $0; sub(/;.*/, "", line); sub(/\[.*/, "", line); sub(/.*[ *]/, "", line)
		if (line != "pad" && line !~ /^reserved/) m[n++] = line
	}
	inside && /^\} / {
		t = $2; sub(/;.*/, "", t); print "\tS(" t ")"
		for (i = 0; i < n; i++) print "\tO(" t ", " m[i] ")"
		inside = 0
	}
	/^\t(CU|CIG)[A-Za-z0-9_]* = / || /typedef enum .* \{ C[A-Z0-9_]* = / {
		line = $0; sub(/.*\{ /, "", line); sub(/^\t/, "", line); sub(/ = .*/, "", line)
		print "\tV(" line ")"
	}
	/^#define CU_/ && $2 !~ /\(/ && NF > 2 { print "\tV(" $2 ")" }
	/^#define CUDA_VERSION/ { print "\tV(CUDA_VERSION)" }
	/^typedef enum .*_enum/ { e = $3; sub(/_enum$/, "", e); if (e !~ /^cuda/) print "\tS(" e ")" }
	' "$ours/cuda.h"
	echo '	S(CUresult) S(CUdeviceptr) S(CUdeviceptr_v1) S(CUdevice) S(CUcontext) S(CUstream)'
	echo '	S(CUmemGenericAllocationHandle) S(cuuint32_t) S(cuuint64_t)'
	echo '	return 0; }'
} >"$work/values.c"
for side in ours official; do
	eval "dir=\$$side"
	# shellcheck disable=SC2086,SC2154
	$cc -Wno-pointer-to-int-cast -I"$dir" -o "$work/$side" "$work/values.c" ||
		fail "the probe does not compile against the $side header"
	"$work/$side" >"$work/$side.txt" || fail "the probe of the $side header failed"
done
lines=$(wc -l <"$work/ours.txt")
[ "$lines" -gt 500 ] || fail "only $lines facts extracted: the header's form changed"
diff "$work/ours.txt" "$work/official.txt" || fail "the headers disagree"

# Our prototypes after the official ones: a difference is a conflicting declaration.
{
	echo '#define __CUDA_API_VERSION_INTERNAL'
	echo '#include <cuda.h>'
	awk '/^CUresult CUDAAPI /, /;/' "$ours/cuda.h"
} >"$work/prototypes.c"
# shellcheck disable=SC2086
$cc -fsyntax-only -I"$official" "$work/prototypes.c" || fail "prototypes disagree"

# The names that programs write lead to the same symbols.
for side in ours official; do
	eval "dir=\$$side"
	for mode in '' -DCUDA_API_PER_THREAD_DEFAULT_STREAM; do
		echo "mode $mode"
		# shellcheck disable=SC2086
		for name in $(awk '/^#define cu[A-Z]/ { print $2 }' "$ours/cuda.h" | sort -u); do
			echo "$name=$name"
		done | sed 's/^\([^=]*\)=/"\1" /' | { echo '#include <cuda.h>'; cat; } |
			$cc -E -P $mode -I"$dir" - | grep '^"cu'
	done >"$work/$side.names"
done
diff "$work/ours.names" "$work/official.names" || fail "renames disagree"
echo "$lines facts, $(grep -c CUDAAPI "$work/prototypes.c") prototypes, $(wc -l <"$work/ours.names") names agree"
