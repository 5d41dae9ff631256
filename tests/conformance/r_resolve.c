/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* cuGetProcAddress: which symbol a name, a version and flags lead to. */
#include "conform.h"

typedef CUresult resolve_1(const char *, void **, int, cuuint64_t);
typedef CUresult resolve_2(const char *, void **, int, cuuint64_t, int *);

#define UNTOUCHED 77

static const struct {
	const char *what, *name;
	int version; /* 0: the driver's own; 1: newer than it */
	cuuint64_t flags;
	int result, status; /* of the second version */
	const char *symbol; /* NULL: none */
	int result_1; /* of the first version */
} rows[] = {
	{ "cuMemAlloc of 2.0", "cuMemAlloc", 2000, 0, 0, 0, "cuMemAlloc", 0 },
	{ "cuMemAlloc of 3.1", "cuMemAlloc", 3010, 0, 0, 0, "cuMemAlloc", 0 },
	{ "cuMemAlloc of 3.2", "cuMemAlloc", 3020, 0, 0, 0, "cuMemAlloc_v2", 0 },
	{ "cuMemAlloc of today", "cuMemAlloc", 0, 0, 0, 0, "cuMemAlloc_v2", 0 },
	{ "the newest cuMemAlloc", "cuMemAlloc", -1, 0, 0, 0, "cuMemAlloc_v2", 0 },
	{ "cuMemAlloc of tomorrow", "cuMemAlloc", 1, 0, 1, UNTOUCHED, NULL, 1 },
	{ "with unknown flags", "cuMemAlloc", 0, 4, 1, UNTOUCHED, NULL, 1 },
	{ "cuMemAlloc of 1.0", "cuMemAlloc", 1000, 0, 0, 2, NULL, 500 },
	{ "cuMemAllocAsync of 11.1", "cuMemAllocAsync", 11010, 0, 0, 2, NULL, 500 },
	{ "no function", "cuNothing", 0, 0, 0, 1, NULL, 500 },
	{ "an empty name", "", 0, 0, 0, 1, NULL, 500 },
	{ "a name with a suffix", "cuMemAlloc_v2", 0, 0, 0, 1, NULL, 500 },
	{ "legacy streams", "cuMemAllocAsync", 11020, 1, 0, 0, "cuMemAllocAsync", 0 },
	{ "per-thread streams", "cuMemAllocAsync", 11020, 2, 0, 0, "cuMemAllocAsync_ptsz", 0 },
	{ "per-thread streams, cuMemcpy", "cuMemcpy", 7000, 2, 0, 0, "cuMemcpy_ptds", 0 },
	{ "per-thread streams, no stream", "cuMemAlloc", 3020, 2, 0, 0, "cuMemAlloc_v2", 0 },
	{ "cuGetProcAddress of 11.3", "cuGetProcAddress", 11030, 0, 0, 0, "cuGetProcAddress", 0 },
};

static int version_of(int version)
{
	return version == 0 ? conform_driver : version == 1 ? conform_driver + 10 : version;
}

static void *mark = &mark;

static int verdict(void *found, const char *symbol, CUresult result)
{
	if (symbol)
		return found == conform_symbol(symbol);
	/* Untouched where the call fails, NULL where it says that there is none. */
	return result ? found == mark : found == NULL;
}

void rules_resolve_1(void)
{
	resolve_1 *resolve;

	*(void **)&resolve = conform_symbol("cuGetProcAddress");
	NEED_TRUE(resolve);
	NEED(cuInit(0));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *found = mark;
		CUresult result =
			resolve(rows[i].name, &found, version_of(rows[i].version), rows[i].flags);

		rule(conform_name("cuGetProcAddress, %s: result", rows[i].what), rows[i].result_1,
		     result);
		rule(conform_name("cuGetProcAddress, %s: pointer", rows[i].what), 1,
		     verdict(found, rows[i].symbol, result));
	}
}

void rules_resolve_2(void)
{
	resolve_2 *resolve;

	*(void **)&resolve = conform_symbol("cuGetProcAddress_v2");
	NEED_TRUE(resolve);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int status = UNTOUCHED;
		void *found = mark;
		CUresult result = resolve(rows[i].name, &found, version_of(rows[i].version),
					  rows[i].flags, &status);

		rule(conform_name("cuGetProcAddress_v2, %s: result", rows[i].what), rows[i].result,
		     result);
		rule(conform_name("cuGetProcAddress_v2, %s: pointer", rows[i].what), 1,
		     verdict(found, rows[i].symbol, result));
		rule(conform_name("cuGetProcAddress_v2, %s: status", rows[i].what), rows[i].status,
		     status);
	}
}
