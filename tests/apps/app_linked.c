/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A program that is linked with the driver and calls it by its names. */
#include "exercise.h"

int main(void)
{
	const struct driver driver = {
#define MEMBER(name) .p_##name = name,
		DRIVER_FUNCTIONS(MEMBER)
#undef MEMBER
	};

	/* Calls in the code, and not only pointers in data: a linker treats the two differently. */
	CUdeviceptr block = 0;
	CHECK(cuMemAlloc(&block, 100));
	CHECK(cuInit(0));
	CHECK(cuMemAlloc(&block, 100));
	exercise(&driver);
	return app_end();
}
