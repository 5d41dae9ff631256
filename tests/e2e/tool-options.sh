#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat run: what is wrong with an option is said in one line and a hint, and nothing is run.
# shellcheck source=tests/env.sh.in
. ./tests/env.sh

# refused LINE -- ARGUMENT...
refused()
{
	line=$1
	shift 2
	status=0
	"$tool" run "$@" touch "$work/ran" > "$work/out" 2> "$work/err" || status=$?
	[ $status = 2 ] || fail "run $*: exit $status: $(cat "$work/err")"
	[ "$(head -n 1 "$work/err")" = "aerostat run: $line" ] ||
		fail "run $*: $(cat "$work/err")"
	[ "$(sed 1d "$work/err")" = "Try 'aerostat run --help'." ] ||
		fail "run $*: $(cat "$work/err")"
	[ ! -s "$work/out" ] || fail "run $*: on standard output: $(cat "$work/out")"
	[ ! -e "$work/ran" ] || fail "run $*: the program ran"
}

refused '--limit: "20Q" is not a size (such as 512M, 20G or 50%)' -- --limit 20Q
refused '--limit: "" is not a size (such as 512M, 20G or 50%)' -- --limit=
refused '--limit: "101%" is too large for a size' -- --limit=101%
refused '--limit: "0" is too little: nothing could be allocated' -- --limit 0
refused '--limit: "0.0%" is too little: nothing could be allocated' -- --limit=0.0%
refused '--wait: "soon" is not a time (such as 500ms, 30s or 2m)' -- --wait=soon
refused '--priority: "11" is not a whole number from -10 to 10' -- --priority=11
refused '--log: "loud" is not error, warn, info, debug or trace' -- --log loud
refused '--meminfo: "x" is not limit or physical' -- --meminfo=x
refused '--strict: "maybe" is neither 0 nor 1' -- --strict=maybe
refused "--group: \"a/b\" is not a name (up to 64 letters, digits, '.', '_' and '-', no '.' first)" \
	-- --group a/b
refused '--limt is not an option; did you mean --limit?' -- --limt=20G
refused '--log-fil is not an option; did you mean --log-file?' -- --log-fil=x
refused '--log_file is not an option; did you mean --log-file?' -- --log_file=x
refused '--LIMIT is not an option; did you mean --limit?' -- --LIMIT=20G
refused '--host is not an option; did you mean --host-limit?' -- --host=20G
refused '--simm is not an option; did you mean --sim?' -- --simm
refused '--weather is not an option' -- --weather=fair
refused '--model needs a value: --model=NAME' -- --model --
refused '-m is not an option' -- -m x
refused '--sim: "50%" is not a size (such as 512M or 4G)' -- --sim=50%
refused '--sim: "0" is not a size (such as 512M or 4G)' -- --sim=0

status=0
"$tool" run > "$work/out" 2> "$work/err" || status=$?
[ $status = 2 ] || fail "run: exit $status"
grep -q 'which program?' "$work/err" || fail "run: $(cat "$work/err")"
status=0
"$tool" run --model x -- 2> "$work/err" || status=$?
[ $status = 2 ] || fail "run --: exit $status"
status=0
"$tool" run --model 2> "$work/err" || status=$?
[ $status = 2 ] || fail "run --model: exit $status"
grep -qF -e '--model needs a value: --model=NAME' "$work/err" || fail "run --model: $(cat "$work/err")"

status=0
SIMCUDA_DRIVER=11030 "$tool" run --sim true 2> "$work/err" || status=$?
[ $status = 2 ] || fail "an unknown SIMCUDA_DRIVER: exit $status"
grep -qF 'SIMCUDA_DRIVER: "11030" is not 11020, 11080, 12040 or 13000' "$work/err" ||
	fail "an unknown SIMCUDA_DRIVER: $(cat "$work/err")"
exit 0
