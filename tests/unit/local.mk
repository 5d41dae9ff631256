# SPDX-License-Identifier: MIT OR Apache-2.0
include tests/unit/pool/local.mk
