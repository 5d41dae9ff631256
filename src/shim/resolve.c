/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/resolve.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#include "cuda/driver.h"
#include "cuda/realdl.h"
#include "shim/hooks.h"
#include "shim/newer.h"
#include "shim/nvml.h"

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

/* A library some of whose functions we export. */
struct family {
	/*
	 * Our own exported names are in every global scope: whether the library is in a scope is told
	 * by a name that every version of it has and we have not.
	 */
	const char *witness;
	void *(*wrapper)(void *real);
	bool (*is_wrapper)(void *address, void **real_out);
};
static const struct family driver = { "cuDriverGetVersion", ae_hooks_wrapper, ae_hooks_is_wrapper };
static const struct family nvml = { "nvmlShutdown", ae_nvml_wrapper, ae_nvml_is_wrapper };

static const struct family *family_of(const char *name)
{
	return name[0] == 'n' ? &nvml : &driver;
}

static bool sees(void *handle, const struct family *family)
{
	return ae_real_dlsym(handle, family->witness) != NULL;
}

/* Tells what is the driver's own, not a namesake, and in none of our tables. */
static void note_newer(const struct family *family, void *found, const char *name)
{
	if (family == &driver && !ae_hooks_known(found) && ae_driver_find(name) == found)
		ae_newer_seen(name, 0);
}

/* What the real look-up gave for a handle, and what the program gets. */
static struct ae_answer replace(void *handle, void *found, const char *name)
{
	const struct family *family = family_of(name);
	void *wrapper, *real;

	if (found == NULL)
		return answer(NULL);
	if (family->is_wrapper(found, &real))
		return real != NULL && sees(handle, family) ? answer(found) : undefined(name);
	wrapper = family->wrapper(found);
	if (wrapper != NULL)
		return answer(wrapper);
	note_newer(family, found, name);
	return answer(found);
}

/* The library as the caller's own object sees it, with what that object was loaded with or needs. */
static bool caller_sees(const void *caller, const struct family *family)
{
	Dl_info info;
	void *object;
	bool seen;

	if (dladdr(caller, &info) == 0 || info.dli_fname == NULL)
		return false;
	object = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
	if (object == NULL)
		return false;
	seen = sees(object, family);
	dlclose(object);
	return seen;
}

/*
 * RTLD_NEXT and RTLD_DEFAULT mean something relative to the caller, so that glibc itself has to
 * answer; we step in only where its answer would be a real entry point, or invented by us.
 */
static struct ae_answer resolve_relative(void *handle, const char *name, const void *caller)
{
	const struct family *family = family_of(name);
	void *found, *real;

	if (handle == RTLD_NEXT) {
		void *wrapper;

		found = ae_realdl_next(caller, name);
		wrapper = family->wrapper(found);
		if (wrapper != NULL)
			return answer(wrapper);
	} else {
		found = ae_real_dlsym(RTLD_DEFAULT, name);
	}
	if (found != NULL && family->is_wrapper(found, &real)) {
		if (real == NULL || (!sees(RTLD_DEFAULT, family) && !caller_sees(caller, family)))
			return undefined(name);
	} else if (found != NULL) {
		note_newer(family, found, name);
	}
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
