# SPDX-License-Identifier: MIT OR Apache-2.0
# shellcheck shell=sh
# For tests that look at programs while they hold memory, and have them go on. Sourced after lib.sh.

# stop_at NAME N: the step at which program NAME waits for the Nth time.
stop_at()
{
	echo "sh=echo \$PPID >$work/$1.pid; touch $work/$1.at.$2; \
until [ -e $work/$1.go.$2 ] || [ ! -d $work ]; do sleep 0.02; done"
}

# hold NAME STEP...: starts a served program of these steps, which are its own with stop_at in between.
hold()
{
	name=$1
	shift
	preloaded 13000 "$apps/app_steps" start "$@" >"$work/$name.out" 2>"$work/$name.err" &
	eval "job_$name=\$!"
}

# await COMMAND...: until it is true, for 30 s.
await()
{
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || fail "after 30 s: not $*"
		sleep 0.05
	done
}

# reached NAME N: until it waits for the Nth time. pid_of NAME: its process.
reached()
{
	await [ -e "$work/$1.at.$2" ]
}
pid_of()
{
	cat "$work/$1.pid"
}

# go_on NAME N: from there. finish NAME: until it has ended, well.
go_on()
{
	touch "$work/$1.go.$2"
}
finish()
{
	eval "wait \$job_$1" || {
		cat "$work/$1.out" "$work/$1.err" >&2
		fail "program $1 fails"
	}
}

# asks STATUS ARGUMENT...: the tool ends so; what it says is in $work/out and $work/err.
asks()
{
	expected=$1
	shift
	status=0
	timeout 60 "$tool" "$@" >"$work/out" 2>"$work/err" || status=$?
	[ "$status" = "$expected" ] || fail "aerostat $*: exit $status: $(cat "$work/out" "$work/err")"
}

# says WORDS, complains WORDS: on standard output, on standard error.
says()
{
	grep -q -e "$1" "$work/out" || fail "no \"$1\" in: $(cat "$work/out" "$work/err")"
}
complains()
{
	grep -q -e "$1" "$work/err" || fail "no \"$1\" in: $(cat "$work/err" "$work/out")"
}
