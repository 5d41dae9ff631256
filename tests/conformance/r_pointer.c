/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pointer attributes of every kind of memory: one row an attribute and kind. */
#include "conform.h"

/* An answer is its value, or, where the call fails, its code as a negative number. */
static long long ask(int attribute, CUdeviceptr at)
{
	/* No attribute that is asked here is wider; the narrow ones leave the rest. */
	uint64_t answer[4] = { 0, 0, 0, 0 };
	CUresult code = cuPointerGetAttribute(answer, (CUpointer_attribute)attribute, at);

	return code ? -(long long)code : (long long)answer[0];
}

enum kind {
	NATIVE,
	VMM,
	NO_ACCESS,
	PINNED,
	REGISTERED,
	MANAGED,
	ASYNC,
	KINDS
};

static const char *const kind_names[] = {
	"cuMemAlloc's memory", "VMM memory",     "VMM memory without access", "pinned host memory",
	"registered memory",   "managed memory", "cuMemAllocAsync's memory",
};

struct memory {
	CUdeviceptr base; /* of the block, or of the reservation */
	CUdeviceptr at; /* where it is asked */
	size_t bytes;
};

/* What an answer is measured from. */
enum from {
	VALUE,
	BASE,
	AT
};
#define NO  -1
#define ANY INT64_MIN /* nothing is known: not a rule */

static const struct {
	int attribute;
	const char *name;
	enum from from;
	long long expected[KINDS];
} rows[] = {
#define A(name) CU_POINTER_ATTRIBUTE_##name, "CU_POINTER_ATTRIBUTE_" #name
	/*                                native vmm  none  pinned registered managed async */
	{ A(MEMORY_TYPE), VALUE, { 2, 2, 2, 1, 1, 2, 2 } },
	{ A(DEVICE_POINTER), AT, { 0, 0, NO, 0, 0, 0, 0 } },
	{ A(HOST_POINTER), AT, { NO, NO, NO, 0, 0, 0, NO } },
	{ A(SYNC_MEMOPS), VALUE, { 0, 0, 0, 0, 0, ANY, ANY } },
	{ A(IS_MANAGED), VALUE, { 0, 0, 0, 0, 0, 1, 0 } },
	{ A(DEVICE_ORDINAL), VALUE, { 0, 0, 0, 0, 0, 0, 0 } },
	{ A(IS_LEGACY_CUDA_IPC_CAPABLE), VALUE, { 1, 0, 0, 0, 0, 0, 0 } },
	{ A(RANGE_START_ADDR), BASE, { 0, 0, 0, 0, 0, 0, 0 } },
	{ A(RANGE_SIZE), VALUE, { 5000, 4 * MIB, 4 * MIB, 5000, 5000, 5000, 5000 } },
	{ A(MAPPED), VALUE, { 1, 1, 1, 1, 1, 1, 1 } },
	{ A(ALLOWED_HANDLE_TYPES), VALUE, { 0, 1, 1, 0, 0, 0, 0 } },
	{ A(IS_GPU_DIRECT_RDMA_CAPABLE), VALUE, { 1, 0, 0, 0, 0, 0, ANY } },
	{ A(ACCESS_FLAGS), VALUE, { 3, 3, 0, 3, 3, 3, 3 } },
#undef A
};

static void ask_all(enum kind kind, const struct memory *memory)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		long long got = ask(rows[i].attribute, memory->at);

		if (rows[i].expected[kind] == ANY)
			continue;
		if (got >= 0 && rows[i].from == BASE)
			got -= (long long)memory->base;
		else if (got >= 0 && rows[i].from == AT)
			got -= (long long)memory->at;
		rule(conform_name("%s of %s", rows[i].name, kind_names[kind]),
		     rows[i].expected[kind], got);
	}
}

/* The mapping is the upper half of its reservation. */
static struct memory mapped(bool with_access)
{
	CUmemAllocationProp prop = conform_prop();
	CUmemGenericAllocationHandle handle;
	struct memory memory = { .bytes = 4 * MIB };

