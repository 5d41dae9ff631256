/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Worlds of random members that share a device, over simulated minutes: they allocate, free, work,
 * rest, comply late, pin what they have, join, and die while they wait or hold. Every answer of the
 * policy is checked against the oracle, the sums after every step; and everybody who waits is served
 * in time. Then states in which everybody waits: nobody does for ever.
 *
 * AEROSTAT_TEST_WORLDS and AEROSTAT_TEST_SEED (or the first and second argument) set number and seed;
 * both are printed with a failure, and repeat it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy_oracle.h"

#define MiB          (UINT64_C(1) << 20)
#define GiB          (1024 * MiB)
#define CAPACITY     (80 * GiB)
#define MS           INT64_C(1000000)
#define TICK         (20 * MS)
#define TICKS        4000
#define IDLE_AFTER   (2000 * MS)
#define COMPLY_MOST  (400 * MS)
#define ASK_MOST     (100 * MS)
#define PINNED_MOST  (3000 * MS)
#define WORK_MOST    (8000 * MS)
#define MEMBERS_MOST 40
#define MODELS       24
#define STALLED      200 /* such states for each world */
#define GARBAGE      2000

/* What the policy does not see of a member. */
struct process {
	int64_t work_ns; /* of GPU work, left to do */
	int64_t pinned_until;
	uint64_t ask_trim, ask_evict, floor; /* what is asked of it: to come down to floor */
	int64_t comply_at;
	int64_t ask_at; /* while it waits: when it looks again */
	int64_t serve_by;
};

static struct ae_policy_view view;
static struct process processes[AE_POLICY_MEMBERS];
static uint64_t limits[MODELS], reserves[MODELS];
static bool priorities, pinning, draining;
static size_t members_most;
static uint64_t seed, random_state, world, turn;
static uint64_t count_grants, count_waits, count_nevers, count_evictions, count_served;
static int64_t longest_ns;

