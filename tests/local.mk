# SPDX-License-Identifier: MIT OR Apache-2.0
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)
# Check's own four seconds are too few for an instrumented build on a busy machine.
AM_TESTS_ENVIRONMENT = CK_DEFAULT_TIMEOUT=60; export CK_DEFAULT_TIMEOUT;

include tests/abi/local.mk
include tests/unit/local.mk
include tests/sim/local.mk
include tests/apps/local.mk
include tests/conformance/local.mk
include tests/e2e/local.mk
include tests/fuzz/local.mk
include tests/bench/local.mk

EXTRA_DIST += tests/soak.sh
soak: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS=
	$(SHELL) $(srcdir)/tests/soak.sh
.PHONY: soak
