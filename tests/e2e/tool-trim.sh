#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat trim: cache goes back to the device, of a model, of a process, of all; and whom a name or a
# number means, which all commands that act on models have in common.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
. "$abs_srcdir/tests/e2e/holders.sh"

[ -z "$AE_WRAPPER" ] || skip "process ids are the emulator's"
export AEROSTAT_CACHE=100% AEROSTAT_DECAY=60m

asks 1 trim chat
complains "^aerostat trim: chat is no model and no process in $AEROSTAT_DIR; there is nobody$"
asks 0 trim --all
says '^Nobody is in the ledgers'
asks 2 trim
asks 2 trim chat --all

AEROSTAT_MODEL=chat hold a alloc=40 alloc=20 free=1 "$(stop_at a 1)" alloc=24 free=0 "$(stop_at a 2)" info
AEROSTAT_MODEL=chat hold b alloc=60 free=0 "$(stop_at b 1)" alloc=80
AEROSTAT_MODEL=embed hold c alloc=30 free=0 alloc=4 "$(stop_at c 1)"
AEROSTAT_MODEL=embed AEROSTAT_GROUP=night hold d alloc=10 free=0 "$(stop_at d 1)"
for name in a b c d; do
	reached $name 1
done

# Who is meant.
for command in 'trim nosuch' 'limit nosuch 4G' 'reserve nosuch 4G' 'debug map nosuch'; do
	# shellcheck disable=SC2086
	asks 1 $command
	complains "nosuch is no model and no process in $AEROSTAT_DIR; there is "
	complains "chat ($(pid_of a), $(pid_of b))\|chat ($(pid_of b), $(pid_of a))"
	complains "embed ($(pid_of c))"
	complains "embed ($(pid_of d))"
done
asks 1 trim 2147483647
asks 1 trim ''
asks 1 trim --group night chat
complains "; there is embed ($(pid_of d))$"
asks 1 trim embed
complains '^aerostat trim: embed is in the groups default and night: say --group$'

# One process, then both of the model: a line for the model. What is in use stays.
asks 0 trim "$(pid_of a)"
says "^process $(pid_of a) of chat: 20 MiB given back, 0 bytes cached$"
asks 0 trim chat
says '^chat: 60 MiB given back, 0 bytes cached$'
expect_lines "$work/out" 1 . "one line for a model"
asks 0 ps --group default
says '^  chat .*  *40 MiB  *- '
asks 0 trim chat
says '^chat: 0 bytes given back, 0 bytes cached$'

# Everybody.
asks 0 trim --all
says '^embed in group default: 26 MiB given back, 0 bytes cached$\|^embed in group default: 30 MiB given back, 0 bytes cached$'
says '^embed in group night: 10 MiB given back, 0 bytes cached$'
says '^chat in group default: 0 bytes given back, 0 bytes cached$'

# A name comes before a number.
AEROSTAT_MODEL=$(pid_of b) hold e alloc=8 free=0 "$(stop_at e 1)"
reached e 1
asks 0 trim --group default "$(pid_of b)"
says "^$(pid_of b): 8 MiB given back"
go_on e 1
finish e

# What is cached later.
go_on a 1
reached a 2
asks 0 trim chat
says '^chat: 40 MiB given back'

# A process that is stopped is told, and not waited for without end; the others give back meanwhile.
kill -STOP "$(pid_of c)"
asks 1 trim embed --group default
complains "process $(pid_of c) of model embed did not answer within [0-9.]* s: it is stopped"
says '^embed: 0 bytes given back'
kill -CONT "$(pid_of c)"
asks 0 trim embed --group default
go_on a 2
for name in b c d; do
	go_on $name 1
done
for name in a b c d; do
	finish $name
done
