/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One list of what a driver answers, run on the simulated driver and on a GPU alike. A rule is one
 * named row: what the documentation or a measurement says, and a call that asks the driver. Rules
 * that do not spoil each other form a group; each group has a process of its own, so that a sticky
 * error, a crash or a hang ends one group and not the list. The parent never calls the driver.
 */
#ifndef CONFORM_H
#define CONFORM_H

#include <cuda.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIB (1024ull)
#define MIB (1024ull * KIB)

/* Names that every driver since 11.0 has, and that the newest headers rename. */
#undef cuDeviceGetUuid
#undef cuEventElapsedTime
CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice dev);
CUresult cuEventElapsedTime(float *pMilliseconds, CUevent hStart, CUevent hEnd);
CUresult cuCtxCreate_v2(CUcontext *pctx, unsigned int flags, CUdevice dev);
CUresult cuGraphInstantiate_v2(CUgraphExec *phGraphExec, CUgraph hGraph, CUgraphNode *phErrorNode,
			       char *logBuffer, size_t bufferSize);

/* Says whether the driver follows the rule: got is what it expected, or a listed difference. */
void rule(const char *name, long long expected, long long got);
#define RULE(name, expected, got) rule(name, (long long)(expected), (long long)(got))

/* A rule that cannot be asked here. */
void rule_skip(const char *name, const char *reason);

/* What the group needs before it can ask: its rules make no sense otherwise. */
#define NEED(call) conform_need(#call, (long long)(call), __FILE__, __LINE__)
void conform_need(const char *what, long long code, const char *file, int line);
#define NEED_TRUE(condition) NEED(!(condition))

/* Rows whose name is put together: the string is good until the next call. */
const char *conform_name(const char *format, ...) __attribute__((format(printf, 1, 2)));

extern int conform_driver; /* as cuDriverGetVersion says */
extern bool conform_simulated;
extern CUcontext conform_context; /* the primary one of device 0, current, where the group asks */

/* A function that the header or the driver may lack, by its exported name. */
void *conform_symbol(const char *name);

/* The properties of device memory that can be exported. */
CUmemAllocationProp conform_prop(void);
/* A reservation with one mapping that device 0 may use; the handle is the caller's. */
CUdeviceptr conform_mapped(size_t bytes, CUmemGenericAllocationHandle *handle_out);
CUresult conform_access(CUdeviceptr address, size_t bytes, unsigned flags);
size_t conform_free_bytes(void);

/* Kernels: words[i] = hash(i, seed), at once or after ns of waiting. */
CUfunction conform_kernel(const char *name);
CUresult conform_fill(CUstream stream, CUdeviceptr words, uint64_t n, uint64_t wait_ns);

/* Runs it in a thread of its own, in the same context, and answers what it answered. */
CUresult conform_thread(CUresult (*function)(void *), void *argument);

/* A host function that keeps its stream busy until conform_go. */
void conform_hold(CUstream stream);
void conform_go(void);

/* The groups: each asks its rules. */
#define G(name, since, context, function) void function(void);
#include "groups.def"
#undef G

#endif
