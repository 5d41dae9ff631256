#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Installs what is missing, builds, and runs the main job: a small model server that knows nothing of
# aerostat, natively and with aerostat in front of it, and shows that its answers agree and where its
# memory came from. On a GPU where there is one, on the simulated driver elsewhere.
set -u
. "$(dirname "$0")/common.sh"

case ${1-} in
'') ;;
-h | --help)
	cat <<'TEXT'
Usage: scripts/demo.sh

Builds under build/demo, starts a model server natively and with aerostat, asks both the same questions
and compares the answers. Needs root only to install missing packages, and says so. Uses the GPU when
nvidia-smi finds one and libcudart.so.13 is installed, and the simulated driver otherwise.
TEXT
	exit 0
	;;
*)
	die "unknown option $1 (see --help)"
	;;
esac

need_packages "${build_packages[@]}"
build=$top/build/demo
mkdir -p "$build/log" "$build/work"
source=$(source_tree "$build") || exit 1
say "building (under ${build#"$top"/}) ..."
bootstrap "$source" "$build/log/autoreconf.log" || die "autoreconf failed"
cd "$build" || exit 1
if [ ! -e config.status ] || [ "$source/configure" -nt config.status ]; then
	quietly log/configure.log "$source/configure" --without-cuda || die "configure failed"
fi
quietly log/make.log make -j"$jobs" || die "make failed"

aerostat=$build/src/tool/aerostat
server=$build/demo/model_server
ask=$build/demo/ask
work=$(mktemp -d "${TMPDIR:-/tmp}/aerostat-demo.XXXXXX")
pid=
cleanup()
{
	[ -z "$pid" ] || kill "$pid" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
# Ledgers of its own: the demo neither sees nor disturbs what else runs here.
export AEROSTAT_DIR=$work/ledgers

# The real driver with the real runtime, or the simulated ones.
runtime=$(ldconfig -p 2>/dev/null | sed -n 's/.*libcudart\.so\.13 .*=> //p' | head -n 1)
[ -n "$runtime" ] || runtime=$(ls /usr/local/cuda/lib64/libcudart.so.13 2>/dev/null)
if nvidia-smi -L >/dev/null 2>&1 && [ -n "$runtime" ]; then
	device=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n 1)
	LD_LIBRARY_PATH=$(dirname "$runtime")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	simulated=0
	run_native=()
	run_served=("$aerostat" run --model demo --limit 512M --)
	weights=256 kv=64
else
	device="the simulated driver (no GPU was found)"
	simulated=1
	export SIMCUDA_KERNELS=$build/demo/.libs/libmodelkernels.so SIMCUDA_MEM=1G SIMCUDA_DIR=$work/sim
	libraries=$build/src/sim/.libs:$build/src/sim/cudart/.libs
	run_native=(env "LD_LIBRARY_PATH=$libraries")
	run_served=(env "LD_LIBRARY_PATH=$build/src/sim/cudart/.libs" "$aerostat" run --sim=1G --model demo --limit 512M --)
	weights=48 kv=16
fi
questions=("generate 7 32" "generate 1 64" "generate 42 16" "generate 7 32")

# serve NAME COMMAND...: starts the server, asks, and leaves answers, log and what was seen in $work.
serve()
{
	local name=$1 socket=$work/$1.socket question waited=0
	shift
	export SIMCUDA_TRACE=$work/$name.trace
	"$@" "$server" --socket "$socket" --weights "$weights" --kv "$kv" >"$work/$name.log" 2>&1 &
	pid=$!
	until [ -S "$socket" ] && grep -q '^ready' "$work/$name.log"; do
		kill -0 "$pid" 2>/dev/null || {
			cat "$work/$name.log" >&2
			die "the server ($name) did not start"
		}
		waited=$((waited + 1))
		[ "$waited" -lt 600 ] || die "the server ($name) is not ready after a minute: see $work/$name.log"
		sleep 0.1
	done
	for question in "${questions[@]}"; do
		"$ask" "$socket" "$question" >>"$work/$name.answers" || die "no answer to '$question' ($name)"
	done
	if [ "$name" = served ]; then
		"$aerostat" doctor --pid "$pid" >"$work/$name.doctor" 2>&1
	fi
	"$ask" "$socket" quit >/dev/null 2>&1
	wait "$pid" || die "the server ($name) failed: $(tail -n 3 "$work/$name.log")"
	pid=
}

# calls NAME FUNCTION: how often the driver saw that call.
calls()
{
	awk -v name="$2" '$2 == name { n += $3 } END { print n + 0 }' "$work/$1.trace" 2>/dev/null || echo 0
}

serve native "${run_native[@]}"
serve served "${run_served[@]}"

say
say "A model server, unchanged, on $device:"
say "    $(sed -n 's/^\(weights .*\)/\1/p' "$work/native.log" | head -n 1)"
say
printf '    %-18s %-18s %-18s %s\n' "asked" "natively" "with aerostat" ""
same=1
for i in "${!questions[@]}"; do
	native=$(sed -n "$((i + 1))p" "$work/native.answers")
	served=$(sed -n "$((i + 1))p" "$work/served.answers")
	verdict="the same"
	[ -n "$native" ] && [ "$native" = "$served" ] || verdict="DIFFERENT" same=0
	printf '    %-18s %-18s %-18s %s\n' "${questions[$i]}" "$native" "$served" "$verdict"
done
say
say "Where its memory came from:"
if [ "$simulated" = 1 ]; then
	printf '    %-44s %10s %14s\n' "calls that the driver saw" "natively" "with aerostat"
	for call in cuMemAlloc_v2 cuMemFree_v2 cuMemAddressReserve cuMemCreate cuMemMap cuMemSetAccess; do
		printf '    %-44s %10s %14s\n' "$call" "$(calls native $call)" "$(calls served $call)"
	done
fi
sed -n 's/^aerostat\[[0-9]*\]: \(aerostat .*\)/    log:    \1/p' "$work/served.log" | head -n 1
grep -iE 'member|claimed' "$work/served.doctor" | head -n 2 | sed 's/^/    doctor: /'
say
if [ "$same" = 1 ] && grep -q 'aerostat .*, device 0' "$work/served.log"; then
	say "The answers agree, and the memory was served by aerostat."
else
	die "the answers differ, or aerostat did not serve: see the lines above"
fi
