/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rules of co-location, one by one, on a device of 80 GiB and with a clock that stands still. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/policy.h"

#define G      (UINT64_C(1) << 30)
#define SECOND INT64_C(1000000000)
#define NOW    (1000 * SECOND)

static struct ae_policy_view view;
static struct ae_policy_plan plan;

static void setup(void)
{
	memset(&view, 0, sizeof(view));
	view.capacity = 80 * G;
	view.now_ns = NOW;
	view.quantum_ns = 2 * SECOND;
	view.cooling_ns_per_mib = SECOND / 1024; /* a second for each GiB or so */
}

/* An idle member with these GiB, all of them evictable, in a model of its own. */
static struct ae_policy_member *add(uint64_t claimed)
{
	struct ae_policy_member *member = &view.members[view.count];

	*member = (struct ae_policy_member){ .model = (uint32_t)view.count++,
					     .claimed = claimed * G,
					     .evictable = claimed * G,
					     .limit = UINT64_MAX,
					     .active_ns = NOW - 60 * SECOND };
	return member;
}

static struct ae_policy_member *add_busy(uint64_t claimed)
{
	struct ae_policy_member *member = add(claimed);

	member->busy = true;
	member->active_ns = NOW;
	return member;
}

static struct ae_policy_member *add_waiter(uint64_t claimed, uint64_t wait, uint64_t turn)
{
	struct ae_policy_member *member = add(claimed);

	member->wait_bytes = wait * G;
	member->wait_turn = turn;
	return member;
}

static void set_cached(struct ae_policy_member *member, uint64_t cached)
{
	member->cached = cached * G;
	member->evictable = member->claimed - member->cached;
}

static enum ae_policy_verdict decide(const struct ae_policy_member *member, uint64_t bytes,
				     bool restore)
{
	struct ae_policy_request request = { .member = (size_t)(member - view.members),
					     .bytes = bytes,
					     .restore = restore };

	memset(&plan, 0xa5, sizeof(plan));
	ae_policy_decide(&view, &request, &plan);
	if (plan.verdict == AE_POLICY_WAIT)
		return plan.verdict;
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	for (size_t i = 0; i < AE_POLICY_MEMBERS; i++)
		ck_assert(plan.trim[i] == 0 && plan.evict[i] == 0);
	return plan.verdict;
}

static enum ae_policy_verdict alloc(const struct ae_policy_member *member, uint64_t gib)
{
	return decide(member, gib * G, false);
}

static enum ae_policy_verdict restore(const struct ae_policy_member *member, uint64_t gib)
{
	return decide(member, gib * G, true);
}

/* GiB to be asked of a member. */
static uint64_t trim(const struct ae_policy_member *member)
{
	return plan.trim[member - view.members] / G;
}

static uint64_t evict(const struct ae_policy_member *member)
{
	return plan.evict[member - view.members] / G;
}

static uint64_t asked(void)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < AE_POLICY_MEMBERS; i++)
		bytes += plan.trim[i] + plan.evict[i];
	return bytes / G;
}

