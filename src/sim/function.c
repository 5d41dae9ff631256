/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The entry points of modules, libraries, kernels and functions, over module.c. */
#include "module.h"

#include <stdlib.h>
#include <string.h>

static CUresult load(CUmodule *module_out, const void *image, const char *path)
{
	struct CUctx_st *ctx;
	CUresult result = sim_current(&ctx);

	if (!module_out)
		return CUDA_ERROR_INVALID_VALUE;
	if (result == CUDA_SUCCESS) {
		pthread_mutex_lock(&sim_lock);
		result = sim_capture_check_locked();
		pthread_mutex_unlock(&sim_lock);
	}
	if (result == CUDA_SUCCESS)
		result = path ? sim_module_load_file(path, module_out)
			      : sim_module_load(image, module_out);
	if (result == CUDA_SUCCESS)
		(*module_out)->ctx = ctx;
	return result;
}

CUresult cuModuleLoad(CUmodule *module, const char *fname)
{
	ENTER(cuModuleLoad);
	return fname ? load(module, NULL, fname) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuModuleLoadData(CUmodule *module, const void *image)
{
	ENTER(cuModuleLoadData);
	return load(module, image, NULL);
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int numOptions,
			    CUjit_option *options, void **optionValues)
{
	ENTER(cuModuleLoadDataEx);
	(void)numOptions, (void)options, (void)optionValues;
	return load(module, image, NULL);
}

CUresult cuModuleUnload(CUmodule hmod)
{
	ENTER(cuModuleUnload);
	return sim_module_valid(hmod) ? sim_module_unload(hmod) : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult find(CUmodule module, const char *name, CUfunction *function_out)
{
	if (!function_out || !name)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_module_valid(module))
		return CUDA_ERROR_INVALID_HANDLE;
	return sim_module_find(module, name, function_out);
}

CUresult cuModuleGetFunction(CUfunction *hfunc, CUmodule hmod, const char *name)
{
	ENTER(cuModuleGetFunction);
	return find(hmod, name, hfunc);
}

CUresult cuModuleGetFunctionCount(unsigned int *count, CUmodule mod)
{
	ENTER(cuModuleGetFunctionCount);
	if (!count || !sim_module_valid(mod))
		return CUDA_ERROR_INVALID_VALUE;
	*count = mod->count;
	return CUDA_SUCCESS;
}

static CUresult enumerate(CUfunction *functions, unsigned count, CUmodule module)
{
	struct CUfunc_st *function;

	if (!functions || !sim_module_valid(module))
		return CUDA_ERROR_INVALID_VALUE;
	function = module->first;
	for (unsigned i = 0; i < count && function; i++, function = function->next) {
		CUresult result = sim_module_find(module, function->name, &functions[i]);

		if (result != CUDA_SUCCESS)
			return result;
	}
	return CUDA_SUCCESS;
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned int numFunctions, CUmodule mod)
{
	ENTER(cuModuleEnumerateFunctions);
	return enumerate(functions, numFunctions, mod);
}

/* Global variables are not simulated. */
CUresult cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule hmod, const char *name)
{
	ENTER(cuModuleGetGlobal_v2);
	(void)dptr, (void)bytes;
	if (!name)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_module_valid(hmod) ? CUDA_ERROR_NOT_FOUND : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
	ENTER(cuModuleGetLoadingMode);
	if (!mode)
		return CUDA_ERROR_INVALID_VALUE;
	*mode = CU_MODULE_LAZY_LOADING;
	return CUDA_SUCCESS;
}

static CUmodule of_library(CUlibrary library)
{
	return (CUmodule)(void *)library;
}

static CUfunction of_kernel(CUkernel kernel)
{
	return (CUfunction)(void *)kernel;
}

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jitOptions,
			   void **jitOptionsValues, unsigned int numJitOptions,
			   CUlibraryOption *libraryOptions, void **libraryOptionValues,
			   unsigned int numLibraryOptions)
{
	ENTER(cuLibraryLoadData);
	(void)jitOptions, (void)jitOptionsValues, (void)numJitOptions, (void)libraryOptions;
	(void)libraryOptionValues, (void)numLibraryOptions;
	if (!library)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_module_load(code, (struct CUmod_st **)(void *)library);
}

CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *fileName, CUjit_option *jitOptions,
			       void **jitOptionsValues, unsigned int numJitOptions,
			       CUlibraryOption *libraryOptions, void **libraryOptionValues,
			       unsigned int numLibraryOptions)
{
	ENTER(cuLibraryLoadFromFile);
	(void)jitOptions, (void)jitOptionsValues, (void)numJitOptions, (void)libraryOptions;
	(void)libraryOptionValues, (void)numLibraryOptions;
	if (!library)
		return CUDA_ERROR_INVALID_VALUE;
	return sim_module_load_file(fileName, (struct CUmod_st **)(void *)library);
}

CUresult cuLibraryUnload(CUlibrary library)
{
	ENTER(cuLibraryUnload);
	if (!sim_module_valid(of_library(library)))
		return CUDA_ERROR_INVALID_HANDLE;
	return sim_module_unload(of_library(library));
}

CUresult cuLibraryGetKernel(CUkernel *pKernel, CUlibrary library, const char *name)
{
	ENTER(cuLibraryGetKernel);
	return find(of_library(library), name, (CUfunction *)(void *)pKernel);
}

CUresult cuLibraryGetKernelCount(unsigned int *count, CUlibrary lib)
{
	ENTER(cuLibraryGetKernelCount);
	if (!count || !sim_module_valid(of_library(lib)))
		return CUDA_ERROR_INVALID_VALUE;
	*count = of_library(lib)->count;
	return CUDA_SUCCESS;
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int numKernels, CUlibrary lib)
{
	ENTER(cuLibraryEnumerateKernels);
	return enumerate((CUfunction *)(void *)kernels, numKernels, of_library(lib));
}

CUresult cuLibraryGetModule(CUmodule *pMod, CUlibrary library)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuLibraryGetModule);
	if (!pMod || !sim_module_valid(of_library(library)))
		return CUDA_ERROR_INVALID_VALUE;
	result = sim_current(&ctx);
	if (result == CUDA_SUCCESS)
		*pMod = of_library(library);
	return result;
}

CUresult cuKernelGetFunction(CUfunction *pFunc, CUkernel kernel)
{
	struct CUctx_st *ctx;
	CUresult result;

	ENTER(cuKernelGetFunction);
	if (!pFunc)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_function_valid(of_kernel(kernel)))
		return CUDA_ERROR_INVALID_HANDLE;
	result = sim_current(&ctx);
	if (result == CUDA_SUCCESS)
		*pFunc = of_kernel(kernel);
	return result;
}

CUresult cuKernelGetLibrary(CUlibrary *pLib, CUkernel kernel)
{
	ENTER(cuKernelGetLibrary);
	if (!pLib || !sim_function_valid(of_kernel(kernel)))
		return CUDA_ERROR_INVALID_VALUE;
	*pLib = (CUlibrary)(void *)of_kernel(kernel)->module;
	return CUDA_SUCCESS;
}

static CUresult get_name(const char **name, CUfunction function)
{
	if (!name || !sim_function_valid(function))
		return CUDA_ERROR_INVALID_VALUE;
	*name = function->name;
	return CUDA_SUCCESS;
}

CUresult cuKernelGetName(const char **name, CUkernel hfunc)
{
	ENTER(cuKernelGetName);
	return get_name(name, of_kernel(hfunc));
}

CUresult cuFuncGetName(const char **name, CUfunction hfunc)
{
	ENTER(cuFuncGetName);
	return get_name(name, hfunc);
}

static CUresult get_param(CUfunction function, size_t index, size_t *offset, size_t *size)
{
	if (!offset || !sim_function_valid(function) || index >= function->params_count)
		return CUDA_ERROR_INVALID_VALUE;
	*offset = function->params[index].offset;
	if (size)
		*size = function->params[index].bytes;
	return CUDA_SUCCESS;
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t paramIndex, size_t *paramOffset,
			      size_t *paramSize)
{
	ENTER(cuKernelGetParamInfo);
	return get_param(of_kernel(kernel), paramIndex, paramOffset, paramSize);
}

CUresult cuFuncGetParamInfo(CUfunction func, size_t paramIndex, size_t *paramOffset,
			    size_t *paramSize)
{
	ENTER(cuFuncGetParamInfo);
	return get_param(func, paramIndex, paramOffset, paramSize);
}

