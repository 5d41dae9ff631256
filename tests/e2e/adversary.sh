#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Whole programs, natively and preloaded, under drivers that run work as late as they may, that let
# it run the moment memory goes, and that let one slow call in at a time. A few of them; with "all" as
# argument all of them, and the conformance list (make check-adversary, about two minutes).
. "${top_builddir:-.}/tests/env.sh"

case ${1-} in
all) programs=$(cd "$abs_srcdir/tests/e2e" && echo *.app) ;;
*) programs='capture.app churn.app context.app sticky.app' ;;
esac

cd "$abs_builddir" || fail "no build directory"
for mode in SIMCUDA_LAZY=1 SIMCUDA_EAGER=1 'SIMCUDA_EAGER=1 SIMCUDA_LAZY=1' SIMCUDA_ONE_LOCK=1; do
	for program in $programs; do
		printf '%s %s\n' "$mode" "$program"
	done
done >"$work/jobs"

# One line a job: its mode, the name of the program. Says what fails, and leaves its log.
cat >"$work/job" <<'EOT'
name=$(echo "$*" | tr ' ' '-')
for program; do :; done
while [ $# -gt 1 ]; do
	export "$1"
	shift
done
AE_TEST_DRIVERS=${AE_TEST_DRIVERS:-13000} sh "$scripts/run-app" "$scripts/$program" \
	>"$work/$name.log" 2>&1
status=$?
[ "$status" = 0 ] || [ "$status" = 77 ] || echo "$name" >>"$work/failed"
EOT
scripts=$abs_srcdir/tests/e2e
export work scripts
xargs -P 2 -L 1 sh "$work/job" <"$work/jobs" || fail "the jobs did not run"
if [ -s "$work/failed" ]; then
	while read -r name; do
		echo "FAIL $name" >&2
		cat "$work/$name.log" >&2
	done <"$work/failed"
	exit 1
fi
[ "$(find "$work" -name '*.app.log' | wc -l)" -eq "$(wc -l <"$work/jobs")" ] ||
	fail "not every job has run"

[ "${1-}" = all ] || exit 0
. "$abs_srcdir/tests/e2e/lib.sh"
# Not under eager: that cuMemUnmap returns under a running kernel is a rule of the list.
for mode in SIMCUDA_LAZY=1 SIMCUDA_ONE_LOCK=1; do
	(
		export "${mode?}"
		native 13000 "$abs_builddir/tests/conformance/conform"
	) >"$work/conformance" 2>&1 || {
		grep -v '^ok ' "$work/conformance" >&2
		fail "$mode: the conformance list differs"
	}
done
echo "$(wc -l <"$work/jobs") programs, and the conformance list twice"