	NEED(cuMemAddressReserve(&memory.base, 4 * MIB, 0, 0, 0));
	NEED(cuMemCreate(&handle, 2 * MIB, &prop, 0));
	NEED(cuMemMap(memory.base + 2 * MIB, 2 * MIB, 0, handle, 0));
	if (with_access)
		NEED(conform_access(memory.base + 2 * MIB, 2 * MIB, 3));
	memory.at = memory.base + 2 * MIB + 100;
	return memory;
}

static void contexts(const struct memory *all)
{
	static const enum kind owned[] = { NATIVE, PINNED, REGISTERED, MANAGED };

	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++)
		rule(conform_name("CU_POINTER_ATTRIBUTE_CONTEXT of %s is its context",
				  kind_names[owned[i]]),
		     1,
		     ask(CU_POINTER_ATTRIBUTE_CONTEXT, all[owned[i]].at) ==
			     (long long)(intptr_t)conform_context);
	RULE("CU_POINTER_ATTRIBUTE_CONTEXT of VMM memory", 0,
	     ask(CU_POINTER_ATTRIBUTE_CONTEXT, all[VMM].at));
	RULE("CU_POINTER_ATTRIBUTE_CONTEXT of cuMemAllocAsync's memory is not the current one", 0,
	     ask(CU_POINTER_ATTRIBUTE_CONTEXT, all[ASYNC].at) ==
		     (long long)(intptr_t)conform_context);
}

static void identities(const struct memory *all)
{
	CUmemGenericAllocationHandle handle;
	CUdeviceptr again;
	long long id = ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, all[NATIVE].at);

	RULE("CU_POINTER_ATTRIBUTE_BUFFER_ID is one for a block", id,
	     ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, all[NATIVE].base));
	NEED(cuMemAlloc(&again, 5000));
	RULE("CU_POINTER_ATTRIBUTE_BUFFER_ID is another for another block", 1,
	     id != ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, again));
	id = ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, again);
	NEED(cuMemFree(again));
	NEED(cuMemAlloc(&again, 5000));
	RULE("CU_POINTER_ATTRIBUTE_BUFFER_ID is another when memory is used again", 1,
	     id != ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, again));
	NEED(cuMemFree(again));
	id = ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, all[VMM].at);
	NEED(cuMemRetainAllocationHandle(&handle, (void *)(uintptr_t)all[VMM].at));
	NEED(cuMemUnmap(all[VMM].base + 2 * MIB, 2 * MIB));
	NEED(cuMemMap(all[VMM].base + 2 * MIB, 2 * MIB, 0, handle, 0));
	RULE("CU_POINTER_ATTRIBUTE_BUFFER_ID is another when VMM memory is mapped again", 1,
	     id != ask(CU_POINTER_ATTRIBUTE_BUFFER_ID, all[VMM].at));
}

static void setting(const struct memory *all)
{
	unsigned yes = 1;
	char unknown[16];

	RULE("setting CU_POINTER_ATTRIBUTE_SYNC_MEMOPS of cuMemAlloc's memory", CUDA_SUCCESS,
	     cuPointerSetAttribute(&yes, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, all[NATIVE].base));
	RULE("setting CU_POINTER_ATTRIBUTE_SYNC_MEMOPS of VMM memory", CUDA_ERROR_NOT_SUPPORTED,
	     cuPointerSetAttribute(&yes, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, all[VMM].at));
	RULE("setting CU_POINTER_ATTRIBUTE_SYNC_MEMOPS of unknown memory", CUDA_ERROR_INVALID_VALUE,
	     cuPointerSetAttribute(&yes, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, (uintptr_t)unknown));
	RULE("setting an attribute that cannot be set", CUDA_ERROR_INVALID_VALUE,
	     cuPointerSetAttribute(&yes, CU_POINTER_ATTRIBUTE_MAPPED, all[NATIVE].base));
}

