/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: shim. `aerostat debug map`: what lies where in a member's pool, written down for the tool. */
#ifndef AE_SHIM_MAP_H
#define AE_SHIM_MAP_H

#include <stdint.h>

#include "shim/device.h"

/*
 * Writes the map into the file that whoever asked for it has made (ae_ledger_map_path). Where that
 * cannot be written to nothing is, and the tool finds it empty.
 */
void ae_map_write(struct ae_device *device, uint64_t map);

#endif
