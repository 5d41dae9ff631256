/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. The gate that every call passes which could touch device memory: gated.def and the
 * gate column of hooks.def say which way.
 *
 * In this version nothing is evicted, so nothing closes the gate. Passing it is what it will be: a
 * thread counts itself in and out of a counter of its own, and loads one word; no atomic
 * read-modify-write, no fence.
 *
 * It is also how a process is seen to use the GPU: the first call after each sample leaves a mark, which
 * the calls behind it only read.
 */
#ifndef AE_SHIM_GATE_H
#define AE_SHIM_GATE_H

#include <stdint.h>

#include "shim/process.h"

enum ae_gate {
	AE_GATE_RESIDENT, /* memory has to be there */
	AE_GATE_HOLD, /* no eviction may run meanwhile */
	AE_GATE_COUNT, /* activity, nothing more */
};

/* How many calls of this thread are inside; a callback may call again. */
extern __thread unsigned int ae_gate_inside __attribute__((tls_model("initial-exec")));

/* marked is samples when a call has passed since the last sample. Atomic. */
struct ae_gate_activity {
	uint32_t samples, marked;
	int64_t active_ns; /* CLOCK_MONOTONIC of the last sample that found a mark; 0: none did */
};
extern struct ae_gate_activity ae_gate_activity;

/* Looks whether calls have passed since the last time, at now. The stewards do this. */
void ae_gate_sample(int64_t now_ns);

static inline int64_t ae_gate_active_ns(void)
{
	return __atomic_load_n(&ae_gate_activity.active_ns, __ATOMIC_RELAXED);
}

static inline void ae_gate_enter(const struct ae_process *process, enum ae_gate kind)
{
	uint32_t samples;

	__atomic_store_n(&ae_gate_inside, ae_gate_inside + 1, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	(void)__atomic_load_n(&process->state, __ATOMIC_ACQUIRE);
	samples = __atomic_load_n(&ae_gate_activity.samples, __ATOMIC_RELAXED);
	if (__atomic_load_n(&ae_gate_activity.marked, __ATOMIC_RELAXED) != samples)
		__atomic_store_n(&ae_gate_activity.marked, samples, __ATOMIC_RELAXED);
}

static inline void ae_gate_leave(void)
{
	__atomic_store_n(&ae_gate_inside, ae_gate_inside - 1, __ATOMIC_RELEASE);
}

#endif
