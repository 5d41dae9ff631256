/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * cuGetProcAddress and cuGetProcAddress_v2, with old and new versions and every flag: the codes,
 * and whether what they return works. The list can be replaced by arguments NAME VERSION FLAGS.
 */
#include <dlfcn.h>

#include "app.h"

typedef CUresult get_v1(const char *, void **, int, cuuint64_t);
typedef CUresult get_v2(const char *, void **, int, cuuint64_t, CUdriverProcAddressQueryResult *);

struct request {
	const char *name;
	int version;
	cuuint64_t flags;
};

static const struct request requests[] = {
	{ "cuMemAlloc", 2000, 0 },
	{ "cuMemAlloc", 3010, 0 },
	{ "cuMemAlloc", 3020, 0 },
	{ "cuMemAlloc", 3020, 1 },
	{ "cuMemAlloc", 3020, 2 },
	{ "cuMemAlloc", 11030, 0 },
	{ "cuMemAlloc", 12000, 2 },
	{ "cuMemAlloc", 0, 0 },
	{ "cuMemAlloc", -1, 0 },
	{ "cuMemAlloc", 1999, 0 },
	{ "cuMemAlloc", 99999, 0 },
	{ "cuMemAlloc_v2", 12000, 0 },
	{ "cuMemFree", 2000, 0 },
	{ "cuMemFree", 3020, 0 },
	{ "cuMemFree", 3020, 2 },
	{ "cuMemGetInfo", 2000, 0 },
	{ "cuMemGetInfo", 3020, 0 },
	{ "cuMemGetInfo", 3020, 1 },
	{ "cuMemGetAddressRange", 2000, 0 },
	{ "cuMemGetAddressRange", 3020, 0 },
	{ "cuMemGetAddressRange", 3020, 2 },
	{ "cuMemAllocPitch", 3020, 0 },
	{ "cuMemAllocAsync", 11010, 0 },
	{ "cuMemAllocAsync", 11020, 0 },
	{ "cuMemAllocAsync", 11020, 1 },
	{ "cuMemAllocAsync", 11020, 2 },
	{ "cuMemAllocAsync", 11020, 3 },
	{ "cuMemAllocAsync", 11020, 4 },
	{ "cuMemAllocAsync_ptsz", 12000, 0 },
	{ "cuMemFreeAsync", 11020, 2 },
	{ "cuLaunchKernel", 4000, 0 },
	{ "cuLaunchKernel", 7000, 2 },
	{ "cuMemcpyHtoD", 3020, 0 },
	{ "cuMemcpyHtoD", 7000, 2 },
	{ "cuGetProcAddress", 11030, 0 },
	{ "cuGetProcAddress", 12000, 0 },
	{ "cuCtxCreate", 12000, 0 },
	{ "cuNothing", 12000, 0 },
	{ "", 12000, 0 },
};

static CUdeviceptr block;

/* Calls what was found, where that tells something. Old versions take 32-bit addresses. */
static void try_pointer(const struct request *request, void *pointer)
{
	int old = request->version < 3020 && request->version != -1;
	CUdeviceptr address = 0;
	unsigned int old_address = 0, old_size = 0;
	size_t size = 0, more = 0;

	if (!strcmp(request->name, "cuMemAlloc") && old) {
		CHECK(((CUresult(*)(unsigned int *, unsigned int))pointer)(&old_address, 1000));
	} else if (!strcmp(request->name, "cuMemAlloc")) {
		CHECK(((CUresult(*)(CUdeviceptr *, size_t))pointer)(&address, 1000));
		CHECK(cuMemsetD8(address, 1, 1000));
		CHECK(cuMemFree(address));
	} else if (!strcmp(request->name, "cuMemFree") && old) {
		CHECK(((CUresult(*)(unsigned int))pointer)(4096));
	} else if (!strcmp(request->name, "cuMemFree")) {
		OK(cuMemAlloc(&address, 5000));
		CHECK(((CUresult(*)(CUdeviceptr))pointer)(address));
		CHECK(((CUresult(*)(CUdeviceptr))pointer)(address));
	} else if (!strcmp(request->name, "cuMemGetInfo") && old) {
		CHECK(((CUresult(*)(unsigned int *, unsigned int *))pointer)(&old_size,
									     &old_address));
	} else if (!strcmp(request->name, "cuMemGetInfo")) {
		CHECK(((CUresult(*)(size_t *, size_t *))pointer)(&size, &more));
		EXPECT(size <= more && more);
	} else if (!strcmp(request->name, "cuMemGetAddressRange") && old) {
		CHECK(((CUresult(*)(unsigned int *, unsigned int *, unsigned int))pointer)(
			&old_address, &old_size, 4096));
	} else if (!strcmp(request->name, "cuMemGetAddressRange")) {
		CHECK(((CUresult(*)(CUdeviceptr *, size_t *, CUdeviceptr))pointer)(&address, &size,
										   block + 99));
		printf("range from %lld, %zu bytes\n", (long long)(address - block), size);
	} else if (!strcmp(request->name, "cuMemAllocPitch")) {
		CHECK(((CUresult(*)(CUdeviceptr *, size_t *, size_t, size_t, unsigned int))pointer)(
			&address, &size, 100, 10, 4));
		CHECK(cuMemFree(address));
	} else if (!strcmp(request->name, "cuMemAllocAsync")) {
		CHECK(((CUresult(*)(CUdeviceptr *, size_t, CUstream))pointer)(&address, 1000, 0));
		CHECK(cuMemFreeAsync(address, 0));
		CHECK(cuCtxSynchronize());
	}
}

