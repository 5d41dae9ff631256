/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the driver says about memory: ranges, pointer attributes, sizes, pitches, alignment. With the
 * argument "share": in what ways it lets itself be shared, and nothing else.
 */
#include "app.h"

static CUcontext context;

static void range(const char *what, CUdeviceptr block, CUdeviceptr at)
{
	CUdeviceptr base = 0;
	size_t size = 0;
	CUresult code = cuMemGetAddressRange(&base, &size, at);

	if (code)
		printf("range %s -> %d\n", what, code);
	else
		printf("range %s -> 0, from %lld, %zu bytes\n", what, (long long)(base - block),
		       size);
}

static void ranges(void)
{
	static const size_t sizes[] = { 1,
					100,
					255,
					256,
					257,
					511,
					512,
					513,
					1000,
					4096,
					65536,
					MIB,
					MIB + 1,
					2 * MIB - 1,
					2 * MIB,
					2 * MIB + 1,
					3 * MIB,
					20 * MIB,
					33 * MIB + 12345 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		CUdeviceptr block, second, base = 0;
		size_t size = 0;

		OK(cuMemAlloc(&block, sizes[i]));
		OK(cuMemAlloc(&second, sizes[i]));
		printf("block of %zu: alignment %s\n", sizes[i],
		       block % 512 || second % 512 ? "wrong" : "512 or more");
		EXPECT(second >= block + sizes[i] || block >= second + sizes[i]);
		range("at its start", block, block);
		range("in the middle", block, block + sizes[i] / 2);
		range("at its last byte", block, block + sizes[i] - 1);
		/* Another block may follow at once: only that it is not this one is certain. */
		if (!cuMemGetAddressRange(&base, &size, block + sizes[i]))
			EXPECT(base != block);
		size = 0;
		OK(cuPointerGetAttribute(&size, CU_POINTER_ATTRIBUTE_RANGE_SIZE,
					 block + sizes[i] - 1));
		EXPECT(size == sizes[i]);
		OK(cuMemFree(second));
		OK(cuMemFree(block));
		if (sizes[i] > 2 * MIB)
			range("when freed", block, block);
	}
}

/* The answer in a form that is the same wherever the block lies. */
static void attribute(CUpointer_attribute which, CUdeviceptr block, CUdeviceptr at)
{
	/* More than any attribute takes, and a mark that shows how much was written. */
	unsigned char answer[64];
	unsigned long long wide;
	unsigned int narrow;
	size_t written = 0;

	memset(answer, 0xee, sizeof(answer));
	CUresult code = cuPointerGetAttribute(answer, which, at);
	for (size_t i = 0; i < sizeof(answer); i++)
		if (answer[i] != 0xee)
			written = i + 1;
	memcpy(&wide, answer, sizeof(wide));
	memcpy(&narrow, answer, sizeof(narrow));
	printf("attribute %d -> %d, ", (int)which, code);
	if (code && which != CU_POINTER_ATTRIBUTE_HOST_POINTER) {
		puts("nothing");
		return;
	}
	switch (which) {
	case CU_POINTER_ATTRIBUTE_CONTEXT:
		puts(wide == (uintptr_t)context ? "the context" : wide ? "another" : "none");
		break;
	case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
	case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
	case CU_POINTER_ATTRIBUTE_MAPPING_BASE_ADDR:
		printf("the block + %lld\n", (long long)(wide - block));
		break;
	case CU_POINTER_ATTRIBUTE_BUFFER_ID:
	case CU_POINTER_ATTRIBUTE_MEMORY_BLOCK_ID:
		puts(wide ? "a number" : "zero");
		break;
	case CU_POINTER_ATTRIBUTE_P2P_TOKENS:
		puts("tokens");
		break;
	default:
		if (written <= 4)
			printf("%u\n", narrow);
		else
			printf("%llu\n", wide);
	}
}

static int is_sharing(CUpointer_attribute which)
{
	return which == CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE;
}

static void share(void)
{
	CUdeviceptr block;
	CUipcMemHandle ipc;
	unsigned int one = 1;

	OK(cuMemAlloc(&block, 4 * MIB));
	attribute(CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE, block, block);
	CHECK(cuIpcGetMemHandle(&ipc, block));
	CHECK(cuPointerSetAttribute(&one, CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, block));
	OK(cuMemFree(block));
}

