/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Modules, and the kernels in them. A CUlibrary is a CUmodule here, a CUkernel a CUfunction. */
#ifndef SIM_MODULE_H
#define SIM_MODULE_H

#include "sim.h"

#define SIM_MODULE_MAGIC   0x4d4f4455u
#define SIM_FUNCTION_MAGIC 0x46554e43u
#define SIM_PARAMS_MAX     128

struct sim_param {
	size_t offset, bytes;
};

struct CUfunc_st {
	uint32_t magic;
	struct CUfunc_st *next;
	struct CUmod_st *module;
	char name[240];
	simk_function *twin; /* found when the kernel is first asked for */
	unsigned params_count;
	size_t params_bytes;
	struct sim_param params[SIM_PARAMS_MAX];
	int dynamic_shared;
};

struct CUmod_st {
	uint32_t magic;
	struct CUmod_st *next;
	struct CUctx_st *ctx;
	struct CUfunc_st *first, **last;
	unsigned count;
};

CUresult sim_module_load(const void *image, struct CUmod_st **module_out);
CUresult sim_module_load_file(const char *path, struct CUmod_st **module_out);
CUresult sim_module_unload(struct CUmod_st *module);
CUresult sim_module_find(struct CUmod_st *module, const char *name, struct CUfunc_st **out);

static inline bool sim_module_valid(const struct CUmod_st *module)
{
	return module && module->magic == SIM_MODULE_MAGIC;
}

static inline bool sim_function_valid(const struct CUfunc_st *function)
{
	return function && function->magic == SIM_FUNCTION_MAGIC;
}

#endif
