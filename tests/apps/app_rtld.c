/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * No CUDA here: what dlsym and dlvsym say about ordinary names, for RTLD_NEXT, RTLD_DEFAULT and
 * handles, from the program and from two libraries. It must be the same whatever is preloaded.
 */
#include <stdio.h>
#include <string.h>

#include "rtld.h"

#ifdef __x86_64__
#define LIBC_BASE_VERSION "GLIBC_2.2.5"
#else
#define LIBC_BASE_VERSION "GLIBC_2.17"
#endif

typedef void *lookup(void *handle, const char *name);
typedef void *vlookup(void *handle, const char *name, const char *version);

const char *rtld_who(void)
{
	return "main";
}

static void *main_lookup(void *handle, const char *name)
{
	void *volatile symbol = dlsym(handle, name);
	return symbol;
}

static void *main_vlookup(void *handle, const char *name, const char *version)
{
	void *volatile symbol = dlvsym(handle, name, version);
	return symbol;
}

static const char *handle_name(void *handle)
{
	return handle == RTLD_NEXT ? "next" : handle == RTLD_DEFAULT ? "default" : "a handle";
}

static void who(const char *from, lookup *look, void *handle)
{
	dlerror();
	const char *(*found)(void) = (const char *(*)(void))look(handle, "rtld_who");
	const char *error = dlerror();
	printf("rtld_who from %s, %s: %s, %s\n", from, handle_name(handle),
	       found ? found() : "missing", error ? "an error" : "no error");
	/* The message is told once. */
	if (dlerror())
		puts("and another error");
}

static void libc(const char *from, lookup *look, vlookup *vlook, void *handle)
{
	static const char *const names[] = { "puts", "malloc", "no_such_function", "strlen", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		dlerror();
		void *symbol = look(handle, names[i]);
		printf("%s from %s, %s: %s, %s\n", names[i], from, handle_name(handle),
		       symbol ? "found" : "missing", dlerror() ? "an error" : "no error");
	}
	dlerror();
	void *symbol = vlook(handle, "puts", LIBC_BASE_VERSION);
	printf("puts with its version: %s, %s\n",
	       symbol && symbol == look(RTLD_DEFAULT, "puts") ? "the same" : "another",
	       dlerror() ? "an error" : "no error");
	symbol = vlook(handle, "puts", "GLIBC_0.0");
	const char *error = dlerror();
	printf("puts with a wrong version: %s, %s\n", symbol ? "found" : "missing",
	       error ? "an error" : "no error");
}

int main(void)
{
	static const struct {
		const char *name;
		lookup *look;
		vlookup *vlook;
	} places[] = {
		{ "main", main_lookup, main_vlookup },
		{ "a", rtld_a_lookup, rtld_a_vlookup },
		{ "b", rtld_b_lookup, rtld_b_vlookup },
	};
	void *self = dlopen(NULL, RTLD_NOW);

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		who(places[i].name, places[i].look, RTLD_NEXT);
		who(places[i].name, places[i].look, RTLD_DEFAULT);
		who(places[i].name, places[i].look, self);
		libc(places[i].name, places[i].look, places[i].vlook, RTLD_NEXT);
		libc(places[i].name, places[i].look, places[i].vlook, RTLD_DEFAULT);
		libc(places[i].name, places[i].look, places[i].vlook, self);
	}

	/* dlsym found by dlsym is as good. */
	lookup *found = (lookup *)dlsym(RTLD_DEFAULT, "dlsym");
	printf("dlsym of dlsym: %s\n",
	       found && found(RTLD_DEFAULT, "puts") == (void *)dlsym(RTLD_DEFAULT, "puts")
		       ? "works"
		       : "does not");
	found = (lookup *)dlsym(RTLD_NEXT, "dlsym");
	printf("the next dlsym: %s\n",
	       found && found(RTLD_DEFAULT, "strlen") ? "works" : "does not");

	/* Messages name what was looked for. */
	dlerror();
	(void)!dlsym(RTLD_DEFAULT, "no_such_function");
	const char *error = dlerror();
	printf("the message %s the name\n",
	       error && strstr(error, "no_such_function") ? "has" : "lacks");
	void *libm = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
	printf("cos in libm: %s\n", libm && dlsym(libm, "cos") ? "found" : "missing");
	printf("no_such_function in libm: %s\n",
	       libm && dlsym(libm, "no_such_function") ? "found" : "missing");
	printf("dlclose: %d\n", libm ? dlclose(libm) : -1);
	puts("done");
	return 0;
}
