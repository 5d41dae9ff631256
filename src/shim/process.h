/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. This process as a member: whether it is served, and with which options.
 *
 * All of it lives in one MADV_WIPEONFORK page: the child of a fork, also of a raw clone, finds zeros
 * and is a stranger, whose calls go to the driver as if we were not there. (The driver refuses the
 * child of a process that has initialised it; a child that may initialise it starts anew.)
 *
 * The page is written by the one thread that starts the process, published by the state, and
 * immutable from then on, the devices excepted (device.h).
 */
#ifndef AE_SHIM_PROCESS_H
#define AE_SHIM_PROCESS_H

#include "base/config.h"
#include "cuda/abi.h"

struct ae_device;

enum ae_process_state {
	AE_PROCESS_STRANGER, /* zero on purpose */
	AE_PROCESS_STARTING,
	AE_PROCESS_SERVING,
};

struct ae_process {
	int state; /* enum ae_process_state; atomic */
	struct ae_config config;
	struct ae_device *devices; /* device.h; NULL when host memory ran out */
	struct ae_contexts *contexts; /* context.h */
	struct ae_peers *peers; /* peers.h */
	struct ae_greens *greens; /* green.h */
	struct ae_captures *captures; /* capture.h */
};

/*
 * Called after each successful cuInit; starts the process at the first. Warns about the environment.
 * With AEROSTAT_STRICT, CUDA_ERROR_SYSTEM_NOT_READY when a device cannot be served; otherwise
 * CUDA_SUCCESS always.
 */
CUresult ae_process_start(void);

/* The process when it is served, NULL otherwise. Two loads. */
struct ae_process *ae_process_serving(void);

#endif
