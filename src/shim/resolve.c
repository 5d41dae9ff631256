/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/resolve.h"

#include <dlfcn.h>
#include <stdbool.h>
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
	void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);

	/* Not closed: dlclose would drop the error, and libc stays anyway. */
	return answer(library != NULL ? ae_real_dlsym(library, name) : NULL);
}

/*
 * True when the driver is in the scope of that handle. Our own exported names are in every global
 * scope, so a name is asked for that every driver has and we have not.
 */
static bool sees_driver(void *handle)
{
	return ae_real_dlsym(handle, "cuDriverGetVersion") != NULL;
}

/* What the real look-up gave for a handle, and what the program gets. */
static struct ae_answer replace(void *handle, void *found, const char *name)
{
	void *wrapper, *real;

	if (found == NULL)
		return answer(NULL);
	if (ae_hooks_is_wrapper(found, &real))
		return real != NULL && sees_driver(handle) ? answer(found) : undefined(name);
	wrapper = ae_hooks_wrapper(found);
	return answer(wrapper != NULL ? wrapper : found);
}

/* The driver as the caller's own object sees it, with what that object was loaded with or needs. */
static bool caller_sees_driver(const void *caller)
{
	Dl_info info;
	void *object;
	bool sees;

	if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
		return false;
	object = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	if (object == NULL)
		return false;
	sees = sees_driver(object);
	dlclose(object);
	return sees;
}

/*
 * RTLD_NEXT and RTLD_DEFAULT mean something relative to the caller, so that glibc itself has to
 * answer; we step in only where its answer would be a real entry point, or invented by us.
 */
static struct ae_answer resolve_relative(void *handle, const char *name, const void *caller)
{
	void *found, *real;

	if (handle == RTLD_NEXT) {
		void *wrapper;

		found = ae_realdl_next(caller, name);
		wrapper = ae_hooks_wrapper(found);
		if (wrapper != NULL)
			return answer(wrapper);
	} else {
		found = ae_real_dlsym(RTLD_DEFAULT, name);
	}
	if (found != NULL && ae_hooks_is_wrapper(found, &real) &&
	    (real == NULL || (!sees_driver(RTLD_DEFAULT) && !caller_sees_driver(caller))))
		return undefined(name);
	dlerror();
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
	return replace(handle, ae_real_dlsym(handle, name), name);
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
	return replace(handle, ae_real_dlvsym(handle, name, version), name);
}
