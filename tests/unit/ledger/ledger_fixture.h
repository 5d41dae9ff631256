/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the tests of the ledger share: a directory of a test's own, and members that are processes. */
#ifndef LEDGER_FIXTURE_H
#define LEDGER_FIXTURE_H

#include <sys/types.h>

#include "ledger/ledger.h"

#define TOTAL ((uint64_t)80 << 30)

extern const unsigned char fixture_uuid[16];
extern char fixture_root[64]; /* exists, empty, 0700 */
extern char fixture_dir[80]; /* in root; not made yet */
extern char fixture_path[200]; /* where the ledger of group "default" will be */
extern char fixture_why[512]; /* the last sentence */

void fixture_setup(void);
void fixture_teardown(void);

/* Open, or open and join, the ledger in fixture_dir; both fail the test when they fail. */
struct ae_ledger *fixture_open(void);
struct ae_ledger *fixture_join(const char *model);
int fixture_try_join(struct ae_ledger *ledger, const char *model, uint64_t limit);

/* A member that is a process: it claims bytes and waits to be killed. Returns once it has joined. */
pid_t fixture_member(const char *model, uint64_t bytes);
void fixture_kill(pid_t pid);

/* Newer figures than the last. */
void fixture_report(struct ae_ledger *ledger, uint64_t cached, uint64_t blocks, uint64_t chunks);

/* Reads the ledger; fails the test when that fails. Static storage. */
const struct ae_ledger_view *fixture_read(void);

#endif
