/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: tool. Whether the reserve that a program is to be started with can be met. */
#ifndef AE_TOOL_RESERVE_H
#define AE_TOOL_RESERVE_H

#include <stdbool.h>

/*
 * Looks at AEROSTAT_RESERVE as the program will have it, at the devices that it will see, and at what
 * others use or have reserved of them. 0 when there is none, when one of the devices can meet it, and when
 * that cannot be known (no driver answers): the library decides as the program joins. Otherwise the
 * exit status, after a line with the arithmetic for each device. sim: on the simulated driver.
 */
int ae_reserve_check(bool sim, const char *program);

#endif
