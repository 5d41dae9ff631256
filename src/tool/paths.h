/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: tool. Where the parts of this installation lie: beside the tool in its build tree, or
 * relative to it as installed (also under a DESTDIR or moved as a whole), or in the directories
 * that it was configured with.
 */
#ifndef AE_TOOL_PATHS_H
#define AE_TOOL_PATHS_H

#include <limits.h>
#include <stddef.h>

/*
 * The absolute path of libaerostat.so. 0, or -ENOENT with a line for people in why; path_out, of
 * PATH_MAX bytes, has where it should have been.
 */
int ae_path_library(char path_out[PATH_MAX], char *why, size_t why_size);

/*
 * The directory with the simulated driver's libcuda.so.1, as SIMCUDA_DRIVER in the environment
 * chooses it. 0; -EINVAL: SIMCUDA_DRIVER names no driver; -ENOENT: it is not installed or not built.
 */
int ae_path_simulator(char dir_out[PATH_MAX], char *why, size_t why_size);

#endif
