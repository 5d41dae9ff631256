/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Graphs: operations in the order in which they were captured. An instance shares them with its
 * graph (operations do not change once made) and a launch is one operation that runs them all.
 * Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#define GRAPH_MAGIC 0x47524150u
#define EXEC_MAGIC  0x45584543u

struct CUgraphExec_st {
	uint32_t magic;
	struct CUgraph_st *ops; /* a copy of its own: the graph may be destroyed first */
	unsigned long long flags;
};

struct launch_op {
	struct sim_op op;
	struct CUgraph_st *graph;
};

struct CUgraph_st *sim_graph_new(void)
{
	struct CUgraph_st *graph = calloc(1, sizeof(*graph));

	if (!graph)
		return NULL;
	graph->magic = GRAPH_MAGIC;
	graph->refs = 1;
	return graph;
}

void sim_graph_unref_locked(struct CUgraph_st *graph)
{
	if (--graph->refs)
		return;
	for (size_t i = 0; i < graph->count; i++)
		sim_op_put(graph->ops[i]);
	sim_graph_end_memory_locked(graph);
	free(graph->ops);
	graph->magic = 0;
	free(graph);
}

bool sim_graph_valid(CUgraph graph)
{
	return graph && graph->magic == GRAPH_MAGIC;
}

static bool valid_exec(CUgraphExec exec)
{
	return exec && exec->magic == EXEC_MAGIC;
}

