/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Modules and libraries: PTX text, of which the entries and their parameters are read, and the C
 * functions that stand in for them. A library is a module that belongs to no context. Under
 * sim_lock; a module does not change after it is loaded.
 */
#include "module.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct CUmod_st *modules;

/* The shared objects of SIMCUDA_KERNELS, opened once. */
#define OBJECTS_MAX 32
static void *objects[OBJECTS_MAX];
static int objects_count;
static pthread_once_t objects_once = PTHREAD_ONCE_INIT;

static void open_objects(void)
{
	const char *list = sim_options()->kernels;
	char *copy, *path, *rest;

	if (!list || !*list)
		return;
	copy = strdup(list);
	for (path = copy ? strtok_r(copy, ":", &rest) : NULL; path;
	     path = strtok_r(NULL, ":", &rest)) {
		void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

		if (!object)
			sim_warn("simcuda: SIMCUDA_KERNELS: %s", dlerror());
		else if (objects_count < OBJECTS_MAX)
			objects[objects_count++] = object;
	}
	free(copy);
}

static simk_function *find_twin(const char *entry)
{
	char symbol[256];

	pthread_once(&objects_once, open_objects);
	snprintf(symbol, sizeof(symbol), "simk_%s", entry);
	for (int i = 0; i < objects_count; i++) {
		void *found = dlsym(objects[i], symbol);

		if (found)
			return (simk_function *)found;
	}
	sim_warn("simcuda: kernel %s has no C twin %s in SIMCUDA_KERNELS", entry, symbol);
	return NULL;
}

/* PTX, as far as entries need: words, with comments and everything else skipped. */
static const char *skip_space(const char *p)
{
	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (p[0] == '/' && p[1] == '/') {
			while (*p && *p != '\n')
				p++;
		} else if (p[0] == '/' && p[1] == '*') {
			p = strstr(p, "*/");
			if (!p)
				return "";
			p += 2;
		} else {
			return p;
		}
	}
}

static size_t word_length(const char *p)
{
	size_t length = 0;

	while (isalnum((unsigned char)p[length]) || strchr("_$%.", p[length] ? p[length] : ' '))
		length++;
	return length;
}

static bool is_word(const char *p, size_t length, const char *word)
{
	return length == strlen(word) && memcmp(p, word, length) == 0;
}

static size_t type_bytes(const char *p, size_t length)
{
	/* .u8 .s16 .b32 .f64 .pred: the digits say it. */
	size_t bits = 0;

	for (size_t i = 1; i < length; i++)
		if (isdigit((unsigned char)p[i]))
			bits = bits * 10 + (size_t)(p[i] - '0');
	return length > 2 && strchr("usbf", p[1]) ? bits / 8 : 0;
}

/* One ".param .align 4 .b8 name[12]": leaves p behind it. */
static const char *parse_param(const char *p, struct CUfunc_st *function)
{
	struct sim_param *param = &function->params[function->params_count];
	size_t element = 0, align = 0, count = 1, end;

	for (;;) {
		size_t length;

		p = skip_space(p);
		if (!*p || *p == ',' || *p == ')')
			break;
		if (*p == '[') {
			count = strtoul(p + 1, (char **)&p, 10);
			p = *p == ']' ? p + 1 : p;
			continue;
		}
		length = word_length(p);
		if (!length)
			return NULL;
		if (is_word(p, length, ".align")) {
			size_t value = strtoul(skip_space(p + length), (char **)&p, 10);

			/* After .ptr it is the pointee's alignment. */
			if (!element)
				align = value;
			continue;
		}
		if (*p == '.' && !element)
			element = type_bytes(p, length);
		p += length;
	}
	if (!element || function->params_count == SIM_PARAMS_MAX)
		return NULL;
	if (!align)
		align = element;
	end = function->params_bytes;
	param->offset = (end + align - 1) / align * align;
	param->bytes = element * count;
	function->params_bytes = param->offset + param->bytes;
	function->params_count++;
	return p;
}