START_TEST(what_is_free_is_granted)
{
	struct ae_policy_member *a = add_busy(30), *b = add_busy(40);

	ck_assert_int_eq(alloc(a, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(b, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(decide(a, 10 * G + 1, false), AE_POLICY_WAIT);
	view.capacity += 1;
	ck_assert_int_eq(decide(a, 10 * G + 1, false), AE_POLICY_GRANT);
	ck_assert_int_eq(decide(a, 0, false), AE_POLICY_GRANT);
}
END_TEST

START_TEST(over_the_limit_is_never)
{
	struct ae_policy_member *a = add(20), *b = add(10), *other = add(10);

	b->model = a->model; /* the sum of both counts, and the stricter word of both */
	a->limit = 40 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(b, 11), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(other, 11), AE_POLICY_GRANT);

	/* What is evicted is the model's still; a restore brings back no more than that. */
	b->claimed = b->evictable = 0;
	b->away = 10 * G;
	ck_assert_int_eq(alloc(a, 11), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(restore(b, 10), AE_POLICY_GRANT);
	a->limit = 25 * G; /* lowered since */
	ck_assert_int_eq(restore(b, 10), AE_POLICY_NEVER);
}
END_TEST

START_TEST(caches_count_for_the_limit_until_they_are_trimmed)
{
	struct ae_policy_member *a = add(20), *b = add(10), *other = add(10);

	b->model = a->model;
	a->limit = b->limit = 32 * G;
	set_cached(a, 1);
	set_cached(b, 5);
	set_cached(other, 5);
	ck_assert_int_eq(alloc(a, 2), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 3), AE_POLICY_WAIT); /* the own first */
	ck_assert(trim(a) == 1 && asked() == 1);
	ck_assert_int_eq(alloc(a, 6), AE_POLICY_WAIT);
	ck_assert(trim(a) == 1 && trim(b) == 3 && asked() == 4);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	ck_assert_int_eq(alloc(a, 8), AE_POLICY_WAIT);
	ck_assert(trim(a) == 1 && trim(b) == 5 && asked() == 6);
	ck_assert_int_eq(alloc(a, 9), AE_POLICY_NEVER);
}
END_TEST

START_TEST(more_than_can_ever_be_had_is_never)
{
	struct ae_policy_member *a = add(10), *b = add(5);

	ck_assert_int_eq(alloc(a, 71), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 70), AE_POLICY_WAIT);
	ck_assert(evict(b) == 5);
	b->reserve = 20 * G;
	ck_assert_int_eq(alloc(a, 51), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 50), AE_POLICY_GRANT);
	ck_assert_int_eq(decide(a, UINT64_MAX, false), AE_POLICY_NEVER);
	/* A reserve is no more than its model may have. */
	b->limit = 5 * G;
	ck_assert_int_eq(alloc(a, 65), AE_POLICY_GRANT);
	/* The own cache can be trimmed, so it is nobody's never. */
	a->claimed = 30 * G;
	set_cached(a, 25);
	ck_assert_int_eq(alloc(a, 70), AE_POLICY_WAIT);
	ck_assert(trim(a) == 25 && asked() == 25);
	ck_assert_int_eq(alloc(a, 71), AE_POLICY_NEVER);
}
END_TEST

START_TEST(admitted_is_what_could_be_restored_alone)
{
	struct ae_policy_member *a = add(10), *b = add(5);

	a->away = 40 * G;
	ck_assert_int_eq(alloc(a, 30), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 31), AE_POLICY_NEVER);
	b->model = a->model;
	ck_assert_int_eq(alloc(b, 26), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(b, 25), AE_POLICY_GRANT);
	b->model++;
	b->reserve = 10 * G;
	ck_assert_int_eq(alloc(a, 21), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 20), AE_POLICY_GRANT);
	/* A restore is within what was admitted. When a process outside has the memory: it waits. */
	ck_assert_int_eq(restore(a, 40), AE_POLICY_GRANT);
	view.capacity = 55 * G;
	ck_assert_int_eq(restore(a, 40), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
}
END_TEST

/* What is in a cache is used again without a word: it may not be more than could be restored alone. */
START_TEST(caches_count_for_admission_until_they_are_trimmed)
{
	struct ae_policy_member *a = add(30), *b = add(10), *c = add(5);

	b->model = a->model;
	set_cached(a, 4);
	set_cached(b, 4);
	a->away = 20 * G;
	c->reserve = 10 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 11), AE_POLICY_WAIT); /* though 30 are free */
	ck_assert(trim(a) == 1 && asked() == 1);
	ck_assert_int_eq(alloc(a, 18), AE_POLICY_WAIT);
	ck_assert(trim(a) == 4 && trim(b) == 4 && asked() == 8);
	ck_assert_int_eq(alloc(a, 19), AE_POLICY_NEVER);
	ck_assert_int_eq(restore(a, 20), AE_POLICY_GRANT);
}
END_TEST

