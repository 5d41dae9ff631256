#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat limit: of a program that runs, down and up again, and of several; aerostat reserve.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
. "$abs_srcdir/tests/e2e/holders.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
export AEROSTAT_CACHE=100% AEROSTAT_DECAY=60m AEROSTAT_WAIT=60m

asks 2 limit chat
asks 2 limit chat 20Q
complains '^aerostat limit: "20Q" is not a size (such as 512M, 20G or 50%)$'
asks 2 limit chat 0
complains 'is too little'
asks 2 limit chat 1G 2G
asks 2 reserve chat

AEROSTAT_MODEL=chat AEROSTAT_LIMIT=400M hold a alloc=100 alloc=60 free=1 "$(stop_at a 1)" \
	info alloc=20 alloc=60 "$(stop_at a 2)" info alloc=60 free=0 "$(stop_at a 3)" \
	alloc=80 "$(stop_at a 4)"
reached a 1

# Above what is in use: cache that is within it stays.
asks 0 limit chat 300M
says '^chat: limit 300 MiB, was 400 MiB; 160 MiB resident, 60 MiB of it cached$'
asks 0 ps
says '^  chat .*  300 MiB '
# Between: cache goes. An allocation that does not fit fails at once, however long AEROSTAT_WAIT is.
asks 0 limit chat 120M
says '^chat: limit 120 MiB, was 300 MiB; 100 MiB resident$'
go_on a 1
reached a 2
expect_lines "$work/a.out" 1 '^free 20 of 120, info -> 0$' "the program is told the new limit"
expect_lines "$work/a.out" 1 '^alloc=20 -> 0$' "what fits is served"
expect_lines "$work/a.out" 1 '^alloc=60 -> 2$' "what does not is out of memory"
# Below what is in use: both figures.
asks 0 limit "$(pid_of a)" 15%
says '^chat: limit 76.8 MiB, was 120 MiB; 120 MiB resident: 43.2 MiB above the limit, allocations fail'
go_on a 2
reached a 3
expect_lines "$work/a.out" 1 '^free 0 of 76, info -> 0$' "nothing is free above the limit"
expect_lines "$work/a.out" 2 '^alloc=60 -> 2$' "nothing can be had above the limit"
# And up again, no further than the device.
asks 0 limit chat 100T
says '^chat: limit 512 MiB, was 76.8 MiB; 20 MiB resident'
go_on a 3
reached a 4
expect_lines "$work/a.out" 1 '^alloc=80 -> 0$' "it grows again"

# Two processes of a model: one limit for the sum, and their caches go until it holds.
AEROSTAT_MODEL=chat hold b alloc=40 alloc=30 free=1 "$(stop_at b 1)" alloc=40 "$(stop_at b 2)"
reached b 1
asks 0 limit chat 150M
says '^chat: limit 150 MiB, was 512 MiB; 150 MiB resident, 10 MiB of it cached$\|^chat: limit 150 MiB, was 512 MiB; 140 MiB resident$'
go_on b 1
reached b 2
expect_lines "$work/b.out" 2 '^alloc=40 -> ' "asked twice"
expect_lines "$work/b.out" 1 '^alloc=40 -> 2$' "the limit is of the sum"

# One that is stopped: told, and said that it does not answer. Its limit holds all the same.
kill -STOP "$(pid_of b)"
asks 1 limit chat 200M
complains "process $(pid_of b) of model chat did not answer within [0-9.]* s: it is stopped"
says '^chat: limit 200 MiB, was 150 MiB; '
kill -CONT "$(pid_of b)"
asks 0 limit chat 200M
says '^chat: limit 200 MiB, was 200 MiB; '

# Reserves: what there is less what others use or have reserved.
AEROSTAT_MODEL=embed hold c alloc=10 "$(stop_at c 1)"
reached c 1
asks 0 reserve embed 100M
says '^embed: reserve 100 MiB, was 0 bytes; 10 MiB resident$'
asks 0 ps
says '^  embed .*  100 MiB '
asks 1 reserve chat 450M
complains '^aerostat reserve: chat: 450 MiB cannot be reserved: other models use or have reserved 100 MiB of the '
asks 0 ps
says '^  chat .* 200 MiB  *-  '
asks 0 reserve chat 210M
says '^chat: reserve 210 MiB, was 0 bytes; .*: only its limit of 200 MiB is kept$'
asks 0 reserve "$(pid_of a)" 0
says '^chat: reserve 0 bytes, was 210 MiB'

go_on a 4
go_on b 2
go_on c 1
for name in a b c; do
	finish $name
done
