#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat debug map: the blocks that the program has, each in its reservation, with its chunks.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
. "$abs_srcdir/tests/e2e/holders.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
export AEROSTAT_CACHE=100% AEROSTAT_DECAY=60m

asks 2 debug
asks 2 debug frob chat
asks 2 debug map

AEROSTAT_MODEL=chat hold a alloc=6 alloc=200 alloc=10 small=300 small=300 free=2 "$(stop_at a 1)"
AEROSTAT_MODEL=chat hold b alloc=14 "$(stop_at b 1)"
reached a 1
reached b 1

asks 0 debug map "$(pid_of a)"
says "^model chat, process $(pid_of a), device GPU-[0-9a-f-]*, group default: 218 MiB resident, 10 MiB of it cached$"
expect_lines "$work/out" 1 '^model' "one process"
expect_lines "$work/out" 1 '^  block .*, 6 MiB, number ' "a block"
expect_lines "$work/out" 1 '^  block .*, 200 MiB, number ' "a block of two chunks"
expect_lines "$work/out" 2 '^    chunk .*, 100 MiB$' "and these"
expect_lines "$work/out" 1 '^  cached .*, 10 MiB$' "what was freed"
expect_lines "$work/out" 1 '^  small blocks .*, 2 MiB$' "a granule of small blocks"
expect_lines "$work/out" 2 '^    block .* bytes, number ' "and those in it"
says '^reservation 0x[0-9a-f]* to 0x'

asks 0 debug map chat
expect_lines "$work/out" 2 '^model chat, process ' "both processes"
expect_lines "$work/out" 1 '^  block .*, 14 MiB, number ' "of the other too"

# Nothing is left behind, also of a process that did not answer; and of two at a time each has its own.
kill -STOP "$(pid_of b)"
asks 1 debug map chat
complains "process $(pid_of b) of model chat did not answer within [0-9.]* s"
expect_lines "$work/out" 1 '^model chat, process ' "that of the other is printed"
kill -CONT "$(pid_of b)"
for i in 1 2 3 4; do
	"$tool" debug map "$(pid_of a)" >"$work/map.$i" 2>&1 &
	eval "map_$i=\$!"
done
for i in 1 2 3 4; do
	eval "wait \$map_$i" || fail "at the same time: $(cat "$work/map.$i")"
	expect_lines "$work/map.$i" 1 '^  block .*, 200 MiB, number ' "at the same time"
done
[ -z "$(find "$AEROSTAT_DIR" -name '*.map')" ] || fail "left behind: $(ls "$AEROSTAT_DIR")"
go_on a 1
go_on b 1
finish a
finish b