START_TEST(pinned_peers_are_waited_for)
{
	struct ae_policy_member *a = add(10), *b = add(60);

	b->evictable = 0;
	ck_assert_int_eq(alloc(a, 20), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	/* And nobody gives up anything for what would not be enough. */
	set_cached(b, 3);
	b->evictable = 6 * G;
	ck_assert_int_eq(alloc(a, 20), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	b->evictable = 7 * G;
	ck_assert_int_eq(alloc(a, 20), AE_POLICY_WAIT);
	ck_assert(trim(b) == 3 && evict(b) == 7);
}
END_TEST

START_TEST(caches_come_first)
{
	struct ae_policy_member *a = add_busy(20), *busy = add_busy(20), *recent = add(20),
				*old = add(20);

	recent->active_ns = NOW - 10 * SECOND;
	set_cached(a, 2);
	set_cached(busy, 2);
	set_cached(recent, 2);
	set_cached(old, 2);
	ck_assert_int_eq(alloc(a, 1), AE_POLICY_WAIT);
	ck_assert(trim(a) == 1 && asked() == 1);
	ck_assert_int_eq(alloc(a, 3), AE_POLICY_WAIT);
	ck_assert(trim(a) == 2 && trim(old) == 1 && asked() == 3);
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_WAIT);
	ck_assert(trim(a) == 2 && trim(old) == 2 && trim(recent) == 1 && asked() == 5);
	ck_assert_int_eq(alloc(a, 8), AE_POLICY_WAIT);
	ck_assert(trim(a) == 2 && trim(old) == 2 && trim(recent) == 2 && trim(busy) == 2);
	ck_assert_uint_eq(asked(), 8);
	ck_assert_int_eq(alloc(a, 11), AE_POLICY_WAIT);
	ck_assert(trim(busy) == 2 && evict(old) == 3 && asked() == 11);
	old->priority = 1;
	ck_assert_int_eq(alloc(a, 3), AE_POLICY_WAIT);
	ck_assert(trim(a) == 2 && trim(recent) == 1 && asked() == 3);
}
END_TEST

START_TEST(the_idle_go_before_the_busy)
{
	struct ae_policy_member *a = add(0), *busy = add_busy(40), *recent = add(20),
				*old = add(20);

	busy->priority = -10;
	recent->active_ns = NOW - 10 * SECOND;
	ck_assert_int_eq(alloc(a, 15), AE_POLICY_WAIT);
	ck_assert(evict(old) == 15 && asked() == 15);
	ck_assert_int_eq(alloc(a, 25), AE_POLICY_WAIT);
	ck_assert(evict(old) == 20 && evict(recent) == 5 && asked() == 25);
	ck_assert_int_eq(alloc(a, 45), AE_POLICY_WAIT);
	ck_assert(evict(old) == 20 && evict(recent) == 20 && evict(busy) == 5 && asked() == 45);
	recent->priority = -1; /* what is dearer to the user stays, though unused for longer */
	ck_assert_int_eq(alloc(a, 15), AE_POLICY_WAIT);
	ck_assert(evict(recent) == 15 && asked() == 15);
	/* An idle member gives to a lower priority too. */
	old->priority = recent->priority = 10;
	a->priority = -10;
	ck_assert_int_eq(alloc(a, 25), AE_POLICY_WAIT);
	ck_assert(evict(old) == 20 && evict(recent) == 5 && asked() == 25);
}
END_TEST

START_TEST(the_busy_have_their_quantum)
{
	struct ae_policy_member *a = add(0), *b = add_busy(80);

	b->resident_ns = NOW - 2 * SECOND + 1;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(plan.again_ns, NOW + 1);
	view.now_ns = plan.again_ns;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
}
END_TEST

/* Time brings nothing from whom nothing may be asked. */
START_TEST(only_a_time_that_brings_something_is_told)
{
	struct ae_policy_member *a = add(0), *sibling = add_busy(10), *reserved = add_busy(10),
				*first = add_waiter(10, 1, 1), *later = add_busy(50);

	sibling->model = a->model;
	reserved->reserve = 10 * G;
	first->busy = true;
	sibling->resident_ns = reserved->resident_ns = first->resident_ns = NOW - 1;
	later->resident_ns = NOW;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(plan.again_ns, NOW + 2 * SECOND);
	later->evictable = 0;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
}
END_TEST

START_TEST(times_that_are_none)
{
	struct ae_policy_member *a = add(0), *b = add_busy(80);

	b->resident_ns = NOW;
	b->moved = G;
	view.quantum_ns = -SECOND; /* none, which takes nothing off the cooling-off */
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns, NOW + 1024 * view.cooling_ns_per_mib);
	view.quantum_ns = 2 * SECOND;
	b->moved = UINT64_MAX;
	view.cooling_ns_per_mib = INT64_MAX;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	view.cooling_ns_per_mib = INT64_MIN;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns, NOW + 2 * SECOND);
	view.quantum_ns = INT64_MAX;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	view.quantum_ns = INT64_MIN;
	b->resident_ns = NOW + 1;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
	view.now_ns = INT64_MIN;
	b->resident_ns = INT64_MAX;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
	view.now_ns = INT64_MAX;
	b->resident_ns = INT64_MIN;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
}
END_TEST

