/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim.h"

#include <string.h>

void sim_device_uuid(int device, unsigned char uuid_out[16])
{
	static const unsigned char base[16] = { 0x51, 0x4d, 0xae, 0x05, 0x7a, 0x77, 0x4e, 0x10,
						0x9d, 0x0c, 0xba, 0x11, 0x00, 0x4f, 0x61, 0x00 };

	memcpy(uuid_out, base, sizeof(base));
	uuid_out[15] = (unsigned char)device;
}
