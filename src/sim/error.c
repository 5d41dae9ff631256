/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names and descriptions of results: errors.h is made from the enumeration in cuda.h. */
#include "sim.h"

#include <stdio.h>
#include <string.h>

static const struct {
	CUresult code;
	const char *name;
	const char *text;
} errors[] = {
#include "errors.h"
};

static CUresult look_up(CUresult error, const char **out, bool text)
{
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = NULL;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].code != error)
			continue;
		*out = text ? errors[i].text : errors[i].name;
		return CUDA_SUCCESS;
	}
	return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorName(CUresult error, const char **pStr)
{
	ENTER_ANY(cuGetErrorName);
	return look_up(error, pStr, false);
}

CUresult cuGetErrorString(CUresult error, const char **pStr)
{
	ENTER_ANY(cuGetErrorString);
	return look_up(error, pStr, true);
}