START_TEST(cooling_off_grows_with_what_was_moved)
{
	struct ae_policy_member *a = add(0), *b = add_busy(80);

	b->resident_ns = NOW - 10 * SECOND;
	b->moved = 16 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(plan.again_ns,
			 b->resident_ns + 2 * SECOND + 16 * 1024 * view.cooling_ns_per_mib);
	b->moved = 4 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
	/* No restore moves more than the device holds, whatever is said. */
	b->moved = UINT64_MAX;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns,
			 b->resident_ns + 2 * SECOND + 80 * 1024 * view.cooling_ns_per_mib);
	/* The idle have had what they wanted. */
	b->busy = false;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
}
END_TEST

START_TEST(restored_and_not_used_yet_is_left_alone)
{
	struct ae_policy_member *a = add(0), *b = add(60), *c = add(20);

	b->active_ns = NOW - 300 * SECOND; /* long before c, but it was woken a moment ago */
	b->resident_ns = NOW - SECOND;
	b->priority = 1;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(c) == 10 && asked() == 10);
	ck_assert_int_eq(alloc(a, 30), AE_POLICY_WAIT);
	ck_assert(evict(c) == 20 && asked() == 20); /* the rest when b has not used its time */
	ck_assert_int_eq(plan.again_ns, NOW + SECOND);
	view.now_ns = plan.again_ns;
	ck_assert_int_eq(alloc(a, 30), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 30);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
}
END_TEST

START_TEST(a_time_that_is_far_ahead_protects_nothing)
{
	struct ae_policy_member *a = add(0), *b = add_busy(80);

	b->resident_ns = NOW + 1; /* restored after the clock was read */
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns, NOW + 1 + 2 * SECOND);
	b->resident_ns = NOW + 3 * SECOND;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
	b->resident_ns = INT64_MAX;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10);
}
END_TEST

START_TEST(the_busy_stop_only_when_that_is_enough)
{
	struct ae_policy_member *a = add(0), *idle = add(10), *ready = add_busy(30),
				*later = add_busy(40), *latest = add_busy(0);

	later->resident_ns = NOW - SECOND;
	latest->claimed = latest->evictable = 0;
	latest->resident_ns = NOW - SECOND / 2;
	ck_assert_int_eq(alloc(a, 40), AE_POLICY_WAIT);
	ck_assert(evict(idle) == 10 && evict(ready) == 30);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	ck_assert_int_eq(alloc(a, 50), AE_POLICY_WAIT);
	ck_assert(evict(idle) == 10 && asked() == 10);
	ck_assert_int_eq(plan.again_ns, NOW + SECOND);
	view.now_ns = plan.again_ns;
	ck_assert_int_eq(alloc(a, 50), AE_POLICY_WAIT);
	ck_assert(evict(idle) == 10 && evict(ready) + evict(later) == 40 && asked() == 50);
}
END_TEST

