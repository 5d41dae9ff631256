# SPDX-License-Identifier: MIT OR Apache-2.0
# Whole programs: natively and preloaded, on the simulated driver.

TEST_EXTENSIONS += .app
APP_LOG_COMPILER = $(SHELL) $(srcdir)/tests/e2e/run-app

# One line each: what is expected of the driver, the program, its arguments.
e2e_apps = \
	tests/e2e/capture.app \
	tests/e2e/capture-ends.app \
	tests/e2e/capture-exit.app \
	tests/e2e/capture-foreign.app \
	tests/e2e/capture-threads.app \
	tests/e2e/churn.app \
	tests/e2e/context.app \
	tests/e2e/context-races.app \
	tests/e2e/errors.app \
	tests/e2e/fence.app \
	tests/e2e/fence-where-used.app \
	tests/e2e/free-async.app \
	tests/e2e/free-async-memory.app \
	tests/e2e/green.app \
	tests/e2e/legacy.app \
	tests/e2e/nvml.app \
	tests/e2e/nvml-linked.app \
	tests/e2e/oom.app \
	tests/e2e/peer.app \
	tests/e2e/peer-forbidden.app \
	tests/e2e/queries.app \
	tests/e2e/route-ctor.app \
	tests/e2e/route-dlsym.app \
	tests/e2e/route-dlvsym.app \
	tests/e2e/route-fork.app \
	tests/e2e/route-getproc.app \
	tests/e2e/route-linked.app \
	tests/e2e/route-names.app \
	tests/e2e/route-rtld.app \
	tests/e2e/route-runtime.app \
	tests/e2e/route-runtime-ptds.app \
	tests/e2e/route-threads.app \
	tests/e2e/sticky.app

e2e_scripts = \
	tests/e2e/accounts.sh \
	tests/e2e/adversary.sh \
	tests/e2e/bystander.sh \
	tests/e2e/cache-gives-way.sh \
	tests/e2e/colocation.sh \
	tests/e2e/context-free-after.sh \
	tests/e2e/context-handles.sh \
	tests/e2e/cudart-lookups.sh \
	tests/e2e/environment.sh \
	tests/e2e/exports.sh \
	tests/e2e/fail-open.sh \
	tests/e2e/forks.sh \
	tests/e2e/free-async-codes.sh \
	tests/e2e/green-accounts.sh \
	tests/e2e/interposer.sh \
	tests/e2e/ipc.sh \
	tests/e2e/ipc-native.sh \
	tests/e2e/killed.sh \
	tests/e2e/limit.sh \
	tests/e2e/newer-driver.sh \
	tests/e2e/nvml-handles.sh \
	tests/e2e/nvml-limits.sh \
	tests/e2e/old-driver.sh \
	tests/e2e/peer-limits.sh \
	tests/e2e/query-limits.sh \
	tests/e2e/real-cudart.sh \
	tests/e2e/sharing.sh \
	tests/e2e/steward.sh \
	tests/e2e/tool-docs.sh \
	tests/e2e/tool-doctor.sh \
	tests/e2e/tool-help.sh \
	tests/e2e/tool-install.sh \
	tests/e2e/tool-limit.sh \
	tests/e2e/tool-map.sh \
	tests/e2e/tool-options.sh \
	tests/e2e/tool-ps.sh \
	tests/e2e/tool-reserve.sh \
	tests/e2e/tool-run.sh \
	tests/e2e/tool-sim.sh \
	tests/e2e/tool-trim.sh

check_PROGRAMS += tests/e2e/ledger_watch
tests_e2e_ledger_watch_SOURCES = tests/e2e/ledger_watch.c
tests_e2e_ledger_watch_LDADD = src/ledger/libledger.la src/base/libbase.la

# Every program under every adversary mode of the simulated driver.
check-adversary: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	top_builddir=. $(SHELL) $(srcdir)/tests/e2e/adversary.sh all
.PHONY: check-adversary

TESTS += $(e2e_apps) $(e2e_scripts)
EXTRA_DIST += $(e2e_apps) $(e2e_scripts) tests/e2e/holders.sh tests/e2e/lib.sh tests/e2e/run-app \
	tests/gpu/cupy_arrays.py tests/gpu/jax_arrays.py tests/gpu/run \
	tests/gpu/torch_compile.py tests/gpu/torch_generate.py tests/gpu/torch_graphs.py \
	tests/gpu/three_members.py tests/gpu/torch_train.py tests/gpu/triton_kernel.py
