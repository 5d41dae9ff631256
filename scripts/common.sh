# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034
# Shared by demo.sh and test.sh: what they need, where they build.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)

say()
{
	printf '%s\n' "$*"
}

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# need_packages PACKAGE=TEST...: installs the packages whose TEST (a command to find, or a header
# when it ends in .h) is missing. Says what it does; asks for root only then.
need_packages()
{
	local pair package test missing=()

	for pair in "$@"; do
		package=${pair%%=*}
		test=${pair#*=}
		case $test in
		*.h) [ -e "/usr/include/$test" ] || missing+=("$package") ;;
		*.pc) pkg-config --exists "${test%.pc}" 2>/dev/null || missing+=("$package") ;;
		*) command -v "$test" >/dev/null 2>&1 || missing+=("$package") ;;
		esac
	done
	[ ${#missing[@]} -eq 0 ] && return
	command -v apt-get >/dev/null 2>&1 ||
		die "missing: ${missing[*]} (names as in Debian); install them with your package manager"
	local become=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! sudo -n true 2>/dev/null; then
			die "these packages are missing; as root, run: apt-get install ${missing[*]}"
		fi
		become=(sudo -n)
	fi
	say "installing ${missing[*]} (as root)"
	local log
	log=$(mktemp)
	if ! {
		"${become[@]}" apt-get update &&
			"${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y \
				--no-install-recommends "${missing[@]}"
	} >"$log" 2>&1; then
		cat "$log" >&2
		die "apt-get failed"
	fi
	rm -f "$log"
}

build_packages=(gcc=gcc libc6-dev=stdlib.h make=make uthash-dev=uthash.h pkg-config=pkg-config
	libjansson-dev=jansson.h)
# A release has its configure; a checkout makes it.
[ -e "$top/configure" ] && [ ! -e "$top/.git" ] ||
	build_packages+=(autoconf=autoconf automake=automake libtool=libtoolize)

# quietly LOG COMMAND...: runs it with its output in LOG, which is shown when it fails.
quietly()
{
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		tail -n 60 "$log" >&2
		say "(the whole output: $log)" >&2
		return 1
	fi
}

# source_tree DIR: prints a source tree to build from. The working tree itself, or, when somebody
# has configured that in place, a copy under DIR, because a configured tree is left alone.
source_tree()
{
	local copy=$1/source

	if [ ! -e "$top/config.status" ]; then
		printf '%s\n' "$top"
		return
	fi
	rm -rf "$copy"
	mkdir -p "$copy"
	(cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) | tar -C "$copy" -xf - &&
		make -C "$copy" distclean >"$1/log/distclean.log" 2>&1 ||
		die "could not copy the tree: see $1/log/distclean.log"
	printf '%s\n' "$copy"
}

# bootstrap SOURCE LOG: makes configure where a checkout has none, or an old one.
bootstrap()
{
	local source=$1 log=$2

	if [ ! -e "$source/configure" ] || [ -n "$(find "$source" -maxdepth 4 \
		\( -name configure.ac -o -name Makefile.am -o -name local.mk \) \
		-newer "$source/configure" -print -quit)" ]; then
		(cd "$source" && quietly "$log" autoreconf -fi)
	fi
}
