/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/hooks.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/parse.h"
#include "shim/device.h"
#include "shim/gate.h"
#include "shim/process.h"

#define EXPORT __attribute__((visibility("default")))

/*
 * All wrappers lie in a section of their own, and nothing else does, so that an address which is none
 * of them is told by two comparisons: every look-up of a driver's name asks. The linker names its ends.
 */
#define WRAPPER __attribute__((section("ae_wrappers")))
extern const char __start_ae_wrappers[] __attribute__((visibility("hidden")));
extern const char __stop_ae_wrappers[] __attribute__((visibility("hidden")));

/* The exported names, as other translation units would declare them. */
#define AE_HOOK(symbol, gate, family, params, args, why) EXPORT WRAPPER CUresult symbol params;
#define AE_GATED(symbol, gate, params, args, why)        EXPORT WRAPPER CUresult symbol params;
#include "cuda/gated.def"
#include "cuda/hooks.def"
#undef AE_HOOK
#undef AE_GATED

/* In the order of ae_driver_entries. */
static void *const wrappers[] = {
#define AE_HOOK(symbol, gate, family, params, args, why) (void *)symbol,
#define AE_GATED(symbol, gate, params, args, why)        (void *)symbol,
#include "cuda/gated.def"
#include "cuda/hooks.def"
#undef AE_HOOK
#undef AE_GATED
};
#define HOOKS_COUNT (sizeof(wrappers) / sizeof(wrappers[0]))

struct hook {
	void *real; /* the key */
	void *wrapper;
	UT_hash_handle hh;
};

struct hook_table {
	struct ae_driver driver;
	struct hook hooks[HOOKS_COUNT]; /* in the order of wrappers */
	struct hook *calls; /* of calls.def, in the order of ae_driver_entries */
	struct hook *safe; /* in the order of ae_driver_safe */
	struct hook *by_real;
};

static struct hook_table *published;
static const struct ae_driver no_driver;

bool ae_hooks_disabled(void)
{
	const char *text = getenv("AEROSTAT_DISABLE");
	bool value = false;

	return text != NULL && ae_parse_bool(text, &value) == 0 && value;
}

/* True when it is in the index, or need not be; false: no memory. */
static bool index_add(struct hook_table *table, struct hook *hook, void *real, void *wrapper)
{
	struct hook *same;

	hook->real = real;
	hook->wrapper = wrapper;
	if (real == NULL)
		return true;
	/* Two names of one entry point have one ABI: whichever hook comes first is right. */
	HASH_FIND_PTR(table->by_real, &real, same);
	if (same != NULL)
		return true;
	HASH_ADD_PTR(table->by_real, real, hook);
	return ae_hash_added(hook);
}

static bool index_build(struct hook_table *table)
{
	size_t count = 0;

	/* What we wrap comes first: a linker may have given one body to several entry points. */
	for (size_t i = 0; i < ae_driver_entries_count; i++) {
		const struct ae_driver_entry *entry = &ae_driver_entries[i];
		void *real = ae_driver_entry_get(&table->driver, entry);

		if (!entry->wrapped)
			continue;
		if (!index_add(table, &table->hooks[count], real, wrappers[count]))
			return false;
		count++;
	}
	for (size_t i = 0; i < ae_driver_entries_count; i++) {
		const struct ae_driver_entry *entry = &ae_driver_entries[i];

		if (!entry->wrapped && !index_add(table, &table->calls[i],
						  ae_driver_entry_get(&table->driver, entry), NULL))
			return false;
	}
	for (size_t i = 0; i < ae_driver_safe_count; i++) {
		if (!index_add(table, &table->safe[i], ae_driver_find(ae_driver_safe[i]), NULL))
			return false;
	}
	return true;
}

static void table_free(struct hook_table *table)
{
	HASH_CLEAR(hh, table->by_real);
	free(table->safe);
	free(table->calls);
	free(table);
}

static struct hook_table *table_build(void)
{
	struct hook_table *table;

	table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	if (ae_driver_load(&table->driver) != 0) {
		free(table);
		return NULL;
	}
	if (ae_hooks_disabled())
		return table;
	table->calls = calloc(ae_driver_entries_count, sizeof(*table->calls));
	table->safe = calloc(ae_driver_safe_count, sizeof(*table->safe));
	if (table->calls == NULL || table->safe == NULL || !index_build(table)) {
		/* A part of the hooks would be worse than none. */
		ae_warn("no host memory for the table of hooks: aerostat does not serve");
		HASH_CLEAR(hh, table->by_real);
	}
	return table;
}

