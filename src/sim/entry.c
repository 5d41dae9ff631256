/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What happens at every entry point before its own work: it is counted (SIMCUDA_TRACE), made to
 * fail where SIMCUDA_FAIL says so, and refused before cuInit and in the forked child of an
 * initialised process. Entries register themselves at their first call, on a list that only grows.
 */
#include "sim.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One comma-separated part of SIMCUDA_FAIL. Immutable after parsing, but for `calls`. */
struct sim_fail_rule {
	char name[64];
	unsigned long first, last;
	int code;
	_Atomic unsigned long calls;
	struct sim_fail_rule *next;
};

static struct sim_entry *_Atomic entries;
static struct sim_fail_rule *rules;
static pthread_once_t rules_once = PTHREAD_ONCE_INIT;
static atomic_bool initialised;
static atomic_bool forked;

static void in_child(void)
{
	/* Counts are the parent's. */
	for (struct sim_entry *entry = atomic_load(&entries); entry; entry = entry->next)
		atomic_store(&entry->calls, 0);
	if (atomic_load(&initialised)) {
		atomic_store(&forked, true);
		sim_budget_forget_in_child();
	}
}

static bool parse_rule(char *text)
{
	struct sim_fail_rule *rule = calloc(1, sizeof(*rule));
	char *colon = strchr(text, ':'), *equals = strchr(text, '='), *end;

	if (!rule || !equals || (colon && colon > equals))
		goto bad;
	*equals = '\0';
	rule->first = 1;
	rule->last = ~0ul;
	if (colon) {
		*colon = '\0';
		if (strcmp(colon + 1, "*") != 0) {
			rule->first = strtoul(colon + 1, &end, 10);
			if (end == colon + 1 || !rule->first)
				goto bad;
			if (strcmp(end, "+") != 0) {
				rule->last = rule->first;
				if (*end)
					goto bad;
			}
		}
	}
	rule->code = (int)strtol(equals + 1, &end, 10);
	if (end == equals + 1 || *end || rule->code <= 0 || !*text ||
	    strlen(text) >= sizeof(rule->name))
		goto bad;
	memcpy(rule->name, text, strlen(text) + 1);
	rule->next = rules;
	rules = rule;
	return true;
bad:
	free(rule);
	return false;
}

static void parse_rules(void)
{
	const char *fail = sim_options()->fail;
	char *copy, *part, *rest;

	pthread_atfork(NULL, NULL, in_child);
	if (!fail || !*fail)
		return;
	copy = strdup(fail);
	for (part = strtok_r(copy, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		char shown[80];

		snprintf(shown, sizeof(shown), "%s", part);
		if (!parse_rule(part))
			sim_warn("simcuda: SIMCUDA_FAIL: \"%s\" is not NAME:N=CODE, ignored",
				 shown);
	}
	free(copy);
}

/* A rule names a symbol, or the name that programs write for it: cuMemAlloc is cuMemAlloc_v2 too. */
static bool rule_matches(const char *rule, const char *symbol)
{
	size_t length = strlen(rule);

	if (strncmp(rule, symbol, length) != 0)
		return false;
	symbol += length;
	if (symbol[0] == '_' && symbol[1] == 'v' && symbol[2] >= '2' && symbol[2] <= '9')
		symbol += 3;
	return !*symbol || strcmp(symbol, "_ptsz") == 0 || strcmp(symbol, "_ptds") == 0;
}

static void enter_first_time(struct sim_entry *entry)
{
	int expected = 0;

	pthread_once(&rules_once, parse_rules);
	if (!atomic_compare_exchange_strong(&entry->known, &expected, 1)) {
		while (atomic_load(&entry->known) != 2)
			sched_yield();
		return;
	}
	for (struct sim_fail_rule *rule = rules; rule; rule = rule->next)
		if (rule_matches(rule->name, entry->name))
			entry->rule = rule;
	struct sim_entry *head = atomic_load(&entries);
	do {
		atomic_store(&entry->next, head);
	} while (!atomic_compare_exchange_weak(&entries, &head, entry));
	atomic_store(&entry->known, 2);
}

CUresult sim_enter_uninitialised(struct sim_entry *entry)
{
	if (atomic_load_explicit(&entry->known, memory_order_acquire) != 2)
		enter_first_time(entry);
	atomic_fetch_add_explicit(&entry->calls, 1, memory_order_relaxed);
	if (entry->rule) {
		unsigned long call = atomic_fetch_add(&entry->rule->calls, 1) + 1;

		if (call >= entry->rule->first && call <= entry->rule->last)
			return (CUresult)entry->rule->code;
	}
	return CUDA_SUCCESS;
}

CUresult sim_enter(struct sim_entry *entry)
{
	CUresult result = sim_enter_uninitialised(entry);

	if (result != CUDA_SUCCESS)
		return result;
	if (!sim_initialised())
		return CUDA_ERROR_NOT_INITIALIZED;
	if (sim_in_callback())
		return CUDA_ERROR_NOT_PERMITTED;
	return CUDA_SUCCESS;
}

CUresult sim_stub(struct sim_entry *entry)
{
	CUresult result = sim_enter(entry);

	return result != CUDA_SUCCESS ? result : CUDA_ERROR_NOT_SUPPORTED;
}

/* The entry points with 32-bit addresses refuse every context made by a newer one. */
CUresult sim_stub_legacy(struct sim_entry *entry)
{
	CUresult result = sim_enter(entry);

	return result != CUDA_SUCCESS ? result : CUDA_ERROR_INVALID_CONTEXT;
}

bool sim_initialised(void)
{
	return atomic_load_explicit(&initialised, memory_order_acquire) &&
	       !atomic_load_explicit(&forked, memory_order_relaxed);
}

void sim_set_initialised(void)
{
	atomic_store(&initialised, true);
}

bool sim_is_forked_child(void)
{
	return atomic_load(&forked);
}

/* The one thing done at exit: a file is appended to. No object of the driver is touched. */
__attribute__((destructor)) static void write_trace(void)
{
	struct sim_entry *entry = atomic_load(&entries);
	int fd;

	if (!entry || !sim_options()->trace)
		return;
	fd = open(sim_options()->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	for (; entry; entry = atomic_load(&entry->next)) {
		char line[128];
		unsigned long calls = atomic_load(&entry->calls);
		int length;

		if (!calls)
			continue;
		length = snprintf(line, sizeof(line), "%d %s %lu\n", (int)getpid(), entry->name,
				  calls);
		if (write(fd, line, (size_t)length) != length)
			break;
	}
	sim_budget_trace(fd);
	close(fd);
}