/* Memory that the driver does not know, and a reservation where nothing is mapped. */
static void nothing(const struct memory *reserved)
{
	CUpointer_attribute attributes[] = { CU_POINTER_ATTRIBUTE_CONTEXT,
					     CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
					     CU_POINTER_ATTRIBUTE_DEVICE_POINTER,
					     CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
					     CU_POINTER_ATTRIBUTE_RANGE_START_ADDR };
	CUcontext ctx = (CUcontext)attributes;
	CUdeviceptr pointer = 77, start = 77;
	unsigned type = 77;
	int ordinal = 77;
	void *data[] = { &ctx, &type, &pointer, &ordinal, &start };
	char unknown[16];

	RULE("cuPointerGetAttribute of unknown memory", CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, (uintptr_t)unknown));
	RULE("cuPointerGetAttribute of unknown memory writes nothing", 77, type);
	RULE("cuPointerGetAttribute of a reservation", CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, reserved->base));
	RULE("cuPointerGetAttribute to NULL", CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(NULL, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, reserved->at));
	RULE("cuPointerGetAttribute of no attribute", CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttribute(&type, (CUpointer_attribute)999, reserved->at));
	RULE("cuPointerGetAttributes of unknown memory", CUDA_SUCCESS,
	     cuPointerGetAttributes(5, attributes, data, (uintptr_t)unknown));
	RULE("cuPointerGetAttributes of unknown memory: context", 0, (intptr_t)ctx);
	RULE("cuPointerGetAttributes of unknown memory: type", 0, type);
	RULE("cuPointerGetAttributes of unknown memory: device pointer", 0, pointer);
	RULE("cuPointerGetAttributes of unknown memory: device", -2, ordinal);
	RULE("cuPointerGetAttributes of a reservation", CUDA_SUCCESS,
	     cuPointerGetAttributes(5, attributes, data, reserved->base + 100));
	RULE("cuPointerGetAttributes of a reservation: start", 0, start - reserved->base);
	RULE("cuPointerGetAttributes of nothing", CUDA_ERROR_INVALID_VALUE,
	     cuPointerGetAttributes(0, attributes, data, reserved->at));
}

void rules_pointers(void)
{
	static char page[16384];
	struct memory all[KINDS];
	void *pinned;

	NEED(cuMemAlloc(&all[NATIVE].base, 5000));
	all[VMM] = mapped(true);
	all[NO_ACCESS] = mapped(false);
	NEED(cuMemHostAlloc(&pinned, 5000, 0));
	all[PINNED].base = (uintptr_t)pinned;
	all[REGISTERED].base = ((uintptr_t)page + 4095) & ~(uintptr_t)4095;
	NEED(cuMemHostRegister((void *)(uintptr_t)all[REGISTERED].base, 5000, 0));
	NEED(cuMemAllocManaged(&all[MANAGED].base, 5000, CU_MEM_ATTACH_GLOBAL));
	NEED(cuMemAllocAsync(&all[ASYNC].base, 5000, NULL));
	NEED(cuCtxSynchronize());
	for (int kind = 0; kind < KINDS; kind++) {
		if (kind != VMM && kind != NO_ACCESS)
			all[kind].at = all[kind].base + 100;
		ask_all((enum kind)kind, &all[kind]);
	}
	contexts(all);
	nothing(&all[VMM]);
	setting(all);
	identities(all);
}

/* What came with 11.x and 12.x. */
void rules_pointer_mappings(void)
{
	CUdeviceptr native;
	struct memory vmm = mapped(true);

	NEED(cuMemAlloc(&native, 5 * MIB));
	RULE("CU_POINTER_ATTRIBUTE_MAPPING_SIZE of cuMemAlloc's memory", 6 * MIB,
	     ask(CU_POINTER_ATTRIBUTE_MAPPING_SIZE, native + 100));
	RULE("CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR of cuMemAlloc's memory", 0,
	     ask(CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR, native + 100) - (long long)native);
	RULE("CU_POINTER_ATTRIBUTE_MAPPING_SIZE of VMM memory", 2 * MIB,
	     ask(CU_POINTER_ATTRIBUTE_MAPPING_SIZE, vmm.at));
	RULE("CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR of VMM memory", 2 * MIB,
	     ask(CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR, vmm.at) - (long long)vmm.base);
	RULE("CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE of cuMemAlloc's memory", 0,
	     ask(CU_POINTER_ATTRIBUTE_MEMPOOL_HANDLE, native));
}
