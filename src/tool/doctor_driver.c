/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The driver, asked by dlsym what the library will ask of it. The few declarations here are the
 * tool's own: it shares none with the layers that it examines.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "tool/doctor.h"
#include "tool/paths.h"

#define DRIVER_WAIT_MS 30000
#define DRIVER_OLDEST  11020

/* From the driver API's documentation. */
#define CUDA_ERROR_OUT_OF_MEMORY 2
#define CUDA_ERROR_NO_DEVICE     100
#define ATTRIBUTE_VMM            102
#define ATTRIBUTE_POSIX_FD       103
#define ALLOCATION_PINNED        1
#define LOCATION_DEVICE          1
#define HANDLE_POSIX_FD          1
#define ACCESS_READWRITE         3

struct location {
	int type;
	int id;
};

struct allocation_prop {
	int type;
	int handle_types;
	struct location location;
	void *win32_meta_data;
	struct {
		unsigned char compression, rdma;
		unsigned short usage;
		unsigned char reserved[4];
	} flags;
};
_Static_assert(sizeof(struct allocation_prop) == 32, "CUmemAllocationProp");

struct access_desc {
	struct location location;
	int flags;
};

/* name, whether a driver may be without it, parameters */
/* clang-format off */
#define CALLS(CALL)                                                                                \
	CALL(cuInit, (unsigned int))                                                               \
	CALL(cuDriverGetVersion, (int *))                                                          \
	CALL(cuGetErrorName, (int, const char **))                                                 \
	CALL(cuDeviceGetCount, (int *))                                                            \
	CALL(cuDeviceGet, (int *, int))                                                            \
	CALL(cuDeviceGetName, (char *, int, int))                                                  \
	CALL(cuDeviceTotalMem_v2, (size_t *, int))                                                 \
	CALL(cuDeviceGetAttribute, (int *, int, int))                                              \
	CALL(cuDevicePrimaryCtxRetain, (void **, int))                                             \
	CALL(cuDevicePrimaryCtxRelease_v2, (int))                                                  \
	CALL(cuCtxSetCurrent, (void *))                                                            \
	CALL(cuMemGetAllocationGranularity, (size_t *, const struct allocation_prop *, int))       \
	CALL(cuMemAddressReserve, (uint64_t *, size_t, size_t, uint64_t, unsigned long long))      \
	CALL(cuMemAddressFree, (uint64_t, size_t))                                                 \
	CALL(cuMemCreate, (uint64_t *, size_t, const struct allocation_prop *, unsigned long long)) \
	CALL(cuMemRelease, (uint64_t))                                                             \
	CALL(cuMemMap, (uint64_t, size_t, size_t, uint64_t, unsigned long long))                   \
	CALL(cuMemUnmap, (uint64_t, size_t))                                                       \
	CALL(cuMemSetAccess, (uint64_t, size_t, const struct access_desc *, size_t))               \
	CALL(cuMemExportToShareableHandle, (void *, uint64_t, int, unsigned long long))
/* clang-format on */

struct driver {
#define CALL(name, parameters) int(*name) parameters;
	CALLS(CALL)
#undef CALL
};

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static const char *error_name(const struct driver *driver, int error)
{
	static char number[32];
	const char *name = NULL;

	if (driver->cuGetErrorName(error, &name) == 0 && name)
		return name;
	snprintf(number, sizeof(number), "error %d", error);
	return number;
}

/* What the device lacks, from the kernel's side. */
static const char *advice(int error)
{
	const char *visible = getenv("CUDA_VISIBLE_DEVICES");

	if (error == CUDA_ERROR_NO_DEVICE && visible)
		return "CUDA_VISIBLE_DEVICES is set, and may leave none: unset it";
	if (exists("/dev/nvidiactl"))
		return "see the kernel's log for NVRM or Xid lines, and nvidia-smi";
	if (exists("/proc/driver/nvidia/version"))
		return "the kernel's driver is loaded, but there is no /dev/nvidiactl here: start "
		       "the container with its GPUs (docker run --gpus all)";
	return "there is no /dev/nvidiactl and no nvidia kernel module: load it, or start the "
	       "container on a machine with a GPU, or use --sim";
}

