/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Memory that graphs allocate. A block is made when the capture asks for it and its address is good
 * for every launch. It lives from a launch until a node of the graph or the program frees it, and
 * survives the graph while it lives; a graph is not launched over memory of its own that lives.
 * Under sim_lock.
 */
#include "sim.h"

#include <stdlib.h>

static struct CUgraph_st *owners; /* graphs with memory */

static void run_nothing(struct sim_op *op)
{
	(void)op;
}

static CUresult append_node(struct CUstream_st *stream, CUgraphNodeType type)
{
	struct sim_op *op = sim_op_new(sizeof(*op), run_nothing, NULL, type);

	if (!op)
		return CUDA_ERROR_OUT_OF_MEMORY;
	op->ctx = stream->ctx;
	return sim_capture_append_locked(stream, op);
}

static struct sim_graph_block *find_locked(uint64_t address, struct CUgraph_st **graph_out)
{
	for (struct CUgraph_st *graph = owners; graph; graph = graph->next_owner)
		for (size_t i = 0; i < graph->memory_count; i++)
			if (graph->memory[i].address == address) {
				*graph_out = graph;
				return &graph->memory[i];
			}
	return NULL;
}

static void forget_locked(struct CUgraph_st *graph)
{
	struct CUgraph_st **link = &owners;

	while (*link && *link != graph)
		link = &(*link)->next_owner;
	if (*link)
		*link = graph->next_owner;
}

CUresult sim_graph_alloc_locked(struct CUstream_st *stream, uint64_t address)
{
	struct CUgraph_st *graph = stream->capture->graph;
	struct sim_graph_block *memory;

	if (stream->capture->invalidated)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	memory = realloc(graph->memory, (graph->memory_count + 1) * sizeof(*memory));
	if (!memory)
		return CUDA_ERROR_OUT_OF_MEMORY;
	graph->memory = memory;
	if (!graph->memory_count) {
		graph->next_owner = owners;
		owners = graph;
	}
	memory[graph->memory_count++] = (struct sim_graph_block){ .address = address };
	return append_node(stream, CU_GRAPH_NODE_TYPE_MEM_ALLOC);
}

CUresult sim_graph_free_locked(struct CUstream_st *stream, uint64_t address)
{
	struct sim_graph_block *block;
	struct CUgraph_st *graph;

	if (stream->capture->invalidated)
		return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
	block = find_locked(address, &graph);
	if (block && graph == stream->capture->graph)
		block->freed_inside = true;
	return append_node(stream, CU_GRAPH_NODE_TYPE_MEM_FREE);
}

CUresult sim_graph_launch_memory_locked(struct CUgraph_st *graph, unsigned long long flags)
{
	if (!(flags & CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH))
		for (size_t i = 0; i < graph->memory_count; i++)
			if (graph->memory[i].lives)
				return CUDA_ERROR_INVALID_VALUE;
	for (size_t i = 0; i < graph->memory_count; i++)
		graph->memory[i].lives = !graph->memory[i].freed_inside;
	return CUDA_SUCCESS;
}

bool sim_graph_owns_locked(uint64_t address, CUresult *result_out)
{
	struct CUgraph_st *graph;
	struct sim_graph_block *block = find_locked(address, &graph);

	if (!block)
		return false;
	*result_out = block->lives ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
	block->lives = false;
	return true;
}

void sim_graph_end_memory_locked(struct CUgraph_st *graph)
{
	struct sim_block block;

	if (graph->memory_count)
		forget_locked(graph);
	for (size_t i = 0; i < graph->memory_count; i++)
		if (!graph->memory[i].lives &&
		    sim_block_find_locked(graph->memory[i].address, &block) &&
		    block.base == graph->memory[i].address)
			sim_heap_free_locked(&block);
	free(graph->memory);
}
