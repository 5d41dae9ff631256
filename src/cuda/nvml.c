/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/nvml.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

#include "cuda/realdl.h"

static void *find(void *library, const char *symbol)
{
	void *found = ae_real_dlsym(library, symbol);

	/* What the library lacks must not show as an error of the program's own next dlerror. */
	if (found == NULL)
		dlerror();
	return found;
}

int ae_nvml_load(struct ae_nvml *nvml_out)
{
	void *library;

	/* Never closed: a library whose functions we call must not be unloaded. */
	library = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (library == NULL) {
		dlerror();
		return -ENOENT;
	}
	if (ae_real_dlsym == NULL)
		ae_realdl_find();
	if (ae_real_dlsym == NULL)
		return -ENOENT;
#define FIND(symbol)                       nvml_out->symbol = (__typeof__(nvml_out->symbol))find(library, #symbol);
#define AE_NVML(symbol, params, args, why) FIND(symbol)
#define AE_NVML_CALL(symbol, params)       FIND(symbol)
#define AE_NVML_LEFT(symbol, why)
#include "cuda/nvml.def"
#undef AE_NVML
#undef AE_NVML_CALL
#undef AE_NVML_LEFT
	return 0;
}