static void explain_missing(struct ae_doctor *doctor, const char *path, const char *error)
{
	/* Found, but not loadable, is another story than not found. */
	if (!strstr(error, "No such file"))
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "driver: %s cannot be loaded: %s", path,
			      error);
	else if (exists("/proc/driver/nvidia/version"))
		ae_doctor_say(
			doctor, AE_VERDICT_FAIL,
			"driver: the kernel's part is loaded, but no libcuda.so.1 is found: in "
			"a container, start it with NVIDIA_DRIVER_CAPABILITIES=compute,utility; "
			"else install the driver's user part");
	else
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "driver: no libcuda.so.1 is found: install NVIDIA's driver, or start "
			      "the container with its GPUs (docker run --gpus all), or try "
			      "aerostat doctor --sim");
}

static bool resolve(struct ae_doctor *doctor, void *library, struct driver *driver)
{
	const char *missing = NULL;

#define CALL(name, parameters)                           \
	*(void **)&driver->name = dlsym(library, #name); \
	if (!driver->name)                               \
		missing = #name;
	CALLS(CALL)
#undef CALL
	if (missing)
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "driver: it has no %s: a driver for CUDA 11.2 or later is needed",
			      missing);
	return !missing;
}

/* One granule up and down; the call that failed, or NULL. Everything is undone in either case. */
static const char *try_granule(const struct driver *driver, int device, size_t size, bool exports,
			       int *error_out)
{
	struct allocation_prop prop = { .type = ALLOCATION_PINNED,
					.handle_types = exports ? HANDLE_POSIX_FD : 0,
					.location = { LOCATION_DEVICE, device } };
	struct access_desc access_desc = { { LOCATION_DEVICE, device }, ACCESS_READWRITE };
	const char *failed = NULL;
	uint64_t address, handle;
	int fd = -1, error;

	*error_out = driver->cuMemAddressReserve(&address, size, 0, 0, 0);
	if (*error_out != 0)
		return "cuMemAddressReserve";
	error = driver->cuMemCreate(&handle, size, &prop, 0);
	if (error != 0) {
		failed = "cuMemCreate";
		goto out_address;
	}
	error = driver->cuMemMap(address, size, 0, handle, 0);
	if (error != 0) {
		failed = "cuMemMap";
		goto out_handle;
	}
	error = driver->cuMemSetAccess(address, size, &access_desc, 1);
	if (error != 0)
		failed = "cuMemSetAccess";
	if (!failed && exports) {
		error = driver->cuMemExportToShareableHandle(&fd, handle, HANDLE_POSIX_FD, 0);
		if (error != 0)
			failed = "cuMemExportToShareableHandle";
		else
			close(fd);
	}
	if (driver->cuMemUnmap(address, size) != 0 && !failed)
		failed = "cuMemUnmap";
out_handle:
	if (driver->cuMemRelease(handle) != 0 && !failed)
		failed = "cuMemRelease";
out_address:
	if (driver->cuMemAddressFree(address, size) != 0 && !failed)
		failed = "cuMemAddressFree";
	*error_out = error;
	return failed;
}

static void try_memory(struct ae_doctor *doctor, const struct driver *driver, int device,
		       bool exports)
{
	struct allocation_prop prop = { .type = ALLOCATION_PINNED,
					.location = { LOCATION_DEVICE, device } };
	size_t granularity = 0;
	const char *failed;
	char text[32];
	double start;
	int error;

	error = driver->cuMemGetAllocationGranularity(&granularity, &prop, 0);
	if (error != 0 || granularity == 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "device %d: its granularity: %s", device,
			      error_name(driver, error));
		return;
	}
	ae_format_bytes(granularity, text, sizeof(text));
	start = (double)ae_clock_ns() / 1e3;
	failed = try_granule(driver, device, granularity, exports, &error);
	if (!failed)
		ae_doctor_say(doctor, AE_VERDICT_OK,
			      "device %d: virtual memory management, granularity %s: one granule "
			      "reserved, created, mapped%s and released in %.0f us",
			      device, text, exports ? ", exported" : "",
			      (double)ae_clock_ns() / 1e3 - start);
	else if (error == CUDA_ERROR_OUT_OF_MEMORY)
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "device %d: %s: out of memory: the device is full, so that nothing "
			      "could be tried",
			      device, failed);
	else
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "device %d: %s fails with %s", device,
			      failed, error_name(driver, error));
}

