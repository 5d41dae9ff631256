/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Graphs that were captured: instances, launches, memory that a graph allocates. */
#include "conform.h"

static CUstream stream;

static unsigned at(CUdeviceptr address)
{
	unsigned word = 0;

	NEED(cuMemcpyDtoH(&word, address, 4));
	return word;
}

void rules_graphs(void)
{
	CUgraph graph, empty;
	CUgraphExec exec, nothing;
	CUgraphNode nodes[4];
	CUgraphNodeType type;
	CUdeviceptr a;
	size_t count = 0;

	conform_kernel("app_slow_fill"); /* loading it is nothing that a capture allows */
	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuMemAlloc(&a, 4096));
	NEED(cuMemsetD32(a, 0, 1024));
	NEED(cuCtxSynchronize());
	NEED(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	NEED(cuMemsetD32Async(a, 7, 1, stream));
	NEED(cuMemcpyDtoDAsync(a + 4, a, 4, stream));
	NEED(conform_fill(stream, a + 64, 1, 0));
	NEED(cuStreamEndCapture(stream, &graph));
	RULE("what is captured does not run", 0, at(a));
	RULE("cuGraphGetNodes without a count", CUDA_ERROR_INVALID_VALUE,
	     cuGraphGetNodes(graph, nodes, NULL));
	NEED(cuGraphGetNodes(graph, NULL, &count));
	RULE("a node for each operation", 3, count);
	count = 4;
	NEED(cuGraphGetNodes(graph, nodes, &count));
	RULE("cuGraphGetNodes says how many there are", 3, count);
	RULE("cuGraphGetNodes fills up with NULL", 0, (intptr_t)nodes[3]);
	NEED(cuGraphNodeGetType(nodes[0], &type));
	RULE("the first node is a fill", CU_GRAPH_NODE_TYPE_MEMSET, type);
	RULE("cuGraphInstantiate to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuGraphInstantiate_v2(NULL, graph, NULL, NULL, 0));
	RULE("cuGraphInstantiate of NULL", CUDA_ERROR_INVALID_VALUE,
	     cuGraphInstantiate_v2(&exec, NULL, NULL, NULL, 0));
	NEED(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
	RULE("cuGraphDestroy", CUDA_SUCCESS, cuGraphDestroy(graph));
	RULE("cuGraphUpload", CUDA_SUCCESS, cuGraphUpload(exec, stream));
	RULE("cuGraphLaunch", CUDA_SUCCESS, cuGraphLaunch(exec, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("an instance outlives its graph", 7, at(a + 4));
	NEED(cuMemsetD32(a, 0, 2));
	NEED(cuCtxSynchronize());
	NEED(cuGraphLaunch(exec, stream));
	NEED(cuGraphLaunch(exec, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("an instance is launched again and again", 7, at(a + 4));
	RULE("cuGraphLaunch of NULL", CUDA_ERROR_INVALID_VALUE, cuGraphLaunch(NULL, stream));
	RULE("cuGraphExecDestroy", CUDA_SUCCESS, cuGraphExecDestroy(exec));
	RULE("cuGraphCreate with flags", CUDA_ERROR_INVALID_VALUE, cuGraphCreate(&empty, 1));
	NEED(cuGraphCreate(&empty, 0));
	NEED(cuGraphInstantiate_v2(&nothing, empty, NULL, NULL, 0));
	RULE("cuGraphLaunch of nothing", CUDA_SUCCESS, cuGraphLaunch(nothing, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("cuGraphDestroy of NULL", CUDA_ERROR_INVALID_VALUE, cuGraphDestroy(NULL));
}

void rules_graph_build(void)
{
	CUresult (*add)(CUgraphNode *, CUgraph, const CUgraphNode *, size_t);
	CUgraph graph;
	CUgraphNode node;

	*(void **)&add = conform_symbol("cuGraphAddEmptyNode");
	NEED_TRUE(add);
	NEED(cuGraphCreate(&graph, 0));
	RULE("cuGraphAddEmptyNode", CUDA_SUCCESS, add(&node, graph, NULL, 0));
}

/* Memory that is allocated and freed inside. */
void rules_graph_memory(void)
{
	CUgraph graph;
	CUgraphExec exec;
	CUdeviceptr inside = 0;
	size_t count = 0;

	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	RULE("cuMemAllocAsync in a capture", CUDA_SUCCESS,
	     cuMemAllocAsync(&inside, 4 * MIB, stream));
	RULE("memory of a capture: cuMemsetD32Async", CUDA_SUCCESS,
	     cuMemsetD32Async(inside, 1, MIB, stream));
	RULE("memory of a capture: cuMemFreeAsync", CUDA_SUCCESS, cuMemFreeAsync(inside, stream));
	NEED(cuStreamEndCapture(stream, &graph));
	NEED(cuGraphGetNodes(graph, NULL, &count));
	RULE("allocating and freeing are nodes", 3, count);
	RULE("a graph with memory: cuGraphInstantiate", CUDA_SUCCESS,
	     cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
	RULE("a graph with memory: cuGraphLaunch", CUDA_SUCCESS, cuGraphLaunch(exec, stream));
	RULE("a graph with memory: cuGraphLaunch again", CUDA_SUCCESS, cuGraphLaunch(exec, stream));
	RULE("a graph with memory runs", CUDA_SUCCESS, cuStreamSynchronize(stream));
	NEED(cuGraphExecDestroy(exec));
	NEED(cuGraphDestroy(graph));
	RULE("memory of a graph that is gone: cuMemFree", CUDA_ERROR_INVALID_VALUE,
	     cuMemFree(inside));
}

/* Memory that is allocated inside and stays. */
void rules_graph_memory_stays(void)
{
	CUgraph graph;
	CUgraphExec exec;
	CUdeviceptr inside = 0;
	unsigned word = 0;

	NEED(cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING));
	NEED(cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_GLOBAL));
	NEED(cuMemAllocAsync(&inside, 4 * MIB, stream));
	NEED(cuMemsetD32Async(inside, 5, MIB, stream));
	NEED(cuStreamEndCapture(stream, &graph));
	NEED(cuGraphInstantiate_v2(&exec, graph, NULL, NULL, 0));
	NEED(cuGraphLaunch(exec, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("memory that a graph leaves: cuMemcpyDtoH", CUDA_SUCCESS,
	     cuMemcpyDtoH(&word, inside, 4));
	RULE("memory that a graph leaves has its contents", 5, word);
	RULE("a graph that left memory: cuGraphLaunch before it is freed", CUDA_ERROR_INVALID_VALUE,
	     cuGraphLaunch(exec, stream));
	NEED(cuStreamSynchronize(stream));
	RULE("memory that a graph leaves: cuMemFreeAsync", CUDA_SUCCESS,
	     cuMemFreeAsync(inside, stream));
	RULE("a graph that left memory: cuGraphLaunch after it was freed", CUDA_SUCCESS,
	     cuGraphLaunch(exec, stream));
	NEED(cuStreamSynchronize(stream));
	NEED(cuGraphExecDestroy(exec));
	NEED(cuGraphDestroy(graph));
	RULE("memory that a graph leaves outlives it: cuMemFree", CUDA_SUCCESS, cuMemFree(inside));
	RULE("memory that a graph left, freed twice", CUDA_ERROR_INVALID_VALUE, cuMemFree(inside));
}