static uint64_t random64(void)
{
	uint64_t x = random_state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t pick(uint64_t below)
{
	return random64() % below;
}

static bool one_in(uint64_t n)
{
	return pick(n) == 0;
}

static void fail(const char *what)
{
	fprintf(stderr, "policy_sim: %s (seed %" PRIu64 ", world %" PRIu64 ", at %" PRId64 " ms)\n",
		what, seed, world, view.now_ns / MS);
	exit(1);
}

#define require(condition)                \
	do {                              \
		if (!(condition))         \
			fail(#condition); \
	} while (0)

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void decide(size_t member, uint64_t bytes, bool restore, struct ae_policy_plan *plan_out)
{
	struct ae_policy_request request = { .member = member, .bytes = bytes, .restore = restore };
	const char *wrong;

	ae_policy_decide(&view, &request, plan_out);
	wrong = oracle_check(&view, &request, plan_out);
	if (wrong)
		fail(wrong);
	count_grants += plan_out->verdict == AE_POLICY_GRANT;
	count_waits += plan_out->verdict == AE_POLICY_WAIT;
	count_nevers += plan_out->verdict == AE_POLICY_NEVER;
}

static void give(size_t i, uint64_t trimmed, uint64_t evicted)
{
	struct ae_policy_member *member = &view.members[i];

	require(trimmed <= member->cached && evicted <= member->claimed - member->cached);
	member->cached -= trimmed;
	member->claimed -= trimmed + evicted;
	member->away += evicted;
	count_evictions += evicted > 0;
}

static void set_evictable(size_t i)
{
	struct ae_policy_member *member = &view.members[i];
	bool pinned = processes[i].pinned_until > view.now_ns;

	member->evictable = pinned ? 0 : member->claimed - member->cached;
}

/*
 * The latest time at which a new waiter of equal priority is served, where all can be evicted: each one
 * before it, and it, may have to wait until the last restored has had its time, and for who complies.
 */
static int64_t serve_by(size_t i)
{
	int64_t slice = view.quantum_ns + (int64_t)(CAPACITY / MiB) * view.cooling_ns_per_mib +
			COMPLY_MOST + 2 * ASK_MOST + 4 * TICK;
	int64_t before = 0;

	for (size_t j = 0; j < view.count; j++)
		before += oracle_is_before(&view, j, i);
	return view.now_ns + (before + 1) * slice;
}

static void stop_waiting(size_t i)
{
	view.members[i].wait_bytes = 0;
	view.members[i].wait_restore = false;
}

static void post_asks(const struct ae_policy_plan *plan)
{
	for (size_t i = 0; i < view.count; i++) {
		struct process *process = &processes[i];
		uint64_t asked = plan->trim[i] + plan->evict[i];

		if (!asked)
			continue;
		if (!process->ask_trim && !process->ask_evict) {
			process->floor = UINT64_MAX;
			process->comply_at = view.now_ns + (int64_t)pick(COMPLY_MOST);
		}
		process->floor = smaller(process->floor, view.members[i].claimed - asked);
		if (process->ask_trim < plan->trim[i])
			process->ask_trim = plan->trim[i];
		if (process->ask_evict < plan->evict[i])
			process->ask_evict = plan->evict[i];
	}
}

static void comply(size_t i)
{
	struct ae_policy_member *member = &view.members[i];
	struct process *process = &processes[i];
	uint64_t most, trimmed;

	if ((!process->ask_trim && !process->ask_evict) || view.now_ns < process->comply_at)
		return;
	most = member->claimed - smaller(member->claimed, process->floor);
	trimmed = smaller(smaller(process->ask_trim, member->cached), most);
	give(i, trimmed, smaller(smaller(process->ask_evict, member->evictable), most - trimmed));
	process->ask_trim = process->ask_evict = 0;
	set_evictable(i);
}

/* Asks for bytes until they are granted or refused, own cache trimmed as told; false: it waits. */
static bool ask(size_t i, uint64_t bytes, bool restore)
{
	struct ae_policy_member *member = &view.members[i];
	struct ae_policy_plan plan;

	decide(i, bytes, restore, &plan);
	while (plan.verdict == AE_POLICY_WAIT && plan.trim[i]) {
		give(i, plan.trim[i], 0);
		decide(i, bytes, restore, &plan);
	}
	if (plan.verdict == AE_POLICY_WAIT) {
		post_asks(&plan);
		return false;
	}
	if (plan.verdict == AE_POLICY_GRANT) {
		member->claimed += bytes;
		if (restore) {
			member->away -= bytes;
			member->moved = bytes;
			member->resident_ns = view.now_ns;
		}
		set_evictable(i);
	} else if (restore) {
		processes[i].work_ns = 0;
	}
	return true;
}

static void request(size_t i, uint64_t bytes, bool restore)
{
	struct ae_policy_member *member = &view.members[i];
	bool fits;

	if (!bytes || ask(i, bytes, restore))
		return;
	fits = oracle_fits(&view, &(struct ae_policy_request){ i, bytes, restore });
	require(fits); /* the capacity never changes here */
	processes[i].serve_by = serve_by(i);
	processes[i].ask_at = view.now_ns + (int64_t)pick(ASK_MOST);
	member->wait_bytes = bytes;
	member->wait_restore = restore;
	member->wait_turn = ++turn;
}

static void wait_on(size_t i)
{
	struct ae_policy_member *member = &view.members[i];

	/* What is evicted meanwhile is wanted back too: all in one piece. */
	if (member->wait_restore)
		member->wait_bytes = member->away;
	if (view.now_ns < processes[i].ask_at)
		return;
	processes[i].ask_at = view.now_ns + (int64_t)pick(ASK_MOST);
	if (ask(i, member->wait_bytes, member->wait_restore)) {
		stop_waiting(i);
		count_served++;
	} else if (!priorities && !pinning) {
		require(view.now_ns <= processes[i].serve_by);
	}
}

/* What a server does by itself. */
static void act(size_t i)
{
	struct ae_policy_member *member = &view.members[i];
	struct process *process = &processes[i];
	uint64_t live = member->claimed - member->cached, bytes = live ? pick(live + 1) : 0;

	switch (pick(100)) {
	case 0:
	case 1:
		if (one_in(100))
			request(i, UINT64_MAX - pick(CAPACITY), false);
		else
			request(i, pick(one_in(4) ? CAPACITY : 8 * GiB), false);
		break;
	case 2: /* frees into its cache */
		member->cached += one_in(4) ? bytes : bytes / 8;
		break;
	case 3: /* and out of it */
		member->cached -= member->cached ? pick(member->cached + 1) : 0;
		break;
	case 4: /* gives back by itself */
		if (one_in(4))
			give(i, member->cached, 0);
		break;
	case 5: /* also while evicted */
		member->away -= one_in(8) && member->away ? pick(member->away + 1) : 0;
		break;
	case 6:
	case 7:
		process->work_ns = (int64_t)pick(WORK_MOST);
		break;
	case 8:
		if (pinning && one_in(4))
			process->pinned_until = view.now_ns + (int64_t)pick(PINNED_MOST);
		break;
	}
	set_evictable(i);
}

static void work(size_t i)
{
	struct ae_policy_member *member = &view.members[i];
	struct process *process = &processes[i];

	if (process->work_ns > 0 && member->away) {
		request(i, member->away, true);
	} else if (process->work_ns > 0) {
		process->work_ns -= TICK;
		member->active_ns = view.now_ns;
	}
	member->busy = view.now_ns - member->active_ns < IDLE_AFTER;
}

/* A reserve is taken on only if all that is promised can then still be kept. */
static bool may_reserve(size_t i)
{
	if (oracle_used(&view) > CAPACITY)
		return false;
	for (size_t j = 0; j < view.count; j++) {
		if (view.members[j].model != view.members[i].model &&
		    oracle_footprint(&view, j) > oracle_room(&view, j))
			return false;
	}
	return true;
}

static void join(void)
{
	size_t i = view.count++;
	uint32_t model = (uint32_t)pick(MODELS);
	struct ae_policy_member *member = &view.members[i];

	*member = (struct ae_policy_member){ .model = model,
					     .priority = priorities ? (int32_t)pick(21) - 10 : 0,
					     .limit = limits[model],
					     .reserve = reserves[model],
					     .active_ns = view.now_ns - IDLE_AFTER,
					     .resident_ns = view.now_ns };
	processes[i] = (struct process){ 0 };
	if (!may_reserve(i))
		member->reserve = 0;
}

static void leave(size_t i)
{
	view.count--;
	view.members[i] = view.members[view.count];
	processes[i] = processes[view.count];
}

static void check_sums(void)
{
	require(oracle_used(&view) <= CAPACITY);
	for (size_t i = 0; i < view.count; i++) {
		require(view.members[i].cached <= view.members[i].claimed);
		if (view.now_ns / TICK % 16)
			continue;
		require(oracle_footprint(&view, i) <= oracle_room(&view, i));
		require(oracle_footprint(&view, i) <= limits[view.members[i].model]);
	}
}

static void take_tick(void)
{
	view.now_ns += TICK;
	if (!draining && view.count < members_most && one_in(view.count < 3 ? 10 : 100))
		join();
	if (!draining && view.count && one_in(400))
		leave(pick(view.count));
	for (size_t n = view.count, first = n ? pick(n) : 0; n-- > 0;) {
		size_t i = (first + n) % view.count;

		set_evictable(i);
		comply(i);
		if (view.members[i].wait_bytes) {
			wait_on(i);
			view.members[i].busy = view.now_ns - view.members[i].active_ns < IDLE_AFTER;
			continue;
		}
		work(i);
		if (!draining && !view.members[i].wait_bytes)
			act(i);
	}
	check_sums();
}

static size_t count_waiting(void)
{
	size_t waiting = 0;

	for (size_t i = 0; i < view.count; i++)
		waiting += view.members[i].wait_bytes > 0;
	return waiting;
}

static void run_world(void)
{
	int64_t end;

	memset(&view, 0, sizeof(view));
	view.capacity = CAPACITY;
	view.now_ns = (int64_t)pick(1000000) * MS;
	view.quantum_ns = (int64_t)pick(3000) * MS;
	view.cooling_ns_per_mib = (int64_t)pick(50000);
	priorities = world % 4 == 1 || world % 4 == 3;
	pinning = world % 4 >= 2;
	draining = false;
	members_most = 2 + pick(MEMBERS_MOST - 1);
	for (size_t i = 0; i < MODELS; i++) {
		limits[i] = one_in(4) ? 1 + pick(CAPACITY) : UINT64_MAX;
		reserves[i] = one_in(4) ? pick(CAPACITY / 4) : 0;
	}
	for (int tick = 0; tick < TICKS; tick++)
		take_tick();

	/* Nobody wants anything new: those who wait are served, whatever their priority. */
	draining = true;
	end = view.now_ns;
	for (size_t i = 0; i < view.count; i++)
		processes[i].work_ns = 0;
	while (count_waiting()) {
		require(view.now_ns - end < 4000 * 1000 * MS);
		take_tick();
	}
	if (longest_ns < view.now_ns - end)
		longest_ns = view.now_ns - end;
}

/* One round of a stalled world: everybody who waits asks, everybody who is asked complies. */
static int64_t take_round(size_t *served_out)
{
	int64_t again = INT64_MAX;

	for (size_t n = view.count, first = pick(n); n-- > 0;) {
		size_t i = (first + n) % view.count;
		struct ae_policy_member *member = &view.members[i];
		struct ae_policy_plan plan;

		if (member->wait_restore)
			member->wait_bytes = member->away;
		if (!member->wait_bytes)
			continue;
		decide(i, member->wait_bytes, member->wait_restore, &plan);
		for (size_t j = 0; j < view.count; j++) {
			give(j, plan.trim[j], plan.evict[j]);
			set_evictable(j);
		}
		if (again > plan.again_ns)
			again = plan.again_ns;
		if (plan.verdict == AE_POLICY_WAIT)
			continue;
		if (plan.verdict == AE_POLICY_GRANT) {
			member->claimed += member->wait_bytes;
			member->away -= member->wait_restore ? member->wait_bytes : 0;
			set_evictable(i);
		}
		stop_waiting(i);
		++*served_out;
	}
	return again;
}

static size_t find_first(void)
{
	size_t first = view.count;

	for (size_t i = 0; i < view.count; i++) {
		if (view.members[i].wait_bytes &&
		    (first == view.count || oracle_is_before(&view, i, first)))
			first = i;
	}
	return first;
}

/*
 * Everybody waits, holds what the others wait for, and nothing else happens. The first in line is
 * served after at most: a round to ask the idle, one for each quantum that ends, one to ask the busy,
 * and one to be granted.
 */
static void run_stalled(void)
{
	memset(&view, 0, sizeof(view));
	view.capacity = CAPACITY;
	view.now_ns = 1000000 * MS;
	view.quantum_ns = (int64_t)pick(3000) * MS;
	view.cooling_ns_per_mib = (int64_t)pick(50000);
	memset(processes, 0, sizeof(processes));
	priorities = one_in(2);
	for (size_t n = 2 + pick(MEMBERS_MOST - 1); n-- > 0;) {
		struct ae_policy_member *member = &view.members[view.count++];
		uint64_t left;

		*member = (struct ae_policy_member){
			.model = (uint32_t)(one_in(4) ? pick(MODELS) : MODELS + view.count),
			.priority = priorities ? (int32_t)pick(21) - 10 : 0,
			.limit = one_in(4) ? pick(CAPACITY) : UINT64_MAX,
			.reserve = one_in(4) ? pick(CAPACITY / 8) : 0,
			.away = one_in(2) ? pick(20 * GiB) : 0,
			/* A busy member of a higher priority may rightly hold up one that waits for ever. */
			.busy = !priorities && one_in(2),
			.active_ns = view.now_ns - (int64_t)pick(20000) * MS,
			.resident_ns = view.now_ns - (int64_t)pick(20000) * MS,
			.moved = pick(CAPACITY),
			.wait_turn = pick(2) ? 1000 + view.count : 1000 - view.count,
		};
		if (!may_reserve(view.count - 1))
			member->reserve = 0;
		if (oracle_used(&view) > CAPACITY)
			member->limit = UINT64_MAX;
		left = CAPACITY - (uint64_t)oracle_used(&view);
		member->claimed = one_in(3) ? left : pick(left + 1);
		member->cached = one_in(3) && member->claimed ? pick(member->claimed) : 0;
		set_evictable(view.count - 1);
		/* Nothing more than could be restored has been admitted. */
		if (oracle_footprint(&view, view.count - 1) > oracle_room(&view, view.count - 1))
			member->away = 0;
		member->wait_restore = member->away && one_in(2);
		member->wait_bytes = member->wait_restore ? member->away : pick(40 * GiB);
	}
	for (size_t first; (first = find_first()) < view.count;) {
		size_t rounds = 0, served = 0;
		struct ae_policy_request waiting = oracle_waiting(&view, first);

		if (!oracle_fits(&view, &waiting)) {
			stop_waiting(first);
			continue;
		}
		while (view.members[first].wait_bytes) {
			int64_t again = take_round(&served);

			require(rounds++ < 3 + view.count);
			if (view.members[first].wait_bytes && again != INT64_MAX)
				view.now_ns = again;
		}
	}
}

/* Whatever the fields say. */
static void run_garbage(void)
{
	struct ae_policy_request any = { .member = pick(300), .restore = one_in(2) };
	struct ae_policy_plan plan;
	const char *wrong;
	bool gentle = one_in(2);

	for (size_t at = 0; at < sizeof(view) / sizeof(uint64_t); at++)
		((uint64_t *)&view)[at] = random64() >> (one_in(3) ? 0 : pick(64));
	view.count = pick(8) ? pick(AE_POLICY_MEMBERS + 1) : pick(300);
	any.bytes = random64() >> pick(64);
	for (size_t i = 0; i < AE_POLICY_MEMBERS; i++) {
		struct ae_policy_member *member = &view.members[i];

		/* The one thing that a reader cannot get wrong. */
		member->busy = one_in(2);
		member->wait_restore = one_in(2);
		member->model %= one_in(2) ? MODELS : UINT32_MAX;
		if (!gentle)
			continue;
		/* So that something is granted now and then. */
		member->claimed >>= 24;
		member->wait_bytes >>= one_in(32) ? 24 : 64 - 1;
		member->reserve = 0;
		member->limit = UINT64_MAX;
	}
	ae_policy_decide(&view, &any, &plan);
	wrong = oracle_check_safe(&view, &any, &plan);
	if (wrong)
		fail(wrong);
	count_grants += plan.verdict == AE_POLICY_GRANT;
}

static uint64_t setting(const char *name, const char *argument, uint64_t preset)
{
	const char *text = argument ? argument : getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : preset;
}

int main(int argc, char **argv)
{
	uint64_t worlds = setting("AEROSTAT_TEST_WORLDS", argc > 1 ? argv[1] : NULL, 4);
	uint64_t garbage_grants;

	seed = setting("AEROSTAT_TEST_SEED", argc > 2 ? argv[2] : NULL, 1);
	random_state = seed;
	for (world = 0; world < worlds; world++) {
		run_world();
		for (int i = 0; i < STALLED; i++)
			run_stalled();
	}
	printf("policy_sim: seed %" PRIu64 ", %" PRIu64 " worlds: %" PRIu64 " granted, %" PRIu64
	       " told to wait, %" PRIu64 " refused, %" PRIu64 " evictions; %" PRIu64
	       " waited and were served, the last %" PRId64 " ms after all else had stopped\n",
	       seed, worlds, count_grants, count_waits, count_nevers, count_evictions, count_served,
	       longest_ns / MS);
	garbage_grants = count_grants;
	for (uint64_t i = 0; i < worlds * GARBAGE; i++)
		run_garbage();
	garbage_grants = count_grants - garbage_grants;
	printf("policy_sim: %" PRIu64 " views of garbage, %" PRIu64 " granted\n", worlds * GARBAGE,
	       garbage_grants);
	return 0;
}