static CUresult parse_entry(const char *p, struct CUmod_st *module)
{
	struct CUfunc_st *function = calloc(1, sizeof(*function));
	size_t length;

	if (!function)
		return CUDA_ERROR_OUT_OF_MEMORY;
	p = skip_space(p);
	length = word_length(p);
	if (!length || length >= sizeof(function->name))
		goto err;
	memcpy(function->name, p, length);
	p = skip_space(p + length);
	if (*p == '(') {
		p = skip_space(p + 1);
		while (*p && *p != ')') {
			if (*p == ',') {
				p = skip_space(p + 1);
				continue;
			}
			length = word_length(p);
			if (!is_word(p, length, ".param"))
				goto err;
			p = parse_param(p + length, function);
			if (!p)
				goto err;
		}
		if (*p != ')')
			goto err;
	}
	function->magic = SIM_FUNCTION_MAGIC;
	function->module = module;
	function->next = NULL;
	*module->last = function;
	module->last = &function->next;
	module->count++;
	return CUDA_SUCCESS;
err:
	free(function);
	return CUDA_ERROR_INVALID_PTX;
}

static void free_module(struct CUmod_st *module)
{
	struct CUfunc_st *next;

	for (struct CUfunc_st *function = module->first; function; function = next) {
		next = function->next;
		function->magic = 0;
		free(function);
	}
	module->magic = 0;
	free(module);
}

static CUresult parse(const char *text, struct CUmod_st *module)
{
	const char *p = skip_space(text);
	CUresult result;

	if (strncmp(p, ".version", 8) != 0)
		return CUDA_ERROR_INVALID_IMAGE;
	while (*(p = skip_space(p))) {
		size_t length = word_length(p);

		if (*p == '"') {
			p = strchr(p + 1, '"');
			if (!p)
				break;
			p++;
			continue;
		}
		if (is_word(p, length, ".entry")) {
			result = parse_entry(p + length, module);
			if (result != CUDA_SUCCESS)
				return result;
		}
		p += length ? length : 1;
	}
	return CUDA_SUCCESS;
}

CUresult sim_module_load(const void *image, struct CUmod_st **module_out)
{
	struct CUmod_st *module;
	CUresult result;

	if (!image)
		return CUDA_ERROR_INVALID_VALUE;
	module = calloc(1, sizeof(*module));
	if (!module)
		return CUDA_ERROR_OUT_OF_MEMORY;
	module->last = &module->first;
	result = parse(image, module);
	if (result != CUDA_SUCCESS) {
		free_module(module);
		return result;
	}
	module->magic = SIM_MODULE_MAGIC;
	pthread_mutex_lock(&sim_lock);
	module->next = modules;
	modules = module;
	pthread_mutex_unlock(&sim_lock);
	*module_out = module;
	return CUDA_SUCCESS;
}

CUresult sim_module_load_file(const char *path, struct CUmod_st **module_out)
{
	CUresult result = CUDA_ERROR_FILE_NOT_FOUND;
	FILE *file = path ? fopen(path, "re") : NULL;
	char *text = NULL;
	size_t size = 0, got;

	if (!path)
		return CUDA_ERROR_INVALID_VALUE;
	if (!file)
		return result;
	do {
		char *more = realloc(text, size + 65537);

		if (!more) {
			result = CUDA_ERROR_OUT_OF_MEMORY;
			goto out;
		}
		text = more;
		got = fread(text + size, 1, 65536, file);
		size += got;
	} while (got);
	text[size] = '\0';
	result = sim_module_load(text, module_out);
out:
	free(text);
	fclose(file);
	return result;
}

CUresult sim_module_unload(struct CUmod_st *module)
{
	struct CUmod_st **link;

	pthread_mutex_lock(&sim_lock);
	for (link = &modules; *link && *link != module; link = &(*link)->next)
		;
	if (*link)
		*link = module->next;
	pthread_mutex_unlock(&sim_lock);
	free_module(module);
	return CUDA_SUCCESS;
}

CUresult sim_module_find(struct CUmod_st *module, const char *name, struct CUfunc_st **out)
{
	for (struct CUfunc_st *function = module->first; function; function = function->next) {
		if (strcmp(function->name, name) != 0)
			continue;
		if (!function->twin)
			function->twin = find_twin(name);
		if (!function->twin)
			return CUDA_ERROR_NOT_FOUND;
		*out = function;
		return CUDA_SUCCESS;
	}
	return CUDA_ERROR_NOT_FOUND;
}
