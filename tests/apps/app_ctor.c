/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Uses a block that a library's constructor allocated before main. */
#include "ctor_lib.h"
#include "exercise.h"

int main(void)
{
	const struct driver driver = {
#define MEMBER(name) .p_##name = name,
		DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
	};
	static unsigned char bytes[CTOR_BYTES];
	CUresult result;
	CUdeviceptr base = 0, block = ctor_block(&result);
	size_t size = 0;

	CHECK(result);
	CHECK(cuMemGetAddressRange(&base, &size, block + 5));
	printf("range from %lld, %zu bytes\n", (long long)(base - block), size);
	CHECK(cuMemcpyDtoH(bytes, block, sizeof(bytes)));
	for (size_t i = 0; i < sizeof(bytes); i++)
		EXPECT(bytes[i] == CTOR_BYTE);
	exercise(&driver);
	CHECK(cuMemFree(block));
	return app_end();
}