static void look_at_device(struct ae_doctor *doctor, const struct driver *driver, int ordinal)
{
	int device, vmm = 0, posix_fd = 0, error;
	char name[128] = "", text[32];
	void *context;
	size_t total = 0;

	error = driver->cuDeviceGet(&device, ordinal);
	if (error == 0)
		error = driver->cuDeviceGetName(name, sizeof(name), device);
	if (error == 0)
		error = driver->cuDeviceTotalMem_v2(&total, device);
	if (error == 0)
		error = driver->cuDeviceGetAttribute(&vmm, ATTRIBUTE_VMM, device);
	if (error != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "device %d: %s", ordinal,
			      error_name(driver, error));
		return;
	}
	name[sizeof(name) - 1] = 0;
	if (!vmm) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "device %d: %s has no virtual memory management: programs run on it "
			      "as without aerostat",
			      ordinal, name);
		return;
	}
	ae_doctor_say(doctor, AE_VERDICT_OK, "device %d: %s, %s", ordinal, name,
		      ae_format_bytes(total, text, sizeof(text)));
	if (driver->cuDeviceGetAttribute(&posix_fd, ATTRIBUTE_POSIX_FD, device) != 0 || !posix_fd)
		ae_doctor_say(
			doctor, AE_VERDICT_WARN,
			"device %d: its memory cannot be exported as file descriptors: sharing "
			"it between processes will not work",
			ordinal);
	error = driver->cuDevicePrimaryCtxRetain(&context, device);
	if (error == 0)
		error = driver->cuCtxSetCurrent(context);
	if (error == CUDA_ERROR_OUT_OF_MEMORY) {
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "device %d: no memory for a context: the device is full, so that "
			      "nothing could be tried",
			      ordinal);
		return;
	}
	if (error != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "device %d: a context: %s", ordinal,
			      error_name(driver, error));
		return;
	}
	try_memory(doctor, driver, device, posix_fd != 0);
	driver->cuCtxSetCurrent(NULL);
	driver->cuDevicePrimaryCtxRelease_v2(device);
}

static void look_at_driver(struct ae_doctor *doctor, void *path)
{
	int version = 0, count = 0, error;
	struct driver driver = { 0 };
	void *library;

	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		explain_missing(doctor, path, dlerror());
		return;
	}
	if (!resolve(doctor, library, &driver))
		return;
	error = driver.cuInit(0);
	if (error != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "driver: cuInit: %s: %s",
			      error_name(&driver, error), advice(error));
		return;
	}
	error = driver.cuDriverGetVersion(&version);
	if (error != 0 || version < DRIVER_OLDEST)
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "driver: for CUDA %d.%d: a driver for CUDA 11.2 or later is needed",
			      version / 1000, version % 1000 / 10);
	else
		ae_doctor_say(doctor, AE_VERDICT_OK, "driver: %s for CUDA %d.%d",
			      doctor->sim ? "simulated," : "NVIDIA's,", version / 1000,
			      version % 1000 / 10);
	error = driver.cuDeviceGetCount(&count);
	if (error != 0 || count == 0)
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "driver: no device is visible to it: see CUDA_VISIBLE_DEVICES");
	for (int i = 0; error == 0 && i < count; i++)
		look_at_device(doctor, &driver, i);
}

void ae_doctor_driver(struct ae_doctor *doctor)
{
	char path[PATH_MAX + 32] = "libcuda.so.1", dir[PATH_MAX], why[PATH_MAX + 256];

	if (doctor->sim) {
		if (ae_path_simulator(dir, why, sizeof(why)) != 0) {
			ae_doctor_say(doctor, AE_VERDICT_FAIL, "driver: %s", why);
			return;
		}
		snprintf(path, sizeof(path), "%s/libcuda.so.1", dir);
	}
	ae_doctor_in_child(doctor, "driver",
			   "see the kernel's log for NVRM or Xid lines, or install it again",
			   DRIVER_WAIT_MS, look_at_driver, path);
}