START_TEST(higher_priority_is_not_stopped_for_lower)
{
	struct ae_policy_member *a = add(0), *high = add_busy(40), *equal = add_busy(20),
				*low = add_busy(20);

	high->priority = 1;
	low->priority = -1;
	low->active_ns = NOW + 5;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(low) == 10 && asked() == 10);
	ck_assert_int_eq(alloc(a, 40), AE_POLICY_WAIT);
	ck_assert(evict(low) == 20 && evict(equal) == 20);
	ck_assert_int_eq(alloc(a, 41), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	high->resident_ns = NOW - 1; /* nor after its quantum */
	ck_assert_int_eq(alloc(a, 41), AE_POLICY_WAIT);
	ck_assert_int_eq(plan.again_ns, INT64_MAX);
	set_cached(high, 1); /* its cache is free to take */
	ck_assert_int_eq(alloc(a, 41), AE_POLICY_WAIT);
	ck_assert(trim(high) == 1 && evict(low) + evict(equal) == 40);
	a->priority = 1;
	ck_assert_int_eq(alloc(a, 60), AE_POLICY_WAIT); /* but when it has had it, for its equal */
	ck_assert_int_eq(plan.again_ns, NOW - 1 + 2 * SECOND);
}
END_TEST

START_TEST(a_reserve_is_never_cut_into)
{
	struct ae_policy_member *a = add(0), *b = add(20), *b2 = add(10), *c = add(50);

	b2->model = b->model;
	b->reserve = 25 * G;
	c->evictable = 0;
	set_cached(b, 4);
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_WAIT);
	ck_assert(trim(b) == 4 && evict(b) + evict(b2) == 1 && asked() == 5);
	ck_assert_int_eq(alloc(a, 6), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	c->evictable = 50 * G;
	ck_assert_int_eq(alloc(a, 55), AE_POLICY_WAIT);
	ck_assert(asked() == 55 && evict(c) == 50);
	ck_assert_int_eq(alloc(a, 56), AE_POLICY_NEVER);
}
END_TEST

START_TEST(a_reserve_is_kept_free_while_not_used)
{
	struct ae_policy_member *a = add(40), *b = add(10), *c = add(10);

	b->reserve = 25 * G;
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 6), AE_POLICY_WAIT);
	ck_assert(evict(c) == 1 && asked() == 1);
	ck_assert_int_eq(alloc(b, 20), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(b, 21), AE_POLICY_WAIT);
	c->model = b->model; /* the sum counts: 20 of 25 */
	ck_assert_int_eq(alloc(a, 15), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 16), AE_POLICY_NEVER);
}
END_TEST

