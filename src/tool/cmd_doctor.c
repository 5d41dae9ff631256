/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* aerostat doctor: will it work here, and if not why. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "base/parse.h"
#include "tool/child.h"
#include "tool/doctor.h"
#include "tool/tool.h"

#define NAME "doctor"

void ae_doctor_say(struct ae_doctor *doctor, enum ae_verdict verdict, const char *format, ...)
{
	static const char *const names[] = { "ok", "warn", "FAIL" };
	char line[2048];
	va_list args;

	doctor->failures += verdict == AE_VERDICT_FAIL;
	doctor->warnings += verdict == AE_VERDICT_WARN;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	for (char *at = line; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	printf("%-4s  %s\n", names[verdict], line);
	/* What comes next may crash. */
	fflush(stdout);
}

/* What the child tells its parent, in memory that both have. */
struct outcome {
	struct ae_doctor *doctor;
	void (*check)(struct ae_doctor *doctor, void *arg);
	void *arg;
	int failures;
	int warnings;
	bool finished;
};

static int run_check(void *arg)
{
	struct outcome *outcome = arg;
	struct ae_doctor *doctor = outcome->doctor;

	doctor->failures = doctor->warnings = 0;
	outcome->check(doctor, outcome->arg);
	outcome->failures = doctor->failures;
	outcome->warnings = doctor->warnings;
	outcome->finished = true;
	return 0;
}

void ae_doctor_in_child(struct ae_doctor *doctor, const char *name, const char *advice,
			int timeout_ms, void (*check)(struct ae_doctor *doctor, void *arg),
			void *arg)
{
	struct outcome *outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ret, status = 0;

	if (outcome == MAP_FAILED) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "%s: not examined: out of memory", name);
		return;
	}
	*outcome = (struct outcome){ .doctor = doctor, .check = check, .arg = arg };
	ret = ae_child_run(run_check, outcome, timeout_ms, &status);
	if (outcome->finished) {
		doctor->failures += outcome->failures;
		doctor->warnings += outcome->warnings;
	} else if (ret == -ETIMEDOUT) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "%s: no answer within %d s: %s", name,
			      timeout_ms / 1000, advice);
	} else if (ret != 0) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "%s: not examined: %s", name,
			      strerror(-ret));
	} else if (status > 128) {
		ae_doctor_say(doctor, AE_VERDICT_FAIL, "%s: it crashes (signal %d): %s", name,
			      status - 128, advice);
	} else {
		ae_doctor_say(doctor, AE_VERDICT_FAIL,
			      "%s: it ends the process that loads it (exit status %d): %s", name,
			      status, advice);
	}
	munmap(outcome, sizeof(*outcome));
}

static void warn_of_option(void *arg, const char *line)
{
	ae_doctor_say(arg, AE_VERDICT_WARN, "%s", line);
}

void ae_doctor_options(struct ae_doctor *doctor, char *const *envp)
{
	int before = doctor->warnings;

	ae_config_load(envp, &doctor->config, warn_of_option, doctor);
	if (doctor->warnings == before)
		ae_doctor_say(doctor, AE_VERDICT_OK, "AEROSTAT_* variables: well formed");
	if (doctor->config.disable)
		ae_doctor_say(doctor, AE_VERDICT_WARN,
			      "AEROSTAT_DISABLE is set: the library does nothing");
}

static int examine(bool sim)
{
	struct ae_doctor doctor = { .sim = sim };

	ae_doctor_library(&doctor);
	ae_doctor_options(&doctor, NULL);
	ae_doctor_driver(&doctor);
	ae_doctor_system(&doctor);
	ae_doctor_ledgers(&doctor, "", 0);
	if (doctor.failures == 0) {
		printf("It will work here.\n");
		return AE_EXIT_OK;
	}
	printf("It will not work here: see the %s above.\n",
	       doctor.failures == 1 ? "line marked FAIL" : "lines marked FAIL");
	return AE_EXIT_FAILED;
}

static int run_doctor(int argc, char **argv)
{
	const char *pid_text = NULL;
	bool sim = false;
	int64_t pid = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return ae_command_help(&ae_command_doctor, stdout);
		if (strcmp(argv[i], "--sim") == 0)
			sim = true;
		else if (strncmp(argv[i], "--pid=", 6) == 0)
			pid_text = argv[i] + 6;
		else if (strcmp(argv[i], "--pid") == 0 && i + 1 < argc)
			pid_text = argv[++i];
		else if (strcmp(argv[i], "--pid") == 0)
			return ae_usage_error(NAME, "--pid needs a value: --pid=N");
		else if (argv[i][0] == '-')
			return ae_usage_error(NAME, "%s is not an option", argv[i]);
		else
			return ae_usage_error(NAME, "%s: it takes no arguments", argv[i]);
	}
	if (!pid_text)
		return examine(sim);
	if (sim)
		return ae_usage_error(NAME, "--pid and --sim do not go together");
	if (ae_parse_int(pid_text, 1, INT_MAX, &pid) != 0)
		return ae_usage_error(NAME, "--pid: \"%.64s\" is not a process id", pid_text);
	return ae_doctor_pid((pid_t)pid);
}

static void help_doctor(FILE *out)
{
	fprintf(out,
		"Says whether aerostat will work here, and if not why: a line for each check,\n"
		"ok, warn or FAIL, with what to do. Changes nothing. The exit status is 0 when\n"
		"it will work and 1 when not.\n"
		"\n"
		"Options:\n");
	ae_help_row(
		out, "--pid=N",
		"look at the running process N instead: is the library loaded there, and which, "
		"with which options, and what does the ledger say of it");
	ae_help_row(out, "--sim", "try the simulated driver instead of the installed one");
	ae_help_row(out, "--help", "print this help");
	fprintf(out, "\n"
		     "Examples:\n"
		     "  aerostat doctor\n"
		     "  aerostat doctor --pid $(pgrep -of vllm)\n");
}

const struct ae_command ae_command_doctor = {
	.name = NAME,
	.summary = "will it work here, and if not why; or look at one process",
	.synopsis = "[--sim | --pid N]",
	.run = run_doctor,
	.help = help_doctor,
};
