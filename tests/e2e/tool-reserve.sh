#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# aerostat run --reserve: refused, with the arithmetic, when no device that the program will see can meet it.
# A program that is started otherwise is warned, and has none.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"
. "$abs_srcdir/tests/e2e/holders.sh"

[ -z "$AE_WRAPPER" ] || skip "the tool does not load a driver in an emulator"
export SIMCUDA_DIR="$work/sim"

# refused WORDS OPTION...: with 512 MiB of device memory.
refused()
{
	words=$1
	shift
	asks 1 run --sim=512M "$@" -- touch "$work/ran"
	complains "$words"
	[ ! -e "$work/ran" ] || fail "run $*: the program ran"
}
# runs OPTION...
runs()
{
	asks 0 run --sim=512M "$@" -- touch "$work/ran"
	[ -e "$work/ran" ] || fail "run $*: the program did not run: $(cat "$work/err")"
	[ ! -s "$work/err" ] || fail "run $*: $(cat "$work/err")"
	rm "$work/ran"
}

# Above the device, the limit, the capacity; nobody is there.
refused '^aerostat run: --reserve: 600 MiB of GPU-[0-9a-f-]* is more than the device, which has 512 MiB$' --reserve 600M
refused 'is more than the limit of 300 MiB$' --reserve 400M --limit 300M
refused 'cannot be kept: other models use or have reserved 0 bytes of the 256 MiB that there is$' \
	--reserve 300M --capacity 50%
runs --reserve 512M
runs --reserve 100%
runs --reserve 600M --disable
(AEROSTAT_RESERVE=600M && export AEROSTAT_RESERVE && refused 'is more than the device') || exit 1

# Next to others: what they have reserved, or use where that is more, and what is outside.
AEROSTAT_MODEL=chat AEROSTAT_RESERVE=200M hold a alloc=40 "$(stop_at a 1)"
AEROSTAT_MODEL=embed AEROSTAT_RESERVE=20M hold b alloc=60 "$(stop_at b 1)"
reached a 1
reached b 1
refused 'cannot be kept: other models use or have reserved 260 MiB of the 4[0-9]* MiB that there is$' --reserve 240M
runs --reserve 200M
# Of the same model it is the same reserve. The name is the program's where none is given.
runs --reserve 240M --model chat
refused 'cannot be kept' --reserve 240M --model other
# Another group has another ledger, and does not know of it; nor can the whole of a device be known full
# where the program sees a second one.
runs --reserve 240M --group night
(SIMCUDA_DEVICES=2 && export SIMCUDA_DEVICES && runs --reserve 240M) || exit 1

# Not by aerostat run: it is warned, and runs with none.
AEROSTAT_MODEL=late AEROSTAT_RESERVE=240M hold c alloc=4 "$(stop_at c 1)"
reached c 1
expect_lines "$work/c.err" 1 'a reserve of 240 MiB cannot be kept: other models use or have reserved 260 MiB' \
	"the library warns"
asks 0 ps
says '^  late  *1  *4 MiB  *-  *-  *-  *512 MiB  *-  '
for name in a b c; do
	go_on $name 1
	finish $name
done
