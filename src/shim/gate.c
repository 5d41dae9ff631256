/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/gate.h"

__thread unsigned int ae_gate_inside;
