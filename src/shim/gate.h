/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The gate that every call passes which could touch device memory: gated.def and the
 * gate column of hooks.def say which way.
 *
 * In this version nothing is evicted, so nothing closes the gate. Passing it is what it will be: a
 * thread counts itself in and out of a counter of its own, and loads one word; no atomic
 * read-modify-write, no fence.
 */
#ifndef AE_SHIM_GATE_H
#define AE_SHIM_GATE_H

#include "shim/process.h"

enum ae_gate {
	AE_GATE_RESIDENT, /* memory has to be there */
	AE_GATE_HOLD, /* no eviction may run meanwhile */
	AE_GATE_COUNT, /* activity, nothing more */
};

/* How many calls of this thread are inside; a callback may call again. */
extern __thread unsigned int ae_gate_inside __attribute__((tls_model("initial-exec")));

static inline void ae_gate_enter(const struct ae_process *process, enum ae_gate kind)
{
	__atomic_store_n(&ae_gate_inside, ae_gate_inside + 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	(void)__atomic_load_n(&process->state, __ATOMIC_ACQUIRE);
}

static inline void ae_gate_leave(void)
{
	__atomic_store_n(&ae_gate_inside, ae_gate_inside - 1, __ATOMIC_RELEASE);
}

#endif
