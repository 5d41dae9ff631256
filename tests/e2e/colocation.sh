#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Several programs whose loads come to many times the device, each of which fits alone: all of them finish,
# none is out of memory, and what the ledger grants is there. Meanwhile somebody looks at the ledger, and sees
# no more than there is.
#
#	colocation.sh [STEPS]
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

[ -z "$AE_WRAPPER" ] || skip "one emulator for each program is too slow"
steps=${1:-12}
seed=${AE_SEED:-1}
export AEROSTAT_WAIT=60s AEROSTAT_LOG=warn
watch=$abs_builddir/tests/e2e/ledger_watch

# share COUNT MEM MIB [hold [LEAST]]: so many programs on a device of MEM MiB, each of up to MIB. Their
# contexts take 16 MiB each. With LEAST their limits change all the time.
share()
{
	count=$1 mem=$2 mib=$3 mode=${4:-} least=${5:-}
	rm -rf "$work/run"
	mkdir "$work/run" "$work/run/dir"
	chmod 700 "$work/run/dir"
	mkfifo "$work/run/start" "$work/run/watch"
	SIMCUDA_DIR=$work/run/sim SIMCUDA_MEM=${mem}M AEROSTAT_DIR=$work/run/dir
	export SIMCUDA_DIR SIMCUDA_MEM AEROSTAT_DIR
	i=0
	while [ $i -lt "$count" ]; do
		# shellcheck disable=SC2086
		AEROSTAT_MODEL=m$i SIMCUDA_TRACE=$work/run/trace \
			preloaded 13000 "$apps/app_share" "$steps" $((seed * 1000 + i)) "$mib" $mode \
			<"$work/run/start" >"$work/run/out.$i" 2>"$work/run/err.$i" &
		eval "pid_$i=$!"
		i=$((i + 1))
	done
	exec 8>"$work/run/start"
	for _ in $(seq 600); do
		[ "$(cat "$work"/run/out.* 2>/dev/null | grep -c '^ready')" = "$count" ] && break
		sleep 0.05
	done
	# shellcheck disable=SC2086
	"$watch" "$(echo "$work"/run/dir/*.ledger)" $least <"$work/run/watch" >"$work/run/watched" 2>&1 8>&- &
	watcher=$!
	exec 9>"$work/run/watch" 8>&-
	i=0
	while [ $i -lt "$count" ]; do
		eval "wait \$pid_$i" || {
			cat "$work/run/out.$i" "$work/run/err.$i" >&2
			fail "$*: program $i of $count (seed $seed)"
		}
		grep -q -x 'done' "$work/run/out.$i" || fail "$*: program $i has not said that it is done"
		i=$((i + 1))
	done
	exec 9>&-
	wait $watcher || {
		cat "$work/run/watched" >&2
		fail "$*: whoever looked saw more than there is"
	}
	# Of the whole device, contexts included, in the driver's own words.
	peak=$(sed -n 's/.* device-0-peak //p' "$work/run/trace" | sort -n | tail -n 1)
	refused=$(sed -n 's/.* device-0-refused //p' "$work/run/trace" | sort -n | tail -n 1)
	echo "$*: at most $((peak >> 20)) MiB of $mem; $refused refused; $(cat "$work/run/watched")"
	[ "$peak" -le $((mem << 20)) ] || fail "$*: more than there is was in use"
	# Between a claim and its creation what is measured can come out wrong, once in a while.
	[ "$refused" -le $((count * steps / 10)) ] ||
		fail "$*: the driver had too little $refused times for what was granted"
	[ "$(wc -c <"$(echo "$work"/run/dir/*.ledger)")" -lt 65536 ] || fail "the ledger is large"
}

# One block at a time: no wait for one another, and no out of memory, however long the line.
share 2 96 56
share 4 128 50
share 16 320 28

# Held while more is asked for: two can wait for each other until AEROSTAT_WAIT has passed. Then they are
# out of memory, free what they have, and go on.
export AEROSTAT_WAIT=100ms
share 4 128 50 hold
share 4 128 50 hold 4194304
exit 0
