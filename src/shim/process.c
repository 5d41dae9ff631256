/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/process.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "shim/capture.h"
#include "shim/context.h"
#include "shim/device.h"
#include "shim/green.h"
#include "shim/hooks.h"
#include "shim/peers.h"

/*
 * Room for a page of its own, wherever the linker puts it and however large pages are. It is in .bss,
 * not in a mapping of our own, so that a leak checker sees what it points to; and a whole page of
 * .bss is anonymous memory, which is what MADV_WIPEONFORK wants.
 */
#define PAGE_MOST 65536
static char room[2 * PAGE_MOST];
static struct ae_process *page;

_Static_assert(sizeof(struct ae_process) <= 4096, "it has to fit the smallest page");

static struct ae_process *page_get(void)
{
	struct ae_process *seen = __atomic_load_n(&page, __ATOMIC_ACQUIRE);
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct ae_process *aligned;

	if (seen != NULL)
		return seen;
	if (size > PAGE_MOST) {
		ae_warn("pages of %lu bytes are larger than aerostat knows: it does not serve",
			(unsigned long)size);
		return NULL;
	}
	aligned = (struct ae_process *)(((uintptr_t)room + size - 1) & ~(size - 1));
	if (madvise(aligned, size, MADV_WIPEONFORK) != 0) {
		ae_warn("this kernel has no MADV_WIPEONFORK (Linux 4.14 has): aerostat does not serve");
		return NULL;
	}
	if (__atomic_compare_exchange_n(&page, &seen, aligned, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		pthread_atfork(NULL, NULL, ae_devices_abandon);
	return aligned;
}

struct ae_process *ae_process_serving(void)
{
	struct ae_process *process = __atomic_load_n(&page, __ATOMIC_ACQUIRE);

	if (process == NULL ||
	    __atomic_load_n(&process->state, __ATOMIC_ACQUIRE) != AE_PROCESS_SERVING)
		return NULL;
	return process;
}

static void warn(void *arg, const char *line)
{
	ae_warn("%s", line);
}

/*
 * The log is configured before the warnings are given, so that AEROSTAT_LOG and AEROSTAT_LOG_FILE
 * hold for them too.
 */
static void configure(struct ae_config *config)
{
	ae_config_load(NULL, config, NULL, NULL);
	ae_log_configure((enum ae_log_level)config->log,
			 config->log_file[0] != '\0' ? config->log_file : NULL);
	ae_config_load(NULL, config, warn, NULL);
}

static CUresult strict_check(struct ae_process *process)
{
	int count = 0;

	if (!process->config.strict)
		return CUDA_SUCCESS;
	if (ae_driver()->cuDeviceGetCount(&count) != CUDA_SUCCESS)
		return CUDA_ERROR_SYSTEM_NOT_READY;
	for (int i = 0; i < count; i++) {
		if (ae_device_serve(process, i) == NULL) {
			ae_error(
				"AEROSTAT_STRICT: cuInit fails, because device %d cannot be served",
				i);
			return CUDA_ERROR_SYSTEM_NOT_READY;
		}
	}
	return CUDA_SUCCESS;
}

/* What a process that cannot even start answers: its options cannot be told, the environment is. */
static CUresult not_started(void)
{
	struct ae_config config;

	configure(&config);
	ae_warn("the driver serves this process natively");
	return config.strict ? CUDA_ERROR_SYSTEM_NOT_READY : CUDA_SUCCESS;
}

/*
 * Registered after cuInit, and therefore run before what the driver has registered. No driver call is
 * made here; and none is under way when this returns.
 */
static void stop_at_exit(void)
{
	struct ae_process *process = ae_process_serving();

	if (process != NULL)
		ae_devices_stop(process);
}

CUresult ae_process_start(void)
{
	struct ae_process *process = page_get();
	int expected = AE_PROCESS_STRANGER;

	if (process == NULL)
		return not_started();
	if (!__atomic_compare_exchange_n(&process->state, &expected, AE_PROCESS_STARTING, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		/* cuInit in another thread: what it returns must be served from then on. */
		while (__atomic_load_n(&process->state, __ATOMIC_ACQUIRE) == AE_PROCESS_STARTING)
			sched_yield();
		return strict_check(process);
	}
	configure(&process->config);
	process->devices = ae_devices_create();
	process->contexts = ae_contexts_create();
	process->peers = ae_peers_create();
	process->greens = ae_greens_create();
	process->captures = ae_captures_create();
	if (process->devices == NULL || process->contexts == NULL || process->peers == NULL ||
	    process->greens == NULL || process->captures == NULL) {
		ae_devices_destroy(process->devices);
		ae_contexts_destroy(process->contexts);
		ae_peers_destroy(process->peers);
		ae_greens_destroy(process->greens);
		ae_captures_destroy(process->captures);
		__atomic_store_n(&process->state, AE_PROCESS_STRANGER, __ATOMIC_RELEASE);
		return not_started();
	}
	atexit(stop_at_exit);
	__atomic_store_n(&process->state, AE_PROCESS_SERVING, __ATOMIC_RELEASE);
	return strict_check(process);
}
