#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# A driver may give a new context the handle of one that was destroyed, even before the call that
# destroyed it has returned. The simulated driver is made to do both.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

export SIMCUDA_REUSE_HANDLES=1 SIMCUDA_MEM=128M

native 13000 "$apps/app_context_races" quick >"$work/native" || fail "fails natively"
for linger in 0 200; do
	# The library makes contexts current that the program does not: time for the program to end one.
	push=$((200 - linger))
	rm -f "$work/trace"
	SIMCUDA_LINGER_MS=$linger SIMCUDA_PUSH_MS=$push SIMCUDA_TRACE=$work/trace preloaded 13000 \
		"$apps/app_context_races" quick >"$work/served" 2>"$work/err" || {
		cat "$work/served" "$work/err" >&2
		fail "fails preloaded"
	}
	diff "$work/native" "$work/served" >&2 || fail "prints something else when preloaded"
	# All of it from the pool: a handle that was once lost is not lost for ever.
	grep ' cuMemAlloc_v2 ' "$work/trace" && fail "the driver served an allocation"
done
exit 0
