/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "cuda/realdl.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *(*ae_real_dlsym)(void *handle, const char *name);
void *(*ae_real_dlvsym)(void *handle, const char *name, const char *version);

/* Set in an ElfW(Versym) entry: not the default version of its name. */
#define VERSYM_HIDDEN 0x8000

/*
 * Nothing of libc is called on the way to dlsym, not even strcmp: that is called before everything
 * else works, by a sanitizer's run time that wraps them all.
 */
static bool equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static bool begins_with(const char *text, const char *start)
{
	while (*start != '\0' && *text == *start)
		text++, start++;
	return *start == '\0';
}

/* The dynamic section of one loaded object, as far as look-ups need it. */
struct object {
	uintptr_t base;
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const ElfW(Half) * versions;
};

/* The loader has relocated these pointers in place for most objects, and not for the vDSO. */
static const void *dynamic_pointer(uintptr_t base, uintptr_t value)
{
	return (const void *)(value < base ? base + value : value);
}

static bool object_open(uintptr_t base, const ElfW(Dyn) * dynamic, struct object *object_out)
{
	struct object object = { .base = base };

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *pointer = dynamic_pointer(base, dynamic->d_un.d_ptr);

		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			object.symbols = pointer;
			break;
		case DT_STRTAB:
			object.strings = pointer;
			break;
		case DT_GNU_HASH:
			object.gnu_hash = pointer;
			break;
		case DT_HASH:
			object.sysv_hash = pointer;
			break;
		case DT_VERSYM:
			object.versions = pointer;
			break;
		default:
			break;
		}
	}
	if (object.symbols == NULL || object.strings == NULL ||
	    (object.gnu_hash == NULL && object.sysv_hash == NULL))
		return false;
	*object_out = object;
	return true;
}

static void *object_symbol(const struct object *object, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[index];

	if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
	    !equal(object->strings + symbol->st_name, name))
		return NULL;
	if (object->versions != NULL && (object->versions[index] & VERSYM_HIDDEN))
		return NULL;
	return (void *)(object->base + symbol->st_value);
}

static void *object_find_gnu(const struct object *object, const char *name)
{
	const uint32_t *table = object->gnu_hash;
	uint32_t buckets_count = table[0];
	uint32_t first = table[1];
	uint32_t bloom_words = table[2];
	const uint32_t *buckets = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
	const uint32_t *chain = buckets + buckets_count;
	uint32_t hash = 5381;
	uint32_t index;

	for (const unsigned char *c = (const unsigned char *)name; *c != '\0'; c++)
		hash = hash * 33 + *c;
	if (buckets_count == 0)
		return NULL;
	index = buckets[hash % buckets_count];
	if (index < first)
		return NULL;
	for (;; index++) {
		uint32_t entry = chain[index - first];

		if ((entry | 1) == (hash | 1)) {
			void *address = object_symbol(object, index, name);

			if (address != NULL)
				return address;
		}
		if (entry & 1)
			return NULL;
	}
}

static void *object_find(const struct object *object, const char *name)
{
	uint32_t count;

	if (object->gnu_hash != NULL)
		return object_find_gnu(object, name);
	/* Objects with the old hash table alone are rare: its chain count is the symbol count. */
	count = object->sysv_hash[1];
	for (uint32_t i = 1; i < count; i++) {
		void *address = object_symbol(object, i, name);

		if (address != NULL)
			return address;
	}
	return NULL;
}

static bool is_libc(const char *path)
{
	const char *base = path;

	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '/')
			base = c + 1;
	}
	return begins_with(base, "libc.so.") || begins_with(base, "libc-2.") ||
	       begins_with(base, "libdl.so.") || begins_with(base, "libdl-2.");
}

/*
 * The list is walked without the loader's lock, which is safe as far as this goes: libc, libdl and
 * everything before them were loaded with the program and are never unloaded.
 */
void ae_realdl_find(void)
{
	void *dlsym_found = NULL, *dlvsym_found = NULL;

	for (const struct link_map *map = _r_debug.r_map;
	     map != NULL && (dlsym_found == NULL || dlvsym_found == NULL); map = map->l_next) {
		struct object object;

		if (!is_libc(map->l_name) || !object_open(map->l_addr, map->l_ld, &object))
			continue;
		if (dlsym_found == NULL)
			dlsym_found = object_find(&object, "dlsym");
		if (dlvsym_found == NULL)
			dlvsym_found = object_find(&object, "dlvsym");
	}
	/* Every thread stores the same values. */
	__atomic_store_n(&ae_real_dlvsym,
			 (void *(*)(void *, const char *, const char *))dlvsym_found,
			 __ATOMIC_RELEASE);
	__atomic_store_n(&ae_real_dlsym, (void *(*)(void *, const char *))dlsym_found,
			 __ATOMIC_RELEASE);
}

struct next_search {
	uintptr_t caller;
	const char *name;
	bool passed; /* the caller's own object is behind us */
	void *found;
};

static int visit_next(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct next_search *search = arg;
	bool behind = search->passed;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;
		struct object object;

		if (header->p_type == PT_LOAD && search->caller >= start &&
		    search->caller - start < header->p_memsz)
			search->passed = true;
		if (behind && header->p_type == PT_DYNAMIC &&
		    object_open(info->dlpi_addr, (const ElfW(Dyn) *)start, &object))
			search->found = object_find(&object, search->name);
	}
	return search->found != NULL;
}

void *ae_realdl_next(const void *caller, const char *name)
{
	struct next_search search = { .caller = (uintptr_t)caller, .name = name };

	dl_iterate_phdr(visit_next, &search);
	return search.found;
}
