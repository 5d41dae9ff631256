/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "cuda/realdl.h"

const struct ae_driver_entry ae_driver_entries[] = {
#define AE_HOOK(symbol, gate, family, params, args, why) \
	{ #symbol, offsetof(struct ae_driver, symbol), true },
#define AE_GATED(symbol, gate, params, args, why) \
	{ #symbol, offsetof(struct ae_driver, symbol), true },
#define AE_CALL(symbol, params) { #symbol, offsetof(struct ae_driver, symbol), false },
#include "cuda/calls.def"
#include "cuda/gated.def"
#include "cuda/hooks.def"
#undef AE_HOOK
#undef AE_GATED
#undef AE_CALL
};
const size_t ae_driver_entries_count = sizeof(ae_driver_entries) / sizeof(ae_driver_entries[0]);

const char *const ae_driver_safe[] = {
#define AE_SAFE(symbol, why) #symbol,
#include "cuda/safe.def"
#undef AE_SAFE
};
const size_t ae_driver_safe_count = sizeof(ae_driver_safe) / sizeof(ae_driver_safe[0]);

/* Atomic; never closed: a driver whose functions we hand out must not be unloaded. */
static void *driver_library;

void *ae_driver_find(const char *symbol)
{
	void *library = __atomic_load_n(&driver_library, __ATOMIC_ACQUIRE);
	void *found = library != NULL ? ae_real_dlsym(library, symbol) : NULL;

	/* What the driver lacks must not show as an error of the program's own next dlerror. */
	if (found == NULL)
		dlerror();
	return found;
}

int ae_driver_load(struct ae_driver *driver_out)
{
	struct ae_driver driver;
	void *library;

	library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (library == NULL) {
		dlerror();
		return -ENOENT;
	}
	if (ae_real_dlsym == NULL)
		ae_realdl_find();
	if (ae_real_dlsym == NULL)
		return -ENOENT;
	__atomic_store_n(&driver_library, library, __ATOMIC_RELEASE);
	memset(&driver, 0, sizeof(driver));
	for (size_t i = 0; i < ae_driver_entries_count; i++) {
		void *real = ae_driver_find(ae_driver_entries[i].symbol);

		memcpy((char *)&driver + ae_driver_entries[i].offset, &real, sizeof(real));
	}
	*driver_out = driver;
	return 0;
}

void *ae_driver_entry_get(const struct ae_driver *driver, const struct ae_driver_entry *entry)
{
	void *real;

	memcpy(&real, (const char *)driver + entry->offset, sizeof(real));
	return real;
}

int ae_driver_errno(CUresult result)
{
	switch (result) {
	case CUDA_SUCCESS:
		return 0;
	case CUDA_ERROR_OUT_OF_MEMORY:
		return -ENOMEM;
	case CUDA_ERROR_INVALID_VALUE:
		return -EINVAL;
	default:
		return -EIO;
	}
}