static CUresult get_attribute(int *value, CUfunction_attribute attribute, CUfunction function)
{
	static const int values[] = { 1024, 0, 0, 0, 32, 90, 90, 0, 0, -1 };

	if (!value || (unsigned)attribute >= sizeof(values) / sizeof(*values))
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_function_valid(function))
		return CUDA_ERROR_INVALID_HANDLE;
	*value = values[attribute];
	if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
		*value = function->dynamic_shared ? function->dynamic_shared : 49152;
	return CUDA_SUCCESS;
}

static CUresult set_attribute(CUfunction function, CUfunction_attribute attribute, int value)
{
	if (!sim_function_valid(function))
		return CUDA_ERROR_INVALID_HANDLE;
	if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) {
		if (value < 0 || value > 232448)
			return CUDA_ERROR_INVALID_VALUE;
		function->dynamic_shared = value;
		return CUDA_SUCCESS;
	}
	if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
		return CUDA_SUCCESS;
	return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuKernelGetAttribute(int *pi, CUfunction_attribute attrib, CUkernel kernel, CUdevice dev)
{
	ENTER(cuKernelGetAttribute);
	if (sim_device_check(dev) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_DEVICE;
	return get_attribute(pi, attrib, of_kernel(kernel));
}

CUresult cuKernelSetAttribute(CUfunction_attribute attrib, int val, CUkernel kernel, CUdevice dev)
{
	ENTER(cuKernelSetAttribute);
	if (sim_device_check(dev) != CUDA_SUCCESS)
		return CUDA_ERROR_INVALID_DEVICE;
	return set_attribute(of_kernel(kernel), attrib, val);
}

CUresult cuFuncGetAttribute(int *pi, CUfunction_attribute attrib, CUfunction hfunc)
{
	ENTER(cuFuncGetAttribute);
	return get_attribute(pi, attrib, hfunc);
}

CUresult cuFuncSetAttribute(CUfunction hfunc, CUfunction_attribute attrib, int value)
{
	ENTER(cuFuncSetAttribute);
	return set_attribute(hfunc, attrib, value);
}

CUresult cuFuncSetCacheConfig(CUfunction hfunc, CUfunc_cache config)
{
	ENTER(cuFuncSetCacheConfig);
	(void)config;
	return sim_function_valid(hfunc) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuFuncSetSharedMemConfig(CUfunction hfunc, CUsharedconfig config)
{
	ENTER(cuFuncSetSharedMemConfig);
	(void)config;
	return sim_function_valid(hfunc) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuFuncGetModule(CUmodule *hmod, CUfunction hfunc)
{
	ENTER(cuFuncGetModule);
	if (!hmod || !sim_function_valid(hfunc))
		return CUDA_ERROR_INVALID_VALUE;
	*hmod = hfunc->module;
	return CUDA_SUCCESS;
}

CUresult cuFuncLoad(CUfunction function)
{
	ENTER(cuFuncLoad);
	return sim_function_valid(function) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function)
{
	ENTER(cuFuncIsLoaded);
	if (!state || !sim_function_valid(function))
		return CUDA_ERROR_INVALID_VALUE;
	*state = CU_FUNCTION_LOADING_STATE_LOADED;
	return CUDA_SUCCESS;
}

static CUresult occupancy(int *blocks, CUfunction function, int block_size)
{
	if (!blocks || block_size <= 0)
		return CUDA_ERROR_INVALID_VALUE;
	if (!sim_function_valid(function))
		return CUDA_ERROR_INVALID_HANDLE;
	*blocks = block_size > 1024 ? 0 : 2048 / block_size < 32 ? 2048 / block_size : 32;
	return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *numBlocks, CUfunction func, int blockSize,
						     size_t dynamicSMemSize)
{
	ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessor);
	(void)dynamicSMemSize;
	return occupancy(numBlocks, func, blockSize);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *numBlocks, CUfunction func,
							      int blockSize, size_t dynamicSMemSize,
							      unsigned int flags)
{
	ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags);
	(void)dynamicSMemSize, (void)flags;
	return occupancy(numBlocks, func, blockSize);
}
