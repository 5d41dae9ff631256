/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shim/newer.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "shim/process.h"

/* The first function that was asked for and is in no table. */
static char newer[96];
static int newer_state; /* atomic: 0 none, 1 being written, 2 written, 3 said */

/* Not before cuInit: the runtime looks its functions up earlier, when the log is not configured yet. */
void ae_newer_say(void)
{
	int written = 2;

	if (ae_process_serving() != NULL &&
	    __atomic_compare_exchange_n(&newer_state, &written, 3, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED))
		ae_info("%s is newer than this aerostat: it goes to the driver as it is", newer);
}

bool ae_newer_was_seen(void)
{
	return __atomic_load_n(&newer_state, __ATOMIC_ACQUIRE) != 0;
}

void ae_newer_seen(const char *symbol, int version)
{
	int none = 0;

	if (__atomic_compare_exchange_n(&newer_state, &none, 1, false, __ATOMIC_ACQ_REL,
					__ATOMIC_RELAXED)) {
		if (version > 0)
			snprintf(newer, sizeof(newer), "%s, as of CUDA %d.%d,", symbol,
				 version / 1000, version % 1000 / 10);
		else
			snprintf(newer, sizeof(newer), "%s", symbol);
		__atomic_store_n(&newer_state, 2, __ATOMIC_RELEASE);
	}
	ae_newer_say();
}
