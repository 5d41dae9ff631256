#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs what is missing, builds, and runs the tests. The last line counts them.
set -u
. "$(dirname "$0")/common.sh"

usage()
{
	cat <<'TEXT'
Usage: scripts/test.sh [--full]

Builds under build/test and runs make check, make distcheck and make lint (about 5 minutes on two
cores). --full adds a build with a CUDA toolkit (where one is found), one that may not use any, the
sanitizer builds, every program under the adversary modes of the simulated driver, and the aarch64 build
under qemu-user (about 17 minutes).

Needs root only to install missing packages, and says so. Needs no GPU and no network.
TEXT
}

full=0
case ${1-} in
'') ;;
--full) full=1 ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac

need_packages "${build_packages[@]}" xz-utils=xz check=check.pc shellcheck=shellcheck clang-format=clang-format \
	cppcheck=cppcheck mandoc=mandoc clang-tools=scan-build clang=clang
if [ "$full" = 1 ]; then
	need_packages valgrind=valgrind gcc-aarch64-linux-gnu=aarch64-linux-gnu-gcc \
		libc6-dev-arm64-cross=../aarch64-linux-gnu/include/stdio.h qemu-user=qemu-aarch64
fi

build=$top/build/test
mkdir -p "$build/log"
source=$(source_tree "$build") || exit 1
passed=0 failed=0 skipped=0

# One stage that is itself a test: it passes or fails as a whole.
stage()
{
	local name=$1
	shift
	if quietly "$build/log/$name.log" "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		say "FAIL: $name"
	fi
}

# Counts the results that make check left in a build directory; says what failed or was skipped.
count()
{
	local dir=$1 name=$2 trs result
	while IFS= read -r trs; do
		result=$(sed -n 's/^:global-test-result: //p' "$trs")
		case $result in
		PASS | XFAIL) passed=$((passed + 1)) ;;
		SKIP)
			skipped=$((skipped + 1))
			say "SKIP ($name): $(basename "${trs%.trs}"): $(sed -n 's/^SKIP: //p' "${trs%.trs}.log" | head -n 1)"
			;;
		*)
			failed=$((failed + 1))
			say "FAIL ($name): ${trs%.trs}"
			tail -n 40 "${trs%.trs}.log"
			;;
		esac
	done < <(find "$dir" -name '*.trs' | LC_ALL=C sort)
}

# build_and_check NAME CONFIGURE-OPTION...: one build directory, its own make check.
build_and_check()
{
	local name=$1 dir=$build/$1
	shift
	rm -rf "$dir"
	mkdir -p "$dir"
	say "building and testing: $name"
	if ! (cd "$dir" && quietly "$build/log/$name-configure.log" "$source/configure" "$@" &&
		quietly "$build/log/$name-make.log" make -j"$jobs" V=1); then
		failed=$((failed + 1))
		say "FAIL: build of $name"
		return
	fi
	(cd "$dir" && make -j"$jobs" V=1 check) >"$build/log/$name-check.log" 2>&1
	if ! find "$dir" -name '*.trs' | grep -q .; then
		failed=$((failed + 1))
		say "FAIL: make check of $name ran nothing"
		tail -n 40 "$build/log/$name-check.log"
		return
	fi
	count "$dir" "$name"
}

bootstrap "$source" "$build/log/autoreconf.log" || die "autoreconf failed"

build_and_check without-cuda --without-cuda --enable-werror
# Nothing of a toolkit may reach a build that was told to do without.
if grep -nE '(-I|-isystem|-L) ?[^ ]*cuda[^ ]*/(include|lib)|nvcc' "$build/log/without-cuda-make.log" \
	"$build/log/without-cuda-check.log" >"$build/log/toolkit-lines.log"; then
	failed=$((failed + 1))
	say "FAIL: compile lines name a toolkit:"
	head -n 5 "$build/log/toolkit-lines.log"
else
	passed=$((passed + 1))
fi

say "distcheck"
stage distcheck make -C "$build/without-cuda" -j"$jobs" distcheck \
	AM_DISTCHECK_CONFIGURE_FLAGS=--without-cuda
say "lint"
stage lint make -C "$build/without-cuda" lint

if [ "$full" = 1 ]; then
	build_and_check with-cuda --enable-werror
	build_and_check asan --without-cuda --enable-werror --enable-sanitizers=address,undefined \
		CFLAGS='-g -O1'
	build_and_check tsan --without-cuda --enable-werror --enable-sanitizers=thread CFLAGS='-g -O1'
	say "every program under every adversary mode"
	stage adversary make -C "$build/without-cuda" -j"$jobs" check-adversary
	say "aarch64, under qemu-user"
	stage aarch64 "$source/scripts/check-aarch64" "$source" "$build/aarch64"
fi

say "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
