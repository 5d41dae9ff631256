/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the simulated driver share: checks that say what went wrong, a directory of
 * their own, a kernel of their own. */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

#include <cuda.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1ull << 20)

#define CHECK(condition)                                                                \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                        \
		}                                                                       \
	} while (0)
#define EXPECT(call, wanted)                                                                  \
	do {                                                                                  \
		int got_ = (int)(call);                                                       \
		if (got_ != (int)(wanted)) {                                                  \
			fprintf(stderr, "%s:%d: %s is %d, expected %d\n", __FILE__, __LINE__, \
				#call, got_, (int)(wanted));                                  \
			exit(1);                                                              \
		}                                                                             \
	} while (0)
#define OK(call) EXPECT(call, CUDA_SUCCESS)

static inline void test_directory(const char *mem)
{
	char template[] = "/tmp/simcuda-test.XXXXXX";
	char command[200];

	if (getenv("TEST_SIM_CHILD"))
		return;
	CHECK(mkdtemp(template));
	setenv("SIMCUDA_DIR", template, 1);
	setenv("SIMCUDA_MEM", mem, 1);
	/* Gone when this process is, whatever becomes of it: what is open stays usable. */
	snprintf(command, sizeof(command),
		 "(while kill -0 %d 2>/dev/null; do sleep 0.2; done; rm -rf %s) >/dev/null 2>&1 &",
		 (int)getpid(), template);
	CHECK(system(command) == 0);
}

static inline CUcontext test_context(void)
{
	CUcontext ctx;

	OK(cuInit(0));
	OK(cuDevicePrimaryCtxRetain(&ctx, 0));
	OK(cuCtxSetCurrent(ctx));
	return ctx;
}

static inline CUmemAllocationProp test_prop(int device)
{
	CUmemAllocationProp prop;

	memset(&prop, 0, sizeof(prop));
	prop.type = CU_MEM_ALLOCATION_TYPE_PINNED;
	prop.location.type = CU_MEM_LOCATION_TYPE_DEVICE;
	prop.location.id = device;
	prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR;
	return prop;
}

static inline CUdeviceptr test_mapped(size_t bytes, CUmemGenericAllocationHandle *handle)
{
	CUmemAllocationProp prop = test_prop(0);
	CUmemAccessDesc access = { .location = prop.location,
				   .flags = CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
	CUdeviceptr address;

	OK(cuMemAddressReserve(&address, bytes, 0, 0, 0));
	OK(cuMemCreate(handle, bytes, &prop, 0));
	OK(cuMemMap(address, bytes, 0, *handle, 0));
	OK(cuMemSetAccess(address, bytes, &access, 1));
	return address;
}

static inline void test_sleep_ms(long ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&pause, NULL);
}

static inline void test_slow(void *data)
{
	test_sleep_ms(100);
	atomic_fetch_add((atomic_int *)data, 1);
}

static const char test_ptx[] = ".version 7.0\n.target sm_70\n.address_size 64\n"
			       "// adds\n"
			       ".visible .entry add(.param .u64 .ptr .global .align 8 add_0,\n"
			       "\t.param .u32 add_1, .param .align 4 .b8 add_2[12])\n{\n\tret;\n}\n"
			       ".visible .entry lonely()\n{\n\tret;\n}\n";

#endif
