/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The SIMCUDA_* variables. Read once, at the first entry point; immutable after that. */
#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sim_options options;
static pthread_once_t options_once = PTHREAD_ONCE_INIT;

void sim_warn(const char *format, ...)
{
	char line[512];
	int saved = errno;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		saved = saved ? saved : errno;
	errno = saved;
}

static bool parse_size(const char *text, uint64_t *bytes_out)
{
	char *end;
	unsigned long long value;
	int shift = 0;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno)
		return false;
	switch (*end) {
	case 'K':
		shift = 10;
		break;
	case 'M':
		shift = 20;
		break;
	case 'G':
		shift = 30;
		break;
	case 'T':
		shift = 40;
		break;
	}
	if (shift)
		end++;
	if (*end || (value << shift) >> shift != value)
		return false;
	*bytes_out = value << shift;
	return true;
}

static void read_size(const char *name, uint64_t low, uint64_t high, uint64_t *value)
{
	const char *text = getenv(name);
	uint64_t parsed;

	if (!text || !*text)
		return;
	if (!parse_size(text, &parsed) || parsed < low || parsed > high) {
		sim_warn("simcuda: %s=%s is not a value it can have, keeping %llu", name, text,
			 (unsigned long long)*value);
		return;
	}
	*value = parsed;
}

static bool read_flag(const char *name)
{
	uint64_t value = 0;

	read_size(name, 0, 1, &value);
	return value != 0;
}

static void read_driver(void)
{
	const char *text = getenv("SIMCUDA_DRIVER");
	uint64_t version = (uint64_t)sim_driver_version;

	if (!text || !*text)
		return;
	read_size("SIMCUDA_DRIVER", 1000, 99999, &version);
	if (version != (uint64_t)sim_driver_version)
		sim_warn("simcuda: SIMCUDA_DRIVER=%s, but this library is driver %d; "
			 "`aerostat run --sim` chooses the library",
			 text, sim_driver_version);
}

static void read_options(void)
{
	const char *dir = getenv("SIMCUDA_DIR");
	const char *base = getenv("AEROSTAT_DIR");
	uint64_t devices = 1;
	int length;

	options.mem_bytes = 4ull << 30;
	read_size("SIMCUDA_MEM", 64ull << 20, 1ull << 45, &options.mem_bytes);
	options.mem_bytes &= ~(SIM_GRANULARITY - 1);
	read_size("SIMCUDA_DEVICES", 0, SIM_MAX_DEVICES, &devices);
	options.devices = (int)devices;
	options.zero = read_flag("SIMCUDA_ZERO");
	options.no_vmm = read_flag("SIMCUDA_NO_VMM");
	options.reuse_handles = read_flag("SIMCUDA_REUSE_HANDLES");
	options.no_export = read_flag("SIMCUDA_NO_EXPORT");
	options.eager = read_flag("SIMCUDA_EAGER");
	options.lazy = read_flag("SIMCUDA_LAZY");
	read_size("SIMCUDA_ONE_LOCK", 0, 10000, &options.one_lock_ms);
	options.no_peer = read_flag("SIMCUDA_NO_PEER");
	read_size("SIMCUDA_PUSH_MS", 0, 10000, &options.push_ms);
	read_size("SIMCUDA_LINGER_MS", 0, 10000, &options.linger_ms);
	if (dir && *dir)
		length = snprintf(options.dir, sizeof(options.dir), "%s", dir);
	else if (base && *base)
		length = snprintf(options.dir, sizeof(options.dir), "%s/sim", base);
	else
		length = snprintf(options.dir, sizeof(options.dir), "/dev/shm/aerostat-%u/sim",
				  (unsigned)getuid());
	if (length < 0 || (size_t)length >= sizeof(options.dir)) {
		snprintf(options.dir, sizeof(options.dir), "/dev/shm/aerostat-%u/sim",
			 (unsigned)getuid());
		sim_warn("simcuda: SIMCUDA_DIR or AEROSTAT_DIR is too long, using %s", options.dir);
	}
	options.kernels = getenv("SIMCUDA_KERNELS");
	options.fail = getenv("SIMCUDA_FAIL");
	options.trace = getenv("SIMCUDA_TRACE");
	/* The program may change its environment later. */
	if (options.kernels)
		options.kernels = strdup(options.kernels);
	if (options.fail)
		options.fail = strdup(options.fail);
	if (options.trace)
		options.trace = *options.trace ? strdup(options.trace) : NULL;
	read_driver();
}

const struct sim_options *sim_options(void)
{
	pthread_once(&options_once, read_options);
	return &options;
}
