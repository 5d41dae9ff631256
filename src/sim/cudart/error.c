/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Error codes: the driver's turned into the runtime's, their names, and the thread's last one. */
#include "cudart.h"

static const struct {
	cudaError_t code;
	const char *name, *text;
} errors[] = {
#define ERROR(code, text) { code, #code, text },
#include "errors.def"
#undef ERROR
};

#define ERRORS (sizeof(errors) / sizeof(*errors))

static __thread cudaError_t last_error;

static const char *error_name(cudaError_t code)
{
	for (size_t i = 0; i < ERRORS; i++)
		if (errors[i].code == code)
			return errors[i].name;
	return NULL;
}

/* Since CUDA 10.1 both number their errors alike, as far as the runtime knows them. */
cudaError_t cudart_error(CUresult result)
{
	return error_name((cudaError_t)result) ? (cudaError_t)result : cudaErrorUnknown;
}

cudaError_t cudart_return(cudaError_t error)
{
	/* Not ready is an answer and no error. */
	if (error && error != cudaErrorNotReady)
		last_error = error;
	return error;
}

cudaError_t cudaGetLastError(void)
{
	cudaError_t error = last_error;
	last_error = cudaSuccess;
	return error;
}

cudaError_t cudaPeekAtLastError(void)
{
	return last_error;
}

const char *cudaGetErrorName(cudaError_t error)
{
	const char *name = error_name(error);
	return name ? name : "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error)
{
	for (size_t i = 0; i < ERRORS; i++)
		if (errors[i].code == error)
			return errors[i].text;
	return "unrecognized error code";
}