CUresult cuGraphCreate(CUgraph *phGraph, unsigned int flags)
{
	ENTER(cuGraphCreate);
	if (!phGraph || flags)
		return CUDA_ERROR_INVALID_VALUE;
	*phGraph = sim_graph_new();
	return *phGraph ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuGraphDestroy(CUgraph hGraph)
{
	ENTER(cuGraphDestroy);
	if (!sim_graph_valid(hGraph))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	sim_graph_unref_locked(hGraph);
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

/* A node's handle is its operation. */
CUresult cuGraphGetNodes(CUgraph hGraph, CUgraphNode *nodes, size_t *numNodes)
{
	ENTER(cuGraphGetNodes);
	if (!sim_graph_valid(hGraph) || !numNodes)
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	for (size_t i = 0; nodes && i < *numNodes; i++)
		nodes[i] = i < hGraph->count ? (CUgraphNode)(void *)hGraph->ops[i] : NULL;
	if (!nodes || *numNodes > hGraph->count)
		*numNodes = hGraph->count;
	pthread_mutex_unlock(&sim_lock);
	return CUDA_SUCCESS;
}

CUresult cuGraphNodeGetType(CUgraphNode hNode, CUgraphNodeType *type)
{
	ENTER(cuGraphNodeGetType);
	if (!hNode || !type)
		return CUDA_ERROR_INVALID_VALUE;
	*type = ((struct sim_op *)(void *)hNode)->type;
	return CUDA_SUCCESS;
}

static CUresult instantiate(CUgraphExec *exec_out, CUgraph graph, unsigned long long flags)
{
	struct CUgraphExec_st *exec;

	if (!exec_out || !sim_graph_valid(graph))
		return CUDA_ERROR_INVALID_VALUE;
	exec = calloc(1, sizeof(*exec));
	if (!exec)
		return CUDA_ERROR_OUT_OF_MEMORY;
	exec->magic = EXEC_MAGIC;
	exec->flags = flags;
	pthread_mutex_lock(&sim_lock);
	/* Nothing adds to a graph whose capture has ended: sharing it is a copy. */
	exec->ops = graph;
	graph->refs++;
	pthread_mutex_unlock(&sim_lock);
	*exec_out = exec;
	return CUDA_SUCCESS;
}

CUresult cuGraphInstantiate(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
			    char *logBuffer, size_t bufferSize)
{
	ENTER(cuGraphInstantiate);
	(void)phErrorNode, (void)logBuffer, (void)bufferSize;
	return instantiate(phGraphExec, hGraph, 0);
}

CUresult cuGraphInstantiate_v2(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
			       char *logBuffer, size_t bufferSize)
{
	ENTER(cuGraphInstantiate_v2);
	(void)phErrorNode, (void)logBuffer, (void)bufferSize;
	return instantiate(phGraphExec, hGraph, 0);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *phGraphExec, CUgraph hGraph,
				     unsigned long long flags)
{
	ENTER(cuGraphInstantiateWithFlags);
	return instantiate(phGraphExec, hGraph, flags);
}

static CUresult instantiate_with(CUgraphExec *exec_out, CUgraph graph,
				 CUDA_GRAPH_INSTANTIATE_PARAMS *params)
{
	CUresult result;

	if (!params)
		return CUDA_ERROR_INVALID_VALUE;
	params->hErrNode_out = NULL;
	result = instantiate(exec_out, graph, params->flags);
	params->result_out = result == CUDA_SUCCESS ? CUDA_GRAPH_INSTANTIATE_SUCCESS
						    : CUDA_GRAPH_INSTANTIATE_ERROR;
	return result;
}

CUresult cuGraphInstantiateWithParams(CUgraphExec *phGraphExec, CUgraph hGraph,
				      CUDA_GRAPH_INSTANTIATE_PARAMS *instantiateParams)
{
	ENTER(cuGraphInstantiateWithParams);
	return instantiate_with(phGraphExec, hGraph, instantiateParams);
}

CUresult cuGraphInstantiateWithParams_ptsz(CUgraphExec *phGraphExec, CUgraph hGraph,
					   CUDA_GRAPH_INSTANTIATE_PARAMS *instantiateParams)
{
	ENTER(cuGraphInstantiateWithParams_ptsz);
	return instantiate_with(phGraphExec, hGraph, instantiateParams);
}

CUresult cuGraphExecGetFlags(CUgraphExec hGraphExec, cuuint64_t *flags)
{
	ENTER(cuGraphExecGetFlags);
	if (!valid_exec(hGraphExec) || !flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = hGraphExec->flags;
	return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec hGraphExec)
{
	ENTER(cuGraphExecDestroy);
	if (!valid_exec(hGraphExec))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	hGraphExec->magic = 0;
	sim_graph_unref_locked(hGraphExec->ops);
	pthread_mutex_unlock(&sim_lock);
	free(hGraphExec);
	return CUDA_SUCCESS;
}

static void run_launch(struct sim_op *op)
{
	struct CUgraph_st *graph = ((struct launch_op *)op)->graph;

	for (size_t i = 0; i < graph->count; i++)
		graph->ops[i]->run(graph->ops[i]);
}

static void drop_launch(struct sim_op *op)
{
	sim_graph_unref_locked(((struct launch_op *)op)->graph);
}

static CUresult launch(CUgraphExec exec, CUstream handle, bool per_thread)
{
	struct CUstream_st *stream;
	struct launch_op *op;
	CUresult result;

	if (!valid_exec(exec))
		return CUDA_ERROR_INVALID_VALUE;
	sim_slow_pass();
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	if (result == CUDA_SUCCESS)
		result = sim_graph_launch_memory_locked(exec->ops, exec->flags);
	if (result == CUDA_SUCCESS) {
		op = sim_op_new(sizeof(*op), run_launch, drop_launch, CU_GRAPH_NODE_TYPE_GRAPH);
		if (op) {
			op->graph = exec->ops;
			exec->ops->refs++;
		}
		result = sim_enqueue_locked(stream, op ? &op->op : NULL);
	}
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuGraphLaunch(CUgraphExec hGraphExec, CUstream hStream)
{
	ENTER(cuGraphLaunch);
	return launch(hGraphExec, hStream, false);
}

CUresult cuGraphLaunch_ptsz(CUgraphExec hGraphExec, CUstream hStream)
{
	ENTER(cuGraphLaunch_ptsz);
	return launch(hGraphExec, hStream, true);
}

static CUresult upload(CUgraphExec exec, CUstream handle, bool per_thread)
{
	struct CUstream_st *stream;
	CUresult result;

	if (!valid_exec(exec))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&sim_lock);
	result = sim_stream_get_locked(handle, per_thread, &stream);
	pthread_mutex_unlock(&sim_lock);
	return result;
}

CUresult cuGraphUpload(CUgraphExec hGraphExec, CUstream hStream)
{
	ENTER(cuGraphUpload);
	return upload(hGraphExec, hStream, false);
}

CUresult cuGraphUpload_ptsz(CUgraphExec hGraphExec, CUstream hStream)
{
	ENTER(cuGraphUpload_ptsz);
	return upload(hGraphExec, hStream, true);
}
