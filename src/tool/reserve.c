/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tool/reserve.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/config.h"
#include "base/parse.h"
#include "tool/child.h"
#include "tool/models.h"
#include "tool/paths.h"
#include "tool/tool.h"

#define NAME           "run"
#define DEVICES_MOST   64
#define DRIVER_WAIT_MS 20000

/* What the driver said, in memory that the child shares with us. */
struct devices {
	char path[PATH_MAX]; /* of the driver */
	size_t count;
	struct {
		unsigned char uuid[16];
		uint64_t total;
	} device[DEVICES_MOST];
};

struct calls {
	int (*init)(unsigned int flags);
	int (*get_count)(int *count);
	int (*get)(int *device, int ordinal);
	int (*get_uuid)(unsigned char uuid[16], int device);
	int (*get_total)(size_t *bytes, int device);
};

static bool resolve(void *library, struct calls *calls)
{
	*(void **)&calls->init = dlsym(library, "cuInit");
	*(void **)&calls->get_count = dlsym(library, "cuDeviceGetCount");
	*(void **)&calls->get = dlsym(library, "cuDeviceGet");
	*(void **)&calls->get_uuid = dlsym(library, "cuDeviceGetUuid_v2");
	if (!calls->get_uuid)
		*(void **)&calls->get_uuid = dlsym(library, "cuDeviceGetUuid");
	*(void **)&calls->get_total = dlsym(library, "cuDeviceTotalMem_v2");
	return calls->init && calls->get_count && calls->get && calls->get_uuid && calls->get_total;
}

/* In a child: a driver that is initialised would stay so in the program. */
static int ask_driver(void *arg)
{
	struct devices *devices = arg;
	struct calls calls = { 0 };
	int count = 0, device;
	void *library;

	/* Where the tool itself runs with the library: the device's own figures. */
	setenv("AEROSTAT_DISABLE", "1", 1);
	library = dlopen(devices->path, RTLD_NOW | RTLD_LOCAL);
	if (!library || !resolve(library, &calls) || calls.init(0) != 0 ||
	    calls.get_count(&count) != 0)
		return 1;
	for (int i = 0; i < count && devices->count < DEVICES_MOST; i++) {
		size_t total = 0;

		if (calls.get(&device, i) != 0 || calls.get_total(&total, device) != 0 ||
		    calls.get_uuid(devices->device[devices->count].uuid, device) != 0)
			return 1;
		devices->device[devices->count++].total = total;
	}
	return 0;
}

/* What there is for the program on one device. */
struct room {
	char uuid[AE_UUID_TEXT];
	uint64_t total, outside;
	uint64_t limit; /* of this model */
	uint64_t committed; /* by other models: in use or reserved, whichever is more of each */
};

static void look_at_ledger(const struct ae_config *config, const char *model, struct room *room)
{
	static struct ae_model models[AE_LEDGER_MEMBERS];
	static struct ae_ledger_view view;
	char path[PATH_MAX], why[512];
	size_t count;

	snprintf(path, sizeof(path), "%s/%s-%s.ledger", config->dir, config->group,
		 room->uuid + strlen("GPU-"));
	if (ae_ledger_read(path, why, sizeof(why), &view) != 0 || view.count == 0)
		return;
	room->outside = view.outside;
	count = ae_models_of(&view, 0, models);
	for (size_t i = 0; i < count; i++) {
		const struct ae_ledger_member *sum = &models[i].sum;
		uint64_t used = sum->claimed > sum->cached ? sum->claimed - sum->cached : 0;

		if (strncmp(models[i].name, model, AE_LEDGER_NAME_MAX - 1) != 0)
			room->committed += used > sum->reserve ? used : sum->reserve;
	}
}

/* False, with a line, when it cannot be met there. */
static bool can_meet(const struct ae_config *config, const struct room *room, bool says)
{
	uint64_t reserve = ae_size_resolve(&config->reserve, room->total);
	uint64_t there = ae_size_resolve(&config->capacity, room->total);
	char text[3][32];

	if (there > room->total)
		there = room->total;
	if (room->outside < room->total && room->total - room->outside < there)
		there = room->total - room->outside;
	ae_format_bytes(reserve, text[0], sizeof(text[0]));
	if (reserve > room->limit) {
		if (says)
			ae_failure(NAME, "--reserve: %s of %s is more than %s %s", text[0],
				   room->uuid,
				   room->limit < room->total ? "the limit of"
							     : "the device, which has",
				   ae_format_bytes(room->limit, text[1], sizeof(text[1])));
		return false;
	}
	if (reserve <= there && room->committed <= there - reserve)
		return true;
	if (says)
		ae_failure(NAME,
			   "--reserve: %s of %s cannot be kept: other models use or have reserved "
			   "%s of the %s that there is",
			   text[0], room->uuid,
			   ae_format_bytes(room->committed, text[1], sizeof(text[1])),
			   ae_format_bytes(there, text[2], sizeof(text[2])));
	return false;
}

static bool find_driver(bool sim, char path_out[PATH_MAX])
{
	char dir[PATH_MAX], why[PATH_MAX + 256];

	strcpy(path_out, "libcuda.so.1");
	if (!sim)
		return true;
	if (ae_path_simulator(dir, why, sizeof(why)) != 0)
		return false;
	return snprintf(path_out, PATH_MAX, "%s/libcuda.so.1", dir) < PATH_MAX;
}

static int check(const struct ae_config *config, const char *model, const struct devices *devices)
{
	struct room rooms[DEVICES_MOST] = { 0 };

	for (size_t i = 0; i < devices->count; i++) {
		struct room *room = &rooms[i];

		ae_uuid_text(devices->device[i].uuid, room->uuid);
		room->total = devices->device[i].total;
		room->limit = ae_size_resolve(&config->limit, room->total);
		if (room->limit > room->total)
			room->limit = room->total;
		look_at_ledger(config, model, room);
		if (can_meet(config, room, false))
			return AE_EXIT_OK;
	}
	for (size_t i = 0; i < devices->count; i++)
		can_meet(config, &rooms[i], true);
	return devices->count > 0 ? AE_EXIT_FAILED : AE_EXIT_OK;
}

int ae_reserve_check(bool sim, const char *program)
{
	struct devices *devices;
	struct ae_config config;
	const char *model = getenv("AEROSTAT_MODEL"), *slash = strrchr(program, '/');
	int status = 1, ret = AE_EXIT_OK;

	ae_config_load(NULL, &config, NULL, NULL);
	if (config.disable || (config.reserve.bytes == 0 && config.reserve.percent_e3 == 0))
		return AE_EXIT_OK;
	if (!model || !*model)
		model = slash ? slash + 1 : program;
	devices = mmap(NULL, sizeof(*devices), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (devices == MAP_FAILED)
		return ae_failure(NAME, "out of memory");
	if (find_driver(sim, devices->path) &&
	    ae_child_run(ask_driver, devices, DRIVER_WAIT_MS, &status) == 0 && status == 0)
		ret = check(&config, model, devices);
	munmap(devices, sizeof(*devices));
	return ret;
}
