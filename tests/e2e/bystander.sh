#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# A program that is not a CUDA program: nothing at all. No output, no file, no change of behaviour.
. ./tests/env.sh

[ -e "$lib" ] || fail "no $lib"

out=$(LD_PRELOAD=$preload sh -c 'echo hello; exec true' 2>&1)
[ "$out" = hello ] || fail "a shell under the preload said: $out"
LD_PRELOAD=$preload sh -c 'exit 7'
[ $? -eq 7 ] || fail "the exit status is not the program's"
LD_PRELOAD=$preload sh -c 'kill -TERM $$'
[ $? -eq 143 ] || fail "the signal is not the program's"

# Malformed options are not this program's business.
out=$(AEROSTAT_LIMIT=nonsense AEROSTAT_NO_SUCH=1 LD_PRELOAD=$preload true 2>&1)
[ -z "$out" ] || fail "true under the preload said: $out"
[ ! -e "$AEROSTAT_DIR" ] || fail "a ledger directory appeared"
