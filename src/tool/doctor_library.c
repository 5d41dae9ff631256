/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <config.h>

#include <dlfcn.h>
#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "tool/doctor.h"
#include "tool/paths.h"

#define LOAD_WAIT_MS 10000
#define FILE_MAX     (64L << 20)

/* A file in memory, of which nothing is believed. */
struct image {
	unsigned char *bytes;
	size_t size;
};

static bool load_image(const char *path, struct image *image_out)
{
	FILE *file = fopen(path, "re");
	bool loaded = false;
	long size;

	if (!file)
		return false;
	if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0 && size <= FILE_MAX &&
	    fseek(file, 0, SEEK_SET) == 0) {
		image_out->size = (size_t)size;
		image_out->bytes = malloc(image_out->size);
		loaded = image_out->bytes &&
			 fread(image_out->bytes, 1, image_out->size, file) == image_out->size;
		if (!loaded)
			free(image_out->bytes);
	}
	fclose(file);
	return loaded;
}

/* Copies size bytes at offset, or false. */
static bool copy_at(const struct image *image, uint64_t offset, void *to, size_t size)
{
	if (offset > image->size || image->size - offset < size)
		return false;
	memcpy(to, image->bytes + offset, size);
	return true;
}

/* "GLIBC_2.34" to 2034; 0 for what is no such version. */
static unsigned int glibc_number(const char *name)
{
	char minor_text[8] = "";
	int64_t minor;

	if (strncmp(name, "GLIBC_2.", 8) != 0)
		return 0;
	snprintf(minor_text, sizeof(minor_text), "%.*s", (int)strcspn(name + 8, "."), name + 8);
	return ae_parse_int(minor_text, 0, 999, &minor) == 0 ? 2000 + (unsigned int)minor : 0;
}

/* The highest version of one needed library's list. */
static unsigned int highest_of(const struct image *image, uint64_t at, unsigned int count,
			       uint64_t strings)
{
	unsigned int highest = 0, number;
	ElfW(Vernaux) aux;
	char name[32];

	for (; count > 0 && copy_at(image, at, &aux, sizeof(aux)); count--) {
		memset(name, 0, sizeof(name));
		for (size_t i = 0; i < sizeof(name) - 1; i++) {
			if (!copy_at(image, strings + aux.vna_name + i, &name[i], 1) || !name[i])
				break;
		}
		number = glibc_number(name);
		if (number > highest)
			highest = number;
		if (aux.vna_next == 0)
			break;
		at += aux.vna_next;
	}
	return highest;
}

/* The newest GLIBC_2.N that the file needs, as 2000 + N; 0 when that cannot be told. */
static unsigned int needed_glibc(const struct image *image)
{
	unsigned int highest = 0, number;
	ElfW(Shdr) section, strings;
	ElfW(Verneed) need;
	ElfW(Ehdr) header;

	if (!copy_at(image, 0, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_shentsize != sizeof(section))
		return 0;
	for (size_t i = 0; i < header.e_shnum; i++) {
		uint64_t at;

		if (!copy_at(image, header.e_shoff + i * sizeof(section), &section,
			     sizeof(section)) ||
		    section.sh_type != SHT_GNU_verneed)
			continue;
		if (!copy_at(image, header.e_shoff + section.sh_link * sizeof(strings), &strings,
			     sizeof(strings)))
			continue;
		at = section.sh_offset;
		for (size_t left = section.sh_info; left > 0; left--) {
			if (!copy_at(image, at, &need, sizeof(need)))
				break;
			number =
				highest_of(image, at + need.vn_aux, need.vn_cnt, strings.sh_offset);
			if (number > highest)
				highest = number;
			if (need.vn_next == 0)
				break;
			at += need.vn_next;
		}
	}
	return highest;
}

static void try_load(struct ae_doctor *doctor, void *path)
{
	const char *(*version)(void);
	void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);

	if (!library) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "libaerostat: cannot be loaded: %s",
			      dlerror());
		return;
	}
	version = (const char *(*)(void))dlsym(library, "aerostat_version");
	if (!version)
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "libaerostat: %s is another library of that name", (char *)path);
	else if (strcmp(version(), PACKAGE_VERSION) != 0)
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "libaerostat: version %s, and this tool is of version %s: install "
			      "both from one build",
			      version(), PACKAGE_VERSION);
	else
		ae_doctor_say(doctor, AE_VERDICT_OK, "libaerostat: %s, version %s", (char *)path,
			      PACKAGE_VERSION);
}

void ae_doctor_library(struct ae_doctor *doctor)
{
	char path[PATH_MAX], why[PATH_MAX + 256], here[64];
	unsigned int needed = 0;
	struct image image;

	if (ae_path_library(path, why, sizeof(why)) != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "libaerostat: %s", why);
		return;
	}
	if (load_image(path, &image)) {
		needed = needed_glibc(&image);
		free(image.bytes);
	}
	snprintf(here, sizeof(here), "GLIBC_%s", gnu_get_libc_version());
	if (needed > glibc_number(here)) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "libaerostat: %s needs GLIBC_2.%u, and this system has %s: build "
			      "aerostat on a system as old as this one",
			      path, needed % 1000, here);
		return;
	}
	if (needed)
		ae_doctor_say(doctor, AE_VERDICT_OK, "C library: GLIBC_2.%u is needed, and %s here",
			      needed % 1000, here);
	/* The process that looks is not the one that has the library. */
	ae_doctor_in_child(doctor, "libaerostat", "install aerostat again", LOAD_WAIT_MS, try_load,
			   path);
}
