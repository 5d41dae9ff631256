#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat run: the environment that the program gets, and the exit status that the caller gets.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

[ -e "$lib" ] || skip "$lib is not built"
# Programs without the sanitizer in them take their time over nothing.
ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0
export ASAN_OPTIONS
unset LD_PRELOAD LD_LIBRARY_PATH

status_of()
{
	status=0
	"$tool" run "$@" > "$work/out" 2> "$work/err" || status=$?
}

# The exit status is the program's, or a shell's.
status_of -- sh -c 'exit 7'
[ $status = 7 ] || fail "exit 7: $status"
status_of true
[ $status = 0 ] || fail "true: $status: $(cat "$work/err")"
status_of -- "$work/no such program"
[ $status = 127 ] || fail "a program that is not there: $status"
grep -qF "aerostat run: $work/no such program: not found" "$work/err" || fail "$(cat "$work/err")"
status_of -- no-such-program-in-path
[ $status = 127 ] || fail "a program that is not in PATH: $status"
echo 'not executable' > "$work/file"
status_of -- "$work/file"
[ $status = 126 ] || fail "a file that is not executable: $status"
status_of -- "$work"
[ $status = 126 ] || fail "a directory: $status"

# Signals reach the program, since it is the same process.
"$tool" run -- sleep 60 2> /dev/null &
pid=$!
i=0
until [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = sleep ]; do
	i=$((i + 1))
	[ $i -lt 200 ] || fail "sleep does not start"
	sleep 0.05
done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status = 143 ] || fail "SIGTERM: $status"

# Arguments arrive as they were, also empty ones and what looks like options.
# shellcheck disable=SC2016
"$tool" run --model chat -- sh -c 'printf "<%s>" "$@"' sh 'two words' '' --model "a'b" '*' -- \
	> "$work/out" 2> /dev/null || fail "arguments: $?"
[ "$(cat "$work/out")" = "<two words><><--model><a'b><*><-->" ] || fail "arguments: $(cat "$work/out")"

# A value that is "--" has to say that it is one.
"$tool" run --model=-- printenv AEROSTAT_MODEL > "$work/out" 2> /dev/null || fail "--model=--: $?"
[ "$(cat "$work/out")" = -- ] || fail "--model=--: $(cat "$work/out")"

# What takes no preloaded library runs all the same, and one line says so; others get no such line.
status_of true
grep -q 'cannot be preloaded' "$work/err" && fail "true: $(cat "$work/err")"
echo 'int main(void) { return 5; }' > "$work/static.c"
for flags in -static -static-pie; do
	# shellcheck disable=SC2086,SC2154
	$cc $flags -o "$work/static" "$work/static.c" 2> /dev/null || continue
	status_of -- "$work/static"
	[ $status = 5 ] || fail "$flags: exit $status"
	[ "$(grep -c . "$work/err")" -le 2 ] || fail "$flags: $(cat "$work/err")"
	line="$work/static is statically linked: libaerostat.so cannot be preloaded into it; it runs natively"
	grep -qxF "aerostat run: $line" "$work/err" || fail "$flags: $(cat "$work/err")"
	PATH=$work:$PATH status_of static
	grep -qxF "aerostat run: $line" "$work/err" || fail "$flags, by PATH: $(cat "$work/err")"
done
loader=$(find /lib64 /lib -name 'ld-linux*.so.*' 2> /dev/null | head -n 1)
if [ -n "$loader" ]; then
	status_of -- "$loader" /bin/true
	[ $status = 0 ] || fail "the loader: exit $status: $(cat "$work/err")"
	grep -q 'cannot be preloaded' "$work/err" && fail "the loader: $(cat "$work/err")"
fi
if [ "$(id -u)" = 0 ]; then
	cp /bin/true "$work/setuid"
	chown 65534 "$work/setuid"
	chmod 4755 "$work/setuid"
	status_of -- "$work/setuid"
	[ $status = 0 ] || fail "set-user-ID: exit $status"
	if ! findmnt -no OPTIONS -T "$work" | grep -q nosuid; then
		grep -qF "$work/setuid is set-user-ID or set-group-ID: libaerostat.so cannot be preloaded" \
			"$work/err" || fail "set-user-ID: $(cat "$work/err")"
	fi
fi

# The variables: each option has its own, both forms of a value, paths made absolute, the last counts.
(cd "$work" && "$tool" run --model=x --model 'llama 8b' --limit=20G --log-file=l/log --strict --disable=no \
	--idle-after 3s env) > "$work/out" 2> /dev/null || fail "variables: $?"
for line in 'AEROSTAT_MODEL=llama 8b' AEROSTAT_LIMIT=20G "AEROSTAT_LOG_FILE=$(cd "$work" && pwd -P)/l/log" \
	AEROSTAT_STRICT=1 AEROSTAT_DISABLE=no AEROSTAT_IDLE_AFTER=3s "AEROSTAT_DIR=$AEROSTAT_DIR"; do
	grep -qxF "$line" "$work/out" || fail "no $line in: $(cat "$work/out")"
done
grep -q '^SIMCUDA_MEM\|^LD_LIBRARY_PATH' "$work/out" && fail "a simulator nobody asked for"

# LD_PRELOAD: ours comes first (after a sanitizer's run time), what was there stays.
"$tool" run printenv LD_PRELOAD > "$work/out" 2> /dev/null || fail "LD_PRELOAD: $?"
[ "$(cat "$work/out")" = "$preload" ] || fail "LD_PRELOAD: $(cat "$work/out")"
other=$(find /lib /lib64 /usr/lib -name libm.so.6 2> /dev/null | head -n 1)
if [ -n "$other" ]; then
	LD_PRELOAD=$other "$tool" run printenv LD_PRELOAD > "$work/out" 2> /dev/null || fail "LD_PRELOAD: $?"
	[ "$(cat "$work/out")" = "$preload:$other" ] || fail "LD_PRELOAD: $(cat "$work/out")"
fi
# One run inside another does not pile up.
"$tool" run -- "$tool" run printenv LD_PRELOAD > "$work/out" 2> /dev/null || fail "twice: $?"
[ "$(cat "$work/out")" = "$preload" ] || fail "twice: $(cat "$work/out")"

# The library is really there.
"$tool" run -- cat /proc/self/maps > "$work/out" 2> /dev/null || fail "maps: $?"
grep -q 'libaerostat\.so' "$work/out" || fail "not loaded: $(cat "$work/out")"

# Standard output is the program's alone.
"$tool" run --log=trace echo hello > "$work/out" 2> /dev/null || fail "echo: $?"
[ "$(cat "$work/out")" = hello ] || fail "on standard output: $(cat "$work/out")"
