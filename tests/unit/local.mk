# SPDX-License-Identifier: MIT OR Apache-2.0
include tests/unit/base/local.mk
include tests/unit/ledger/local.mk
include tests/unit/pool/local.mk
