/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. What `aerostat doctor` checks, one file for each area. Every check prints lines of
 * its own as it goes and changes nothing on the machine.
 */
#ifndef AE_TOOL_DOCTOR_H
#define AE_TOOL_DOCTOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/config.h"

struct ae_doctor {
	struct ae_config config; /* of the environment that is looked at */
	bool sim;
	int failures;
	int warnings;
};

enum ae_verdict {
	AE_VERDICT_OK,
	AE_VERDICT_WARN, /* it works, but perhaps not as meant */
	AE_VERDICT_FAIL, /* it will not work */
};

/* Prints one line, printable whatever was read from outside, and counts. */
void ae_doctor_say(struct ae_doctor *doctor, enum ae_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Runs check in a child and takes over what it counted. A child that crashes, hangs, or is ended by
 * what it loads is a FAIL of its own: "NAME: it crashes (signal 11): ADVICE".
 */
void ae_doctor_in_child(struct ae_doctor *doctor, const char *name, const char *advice,
			int timeout_ms, void (*check)(struct ae_doctor *doctor, void *arg),
			void *arg);

/* Loads doctor->config from envp (NULL: this process's) and says what is wrong with it. */
void ae_doctor_options(struct ae_doctor *doctor, char *const *envp);

/* libaerostat.so: there, of this version, loadable with this C library. */
void ae_doctor_library(struct ae_doctor *doctor);

/* The driver, or the simulated one, and its devices: in a child that may crash. */
void ae_doctor_driver(struct ae_doctor *doctor);

/* Limits, kernel features, LD_PRELOAD, the directory of the ledgers. */
void ae_doctor_system(struct ae_doctor *doctor);

/*
 * The ledgers in root + the configured directory: a line for each, and for each living member. pid:
 * only that member's, 0 for all. Returns how many members were shown.
 */
size_t ae_doctor_ledgers(struct ae_doctor *doctor, const char *root, pid_t pid);

/* One process. Returns the exit status. */
int ae_doctor_pid(pid_t pid);

#endif
