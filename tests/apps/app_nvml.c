/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Asks NVML about memory: as pynvml does it, with dlopen and dlsym, or (APP_NVML_LINKED) linked with it.
 * Does what its arguments say, one step each, as app_steps does. Sizes are in MiB.
 *
 *	look                 what look-ups say of NVML's names before it is opened
 *	open                 NVML is opened and started; the handle is that of the first GPU
 *	device=I, uuid       the handle of GPU I; the same, by the UUID that it says it has
 *	v1, v2               the figures
 *	sums                 that they add up, without saying them
 *	null                 what wrong arguments give
 *	close                nvmlShutdown, and a query after it
 *	init, start, alloc=N, free=I, info
 *	                     as in app_steps
 *	agree                that NVML and cuMemGetInfo say the same of free memory
 *	fork=STEP            STEP in a forked child
 */
#include <dlfcn.h>
#include <nvml.h>
#include <sys/wait.h>

#include "app.h"

#define NVML_FUNCTIONS(F)                \
	F(nvmlInit_v2)                   \
	F(nvmlInitWithFlags)             \
	F(nvmlShutdown)                  \
	F(nvmlDeviceGetHandleByIndex_v2) \
	F(nvmlDeviceGetHandleByUUID)     \
	F(nvmlDeviceGetUUID)             \
	F(nvmlDeviceGetMemoryInfo)       \
	F(nvmlDeviceGetMemoryInfo_v2)

static struct {
#define MEMBER(name) __typeof__(name) *p_##name;
	NVML_FUNCTIONS(MEMBER)
#undef MEMBER
} nvml;

static nvmlDevice_t device;
static CUdeviceptr blocks[16];
static int count;
static struct app app;

#ifdef APP_NVML_LINKED
static void nvml_find(void)
{
#define FIND(name) nvml.p_##name = name;
	NVML_FUNCTIONS(FIND)
#undef FIND
}
#else
static void nvml_find(void)
{
	void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		printf("FAILED: %s\n", dlerror());
		exit(1);
	}
#define FIND(name) nvml.p_##name = (__typeof__(name) *)dlsym(library, #name);
	NVML_FUNCTIONS(FIND)
#undef FIND
	EXPECT(dlsym(library, "nvmlDeviceGetMemoryInfo") == (void *)nvml.p_nvmlDeviceGetMemoryInfo);
	EXPECT(!dlsym(library, "nvmlDeviceGetMemoryInfo_v99"));
}
#endif

static int step_look(unsigned long long number)
{
	static const char *const names[] = { "nvmlDeviceGetMemoryInfo", "nvmlShutdown", "nvmlNone",
					     "nvml", "nvm" };

	(void)number;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		dlerror();
		void *volatile by_default = dlsym(RTLD_DEFAULT, names[i]);
		const char *error = dlerror();
		printf("%s: %s, %s", names[i], by_default ? "found" : "missing",
		       error ? "an error" : "no error");
		void *volatile next = dlsym(RTLD_NEXT, names[i]);
		error = dlerror();
		printf("; next %s, %s\n", next ? "found" : "missing",
		       error ? "an error" : "no error");
	}
	return 0;
}

static int step_open(unsigned long long number)
{
	(void)number;
	nvml_find();
#ifdef APP_NVML_LINKED
	OK(nvml.p_nvmlInit_v2());
#else
	OK(nvml.p_nvmlInitWithFlags(0));
#endif
	return nvml.p_nvmlDeviceGetHandleByIndex_v2(0, &device);
}

static int step_device(unsigned long long number)
{
	return nvml.p_nvmlDeviceGetHandleByIndex_v2((unsigned)number, &device);
}

static int step_uuid(unsigned long long number)
{
	char uuid[NVML_DEVICE_UUID_BUFFER_SIZE];

	(void)number;
	OK(nvml.p_nvmlDeviceGetUUID(device, uuid, sizeof(uuid)));
	return nvml.p_nvmlDeviceGetHandleByUUID(uuid, &device);
}

static int step_v1(unsigned long long number)
{
	nvmlMemory_t memory = { 0 };
	int code = nvml.p_nvmlDeviceGetMemoryInfo(device, &memory);

	(void)number;
	printf("total %llu, free %llu, used %llu, ", memory.total / MIB, memory.free / MIB,
	       memory.used / MIB);
	return code;
}

static int step_v2(unsigned long long number)
{
	nvmlMemory_v2_t memory = { .version = nvmlMemory_v2 };
	int code;

	(void)number;
	if (!nvml.p_nvmlDeviceGetMemoryInfo_v2) {
		printf("missing, ");
		return 0;
	}
	code = nvml.p_nvmlDeviceGetMemoryInfo_v2(device, &memory);
	EXPECT(memory.version == nvmlMemory_v2);
	printf("total %llu, reserved %llu, free %llu, used %llu, ", memory.total / MIB,
	       memory.reserved / MIB, memory.free / MIB, memory.used / MIB);
	return code;
}

