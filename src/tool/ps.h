/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: tool. The two forms of `aerostat ps`. */
#ifndef AE_TOOL_PS_H
#define AE_TOOL_PS_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/ledgers.h"

struct ae_ps {
	struct ae_scope scope;
	bool verbose;
	bool json;
	uint64_t idle_after_ms;
};

/* Each prints all of the ledgers, whose members it sorts. The exit status. */
int ae_ps_table(const struct ae_ps *ps, struct ae_ledgers *ledgers);
int ae_ps_json(const struct ae_ps *ps, struct ae_ledgers *ledgers);

#endif
