/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef APP_RTLD_H
#define APP_RTLD_H

#include <dlfcn.h>
#include <stddef.h>

/* Who defines it: the program, library a and library b all do. */
const char *rtld_who(void);

/* What the libraries see from where they are. */
void *rtld_a_lookup(void *handle, const char *name);
void *rtld_b_lookup(void *handle, const char *name);
void *rtld_a_vlookup(void *handle, const char *name, const char *version);
void *rtld_b_vlookup(void *handle, const char *name, const char *version);

/* The result is used, so that the call is a call and not a jump out of the library. */
#define RTLD_DEFINE(letter)                                                                \
	const char *rtld_who(void)                                                         \
	{                                                                                  \
		return #letter;                                                            \
	}                                                                                  \
	void *rtld_##letter##_lookup(void *handle, const char *name)                       \
	{                                                                                  \
		void *volatile symbol = dlsym(handle, name);                               \
		return symbol;                                                             \
	}                                                                                  \
	void *rtld_##letter##_vlookup(void *handle, const char *name, const char *version) \
	{                                                                                  \
		void *volatile symbol = dlvsym(handle, name, version);                     \
		return symbol;                                                             \
	}

#endif
