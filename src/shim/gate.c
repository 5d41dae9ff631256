/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/gate.h"

__thread unsigned int ae_gate_inside;
struct ae_gate_activity ae_gate_activity;

void ae_gate_sample(int64_t now_ns)
{
	uint32_t samples = __atomic_load_n(&ae_gate_activity.samples, __ATOMIC_RELAXED);

	if (__atomic_load_n(&ae_gate_activity.marked, __ATOMIC_RELAXED) == samples && samples != 0)
		__atomic_store_n(&ae_gate_activity.active_ns, now_ns, __ATOMIC_RELAXED);
	/* 0 is what a mark is before the first call. */
	__atomic_store_n(&ae_gate_activity.samples, samples + 1 ?: 1, __ATOMIC_RELAXED);
}
