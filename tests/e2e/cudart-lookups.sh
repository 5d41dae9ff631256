#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The stand-in runtime asks the driver for what NVIDIA's asks for, in its order. Where NVIDIA's own
# is installed, it is asked too.
# shellcheck disable=SC1091,SC2154
. ./tests/env.sh

table=$abs_srcdir/src/sim/cudart/lookups.def
driver=$apps/.libs/liblookupsdriver.so
[ -e "$driver" ] || skip "$driver was not built"

ln -s "$driver" "$work/libcuda.so.1"
sed -n 's/^REQUEST("\(.*\)", \(.*\), \(.*\))$/\1	\2	\3/p' "$table" >"$work/expected"
[ "$(wc -l <"$work/expected")" -eq 440 ] || fail "$table has not 440 requests"

# asked DIRECTORY: what a runtime there asks for. The program fails: this driver can do nothing.
asked()
{
	LD_LIBRARY_PATH=$work:$1 "$apps/app_runtime" 2>&1 >/dev/null | grep '	.*	'
}

asked "$abs_builddir/src/sim/cudart/.libs" >"$work/standin"
diff "$work/expected" "$work/standin" || fail "the stand-in asks for something else"

toolkit=${CUDA_HOME:-/usr/local/cuda}
if [ -e "$toolkit/lib64/libcudart.so.13" ] &&
	grep -q 'define CUDART_VERSION *13000' "$toolkit/include/cuda_runtime_api.h"; then
	asked "$toolkit/lib64" >"$work/official"
	diff "$work/expected" "$work/official" || fail "the official runtime asks for something else"
fi
exit 0
