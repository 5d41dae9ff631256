/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. What can be told of a program before it runs. Files only, nothing is executed.
 */
#ifndef AE_TOOL_PROGRAM_H
#define AE_TOOL_PROGRAM_H

/*
 * Why the loader will not preload a library into the program that execvp(3) would run for name: words
 * for "PROGRAM is ...". NULL when it will, or when that cannot be told (a script, say, is run by a
 * program that is not looked at). Where the program lies is in path_out, of PATH_MAX bytes.
 */
const char *ae_program_no_preload(const char *name, char *path_out);

#endif
