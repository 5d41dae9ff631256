/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of entry points, defined in the generated stubs.c: immutable. */
#ifndef SIM_RESOLVE_H
#define SIM_RESOLVE_H

struct sim_symbol {
	const char *base; /* what programs ask for */
	int version; /* from which on it is this one */
	int introduced; /* in which driver the symbol appeared */
	int per_thread;
	int (*address)(void);
};
extern const struct sim_symbol sim_symbols[];

#endif
