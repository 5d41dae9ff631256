# SPDX-License-Identifier: MIT OR Apache-2.0
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(SHELL)

include tests/abi/local.mk
include tests/unit/local.mk
include tests/sim/local.mk
include tests/apps/local.mk
include tests/e2e/local.mk
include tests/fuzz/local.mk
