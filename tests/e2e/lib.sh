# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# For tests that run programs on the simulated driver, natively and preloaded. Sourced after env.sh.

# driver_dir VERSION: where that version of the simulated driver lies.
driver_dir()
{
	case $1 in
	13000) echo "$sim" ;;
	*) echo "$abs_builddir/src/sim/driver-$1/.libs" ;;
	esac
}

# run_with VERSION PRELOAD COMMAND...: on that simulated driver. AE_WRAPPER is an emulator that takes
# the program's environment as -E NAME=VALUE, because its own loader must not see it.
run_with()
{
	version=$1 libraries=$2
	shift 2
	path=$(driver_dir "$version"):$abs_builddir/src/sim/cudart/.libs
	if [ -n "$AE_WRAPPER" ]; then
		# shellcheck disable=SC2086
		set -- $AE_WRAPPER -E "LD_LIBRARY_PATH=$path" ${libraries:+-E "LD_PRELOAD=$libraries"} "$@"
	else
		set -- env "LD_LIBRARY_PATH=$path" ${libraries:+"LD_PRELOAD=$libraries"} "$@"
	fi
	SIMCUDA_DRIVER=$version SIMCUDA_DIR=${SIMCUDA_DIR-$work/sim} SIMCUDA_MEM=${SIMCUDA_MEM-512M} \
		SIMCUDA_KERNELS=$abs_builddir/tests/apps/.libs/libappkernels.so timeout 120 "$@"
}

# native VERSION COMMAND...: on that version of the simulated driver.
native()
{
	version=$1
	shift
	run_with "$version" "$sanitizer_libs" "$@"
}

# preloaded VERSION COMMAND...: the same with the library in front.
preloaded()
{
	version=$1
	shift
	run_with "$version" "$preload" "$@"
}

# lines FILE PATTERN: how many lines match.
lines()
{
	grep -c -- "$2" "$1"
}

# expect_lines FILE COUNT PATTERN WHAT
expect_lines()
{
	[ "$(lines "$1" "$3")" = "$2" ] || {
		cat "$1" >&2
		fail "$4: expected $2 lines with '$3', saw $(lines "$1" "$3")"
	}
}
