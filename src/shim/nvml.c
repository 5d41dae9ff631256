/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/nvml.h"

#include <stdlib.h>

#include "base/log.h"
#include "shim/hooks.h"

#define EXPORT __attribute__((visibility("default")))

struct table {
	struct ae_nvml nvml;
	bool disabled;
};

static struct table *published;
static const struct table no_nvml;

/* Built on demand. While NVML is not loaded, or there is no host memory, an empty one. */
static const struct table *table_get(void)
{
	struct table *table = __atomic_load_n(&published, __ATOMIC_ACQUIRE);
	struct table *expected = NULL;

	if (table != NULL)
		return table;
	table = calloc(1, sizeof(*table));
	if (table == NULL || ae_nvml_load(&table->nvml) != 0) {
		free(table);
		return &no_nvml;
	}
	table->disabled = ae_hooks_disabled();
	if (!__atomic_compare_exchange_n(&published, &expected, table, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		free(table);
		table = expected;
	}
	return table;
}

const struct ae_nvml *ae_nvml(void)
{
	return &table_get()->nvml;
}

/* NVML lacks the function, or is not loaded at all (a weak reference, which our name has satisfied). */
static nvmlReturn_t missing(const struct table *table, const char *symbol)
{
	if (table == &no_nvml)
		return NVML_ERROR_UNINITIALIZED;
	ae_warn("%s was called, and the installed NVML has no such function", symbol);
	return NVML_ERROR_FUNCTION_NOT_FOUND;
}

#define AE_NVML_CALL(symbol, params)
#define AE_NVML_LEFT(symbol, why)
#define AE_NVML(symbol, params, args, why)                                             \
	EXPORT nvmlReturn_t symbol params;                                             \
	nvmlReturn_t symbol params                                                     \
	{                                                                              \
		const struct table *table = table_get();                               \
                                                                                       \
		if (table->nvml.symbol == NULL)                                        \
			return missing(table, #symbol);                                \
		return table->disabled ? table->nvml.symbol args : ae_h_##symbol args; \
	}
#include "cuda/nvml.def"
#undef AE_NVML

void *ae_nvml_wrapper(void *real)
{
	const struct table *table = table_get();

	if (real == NULL || table->disabled)
		return NULL;
#define AE_NVML(symbol, params, args, why)      \
	if (real == (void *)table->nvml.symbol) \
		return (void *)symbol;
#include "cuda/nvml.def"
#undef AE_NVML
	return NULL;
}

bool ae_nvml_is_wrapper(void *address, void **real_out)
{
#define AE_NVML(symbol, params, args, why)                    \
	if (address == (void *)symbol) {                      \
		*real_out = (void *)table_get()->nvml.symbol; \
		return true;                                  \
	}
#include "cuda/nvml.def"
#undef AE_NVML
	return false;
}
