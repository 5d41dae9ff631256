/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Launches: the parameters are copied when the call is made, the C twin runs in stream order. */
#include "module.h"

#include <stdlib.h>
#include <string.h>

struct launch_op {
	struct sim_op op;
	simk_function *twin;
	struct simk_launch launch;
	char name[240];
	unsigned params_count;
	void *params[SIM_PARAMS_MAX];
	size_t params_bytes[SIM_PARAMS_MAX];
	_Alignas(16) unsigned char bytes[];
};

/*
 * A mapping has one protection for the whole process: what a device may not touch is found among the
 * parameters, before the twin runs, and not where it is touched.
 */
static bool may_touch_params(const struct launch_op *launch)
{
	bool may = true;

	pthread_mutex_lock(&sim_lock);
	for (unsigned i = 0; i < launch->params_count; i++) {
		uint64_t address;

		if (launch->params_bytes[i] != sizeof(address))
			continue;
		memcpy(&address, launch->params[i], sizeof(address));
		may = may && sim_may_launch_with_locked(launch->op.ctx, address);
	}
	pthread_mutex_unlock(&sim_lock);
	return may;
}

static void run_launch(struct sim_op *op)
{
	struct launch_op *launch = (struct launch_op *)op;

	if (!may_touch_params(launch))
		sim_fault_now();
	launch->launch.device = (uint32_t)op->ctx->device;
	launch->twin(&launch->launch, launch->params);
}

/* kernelParams, or the packed buffer of `extra`; no more than one of them. */
static CUresult copy_params(const struct CUfunc_st *function, void **params, void **extra,
			    struct launch_op *op)
{
	const unsigned char *packed = NULL;
	size_t size = 0;

	for (void **item = extra; item && *item != CU_LAUNCH_PARAM_END; item += 2) {
		if (*item == CU_LAUNCH_PARAM_BUFFER_POINTER)
			packed = item[1];
		else if (*item == CU_LAUNCH_PARAM_BUFFER_SIZE)
			size = *(size_t *)item[1];
		else
			return CUDA_ERROR_INVALID_VALUE;
	}
	if (params && packed)
		return CUDA_ERROR_INVALID_VALUE;
	if (function->params_count && !params && (!packed || size < function->params_bytes))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned i = 0; i < function->params_count; i++) {
		const struct sim_param *param = &function->params[i];

		op->params[i] = op->bytes + param->offset;
		op->params_bytes[i] = param->bytes;
		memcpy(op->params[i], params ? params[i] : packed + param->offset, param->bytes);
	}
	return CUDA_SUCCESS;
}

static CUresult launch(const CUlaunchConfig *config, CUfunction function, void **params,
		       void **extra, bool per_thread, bool cooperative)
{
	struct CUstream_st *stream;
	struct launch_op *op;
	CUresult result;

	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_function_valid(function))
		return CUDA_ERROR_INVALID_HANDLE;
	if (!config->gridDimX || !config->gridDimY || !config->gridDimZ || !config->blockDimX ||
	    !config->blockDimY || !config->blockDimZ || config->gridDimX > 2147483647u ||
	    config->gridDimY > 65535 || config->gridDimZ > 65535 ||
	    (uint64_t)config->blockDimX * config->blockDimY * config->blockDimZ > 1024)
		return CUDA_ERROR_INVALID_VALUE;
	if (config->sharedMemBytes >
	    (function->dynamic_shared ? (unsigned)function->dynamic_shared : 49152u))
		return CUDA_ERROR_INVALID_VALUE;
	op = sim_op_new(sizeof(*op) + function->params_bytes, run_launch, NULL,
			CU_GRAPH_NODE_TYPE_KERNEL);
	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->twin = function->twin;
	memcpy(op->name, function->name, sizeof(op->name));
	op->params_count = function->params_count;
	op->launch = (struct simk_launch){
		.size = sizeof(op->launch),
		.grid = { config->gridDimX, config->gridDimY, config->gridDimZ },
		.block = { config->blockDimX, config->blockDimY, config->blockDimZ },
		.shared_bytes = config->sharedMemBytes,
		.cooperative = cooperative,
		.name = op->name,
	};
	sim_slow_pass();
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(config->hStream, per_thread, &stream);
	if (result == CUDA_SUCCESS && function->module->ctx &&
	    function->module->ctx != sim_memory_context(stream->ctx))
		result = CUDA_ERROR_INVALID_HANDLE;
	if (result == CUDA_SUCCESS)
		result = copy_params(function, params, extra, op);
	if (result == CUDA_SUCCESS)
		result = sim_enqueue_locked(stream, &op->op);
	else
		sim_op_put(&op->op);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

#define LAUNCH_KERNEL(name, per_thread)                                                      \
	CUresult name(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,            \
		      unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, \
		      unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream, \
		      void **kernelParams, void **extra)                                     \
	{                                                                                    \
		CUlaunchConfig config = {                                                    \
			gridDimX,  gridDimY,       gridDimZ, blockDimX, blockDimY,           \
			blockDimZ, sharedMemBytes, hStream,  NULL,      0                    \
		};                                                                           \
                                                                                             \
		ENTER(name);                                                                 \
		return launch(&config, f, kernelParams, extra, per_thread, false);           \
	}
LAUNCH_KERNEL(cuLaunchKernel, false)
LAUNCH_KERNEL(cuLaunchKernel_ptsz, true)

#define LAUNCH_COOPERATIVE(name, per_thread)                                                 \
	CUresult name(CUfunction f, unsigned int gridDimX, unsigned int gridDimY,            \
		      unsigned int gridDimZ, unsigned int blockDimX, unsigned int blockDimY, \
		      unsigned int blockDimZ, unsigned int sharedMemBytes, CUstream hStream, \
		      void **kernelParams)                                                   \
	{                                                                                    \
		CUlaunchConfig config = {                                                    \
			gridDimX,  gridDimY,       gridDimZ, blockDimX, blockDimY,           \
			blockDimZ, sharedMemBytes, hStream,  NULL,      0                    \
		};                                                                           \
                                                                                             \
		ENTER(name);                                                                 \
		return launch(&config, f, kernelParams, NULL, per_thread, true);             \
	}
LAUNCH_COOPERATIVE(cuLaunchCooperativeKernel, false)
LAUNCH_COOPERATIVE(cuLaunchCooperativeKernel_ptsz, true)

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
			  void **extra)
{
	ENTER(cuLaunchKernelEx);
	return launch(config, f, kernelParams, extra, false, false);
}

CUresult cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction f, void **kernelParams,
			       void **extra)
{
	ENTER(cuLaunchKernelEx_ptsz);
	return launch(config, f, kernelParams, extra, true, false);
}
