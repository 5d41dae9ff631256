/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A fault while an operation of a stream runs is a fault of the device: the operation ends there
 * and its context has CUDA_ERROR_ILLEGAL_ADDRESS from then on. Any other fault goes to whoever
 * handled it before us. The jump target is the thread's own; the handlers are set under sim_lock.
 */
#include "sim.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>

static _Thread_local sigjmp_buf *volatile landing;
static _Thread_local volatile bool suspended;
static struct sigaction previous[2];
static const int fault_signals[2] = { SIGSEGV, SIGBUS };

static void handler(int number, siginfo_t *info, void *context)
{
	struct sigaction *before = &previous[number == SIGBUS];

	if (landing && !suspended)
		siglongjmp(*landing, 1);
	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(number, info, context);
	} else if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
		/* The instruction runs again, and then it is the default that ends the process. */
		struct sigaction action = { .sa_handler = SIG_DFL };

		sigaction(number, &action, NULL);
	} else {
		before->sa_handler(number);
	}
}

/* A program may have set its own handlers since the last time: ours goes before them again. */
static void install(void)
{
	pthread_mutex_lock(&sim_lock);
	for (int i = 0; i < 2; i++) {
		struct sigaction now, ours = { .sa_sigaction = handler,
					       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

		if (sigaction(fault_signals[i], NULL, &now) < 0)
			continue;
		if ((now.sa_flags & SA_SIGINFO) && now.sa_sigaction == handler)
			continue;
		previous[i] = now;
		sigaction(fault_signals[i], &ours, NULL);
	}
	pthread_mutex_unlock(&sim_lock);
}

bool sim_fault_run(struct sim_op *op)
{
	sigjmp_buf here;

	install();
	if (sigsetjmp(here, 0)) {
		landing = NULL;
		return false;
	}
	landing = &here;
	op->run(op);
	landing = NULL;
	return true;
}

void sim_fault_now(void)
{
	siglongjmp(*landing, 1);
}

void sim_fault_suspend(bool yes)
{
	suspended = yes;
}

static _Atomic int faults[SIM_MAX_DEVICES];

CUresult sim_fault_of(int device)
{
	return (CUresult)atomic_load(&faults[device]);
}

void sim_fault_set(struct CUctx_st *ctx, CUresult error)
{
	int none = 0;

	atomic_store(&faults[ctx->device], (int)error);
	atomic_compare_exchange_strong(&ctx->error, &none, (int)error);
}
