#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat ps: who has what, of models and of processes; it reads whatever lies there, and waits for
# nobody.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
. "$abs_srcdir/tests/e2e/holders.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
export AEROSTAT_CACHE=100% AEROSTAT_DECAY=60m

asks 0 ps
says "^There is no ledger in $AEROSTAT_DIR"

AEROSTAT_MODEL=chat hold a alloc=40 alloc=20 free=1 "$(stop_at a 1)"
AEROSTAT_MODEL=chat AEROSTAT_PRIORITY=3 AEROSTAT_LIMIT=50% hold b alloc=100 "$(stop_at b 1)"
AEROSTAT_MODEL=embed AEROSTAT_RESERVE=64M hold c alloc=30 "$(stop_at c 1)"
AEROSTAT_MODEL=embed AEROSTAT_GROUP=night AEROSTAT_IPC=native hold d alloc=10 "$(stop_at d 1)" touch=0 "$(stop_at d 2)"
for name in a b c d; do
	reached $name 1
done

# The cached bytes are shown within a second or so.
cached_shown()
{
	asks 0 ps --group default
	grep -q '^  chat .* 20 MiB ' "$work/out"
}
await cached_shown
says '^MODEL  *PROCESSES  *RESIDENT  *CACHED  *PINNED  *EVICTED  *LIMIT  *RESERVE  *PRIORITY  *STATE$'
says '^GPU-[0-9a-f-]*, group default: 512 MiB: members 190 MiB, outside [0-9]* MiB, free 2[0-9]* MiB$'
says '^  chat  *2  *160 MiB  *20 MiB  *-  *-  *256 MiB  *-  *3  '
says '^  embed  *1  *30 MiB  *-  *-  *-  *512 MiB  *64 MiB  *0  '
expect_lines "$work/out" 4 . "a line for each model, and one for the device"
[ "$(sed -n '3s/^  \([a-z]*\) .*/\1/p' "$work/out")" = chat ] || fail "the largest is not first: $(cat "$work/out")"
expect_lines "$work/out" 0 ' $' "no spaces at the ends"

asks 0 ps
expect_lines "$work/out" 2 '^GPU-' "both groups"
says ', group night: 512 MiB: members 10 MiB'
asks 0 ps --group night -v
expect_lines "$work/out" 4 . "one process of the group"
# What the driver serves cannot move.
says "^    $(pid_of d)  *10 MiB  *-  *10 MiB  *- "
asks 0 ps --verbose
for name in a b c d; do
	expect_lines "$work/out" 1 "^    $(pid_of $name) " "each process has a line"
done
device=$(sed -n 's/^GPU-\([0-9a-f]*\)-.*/\1/p' "$work/out" | head -n 1)
asks 0 ps --device "$device"
expect_lines "$work/out" 2 "^GPU-$device" "by the beginning of its UUID"
asks 1 ps --device zzz
complains "no device zzz is known in $AEROSTAT_DIR; there is GPU-$device"
asks 0 ps --group none
dir=$AEROSTAT_DIR
(AEROSTAT_DIR=$work/nowhere && asks 0 ps --dir "$dir" && says '^  chat ') || exit 1

# Work is seen by the steward, once a second; what idle is, is the reader's to say.
state_is()
{
	AEROSTAT_IDLE_AFTER=$1 asks 0 ps --group night
	grep -q "^  embed .*  $2\$" "$work/out"
}
state_is 1h starting || fail "without GPU work: $(cat "$work/out")"
go_on d 1
reached d 2
await state_is 1h busy
await state_is 0 'idle for [0-9]* s'

# For programs.
"$tool" ps --json 2>&1 | grep -q 'built without JSON' || {
	command -v python3 >/dev/null || skip "no python3 to read JSON with (the rest was tested)"
	asks 0 ps --json
	python3 - "$(pid_of a)" "$(pid_of b)" "$work/out" <<'PYTHON' || fail "JSON: $(cat "$work/out")"
import json, sys
a, b = int(sys.argv[1]), int(sys.argv[2])
text = json.load(open(sys.argv[3]))
MiB = 1 << 20
assert text["version"] == 1 and text["unread"] == []
default, night = text["devices"]
assert (default["group"], night["group"]) == ("default", "night")
for device in text["devices"]:
    for key in "total", "members", "outside", "free":
        assert type(device[key]) is int
    assert device["members"] + device["outside"] + device["free"] == device["total"] == 512 * MiB
    assert device["members"] == sum(model["resident"] for model in device["models"])
    assert device["ledger"].endswith(device["device"][4:] + ".ledger")
chat, embed = default["models"]
assert chat["model"] == "chat" and chat["resident"] == 160 * MiB and chat["cached"] == 20 * MiB
assert chat["limit"] == 256 * MiB and chat["priority"] == 3 and chat["evicted"] == 0
assert {process["pid"] for process in chat["processes"]} == {a, b}
assert sum(process["resident"] for process in chat["processes"]) == chat["resident"]
assert embed["reserve"] == 64 * MiB and embed["waiting_for"] == 0
assert all(model["state"] in ("starting", "busy", "idle") for model in default["models"])
PYTHON
}

# A process that is stopped holds what it holds, and nobody waits for it.
kill -STOP "$(pid_of c)"
stopped_shown()
{
	asks 0 ps
	grep -q '^  embed .* 30 MiB .*  stopped$' "$work/out"
}
await stopped_shown
kill -CONT "$(pid_of c)"

# What is no ledger, or one of another version, is said; the rest is shown.
echo garbage >"$AEROSTAT_DIR/a.ledger"
: >"$AEROSTAT_DIR/b.ledger"
mkdir "$AEROSTAT_DIR/c.ledger"
ln -s /etc/passwd "$AEROSTAT_DIR/d.ledger"
mkfifo "$AEROSTAT_DIR/e.ledger"
cp "$AEROSTAT_DIR"/night-*.ledger "$AEROSTAT_DIR/f.ledger"
printf '\377' | dd of="$AEROSTAT_DIR/f.ledger" bs=1 seek=8 conv=notrunc 2>/dev/null
asks 1 ps
expect_lines "$work/err" 6 '^aerostat ps: .*/[a-f]\.ledger' "a line for each"
complains 'f.ledger is a ledger of version'
says '^  chat  *2 '
expect_lines "$work/out" 2 '^GPU-' "the rest is shown"
rm -r "$AEROSTAT_DIR"/?.ledger

# Who dies is gone, at once.
kill -KILL "$(pid_of b)"
wait "$job_b" || :
asks 0 ps
says '^  chat  *1  *60 MiB '
go_on a 1
go_on c 1
go_on d 2
for name in a c d; do
	finish $name
done
asks 0 ps
expect_lines "$work/out" 2 'no members$' "ledgers stay, empty"
