#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# make install DESTDIR=...: the installed tool finds the installed library, there and moved.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

[ -e "$lib" ] || skip "$lib is not built"
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
export ASAN_OPTIONS
unset LD_PRELOAD LD_LIBRARY_PATH MAKEFLAGS MFLAGS MAKELEVEL

make -s -C "$abs_builddir" install DESTDIR="$work/dest" > "$work/make" 2>&1 || {
	cat "$work/make"
	fail "make install"
}
installed=$(find "$work/dest" -type f -name aerostat -perm -u+x)
[ -n "$installed" ] || fail "no tool was installed"
[ "$(find "$work/dest" -name aerostat.1 | wc -l)" = 1 ] || fail "no aerostat.1 was installed"
[ "$(find "$work/dest" -name libaerostat.7 | wc -l)" = 1 ] || fail "no libaerostat.7 was installed"

# found TOOL TREE: its library lies in TREE.
found()
{
	"$1" run printenv LD_PRELOAD > "$work/out" 2> "$work/err" || fail "$1: $?: $(cat "$work/err")"
	case $(cat "$work/out") in
	*"$2"/*libaerostat.so) ;;
	*) fail "$1 preloads $(cat "$work/out")" ;;
	esac
}
found "$installed" "$work/dest"
mv "$work/dest" "$work/moved"
found "$work/moved${installed#"$work/dest"}" "$work/moved"
ln -s "$work/moved${installed#"$work/dest"}" "$work/link"
found "$work/link" "$work/moved"

# Without it, one line.
find "$work/moved" -name 'libaerostat.so*' -exec rm {} +
status=0
"$work/moved${installed#"$work/dest"}" run true > "$work/out" 2> "$work/err" || status=$?
if [ $status = 0 ]; then
	skip "another aerostat is installed where this one was configured to be"
fi
[ $status = 1 ] || fail "no library: exit $status"
grep -q 'libaerostat.so is not there: install aerostat again' "$work/err" || fail "$(cat "$work/err")"

# LD_PRELOAD has no way to name a path with a space.
mkdir -p "$work/a b"
make -s -C "$abs_builddir" install DESTDIR="$work/a b/x" > "$work/make" 2>&1 || exit 0
status=0
"$work/a b/x${installed#"$work/dest"}" run true 2> "$work/err" || status=$?
[ $status = 1 ] || fail "a space in the path: exit $status"
grep -q 'LD_PRELOAD takes no path with a space' "$work/err" || fail "$(cat "$work/err")"
