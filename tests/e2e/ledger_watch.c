/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looks at a ledger all the time, until its standard input ends: no view may show more than the device
 * has, and none may take long. It sleeps between two, as it shares the processors with who is watched.
 *
 *	ledger_watch LEDGER
 *	ledger_watch LEDGER LEAST      sets limits meanwhile, of a member at random, from LEAST bytes to all;
 *	                               at the end all members have all
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/ledger.h"

static struct ae_ledger_view view;
static char why[512];

static bool is_over(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, 2) != 0;
}

static uint64_t sum_view(void)
{
	uint64_t sum = view.outside;

	for (size_t i = 0; i < view.count; i++)
		sum += view.members[i].claimed;
	return sum;
}

/* Whoever has ended meanwhile is told nothing. */
static void set_limit(const char *path, const struct ae_ledger_member *member, uint64_t limit)
{
	(void)ae_ledger_tell(path, member, AE_LEDGER_SET_LIMIT, limit, why, sizeof(why));
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "";
	uint64_t least = argc > 2 ? strtoull(argv[2], NULL, 0) : 0, most = 0;
	unsigned long views = 0, orders = 0;

	while (!is_over()) {
		if (ae_ledger_read(path, why, sizeof(why), &view) != 0)
			continue; /* nobody has made it yet */
		views++;
		most = sum_view() > most ? sum_view() : most;
		if (sum_view() > view.total) {
			printf("a view shows %llu of %llu bytes\n", (unsigned long long)sum_view(),
			       (unsigned long long)view.total);
			return 1;
		}
		if (least == 0 || view.count == 0 || views % 16 != 0)
			continue;
		set_limit(path, &view.members[(size_t)rand() % view.count],
			  least + (uint64_t)rand() % (view.total - least));
		orders++;
	}
	if (ae_ledger_read(path, why, sizeof(why), &view) != 0) {
		puts(why);
		return 1;
	}
	for (size_t i = 0; i < view.count && least != 0; i++)
		set_limit(path, &view.members[i], view.total);
	printf("%lu views, at most %llu bytes, %lu limits\n", views, (unsigned long long)most,
	       orders);
	return views == 0;
}
