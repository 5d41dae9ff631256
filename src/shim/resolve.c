/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/resolve.h"

#include <dlfcn.h>
#include <stddef.h>

#include "cuda/realdl.h"
#include "shim/hooks.h"

static const struct ae_answer not_ours = { NULL, 0 };

static struct ae_answer answer(void *value)
{
	return (struct ae_answer){ value, 1 };
}

/*
 * The answer for a symbol that only we have: NULL, and dlerror says "undefined symbol" of an object
 * that natively lacks it too.
 */
static struct ae_answer undefined(const char *name)
{
	void *library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);

	if (library == NULL)
		library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	return answer(library != NULL ? ae_real_dlsym(library, name) : NULL);
}

/* What the real look-up gave, and what the program gets. */
static struct ae_answer replace(void *found, const char *name)
{
	void *wrapper, *real;

	if (found == NULL)
		return answer(NULL);
	if (ae_hooks_is_wrapper(found, &real))
		return real != NULL ? answer(found) : undefined(name);
	wrapper = ae_hooks_wrapper(found);
	return answer(wrapper != NULL ? wrapper : found);
}

/*
 * RTLD_NEXT and RTLD_DEFAULT mean something relative to the caller, so that glibc itself has to
 * answer; we step in only where its answer would be a real entry point, or invented by us.
 */
static struct ae_answer resolve_relative(void *handle, const char *name, const void *caller)
{
	void *found, *real;

	if (handle == RTLD_NEXT) {
		void *wrapper = ae_hooks_wrapper(ae_realdl_next(caller, name));

		return wrapper != NULL ? answer(wrapper) : not_ours;
	}
	found = ae_real_dlsym(RTLD_DEFAULT, name);
	if (found == NULL) {
		dlerror();
		return not_ours;
	}
	if (ae_hooks_is_wrapper(found, &real) && real == NULL)
		return undefined(name);
	return not_ours;
}

struct ae_answer ae_resolve_dlsym(void *handle, const char *name, const void *caller)
{
	if (ae_real_dlsym == NULL)
		ae_realdl_find();
	if (ae_real_dlsym == NULL)
		return not_ours;
	if (handle == RTLD_NEXT || handle == RTLD_DEFAULT)
		return resolve_relative(handle, name, caller);
	return replace(ae_real_dlsym(handle, name), name);
}

struct ae_answer ae_resolve_dlvsym(void *handle, const char *name, const char *version,
				   const void *caller)
{
	if (ae_real_dlvsym == NULL)
		ae_realdl_find();
	if (ae_real_dlvsym == NULL || ae_real_dlsym == NULL)
		return not_ours;
	if (handle == RTLD_NEXT || handle == RTLD_DEFAULT)
		return resolve_relative(handle, name, caller);
	return replace(ae_real_dlvsym(handle, name, version), name);
}
