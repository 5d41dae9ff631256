/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Opens the runtime that its argument names, uses it a little, and writes down what that asks the driver
 * for: one line for each request, NAME VERSION FLAGS and the object and symbol that it got, or the
 * driver's code, separated by tabs.
 *
 * The runtime looks cuGetProcAddress_v2 up with dlsym and asks that for everything else, for
 * cuGetProcAddress among others. dlsym is therefore defined here, which every object that is loaded later
 * binds to first, and passes on what the next one answers, these functions excepted: they are called
 * through a function that writes.
 */
#include <cuda.h>
#include <dlfcn.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef CUresult get_v1(const char *, void **, int, cuuint64_t);
typedef CUresult get_v2(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);

static void *(*next_dlsym)(void *, const char *);
static get_v1 *real_v1;
static get_v2 *real_v2;

__attribute__((visibility("default"))) void *dlsym(void *restrict handle,
						   const char *restrict name);

/* Whichever dlsym a program without its own would call. */
static void find_next(void)
{
	static const char *const versions[] = { "GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5" };
	void *(*libc_dlsym)(void *, const char *) = NULL;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions) && !libc_dlsym; i++)
		libc_dlsym =
			(void *(*)(void *, const char *))dlvsym(RTLD_NEXT, "dlsym", versions[i]);
	next_dlsym =
		libc_dlsym ? (void *(*)(void *, const char *))libc_dlsym(RTLD_NEXT, "dlsym") : NULL;
	if (!next_dlsym) {
		fprintf(stderr, "no dlsym behind this one\n");
		exit(1);
	}
}

static void write_down(const char *name, int version, cuuint64_t flags, CUresult result,
		       void *pointer)
{
	Dl_info info;

	printf("%s\t%d\t%llu\t", name, version, (unsigned long long)flags);
	if (result != CUDA_SUCCESS)
		printf("code %d\t-\n", (int)result);
	else if (!pointer)
		printf("nothing\t-\n");
	else if (!dladdr(pointer, &info) || !info.dli_fname || !info.dli_sname)
		printf("unknown\t-\n");
	else
		printf("%s\t%s\n", basename((char *)info.dli_fname), info.dli_sname);
}

static get_v1 recorded_v1;
static get_v2 recorded_v2;

/* The one that a request for cuGetProcAddress got is what the runtime uses from then on. */
static void keep_watching(const char *name, int version, void **pfn)
{
	if (strcmp(name, "cuGetProcAddress") != 0 || !pfn || !*pfn)
		return;
	if (version >= 12000) {
		real_v2 = (get_v2 *)*pfn;
		*pfn = (void *)recorded_v2;
	} else {
		real_v1 = (get_v1 *)*pfn;
		*pfn = (void *)recorded_v1;
	}
}

static CUresult recorded_v1(const char *name, void **pfn, int version, cuuint64_t flags)
{
	CUresult result = real_v1(name, pfn, version, flags);

	write_down(name, version, flags, result, result == CUDA_SUCCESS ? *pfn : NULL);
	if (result == CUDA_SUCCESS)
		keep_watching(name, version, pfn);
	return result;
}

static CUresult recorded_v2(const char *name, void **pfn, int version, cuuint64_t flags,
			    CUdriverProcAddressQueryResult *status)
{
	CUresult result = real_v2(name, pfn, version, flags, status);

	write_down(name, version, flags, result, result == CUDA_SUCCESS ? *pfn : NULL);
	if (result == CUDA_SUCCESS)
		keep_watching(name, version, pfn);
	return result;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	void *found;

	if (!next_dlsym)
		find_next();
	found = next_dlsym(handle, name);
	if (strncmp(name, "cu", 2) != 0 || !strncmp(name, "cuda", 4))
		return found;
	write_down(name, 0, 0, CUDA_SUCCESS, found);
	if (found && !strcmp(name, "cuGetProcAddress_v2")) {
		real_v2 = (get_v2 *)found;
		return (void *)recorded_v2;
	}
	if (found && !strcmp(name, "cuGetProcAddress")) {
		real_v1 = (get_v1 *)found;
		return (void *)recorded_v1;
	}
	return found;
}

int main(int argc, char **argv)
{
	void *runtime = dlopen(argc > 1 ? argv[1] : "libcudart.so", RTLD_NOW | RTLD_LOCAL);
	int (*get_count)(int *), (*free_memory)(void *);
	int count = -1;

	if (!runtime) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	get_count = (int (*)(int *))dlsym(runtime, "cudaGetDeviceCount");
	free_memory = (int (*)(void *))dlsym(runtime, "cudaFree");
	if (!get_count || !free_memory) {
		fprintf(stderr, "%s is no runtime\n", argv[1]);
		return 1;
	}
	int code = get_count(&count);
	printf("# cudaGetDeviceCount -> %d, %d devices\n", code, code ? 0 : count);
	printf("# cudaFree(0) -> %d\n", free_memory(NULL));
	return 0;
}
