/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the parts of the simulated driver share: objects, and the few functions that cross files.
 *
 * One mutex, `sim_lock`, guards every object here unless a field says otherwise. It is never held
 * while an operation of a stream runs, while a callback of the program runs, or while somebody
 * waits for a stream (the wait drops it). Entry points take it; functions whose names end in
 * `_locked` expect it to be held.
 */
#ifndef SIM_H
#define SIM_H

#define __CUDA_API_VERSION_INTERNAL
#pragma GCC visibility push(default)
#include "include/cuda.h"
CUresult cuProfilerInitialize(const char *config, const char *output, int mode);
CUresult cuProfilerStart(void);
CUresult cuProfilerStop(void);
#pragma GCC visibility pop

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/simcuda_kernel.h"

#define SIM_MAX_DEVICES   16
#define SIM_GRANULARITY   (2ull << 20)
#define SIM_SMALL_ALIGN   512u
#define SIM_CONTEXT_BYTES (16ull << 20)
#define SIM_MAX_PEERS     8

extern const int sim_driver_version;
extern pthread_mutex_t sim_lock;

/* options.c: SIMCUDA_*, read once, immutable after that. */
struct sim_options {
	uint64_t mem_bytes;
	int devices;
	bool zero;
	bool no_vmm;
	bool reuse_handles;
	bool no_export;
	bool eager, lazy;
	uint64_t one_lock_ms;
	bool no_peer;
	uint64_t linger_ms, push_ms;
	char dir[400];
	const char *kernels;
	const char *fail;
	const char *trace;
};
const struct sim_options *sim_options(void);
void sim_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* uuid.c: the same in every process and at every time, another for each device. */
void sim_device_uuid(int device, unsigned char uuid_out[16]);

/* entry.c: counting, fault injection, and the check for initialisation, at every entry point. */
struct sim_entry {
	const char *name;
	_Atomic unsigned long calls;
	struct sim_entry *_Atomic next;
	struct sim_fail_rule *rule;
	_Atomic int known; /* 0 new, 1 being registered, 2 on the list */
};
CUresult sim_enter(struct sim_entry *entry);
CUresult sim_enter_uninitialised(struct sim_entry *entry);
CUresult sim_stub(struct sim_entry *entry);
CUresult sim_stub_legacy(struct sim_entry *entry);
bool sim_initialised(void);
void sim_set_initialised(void);
bool sim_is_forked_child(void);