START_TEST(first_come_first_served)
{
	struct ae_policy_member *first = add_waiter(10, 20, 7), *second = add_waiter(10, 5, 8),
				*holder = add_busy(50), *new = add(0);

	/* 10 are free: the first cannot have 20, the others could have 5. */
	ck_assert_int_eq(alloc(first, 20), AE_POLICY_WAIT);
	ck_assert(evict(second) == 10 && asked() == 10);
	ck_assert_int_eq(alloc(second, 5), AE_POLICY_WAIT);
	ck_assert(evict(holder) == 15 && asked() == 15); /* for both of them */
	ck_assert_int_eq(alloc(new, 1), AE_POLICY_WAIT);
	ck_assert(evict(first) == 0 && evict(second) == 0 && evict(holder) == 16);
	/* Enough for all of those before. */
	holder->claimed = holder->evictable = 35 * G;
	ck_assert_int_eq(alloc(second, 5), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(new, 1), AE_POLICY_WAIT);
	holder->claimed = holder->evictable = 34 * G;
	ck_assert_int_eq(alloc(new, 1), AE_POLICY_GRANT);
	/* Turns decide, not numbers; and of two with one turn, which cannot be, one is the first. */
	first->wait_turn = 9;
	holder->claimed = holder->evictable = 50 * G;
	ck_assert_int_eq(alloc(second, 5), AE_POLICY_GRANT);
	first->wait_turn = second->wait_turn;
	ck_assert_int_eq(alloc(first, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(second, 5), AE_POLICY_WAIT);
}
END_TEST

START_TEST(priorities_are_served_first)
{
	struct ae_policy_member *low = add_waiter(10, 5, 1), *high = add_waiter(10, 20, 2),
				*holder = add_busy(50);

	high->priority = 3;
	ck_assert_int_eq(alloc(low, 5), AE_POLICY_WAIT);
	ck_assert(evict(holder) == 15 && asked() == 15);
	ck_assert_int_eq(alloc(high, 10), AE_POLICY_GRANT); /* whatever waits below */
	low->wait_bytes = 0;
	ck_assert_int_eq(alloc(low, 5), AE_POLICY_WAIT);
	low->priority = 4;
	ck_assert_int_eq(alloc(low, 5), AE_POLICY_GRANT);
	high->priority = 1000; /* no such priority: 10 */
	low->priority = 10;
	low->wait_bytes = 5 * G;
	ck_assert_int_eq(alloc(low, 5), AE_POLICY_GRANT);
}
END_TEST

START_TEST(the_own_reserve_waits_for_nobody)
{
	struct ae_policy_member *first = add_waiter(10, 30, 1), *a = add(5), *holder = add_busy(40);

	first->priority = 10;
	holder->priority = 10;
	a->reserve = 15 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_GRANT);
	ck_assert_int_eq(alloc(a, 11), AE_POLICY_WAIT);
	/* Others, also the first in line, hold what the device has lost since: the reserve outranks. */
	view.capacity = 58 * G;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(first) == 7 && asked() == 7);
	first->evictable = 0;
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(holder) == 7 && asked() == 7);
}
END_TEST

START_TEST(who_can_never_be_served_holds_up_nobody)
{
	struct ae_policy_member *first = add_waiter(10, 30, 1), *a = add(10), *holder = add(50);

	holder->evictable = 0;
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_WAIT);
	first->limit = 39 * G; /* lowered since */
	ck_assert_int_eq(alloc(first, 30), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_GRANT);
	first->limit = UINT64_MAX;
	holder->reserve = 41 * G;
	ck_assert_int_eq(alloc(first, 30), AE_POLICY_NEVER);
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_GRANT);
	/* A restore that cannot fit waits, but not in the way. */
	first->wait_restore = true;
	first->away = 30 * G;
	ck_assert_int_eq(restore(first, 30), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
	ck_assert_int_eq(alloc(a, 5), AE_POLICY_GRANT);
}
END_TEST

START_TEST(whoever_waits_can_be_evicted)
{
	struct ae_policy_member *a = add_waiter(40, 10, 1), *b = add_waiter(40, 10, 2);

	/* Each holds what the other waits for: the later gives, and is not asked for by itself. */
	ck_assert_int_eq(alloc(a, 10), AE_POLICY_WAIT);
	ck_assert(evict(b) == 10 && asked() == 10);
	ck_assert_int_eq(alloc(b, 10), AE_POLICY_WAIT);
	ck_assert_uint_eq(asked(), 0);
}
END_TEST

