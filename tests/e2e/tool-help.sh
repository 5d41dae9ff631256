#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat --help, --version, help: on standard output, exit 0; misuse on standard error, exit 2.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

# prints WORDS -- ARGUMENT...: exit 0, WORDS on standard output, nothing on standard error.
prints()
{
	words=$1
	shift 2
	"$tool" "$@" > "$work/out" 2> "$work/err" || fail "aerostat $*: exit $?"
	grep -qF -e "$words" "$work/out" || fail "aerostat $*: no \"$words\" in: $(cat "$work/out")"
	[ ! -s "$work/err" ] || fail "aerostat $*: on standard error: $(cat "$work/err")"
}

# misused WORDS -- ARGUMENT...: exit 2, WORDS on standard error, nothing on standard output.
misused()
{
	words=$1
	shift 2
	status=0
	"$tool" "$@" > "$work/out" 2> "$work/err" || status=$?
	[ $status = 2 ] || fail "aerostat $*: exit $status"
	grep -qF -e "$words" "$work/err" || fail "aerostat $*: no \"$words\" in: $(cat "$work/err")"
	[ ! -s "$work/out" ] || fail "aerostat $*: on standard output: $(cat "$work/out")"
}

prints 'aerostat 0.' -- --version
[ "$(wc -l < "$work/out")" = 1 ] || fail "--version is more than a line"
prints 'Usage: aerostat COMMAND' -- --help
prints 'Usage: aerostat COMMAND' -- help
for command in run ps trim limit reserve doctor debug help; do
	prints "  $command " -- --help
	prints "Usage: aerostat $command" -- help $command
	cp "$work/out" "$work/first"
	prints "Usage: aerostat $command" -- $command --help
	cmp -s "$work/first" "$work/out" || fail "help $command and $command --help differ"
	prints "Usage: aerostat $command" -- $command -h
	awk 'length > 80 { exit 1 }' "$work/out" || fail "$command --help has lines of more than 80 letters"
done
prints 'with kernels that have C twins' -- run --model x --help
prints 'no effect in this version' -- run --help

misused 'Usage: aerostat COMMAND' --
misused 'runn is not a command; did you mean run?' -- runn
misused 'frobnicate is not a command' -- frobnicate
misused 'frobnicate is not a command' -- help frobnicate
misused "Try 'aerostat --help'" -- frobnicate
misused 'extra: --version takes no arguments' -- --version extra
misused 'run: --help takes no arguments' -- --help run
misused 'one command at a time' -- help --help run
misused '-x is not an option' -- -x
misused 'one command at a time' -- help run doctor
misused '--frobnicate is not an option' -- doctor --frobnicate
misused "Try 'aerostat doctor --help'" -- doctor --frobnicate
misused 'no arguments' -- doctor now
misused 'no arguments' -- ps chat
misused '--frobnicate is not an option' -- ps --frobnicate
misused '--group needs a value' -- ps --group
misused '--dir needs a value' -- ps --dir=
misused '"x" is not a process id' -- doctor --pid x
misused '"0" is not a process id' -- doctor --pid=0
misused '"-1" is not a process id' -- doctor --pid=-1
misused '--pid needs a value' -- doctor --pid
misused 'do not go together' -- doctor --pid 1 --sim

if [ -w /dev/full ]; then
	status=0
	"$tool" --help > /dev/full 2> "$work/err" || status=$?
	[ $status = 1 ] || fail "a full disk: exit $status"
	grep -q 'cannot write' "$work/err" || fail "a full disk: $(cat "$work/err")"
fi
