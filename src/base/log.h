/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. The log of the preloaded library: one line an event, lower case, to standard error
 * or to AEROSTAT_LOG_FILE, never to standard output.
 *
 * Never allocates, takes no lock, keeps errno: one line is one write(2). Safe from any thread and
 * in the child of a fork; a thread is not cancelled in it.
 */
#ifndef AE_BASE_LOG_H
#define AE_BASE_LOG_H

enum ae_log_level {
	AE_LOG_ERROR,
	AE_LOG_WARN,
	AE_LOG_INFO,
	AE_LOG_DEBUG,
	AE_LOG_TRACE,
};

/*
 * Sets what is written and where. file is a path that is opened for appending, or NULL for
 * standard error. A file that cannot be opened, and what is neither a file nor a character device (a
 * FIFO could make the host wait), is reported on standard error, which then stays in use. Called once, before other threads log; until then level info and standard error hold.
 */
void ae_log_configure(enum ae_log_level level, const char *file);

/* True when a line of this level would be written: for callers whose arguments cost something. */
int ae_log_enabled(enum ae_log_level level);

/* Writes "aerostat[PID]: " and the line. Lines longer than 1,000 bytes are cut. */
void ae_log(enum ae_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ae_error(...) ae_log(AE_LOG_ERROR, __VA_ARGS__)
#define ae_warn(...)  ae_log(AE_LOG_WARN, __VA_ARGS__)
#define ae_info(...)  ae_log(AE_LOG_INFO, __VA_ARGS__)
#define ae_debug(...)                                      \
	do {                                               \
		if (ae_log_enabled(AE_LOG_DEBUG))          \
			ae_log(AE_LOG_DEBUG, __VA_ARGS__); \
	} while (0)

#endif