static void try_request(const struct request *request, get_v1 *v1, get_v2 *v2, void *libcuda)
{
	void *first = NULL, *second = NULL;
	CUdriverProcAddressQueryResult status = (CUdriverProcAddressQueryResult)99;

	printf("# %s %d %llu\n", *request->name ? request->name : "(empty)", request->version,
	       (unsigned long long)request->flags);
	CUresult code = v1(request->name, &first, request->version, request->flags);
	printf("cuGetProcAddress: %d, %s\n", code, !code && first ? "a pointer" : "none");
	if (v2) {
		code = v2(request->name, &second, request->version, request->flags, &status);
		printf("cuGetProcAddress_v2: %d, status %d, %s\n", code, (int)status,
		       second ? "a pointer" : "none");
		EXPECT(!second || second == first);
	} else if (!code) {
		second = first;
	}
	if (!second)
		return;

	/* What the resolver returns is what the dynamic linker knows by some name. */
	static const char *const suffixes[] = {
		"", "_v2", "_v3", "_v4", "_ptsz", "_ptds", "_v2_ptsz", "_v2_ptds",
	};
	const char *is = "no symbol";
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		char symbol[128];
		snprintf(symbol, sizeof(symbol), "%s%s", request->name, suffixes[i]);
		if (dlsym(libcuda, symbol) == second) {
			is = suffixes[i];
			break;
		}
	}
	printf("it is %s%s\n", request->name, is);
	try_pointer(request, second);
}

int main(int argc, char **argv)
{
	struct app app;
	void *libcuda = dlopen("libcuda.so.1", RTLD_NOW);
	get_v1 *v1 = (get_v1 *)dlsym(libcuda, "cuGetProcAddress");
	get_v2 *v2 = (get_v2 *)dlsym(libcuda, "cuGetProcAddress_v2");

	if (!v1) {
		puts("this driver has no resolver");
		return app_end();
	}
	/* It answers before cuInit, as runtimes ask it to. */
	void *init = NULL;
	CUdriverProcAddressQueryResult status;
	CHECK(v1("cuInit", &init, 2000, 0));
	EXPECT(init == dlsym(libcuda, "cuInit"));
	if (v2) {
		CHECK(v2("cuInit", &init, 2000, 0, &status));
		EXPECT(init == dlsym(libcuda, "cuInit"));
		CHECK(v2("cuInit", &init, 2000, 0, NULL));
	}

	app_start(&app);
	OK(cuMemAlloc(&block, 123456));
	if (argc > 1) {
		for (int i = 1; i + 2 < argc; i += 3) {
			struct request request = { argv[i], atoi(argv[i + 1]),
						   strtoull(argv[i + 2], NULL, 0) };
			try_request(&request, v1, v2, libcuda);
		}
		return app_end();
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		try_request(&requests[i], v1, v2, libcuda);

	/* A resolver that came from a resolver resolves as well. */
	void *nested = NULL, *alloc = NULL;
	OK(v1("cuGetProcAddress", &nested, 11030, 0));
	CHECK(((get_v1 *)nested)("cuMemAlloc", &alloc, 3020, 0));
	EXPECT(alloc == dlsym(libcuda, "cuMemAlloc_v2"));
	if (v2) {
		OK(v2("cuGetProcAddress", &nested, 12000, 0, &status));
		alloc = NULL;
		CHECK(((get_v2 *)nested)("cuMemAlloc", &alloc, 3020, 0, &status));
		EXPECT(alloc == dlsym(libcuda, "cuMemAlloc_v2"));
	}
	return app_end();
}