START_TEST(views_that_are_none)
{
	struct ae_policy_member *a = add(1);

	ck_assert_int_eq(alloc(a + 1, 1), AE_POLICY_NEVER);
	view.count = AE_POLICY_MEMBERS + 1;
	ck_assert_int_eq(alloc(a, 1), AE_POLICY_NEVER);
	view.count = 0;
	ck_assert_int_eq(alloc(a, 1), AE_POLICY_NEVER);
}
END_TEST

/* Claims that add up to a small number when 64 bits overflow. */
START_TEST(sums_do_not_wrap)
{
	struct ae_policy_member *a = add(0);

	for (int i = 0; i < 4; i++)
		add(0)->claimed = UINT64_C(1) << 62;
	ck_assert_int_ne(alloc(a, 1), AE_POLICY_GRANT);
	view.capacity = UINT64_MAX;
	ck_assert_int_ne(alloc(a, 1), AE_POLICY_GRANT);
	for (size_t i = 1; i < view.count; i++)
		view.members[i] = (struct ae_policy_member){ .model = 9,
							     .reserve = UINT64_MAX / 2,
							     .limit = UINT64_MAX };
	ck_assert_int_ne(alloc(a, 1), AE_POLICY_GRANT);
}
END_TEST

START_TEST(as_many_members_as_there_can_be)
{
	struct ae_policy_member *first = add_busy(0);

	view.capacity = 255 * G;
	while (view.count < AE_POLICY_MEMBERS) {
		struct ae_policy_member *member = add(1);

		/* In no order, each time once: 167 has no factor in common with 256. */
		member->active_ns = NOW - 1 - (int64_t)(view.count * 167 % 256) * SECOND;
	}
	for (uint64_t wanted = 1; wanted < 255; wanted += 50) {
		ck_assert_int_eq(alloc(first, wanted), AE_POLICY_WAIT);
		ck_assert_uint_eq(asked(), wanted);
		for (size_t i = 1; i < view.count; i++) {
			for (size_t j = 1; j < view.count; j++)
				ck_assert(view.members[i].active_ns <= view.members[j].active_ns ||
					  plan.evict[i] == 0 || plan.evict[j] == G);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_test(tcase, what_is_free_is_granted);
	tcase_add_test(tcase, over_the_limit_is_never);
	tcase_add_test(tcase, caches_count_for_the_limit_until_they_are_trimmed);
	tcase_add_test(tcase, more_than_can_ever_be_had_is_never);
	tcase_add_test(tcase, admitted_is_what_could_be_restored_alone);
	tcase_add_test(tcase, caches_count_for_admission_until_they_are_trimmed);
	tcase_add_test(tcase, pinned_peers_are_waited_for);
	tcase_add_test(tcase, caches_come_first);
	tcase_add_test(tcase, the_idle_go_before_the_busy);
	tcase_add_test(tcase, the_busy_have_their_quantum);
	tcase_add_test(tcase, only_a_time_that_brings_something_is_told);
	tcase_add_test(tcase, times_that_are_none);
	tcase_add_test(tcase, cooling_off_grows_with_what_was_moved);
	tcase_add_test(tcase, restored_and_not_used_yet_is_left_alone);
	tcase_add_test(tcase, a_time_that_is_far_ahead_protects_nothing);
	tcase_add_test(tcase, the_busy_stop_only_when_that_is_enough);
	tcase_add_test(tcase, higher_priority_is_not_stopped_for_lower);
	tcase_add_test(tcase, a_reserve_is_never_cut_into);
	tcase_add_test(tcase, a_reserve_is_kept_free_while_not_used);
	tcase_add_test(tcase, first_come_first_served);
	tcase_add_test(tcase, priorities_are_served_first);
	tcase_add_test(tcase, the_own_reserve_waits_for_nobody);
	tcase_add_test(tcase, who_can_never_be_served_holds_up_nobody);
	tcase_add_test(tcase, whoever_waits_can_be_evicted);
	tcase_add_test(tcase, views_that_are_none);
	tcase_add_test(tcase, sums_do_not_wrap);
	tcase_add_test(tcase, as_many_members_as_there_can_be);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
