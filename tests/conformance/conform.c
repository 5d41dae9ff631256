/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The groups, each in a process of its own, and the verdict on each rule. */
#include "conform.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#define GROUP_SECONDS 120

struct group {
	const char *name;
	int since; /* the first driver that has what the group calls */
	bool context;
	void (*run)(void);
};
static const struct group groups[] = {
#define G(name, since, context, function) { name, since, context, function },
#include "groups.def"
#undef G
};

/* Differences that are known, each with its reason. */
struct known {
	enum {
		SIMULATOR,
		GPU,
		PRELOADED,
		PRELOADED_GPU
	} where;
	int since, until;
	const char *name;
	long long got;
	const char *reason;
};
static const struct known known[] = {
#define ALWAYS                                    99999
#define K(where, since, until, name, got, reason) { where, since, until, name, got, reason },
#include "known.def"
#undef K
};

int conform_driver;
bool conform_simulated;
CUcontext conform_context;

/* With "-p": what is preloaded is asked, and it has differences of its own. */
static bool preloaded;

static bool is_where(const struct known *row)
{
	switch (row->where) {
	case SIMULATOR:
		return conform_simulated;
	case GPU:
		return !conform_simulated;
	case PRELOADED_GPU:
		return preloaded && !conform_simulated;
	case PRELOADED:
		break;
	}
	return preloaded;
}

static const struct known *find_known(const char *name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (is_where(&known[i]) && conform_driver >= known[i].since &&
		    conform_driver <= known[i].until && !strcmp(known[i].name, name))
			return &known[i];
	return NULL;
}

void rule(const char *name, long long expected, long long got)
{
	const struct known *listed = find_known(name);

	if (got == expected && listed && listed->where != PRELOADED_GPU)
		printf("differs %s: no longer, but it is listed as known\n", name);
	else if (got == expected)
		printf("ok %s\n", name);
	else if (listed && listed->got == got)
		printf("known %s: expected %lld, got %lld: %s\n", name, expected, got,
		       listed->reason);
	else
		printf("differs %s: expected %lld, got %lld\n", name, expected, got);
	fflush(stdout);
}

void rule_skip(const char *name, const char *reason)
{
	printf("skip %s: %s\n", name, reason);
	fflush(stdout);
}

void conform_need(const char *what, long long code, const char *file, int line)
{
	const char *slash = strrchr(file, '/');

	if (!code)
		return;
	file = slash ? slash + 1 : file;
	printf("differs %s:%d: %s is %lld: the rest of the group was not asked\n", file, line, what,
	       code);
	fflush(stdout);
	_exit(0);
}

const char *conform_name(const char *format, ...)
{
	static char name[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return name;
}

/* In the child. Asking for the version and the name of the device is part of every group but the
 * ones without a context, which may have to begin before cuInit. */
static void run_group(const struct group *group)
{
	char name[100];

	alarm(GROUP_SECONDS);
	NEED(cuDriverGetVersion(&conform_driver));
	if (conform_driver < group->since) {
		rule_skip(group->name, "newer than this driver");
		return;
	}
	if (group->context) {
		NEED(cuInit(0));
		NEED(cuDeviceGetName(name, sizeof(name), 0));
		NEED(cuDevicePrimaryCtxRetain(&conform_context, 0));
		NEED(cuCtxSetCurrent(conform_context));
	}
	group->run();
}

static struct {
	unsigned ok, known, differs, skipped;
} counts;

static void count(const char *line)
{
	if (!strncmp(line, "ok ", 3))
		counts.ok++;
	else if (!strncmp(line, "known ", 6))
		counts.known++;
	else if (!strncmp(line, "skip ", 5))
		counts.skipped++;
	else
		counts.differs++;
}

/* Reads until every writer is gone, so that what a grandchild says is heard too. */
static void listen_to(const struct group *group, int fd, pid_t child)
{
	char line[600], last[600] = "(nothing)\n";
	FILE *stream = fdopen(fd, "r");
	int status;

	while (stream && fgets(line, sizeof(line), stream)) {
		fputs(line, stdout);
		count(line);
		memcpy(last, line, sizeof(last));
	}
	fflush(stdout);
	if (stream)
		fclose(stream);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	counts.differs++;
	printf("differs group %s: %s %d after: %s", group->name,
	       WIFSIGNALED(status) ? "signal" : "exit status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), last);
	fflush(stdout);
}

/* Asked in a process of its own, before the others: the parent has nothing to do with the driver. */
static bool is_simulated(void)
{
	pid_t child = fork();
	char name[100] = "";
	int status;

	if (!child) {
		if (cuInit(0) || cuDeviceGetName(name, sizeof(name), 0))
			_exit(2);
		_exit(strcmp(name, "Simulated CUDA device") != 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) > 1) {
		puts("differs: there is no device, or the driver does not start");
		exit(1);
	}
	return !WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "-p")) {
		preloaded = true;
		argv++;
		argc--;
	}
	conform_simulated = is_simulated();
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++) {
		int ends[2];
		pid_t child;

		if (argc > 1 && strcmp(argv[1], groups[i].name) != 0)
			continue;
		fflush(stdout);
		if (pipe(ends) < 0 || (child = fork()) < 0) {
			perror("conform");
			return 1;
		}
		if (!child) {
			dup2(ends[1], STDOUT_FILENO);
			close(ends[0]);
			close(ends[1]);
			run_group(&groups[i]);
			fflush(stdout);
			_exit(0);
		}
		close(ends[1]);
		listen_to(&groups[i], ends[0], child);
	}
	printf("%u rules: %u ok, %u known to differ, %u differ; %u not asked\n",
	       counts.ok + counts.known + counts.differs, counts.ok, counts.known, counts.differs,
	       counts.skipped);
	return counts.differs || !counts.ok;
}
