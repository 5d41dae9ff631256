/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: shim. What the exported dlsym and dlvsym (dlsym-*.S) answer for names that look like the
 * driver's or NVML's. The real answer comes first: it is replaced when it is a real entry point that we
 * hook, and no symbol that the library lacks is invented.
 */
#ifndef AE_SHIM_RESOLVE_H
#define AE_SHIM_RESOLVE_H

#include <stdint.h>

/* handled 0: the caller is to go to glibc's own function, with its own return address. */
struct ae_answer {
	void *value;
	uintptr_t handled;
};

struct ae_answer ae_resolve_dlsym(void *handle, const char *name, const void *caller);
struct ae_answer ae_resolve_dlvsym(void *handle, const char *name, const char *version,
				   const void *caller);

#endif