#define ENTER_WITH(function, symbol)                                  \
	do {                                                          \
		static struct sim_entry entry_ = { .name = #symbol }; \
		CUresult entered_ = function(&entry_);                \
		if (entered_ != CUDA_SUCCESS)                         \
			return entered_;                              \
	} while (0)
#define ENTER(symbol)     ENTER_WITH(sim_enter, symbol)
#define ENTER_ANY(symbol) ENTER_WITH(sim_enter_uninitialised, symbol)

/* onelock.c: SIMCUDA_ONE_LOCK. Before sim_lock; for the rest of the entry point that says it. */
int sim_slow_enter(bool host);
void sim_slow_leave(int *held);
/* What is enqueued waits for host memory that is being pinned, and for nothing else. */
void sim_slow_pass(void);
#define SLOW_CALL(host) \
	int slow_ __attribute__((cleanup(sim_slow_leave), unused)) = sim_slow_enter(host)

/* budget.c: physical memory, shared with the other processes of the same SIMCUDA_DIR. */
CUresult sim_budget_join(void);
CUresult sim_budget_charge_locked(int device, uint64_t bytes);
void sim_budget_return_locked(int device, uint64_t bytes);
void sim_budget_query_locked(int device, uint64_t *free_out, uint64_t *total_out);
uint64_t sim_budget_total(int device);
/* For SIMCUDA_TRACE: PID device-N-peak BYTES, and how often that device had too little. */
void sim_budget_trace(int fd);
void sim_budget_forget_in_child(void);

/* array.c: pointers to structs that begin with their address, sorted by it. */
struct sim_span {
	uint64_t base;
	uint64_t size;
};
struct sim_array {
	struct sim_span **items;
	size_t count;
	size_t room;
};
bool sim_array_insert(struct sim_array *array, struct sim_span *span);
void sim_array_remove(struct sim_array *array, struct sim_span *span);
/* The span that contains the address, or NULL. */
struct sim_span *sim_array_find(const struct sim_array *array, uint64_t address);
/* The index of the first span that ends behind the address. */
size_t sim_array_lower(const struct sim_array *array, uint64_t address);

/* chunk.c: physical allocations. */
struct sim_chunk {
	uint64_t handle;
	uint64_t bytes;
	int fd;
	int device;
	bool imported;
	bool in_table;
	unsigned handle_refs; /* what cuMemRelease takes away */
	unsigned map_refs;
	CUmemAllocationProp prop;
	uint64_t block_id;
};
CUresult sim_chunk_create_locked(int device, uint64_t bytes, struct sim_chunk **chunk_out);
struct sim_chunk *sim_chunk_find_locked(uint64_t handle);
CUresult sim_chunk_publish_locked(struct sim_chunk *chunk);
void sim_chunk_put_handle_locked(struct sim_chunk *chunk);
void sim_chunk_put_map_locked(struct sim_chunk *chunk);

/* region.c: address space. A region is one reservation; a map is one mapping of a chunk in it. */
enum sim_kind {
	SIM_RESERVED, /* cuMemAddressReserve: maps come and go */
	SIM_NATIVE, /* one block of cuMemAlloc or of a memory pool */
	SIM_SLAB, /* many small ones */
	SIM_IMPORTED, /* a block of another process */
	SIM_HOST, /* cuMemHostAlloc */
	SIM_REGISTERED, /* cuMemHostRegister */
	SIM_MANAGED, /* cuMemAllocManaged */
};

struct sim_heap;
struct sim_slab;

struct sim_region {
	struct sim_span
		span; /* device addresses; for the last three kinds they are host addresses */
	enum sim_kind kind;
	uint64_t bytes; /* what was asked for; the span is rounded up */
	struct CUctx_st *ctx;
	struct sim_heap *heap;
	struct sim_slab *slab;
	unsigned flags;
	int device;
	uint64_t buffer_id;
	bool sync_memops;
	bool freeing; /* cuMemFreeAsync was called, its turn in the stream has not come */
};

struct sim_map {
	struct sim_span span;
	struct sim_chunk *chunk;
	uint64_t offset;
	struct sim_region *region;
	uint8_t access[SIM_MAX_DEVICES];
	uint64_t buffer_id;
	bool accessed; /* cuMemSetAccess ever gave somebody access */
};

extern struct sim_array sim_regions;
extern struct sim_array sim_maps;
CUresult sim_region_reserve_locked(uint64_t bytes, uint64_t alignment, uint64_t hint,
				   struct sim_region **region_out);
void sim_region_free_locked(struct sim_region *region);
struct sim_region *sim_region_find_locked(uint64_t address);
CUresult sim_map_locked(struct sim_region *region, uint64_t address, uint64_t bytes,
			struct sim_chunk *chunk, uint64_t offset, struct sim_map **map_out);
void sim_unmap_locked(struct sim_map *map);
CUresult sim_map_access_locked(struct sim_map *map, int device, unsigned flags);
uint64_t sim_next_id_locked(void);

/* heap.c: blocks as cuMemAlloc makes them: large ones alone, small ones packed into granules. */
struct sim_heap {
	int device;
	struct CUctx_st *ctx;
	struct CUmemPoolHandle_st *pool;
	struct sim_slab *slabs;
	uint64_t used_bytes, used_high, reserved_bytes, reserved_high;
};
struct sim_block {
	uint64_t base;
	uint64_t bytes;
	struct sim_region *region;
	uint64_t buffer_id;
	bool *freeing;
};
CUresult sim_heap_alloc_locked(struct sim_heap *heap, uint64_t bytes, uint64_t *address_out);
void sim_heap_free_locked(const struct sim_block *block);
void sim_heap_destroy_locked(struct sim_heap *heap);
/* The live block of a heap that contains the address. */
bool sim_block_find_locked(uint64_t address, struct sim_block *block_out);

/* context.c */
struct CUctx_st {
	int device;
	unsigned flags;
	unsigned version;
	unsigned long long id;
	bool primary;
	bool alive;
	struct CUctx_st *green; /* of a green context: the primary one, whose memory it uses */
	unsigned attached;
	_Atomic int error; /* sticky CUresult */
	struct sim_heap heap;
	struct CUstream_st *streams;
	struct CUstream_st *legacy;
	struct CUevent_st *events;
	struct CUctx_st *peers[SIM_MAX_PEERS]; /* whose native memory this context may use */
	size_t limits[8];
	CUfunc_cache cache;
	CUsharedconfig shared;
	struct CUctx_st *next;
	unsigned captures; /* streams of this context that capture */
};
CUresult sim_current(struct CUctx_st **ctx_out);
CUresult sim_current_locked(struct CUctx_st **ctx_out);
/* The current context, with no complaint when there is none or it is gone. */
struct CUctx_st *sim_peek_current(void);
extern struct CUctx_st *sim_contexts;
CUresult sim_context_create_locked(int device, unsigned flags, unsigned version,
				   struct CUctx_st **ctx_out);
/* The end of a context, whatever its streams still have to do: that is done all the same. */
void sim_context_end_locked(struct CUctx_st *ctx);
CUresult sim_primary_retain_locked(int device, struct CUctx_st **ctx_out);
CUresult sim_primary_release_locked(int device);
bool sim_context_known_locked(const struct CUctx_st *candidate);
CUresult sim_device_check(CUdevice device);

/* ipc.c */
void sim_context_imports_end_locked(struct CUctx_st *ctx);

/* peer.c */
/* Whether the context's device may read and write what is mapped there. */
bool sim_may_touch_locked(struct CUctx_st *ctx, const struct sim_map *map);
/* False: the address is memory that the context's device may not touch. */
bool sim_may_launch_with_locked(struct CUctx_st *ctx, uint64_t address);
/* Nobody may use the memory of the context any more, nor it that of others. */
void sim_peers_end_locked(struct CUctx_st *ctx);

/* stream.c: work, in order. */
struct sim_op;
typedef void sim_op_run(struct sim_op *op);

/* A point in a stream: reached when that many operations are done. */
struct sim_point {
	struct CUstream_st *stream;
	uint64_t number;
};

struct sim_op {
	sim_op_run *run; /* without a lock; a fault in it becomes a sticky error */
	sim_op_run *drop; /* frees what the payload owns; may be NULL */
	atomic_uint refs; /* a queue, a graph and its instances may share it */
	bool always; /* runs also after a sticky error: bookkeeping */
	CUgraphNodeType type;
	struct CUctx_st *ctx;
};
void *sim_op_new(size_t bytes, sim_op_run *run, sim_op_run *drop, CUgraphNodeType type);
void sim_op_get(struct sim_op *op);
void sim_op_put(struct sim_op *op);

/* One place in a queue; the operation itself may be shared by several launches of a graph. */
struct sim_item {
	struct sim_item *next;
	struct sim_op *op;
	uint64_t number; /* its place in its stream */
	struct sim_point *waits;
	unsigned waits_count;
};

struct CUstream_st {
	struct CUctx_st *ctx;
	struct CUstream_st *next;
	pthread_t thread;
	pthread_cond_t work;
	bool started, destroyed, non_blocking, legacy, per_thread;
	bool gather; /* where cuCtxRecordEvent records */
	int priority;
	unsigned refs;
	unsigned long long id;
	struct sim_item *first, **last;
	uint64_t submitted, completed;
	uint64_t called; /* SIMCUDA_LAZY: somebody waits for what is up to here */
	struct sim_op *running;
	struct sim_point *pending; /* waits that the next operation inherits */
	unsigned pending_count;
	struct sim_capture *capture;
	bool unjoined; /* forked into the capture and not yet waited for */
};

extern pthread_cond_t sim_progress;
/* `per_thread`: what a NULL handle means, as the _ptsz entry points read it. */
CUresult sim_stream_get_locked(CUstream handle, bool per_thread, struct CUstream_st **stream_out);
CUresult sim_stream_create_locked(struct CUctx_st *ctx, unsigned flags, int priority,
				  struct CUstream_st **stream_out);
void sim_stream_unref_locked(struct CUstream_st *stream);
/* Takes over the caller's reference to the operation, also on failure. Captures it where the stream
 * does. */
CUresult sim_enqueue_locked(struct CUstream_st *stream, struct sim_op *op);
/* The same, and waits until it is done; `stream` must not be capturing. */
CUresult sim_enqueue_wait_locked(struct CUstream_st *stream, struct sim_op *op);
CUresult sim_stream_wait_locked(struct CUstream_st *stream, struct sim_point point);
/* Waits for everything enqueued so far, in one context, or in every one on the device. */
CUresult sim_drain_context_locked(struct CUctx_st *ctx);
void sim_drain_device_locked(int device);
void sim_context_streams_end_locked(struct CUctx_st *ctx);
bool sim_in_callback(void);
/* Whether everything that an item waits for is reached. */
bool sim_may_start_locked(const struct sim_item *item);

/* adversary.c: orders of work that a real driver may choose, and seldom does. */
/* SIMCUDA_LAZY: returns when the stream's first item is called for. */
void sim_lazy_wait_locked(struct CUstream_st *stream);
/* Somebody waits for the point, or asks whether it is reached. */
void sim_lazy_call_locked(struct sim_point point);
/* SIMCUDA_EAGER: lets all work run that can, before it returns. */
void sim_eager_run_locked(void);

/* fault.c */
bool sim_fault_run(struct sim_op *op);
/* Ends the operation that runs, as touching memory that is not there would. */
_Noreturn void sim_fault_now(void);
/* While a function of the program runs on a stream's thread: its faults are its own. */
void sim_fault_suspend(bool yes);
void sim_fault_set(struct CUctx_st *ctx, CUresult error);
/* What a context of the device failed with: no new one is made in this process. */
CUresult sim_fault_of(int device);

/* event.c */
struct sim_record {
	unsigned refs;
	_Atomic uint64_t ns;
};
struct CUevent_st {
	uint32_t magic;
	unsigned flags;
	struct CUctx_st *ctx;
	struct sim_point point;
	struct sim_record *record;
	struct sim_capture *capture;
	struct CUstream_st *captured_in;
	struct CUevent_st *next, **link; /* in its context's list, with which it goes */
};
void sim_context_events_end_locked(struct CUctx_st *ctx);

/* capture.c */
struct sim_capture {
	unsigned refs;
	CUstreamCaptureMode mode;
	pthread_t thread;
	unsigned long long id;
	struct CUstream_st *origin;
	struct CUgraph_st *graph;
	bool given; /* the graph is the program's */
	bool invalidated;
	bool ended;
	struct sim_capture *next;
};
struct sim_graph_block {
	uint64_t address;
	bool freed_inside; /* by a node of the same graph */
	bool lives; /* a launch allocated it, and nobody has freed it */
};
struct CUgraph_st {
	uint32_t magic;
	unsigned refs;
	struct sim_op **ops;
	size_t count, room;
	struct sim_graph_block *memory; /* blocks that were allocated while capturing */
	size_t memory_count;
	struct CUgraph_st *next_owner; /* graphmem.c's list of those with memory */
};
/* For calls that a capture elsewhere forbids: 900, and that capture is spoilt. */
CUresult sim_capture_check_locked(void);
/* For calls that conflict with any capture in the context, in every mode. */
CUresult sim_capture_conflict_locked(struct CUctx_st *ctx);
CUresult sim_capture_append_locked(struct CUstream_st *stream, struct sim_op *op);
void sim_capture_invalidate_locked(struct sim_capture *capture);
void sim_capture_unref_locked(struct sim_capture *capture);
CUresult sim_capture_fork_locked(struct CUstream_st *stream, struct CUevent_st *event);
struct CUgraph_st *sim_graph_new(void);
bool sim_graph_valid(CUgraph graph);
void sim_graph_unref_locked(struct CUgraph_st *graph);

/* graphmem.c: each is a node of the graph that is captured in the stream. */
CUresult sim_graph_alloc_locked(struct CUstream_st *stream, uint64_t address);
CUresult sim_graph_free_locked(struct CUstream_st *stream, uint64_t address);
/* What a launch does to the memory of its graph; refused while that lives. */
CUresult sim_graph_launch_memory_locked(struct CUgraph_st *graph, unsigned long long flags);
/* Whether a block is a graph's: then freeing it ends its life and leaves it to the graph. */
bool sim_graph_owns_locked(uint64_t address, CUresult *result_out);
/* With the graph goes its memory, but for what lives: that is the program's to free. */
void sim_graph_end_memory_locked(struct CUgraph_st *graph);

/* pool.c */
struct CUmemPoolHandle_st {
	uint32_t magic;
	int device;
	bool is_default, destroyed;
	CUmemPoolProps props;
	struct sim_heap heap;
	uint64_t threshold;
	uint64_t attributes[9];
	uint8_t access[SIM_MAX_DEVICES];
};
void sim_pool_settle_locked(struct sim_heap *heap);

/* copy.c */
/* Whether a copy or a fill of this context may be asked to touch these bytes. */
CUresult sim_address_check_locked(struct CUctx_st *ctx, uint64_t address, uint64_t bytes,
				  bool write);

static inline struct CUctx_st *sim_memory_context(struct CUctx_st *ctx)
{
	return ctx->green ? ctx->green : ctx;
}

static inline void *sim_host(uint64_t address)
{
	return simk_ptr(address);
}

static inline bool sim_is_device_address(uint64_t address)
{
	return address - SIMK_DISTANCE < SIMK_SPAN;
}

#endif
