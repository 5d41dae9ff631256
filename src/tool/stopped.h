/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layer: tool. Whether a member has been stopped by a signal, as far as /proc shows it here. */
#ifndef AE_TOOL_STOPPED_H
#define AE_TOOL_STOPPED_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * pid is the member's own word for itself: another process has that number where the member lives in
 * another PID namespace. So a process counts only if it has the ledger mapped, as members have. False
 * where that cannot be told.
 */
bool ae_process_is_stopped(pid_t pid, const char *ledger_path);

#endif
