#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Each adversary mode does what it says, and without it nothing of the kind happens.
. "${top_builddir:-.}/tests/env.sh"

SIMCUDA_KERNELS=$abs_builddir/tests/apps/.libs/libappkernels.so
export SIMCUDA_KERNELS
# Wrong programs are what this is about: they unmap under kernels, and look before they wait.
case $sanitizers in
*thread*)
	printf 'race:simk_\nrace:run_fill\n' >"$work/races"
	TSAN_OPTIONS="${TSAN_OPTIONS-} suppressions=$work/races"
	export TSAN_OPTIONS
	;;
esac
for mode in none eager lazy 'eager lazy' one-lock zero; do
	set -- "$abs_builddir/tests/sim/t_adversary" "${mode%% *}"
	case $mode in *eager*) set -- SIMCUDA_EAGER=1 "$@" ;; esac
	case $mode in *lazy*) set -- SIMCUDA_LAZY=1 "$@" ;; esac
	case $mode in
	one-lock) set -- SIMCUDA_ONE_LOCK=100 "$@" ;;
	zero) set -- SIMCUDA_ZERO=1 "$@" ;;
	esac
	timeout 120 env "$@" 2>"$work/err" || fail "$mode: $(cat "$work/err")"
done