static void attributes(void)
{
	static const CUpointer_attribute some[] = {
		CU_POINTER_ATTRIBUTE_CONTEXT,          CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
		CU_POINTER_ATTRIBUTE_DEVICE_POINTER,   CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
		CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, CU_POINTER_ATTRIBUTE_RANGE_SIZE,
		CU_POINTER_ATTRIBUTE_MAPPED,
	};
	enum {
		SOME = sizeof(some) / sizeof(*some)
	};
	CUpointer_attribute list[SOME];
	unsigned long long answers[SOME] = { 0 };
	void *places[SOME];
	CUdeviceptr block, other;
	unsigned long long id = 0, id_inside = 0, id_other = 0;
	void *host = malloc(100);

	OK(cuMemAlloc(&block, 4 * MIB));
	OK(cuMemAlloc(&other, 4 * MIB));
	for (int which = 0; which <= 24; which++)
		if (!is_sharing((CUpointer_attribute)which))
			attribute((CUpointer_attribute)which, block, block);
	puts("inside");
	for (int which = 1; which <= 21; which++)
		if (!is_sharing((CUpointer_attribute)which))
			attribute((CUpointer_attribute)which, block, block + 12345);

	OK(cuPointerGetAttribute(&id, CU_POINTER_ATTRIBUTE_BUFFER_ID, block));
	OK(cuPointerGetAttribute(&id_inside, CU_POINTER_ATTRIBUTE_BUFFER_ID, block + 1000));
	OK(cuPointerGetAttribute(&id_other, CU_POINTER_ATTRIBUTE_BUFFER_ID, other));
	EXPECT(id == id_inside && id != id_other);

	for (int i = 0; i < SOME; i++) {
		list[i] = some[i];
		places[i] = &answers[i];
	}
	CHECK(cuPointerGetAttributes(SOME, list, places, block + 5));
	printf("all at once: %s, type %llu, + %lld, device %llu, + %lld, %llu bytes, mapped %llu\n",
	       answers[0] == (uintptr_t)context ? "the context" : "another", answers[1],
	       (long long)(answers[2] - block), answers[3], (long long)(answers[4] - block),
	       answers[5], answers[6]);

	puts("of host memory");
	attribute(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 0, (CUdeviceptr)(uintptr_t)host);
	memset(answers, 0, sizeof(answers));
	CHECK(cuPointerGetAttributes(2, list, places, (CUdeviceptr)(uintptr_t)host));
	printf("type %llu\n", answers[1]);
	puts("of nothing");
	attribute(CU_POINTER_ATTRIBUTE_MEMORY_TYPE, 0, 0);

	/* What tells a driver's block from memory that a program mapped itself. */
	CUmemGenericAllocationHandle handle;
	CHECK(cuMemRetainAllocationHandle(&handle, (void *)(uintptr_t)block));
	free(host);
	OK(cuMemFree(other));
	OK(cuMemFree(block));
}

/* A freed address is as unknown as one that never was; only not at once, and not next to a block. */
static void freed(void)
{
	static CUpointer_attribute list[] = {
		CU_POINTER_ATTRIBUTE_CONTEXT,        CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
		CU_POINTER_ATTRIBUTE_DEVICE_POINTER, CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
		CU_POINTER_ATTRIBUTE_RANGE_SIZE,     CU_POINTER_ATTRIBUTE_MAPPED,
	};
	enum {
		COUNT = sizeof(list) / sizeof(*list)
	};
	unsigned long long answers[2][COUNT];
	void *places[2][COUNT];
	CUdeviceptr block, at[2] = { 0 };

	OK(cuMemAlloc(&block, 12 * MIB));
	OK(cuMemFree(block));
	at[1] = block;
	memset(answers, 0, sizeof(answers));
	puts("of nothing, and of a freed block");
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < COUNT; j++)
			places[i][j] = &answers[i][j];
		CHECK(cuPointerGetAttributes(COUNT, list, places[i], at[i]));
		for (int j = 0; j < COUNT; j++)
			printf("attribute %d: %llu\n", (int)list[j], answers[i][j]);
	}
	for (int j = 0; j < COUNT; j++)
		printf("attribute %d -> %d\n", (int)list[j],
		       cuPointerGetAttribute(&answers[0][j], list[j], block));
}

static void pitches(void)
{
	static const size_t widths[] = { 1, 100, 511, 512, 513, 1000, 4096, 4097, 100000 };

	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		for (unsigned int element = 4; element <= 16; element *= 2) {
			CUdeviceptr block;
			size_t pitch = 0;

			OK(cuMemAllocPitch(&block, &pitch, widths[i], 10, element));
			printf("width %zu, elements of %u: pitch %zu\n", widths[i], element, pitch);
			range("of it", block, block + 3);
			OK(cuMemFree(block));
		}
	}
}

int main(int argc, char **argv)
{
	struct app app;
	size_t total = 0, free_bytes = 0, all = 0;

	app_start(&app);
	context = app.context;
	CHECK(cuDeviceTotalMem(&total, app.device));
	CHECK(cuMemGetInfo(&free_bytes, &all));
	printf("the total is %s\n", total == all ? "one" : "two");
	EXPECT(free_bytes <= all);
	if (argc > 1 && !strcmp(argv[1], "share")) {
		share();
		return app_end();
	}
	ranges();
	attributes();
	freed();
	pitches();
	return app_end();
}
