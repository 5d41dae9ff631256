/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams, events, libraries and graphs: the calls that have no per-thread variant. */
#include "cudart.h"

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *pStream, unsigned int flags)
{
	CUDART_CALL(DRIVER(cuStreamCreate), pStream, flags);
}

cudaError_t cudaStreamCreate(cudaStream_t *pStream)
{
	return cudaStreamCreateWithFlags(pStream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
	CUDART_CALL(DRIVER(cuStreamDestroy), stream);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
	CUDART_CALL(DRIVER(cuEventCreate), event, flags);
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
	return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
	CUDART_CALL(DRIVER(cuEventQuery), event);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
	CUDART_CALL(DRIVER(cuEventSynchronize), event);
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end)
{
	CUDART_CALL(DRIVER(cuEventElapsedTime), ms, start, end);
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
	CUDART_CALL(DRIVER(cuEventDestroy), event);
}

cudaError_t cudaLibraryLoadData(cudaLibrary_t *library, const void *code,
				enum cudaJitOption *jitOptions, void **jitOptionsValues,
				unsigned int numJitOptions, enum cudaLibraryOption *libraryOptions,
				void **libraryOptionValues, unsigned int numLibraryOptions)
{
	if (numJitOptions || numLibraryOptions)
		return cudart_return(cudaErrorNotSupported);
	CUDART_CALL(DRIVER(cuLibraryLoadData), library, code, NULL, NULL, 0, NULL, NULL, 0);
}

cudaError_t cudaLibraryUnload(cudaLibrary_t library)
{
	CUDART_CALL(DRIVER(cuLibraryUnload), library);
}

cudaError_t cudaLibraryGetKernel(cudaKernel_t *pKernel, cudaLibrary_t library, const char *name)
{
	CUDART_CALL(DRIVER(cuLibraryGetKernel), pKernel, library, name);
}

cudaError_t cudaThreadExchangeStreamCaptureMode(enum cudaStreamCaptureMode *mode)
{
	CUDART_CALL(DRIVER(cuThreadExchangeStreamCaptureMode), (CUstreamCaptureMode *)mode);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *pGraphExec, cudaGraph_t graph,
				 unsigned long long flags)
{
	CUDART_CALL(DRIVER(cuGraphInstantiateWithFlags), pGraphExec, graph, flags);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graphExec)
{
	CUDART_CALL(DRIVER(cuGraphExecDestroy), graphExec);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
	CUDART_CALL(DRIVER(cuGraphDestroy), graph);
}
