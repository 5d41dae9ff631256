#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# What pool memory cannot be in this version, as the README says: exported by legacy IPC, or set to
# synchronous copies. The program is told so honestly, by the query and by the call, and one line
# names the call.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

native 13000 "$apps/app_queries" share >"$work/native" || fail "fails natively"
preloaded 13000 "$apps/app_queries" share >"$work/served" 2>"$work/err" || {
	cat "$work/served" "$work/err" >&2
	fail "fails preloaded"
}
expect_lines "$work/native" 1 'attribute 10 -> 0, 1$' "native memory can be exported"
expect_lines "$work/served" 1 'attribute 10 -> 0, 0$' "the query says no"
expect_lines "$work/served" 1 'cuIpcGetMemHandle(&ipc, block) -> 801$' "the call says not supported"
expect_lines "$work/err" 1 'cuIpcGetMemHandle: legacy IPC of pool memory' "one line names the call"
expect_lines "$work/served" 1 'cuPointerSetAttribute(.*SYNC_MEMOPS, block) -> 801$' "the driver's word on VMM memory"
