# SPDX-License-Identifier: MIT OR Apache-2.0
include src/sim/cudart/local.mk
