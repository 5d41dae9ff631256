/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. Work that may crash or hang, done in a child: what a driver does when it is loaded
 * is not the tool's to suffer.
 */
#ifndef AE_TOOL_CHILD_H
#define AE_TOOL_CHILD_H

/*
 * Runs work(arg) in a forked child, which exits with what it returns, and kills the child when it
 * takes longer than timeout_ms. 0 with the exit status; 128 + N in status when signal N ended it;
 * -ETIMEDOUT; or another negative errno when there could be no child.
 */
int ae_child_run(int (*work)(void *arg), void *arg, int timeout_ms, int *status_out);

#endif
