#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# The long runs (make soak): for SOAK_SECONDS (600), with a new seed each time, the pool's random trace,
# the policy's simulation, a churning program natively and preloaded, and programs that share a device and
# are killed. Every seed is printed before it is used.
. ./tests/env.sh
. "$abs_srcdir/tests/e2e/lib.sh"

seconds=${SOAK_SECONDS:-600}
end=$(($(date +%s) + seconds))
rounds=0
while [ "$(date +%s)" -lt "$end" ]; do
	seed=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
	echo "seed $seed"
	tests/unit/pool/trace_test 5000000 "$seed" || fail "trace_test 5000000 $seed"
	tests/unit/ledger/policy_sim 40 "$seed" || fail "policy_sim 40 $seed"
	native 13000 "$apps/app_churn" 4000 "$seed" 256 >"$work/native" || fail "app_churn 4000 $seed 256, natively"
	preloaded 13000 "$apps/app_churn" 4000 "$seed" 256 >"$work/served" 2>"$work/err" || {
		cat "$work/err" >&2
		fail "app_churn 4000 $seed 256, preloaded"
	}
	diff "$work/native" "$work/served" >&2 || fail "app_churn 4000 $seed 256: other output when preloaded"
	preloaded 13000 "$apps/app_threads" 8 200 >"$work/served" 2>"$work/err" || {
		cat "$work/served" "$work/err" >&2
		fail "app_threads 8 200"
	}
	AE_SEED=$((seed % 100000)) sh "$abs_srcdir/tests/e2e/colocation.sh" 60 || fail "colocation.sh, seed $seed"
	AE_SEED=$seed sh "$abs_srcdir/tests/e2e/killed.sh" 1000 || fail "killed.sh, seed $seed"
	rounds=$((rounds + 1))
done
[ "$rounds" -gt 0 ] || fail "no round was run"
echo "$rounds rounds"