/* The table, built on demand; NULL while there is no driver. */
static struct hook_table *table_get(void)
{
	struct hook_table *table = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
	struct hook_table *expected = NULL;

	if (table != NULL)
		return table;
	table = table_build();
	if (table == NULL)
		return NULL;
	if (!__atomic_compare_exchange_n(&published, &expected, table, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		table_free(table);
		table = expected;
	}
	return table;
}

const struct ae_driver *ae_driver(void)
{
	const struct hook_table *table = table_get();

	return table != NULL ? &table->driver : &no_driver;
}

void *ae_hooks_wrapper(void *real)
{
	struct hook_table *table = table_get();
	struct hook *hook = NULL;

	if (table != NULL && real != NULL)
		HASH_FIND_PTR(table->by_real, &real, hook);
	return hook != NULL ? hook->wrapper : NULL;
}

bool ae_hooks_known(void *real)
{
	struct hook_table *table = table_get();
	struct hook *hook = NULL;

	if (table != NULL)
		HASH_FIND_PTR(table->by_real, &real, hook);
	return hook != NULL;
}

bool ae_hooks_is_wrapper(void *address, void **real_out)
{
	const struct hook_table *table;

	if ((uintptr_t)address < (uintptr_t)__start_ae_wrappers ||
	    (uintptr_t)address >= (uintptr_t)__stop_ae_wrappers)
		return false;
	for (size_t i = 0; i < HOOKS_COUNT; i++) {
		if (wrappers[i] != address)
			continue;
		table = table_get();
		*real_out = table != NULL ? table->hooks[i].real : NULL;
		return true;
	}
	return false;
}

/*
 * The driver lacks the function. A program that links to it would natively not start, or not get past
 * its first call; here it gets an error. Where no driver is loaded at all (a weak reference, which our
 * exported name has satisfied): what a machine without a GPU says, and nothing in the log.
 */
static CUresult missing(const char *symbol)
{
	if (table_get() == NULL)
		return strcmp(symbol, "cuInit") == 0 ? CUDA_ERROR_NO_DEVICE
						     : CUDA_ERROR_NOT_INITIALIZED;
	ae_warn("%s was called, and the installed driver has no such function", symbol);
	return CUDA_ERROR_NOT_FOUND;
}

/* The init family is ours from the first call on; everything else once the process is served. */
#define ACTIVE_init()    (!disabled_cached())
#define ACTIVE_mem()     (ae_process_serving() != NULL)
#define ACTIVE_query()   (ae_process_serving() != NULL)
#define ACTIVE_context() (ae_process_serving() != NULL)
#define ACTIVE_peer()    (ae_process_serving() != NULL)
#define ACTIVE_green()   (ae_process_serving() != NULL)
#define ACTIVE_capture() (ae_process_serving() != NULL)

static bool disabled_cached(void)
{
	const struct hook_table *table = __atomic_load_n(&published, __ATOMIC_ACQUIRE);

	return table == NULL || table->by_real == NULL;
}

#define AE_HOOK(symbol, gate, family, params, args, why)                             \
	CUresult symbol params                                                       \
	{                                                                            \
		const struct ae_driver *driver = ae_driver();                        \
                                                                                     \
		if (driver->symbol == NULL)                                          \
			return missing(#symbol);                                     \
		return ACTIVE_##family() ? ae_h_##symbol args : driver->symbol args; \
	}
#include "cuda/hooks.def"
#undef AE_HOOK

/*
 * The driver allocates for itself in many calls, and other families of memory are its own: when one of
 * them is out of memory, the memory that our cache keeps mapped is given back, or the peers are asked
 * for theirs, and the call is made once more. A call that failed for want of memory has done nothing.
 */
#define AE_GATED(symbol, kind, params, args, why)                              \
	CUresult symbol params                                                 \
	{                                                                      \
		const struct ae_driver *driver = ae_driver();                  \
		struct ae_process *process = ae_process_serving();             \
		CUresult result;                                               \
                                                                               \
		if (driver->symbol == NULL)                                    \
			return missing(#symbol);                               \
		if (process == NULL)                                           \
			return driver->symbol args;                            \
		ae_gate_enter(process, AE_GATE_##kind);                        \
		result = driver->symbol args;                                  \
		if (__builtin_expect(result == CUDA_ERROR_OUT_OF_MEMORY, 0) && \
		    ae_devices_make_room(process))                             \
			result = driver->symbol args;                          \
		ae_gate_leave();                                               \
		return result;                                                 \
	}
#include "cuda/gated.def"
#undef AE_GATED