static int step_sums(unsigned long long number)
{
	nvmlMemory_t memory = { 0 };
	nvmlMemory_v2_t newer = { .version = nvmlMemory_v2 };

	(void)number;
	OK(nvml.p_nvmlDeviceGetMemoryInfo(device, &memory));
	EXPECT(memory.total > 0 && memory.total == memory.free + memory.used);
	if (!nvml.p_nvmlDeviceGetMemoryInfo_v2)
		return 0;
	OK(nvml.p_nvmlDeviceGetMemoryInfo_v2(device, &newer));
	EXPECT(newer.total == memory.total);
	return 0;
}

static int step_null(unsigned long long number)
{
	nvmlMemory_t memory = { 1, 1, 1 };
	nvmlMemory_v2_t newer = { .version = 1, .total = 1 };

	(void)number;
	CHECK(nvml.p_nvmlDeviceGetMemoryInfo(device, NULL));
	CHECK(nvml.p_nvmlDeviceGetMemoryInfo(NULL, &memory));
	EXPECT(memory.total == 1 && memory.free == 1 && memory.used == 1);
	if (!nvml.p_nvmlDeviceGetMemoryInfo_v2)
		return 0;
	CHECK(nvml.p_nvmlDeviceGetMemoryInfo_v2(device, NULL));
	CHECK(nvml.p_nvmlDeviceGetMemoryInfo_v2(device, &newer));
	EXPECT(newer.version == 1 && newer.total == 1);
	return 0;
}

static int step_close(unsigned long long number)
{
	nvmlMemory_t memory = { 1, 1, 1 };

	(void)number;
	OK(nvml.p_nvmlShutdown());
	return nvml.p_nvmlDeviceGetMemoryInfo(device, &memory);
}

static int step_init(unsigned long long number)
{
	(void)number;
	return cuInit(0);
}

static int step_start(unsigned long long number)
{
	OK(cuInit(0));
	OK(cuDeviceGet(&app.device, (int)number));
	OK(cuDevicePrimaryCtxRetain(&app.context, app.device));
	return cuCtxSetCurrent(app.context);
}

static int step_alloc(unsigned long long number)
{
	if (count == sizeof(blocks) / sizeof(*blocks))
		return CUDA_ERROR_UNKNOWN;
	return cuMemAlloc(&blocks[count++], number * MIB);
}

static int step_free(unsigned long long number)
{
	return cuMemFree(blocks[number % (sizeof(blocks) / sizeof(*blocks))]);
}

static int step_info(unsigned long long number)
{
	size_t free_bytes = 0, total = 0;
	int code = cuMemGetInfo(&free_bytes, &total);

	(void)number;
	printf("free %llu of %llu, ", free_bytes / MIB, total / MIB);
	return code;
}

static int step_agree(unsigned long long number)
{
	size_t free_bytes = 0, total = 0;
	nvmlMemory_t memory = { 0 };

	(void)number;
	OK(cuMemGetInfo(&free_bytes, &total));
	OK(nvml.p_nvmlDeviceGetMemoryInfo(device, &memory));
	EXPECT(memory.free == free_bytes);
	EXPECT(memory.total >= total);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(unsigned long long);
} steps[] = {
	{ "look", step_look }, { "open", step_open },   { "device", step_device },
	{ "uuid", step_uuid }, { "v1", step_v1 },       { "v2", step_v2 },
	{ "sums", step_sums }, { "null", step_null },   { "close", step_close },
	{ "init", step_init }, { "start", step_start }, { "alloc", step_alloc },
	{ "free", step_free }, { "info", step_info },   { "agree", step_agree },
};

static void step(const char *text)
{
	const char *value = strchr(text, '=');
	size_t length = value ? (size_t)(value - text) : strlen(text);

	if (!strncmp(text, "fork=", 5)) {
		fflush(stdout);
		pid_t child = fork();
		if (!child) {
			step(text + 5);
			fflush(stdout);
			_exit(app_failures != 0);
		}
		int status = 1;
		EXPECT(child > 0 && waitpid(child, &status, 0) == child && !status);
		return;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (strlen(steps[i].name) != length || strncmp(steps[i].name, text, length))
			continue;
		int code = steps[i].run(value ? strtoull(value + 1, NULL, 10) : 0);
		printf("%s -> %d\n", text, code);
		return;
	}
	printf("FAILED: no step %s\n", text);
	app_failures++;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		step(argv[i]);
	return app_end();
}
