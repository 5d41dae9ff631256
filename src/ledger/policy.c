/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ledger/policy.h"

#include <string.h>

/*
 * No device has this many bytes (4 PiB). Fields are cut to it, so that the sums of all members' claims,
 * evicted, reserved and waiting bytes stay far inside an int64_t; and as a capacity is always less, a
 * claim that was cut is still over it.
 */
#define BYTES_MOST    ((int64_t)1 << 52)
#define PRIORITY_MOST 10

_Static_assert(AE_POLICY_MEMBERS <= 256, "members are numbered in a byte");

/* What one model's members come to together. */
struct sum {
	int64_t claimed, cached, away, reserve, limit;
};

struct work {
	const struct ae_policy_view *view;
	struct ae_policy_plan *plan;
	const struct ae_policy_member *asker;
	size_t index; /* the asker's */
	int64_t bytes;
	bool restore;
	bool entitled; /* the bytes are within the model's unused reserve */
	int64_t capacity;
	int64_t reserved; /* for all models together */
	struct sum own; /* the asker's model */
	int64_t need; /* bytes that have yet to become free; not above 0: none */
	int64_t over; /* bytes that have to go of the own model's caches, whatever is free */
	int64_t spare[AE_POLICY_MEMBERS]; /* by model: what may be taken from it */
	bool before[AE_POLICY_MEMBERS]; /* by model: one of its waiters is before the request */
	uint8_t model[AE_POLICY_MEMBERS]; /* of a member */
	uint8_t order[AE_POLICY_MEMBERS]; /* members, sorted */
};

typedef bool sorts_before(const struct work *work, size_t a, size_t b);

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t bytes_of(uint64_t field)
{
	return field < (uint64_t)BYTES_MOST ? (int64_t)field : BYTES_MOST;
}

static int64_t cached_of(const struct ae_policy_member *member)
{
	return least(bytes_of(member->cached), bytes_of(member->claimed));
}

static int64_t evictable_of(const struct ae_policy_member *member)
{
	return least(bytes_of(member->evictable), bytes_of(member->claimed) - cached_of(member));
}

static int64_t priority_of(const struct ae_policy_member *member)
{
	return most(-PRIORITY_MOST, least(member->priority, PRIORITY_MOST));
}

/* When the member has had its quantum and its cooling-off. */
static int64_t settled_ns(const struct work *work, const struct ae_policy_member *member)
{
	int64_t quantum = most(work->view->quantum_ns, 0), start = member->resident_ns, length, end;

	/* Slightly after now: the view is older than the restore. More: not a time, it protects nothing. */
	if (start > work->view->now_ns &&
	    (uint64_t)start - (uint64_t)work->view->now_ns > (uint64_t)quantum)
		return INT64_MIN;
	if (__builtin_mul_overflow(least(bytes_of(member->moved), work->capacity) >> 20,
				   most(work->view->cooling_ns_per_mib, 0), &length) ||
	    __builtin_add_overflow(length, quantum, &length) ||
	    __builtin_add_overflow(start, length, &end))
		return INT64_MAX;
	return end;
}

static bool is_settled(const struct work *work, const struct ae_policy_member *member)
{
	return settled_ns(work, member) <= work->view->now_ns;
}

/* Restored for work that it has not begun yet counts as busy: otherwise it could be evicted for ever. */
static bool is_busy(const struct work *work, const struct ae_policy_member *member)
{
	return member->busy ||
	       (member->active_ns < member->resident_ns && !is_settled(work, member));
}

static bool by_model(const struct work *work, size_t a, size_t b)
{
	const struct ae_policy_member *members = work->view->members;

	return members[a].model < members[b].model;
}

/* Whom to ask first: the idle, then the lowest priority, then the least recently active. */
static bool by_use(const struct work *work, size_t a, size_t b)
{
	const struct ae_policy_member *x = &work->view->members[a], *y = &work->view->members[b];
	bool x_busy = is_busy(work, x), y_busy = is_busy(work, y);

	if (x_busy != y_busy)
		return y_busy;
	if (priority_of(x) != priority_of(y))
		return priority_of(x) < priority_of(y);
	if (x->active_ns != y->active_ns)
		return x->active_ns < y->active_ns;
	return a < b;
}

static void sift_down(struct work *work, size_t root, size_t count, sorts_before *before)
{
	uint8_t *order = work->order, moving = order[root];
	size_t child;

	while ((child = 2 * root + 1) < count) {
		if (child + 1 < count && before(work, order[child], order[child + 1]))
			child++;
		if (!before(work, moving, order[child]))
			break;
		order[root] = order[child];
		root = child;
	}
	order[root] = moving;
}

/* A heap sort: qsort(3) may allocate, and hands its comparison no context. */
static void sort_members(struct work *work, sorts_before *before)
{
	size_t count = work->view->count;

	for (size_t i = 0; i < count; i++)
		work->order[i] = (uint8_t)i;
	for (size_t root = count / 2; root-- > 0;)
		sift_down(work, root, count, before);
	for (size_t end = count; end-- > 1;) {
		uint8_t last = work->order[end];

		work->order[end] = work->order[0];
		work->order[0] = last;
		sift_down(work, 0, end, before);
	}
}

/* Sums the model whose members begin at start in the order; returns where they end. */
static size_t sum_model(const struct work *work, size_t start, struct sum *sum_out)
{
	struct sum sum = { .limit = BYTES_MOST };
	const struct ae_policy_member *members = work->view->members;
	size_t end = start;

	for (; end < work->view->count; end++) {
		const struct ae_policy_member *member = &members[work->order[end]];

		if (member->model != members[work->order[start]].model)
			break;
		sum.claimed += bytes_of(member->claimed);
		sum.cached += cached_of(member);
		sum.away += bytes_of(member->away);
		sum.reserve = most(sum.reserve, bytes_of(member->reserve));
		sum.limit = least(sum.limit, bytes_of(member->limit));
	}
	sum.reserve = least(sum.reserve, sum.limit);
	*sum_out = sum;
	return end;
}

/* What the model may hold on the device: it could be restored alone, next to all other reserves. */
static int64_t room_of(const struct work *work, const struct sum *sum)
{
	return work->capacity - (work->reserved - sum->reserve);
}

/* What the model holds and has evicted when the bytes are granted. */
static int64_t footprint(const struct sum *sum, int64_t bytes, bool restore)
{
	return sum->claimed + bytes + (restore ? 0 : sum->away);
}

/* The same with its caches trimmed: whether that could be, ever. */
static bool fits(const struct sum *sum, int64_t bytes, bool restore, int64_t room)
{
	return footprint(sum, bytes, restore) - sum->cached <= room;
}

static bool waits_before(const struct work *work, size_t index)
{
	const struct ae_policy_member *other = &work->view->members[index], *asker = work->asker;

	if (index == work->index || other->wait_bytes == 0)
		return false;
	if (priority_of(other) != priority_of(asker))
		return priority_of(other) > priority_of(asker);
	if (asker->wait_bytes == 0)
		return true;
	if (other->wait_turn != asker->wait_turn)
		return other->wait_turn < asker->wait_turn;
	return index < work->index;
}

/* Numbers the models, and sums what is reserved, and the asker's model. */
static void find_models(struct work *work)
{
	struct sum sum;
	size_t end;

	sort_members(work, by_model);
	for (size_t start = 0, model = 0; start < work->view->count; start = end, model++) {
		end = sum_model(work, start, &sum);
		work->reserved += sum.reserve;
		work->spare[model] = most(sum.claimed - sum.reserve, 0);
		for (size_t i = start; i < end; i++) {
			work->model[work->order[i]] = (uint8_t)model;
			if (work->order[i] == work->index)
				work->own = sum;
		}
	}
	work->entitled = work->own.claimed + work->bytes <= work->own.reserve;
}

/* What the waiters of one model that are before the request are still to claim. */
static int64_t sum_before(struct work *work, size_t start, size_t end, const struct sum *sum)
{
	int64_t coming = 0;

	for (size_t i = start; i < end && !work->entitled; i++) {
		const struct ae_policy_member *member = &work->view->members[work->order[i]];
		int64_t bytes = bytes_of(member->wait_bytes);

		if (!waits_before(work, work->order[i]) ||
		    !fits(sum, bytes, member->wait_restore, least(sum->limit, room_of(work, sum))))
			continue;
		work->before[work->model[work->order[i]]] = true;
		coming += bytes;
	}
	return coming;
}

/* What has to become free. Counts on the members still being in the order of their models. */
static void find_need(struct work *work)
{
	int64_t used = 0;
	struct sum sum;
	size_t end;

	for (size_t start = 0; start < work->view->count; start = end) {
		int64_t claims;
		bool own = work->model[work->order[start]] == work->model[work->index];

		end = sum_model(work, start, &sum);
		claims = sum.claimed + sum_before(work, start, end, &sum);
		/* What others have reserved is theirs, used or not; the own is there to be used. */
		used += own ? claims : most(claims, sum.reserve);
	}
	work->need = used + work->bytes - work->capacity;
	/*
	 * A cached byte is live again without a claim, so a footprint counts it. A restore adds nothing
	 * to what was admitted, and has what is free decide.
	 */
	work->over = footprint(&work->own, work->bytes, work->restore) -
		     (work->restore ? work->own.limit
				    : least(work->own.limit, room_of(work, &work->own)));
}

static void plan_trim(struct work *work, size_t index, int64_t wanted)
{
	uint64_t *trim = &work->plan->trim[index];
	int64_t *spare = &work->spare[work->model[index]];
	int64_t left = cached_of(&work->view->members[index]) - (int64_t)*trim;
	bool own = work->model[index] == work->model[work->index];
	int64_t bytes = least(left, own ? wanted : least(wanted, *spare));

	if (bytes <= 0)
		return;
	*trim += (uint64_t)bytes;
	work->need -= bytes;
	if (own)
		work->over -= bytes;
	else
		*spare -= bytes;
}

/* The own cache, to be admitted also the model's other caches, and then everybody's. */
static void plan_trims(struct work *work)
{
	plan_trim(work, work->index, most(work->need, work->over));
	for (size_t i = 0; i < work->view->count; i++) {
		if (work->model[work->order[i]] == work->model[work->index])
			plan_trim(work, work->order[i], work->over);
	}
	for (size_t i = 0; i < work->view->count; i++)
		plan_trim(work, work->order[i], work->need);
}

/* Whoever is before the request is to grow, not to shrink; the own model is to fit as a whole. */
static bool may_take(const struct work *work, size_t index)
{
	size_t model = work->model[index];

	return model != work->model[work->index] && !work->before[model] && work->spare[model] > 0;
}

/* Bytes to evict from a member, taken off what is needed and off what its model can spare. */
static int64_t take_evictable(struct work *work, size_t index)
{
	int64_t *spare = &work->spare[work->model[index]];
	int64_t bytes = least(evictable_of(&work->view->members[index]), least(*spare, work->need));

	if (!may_take(work, index) || bytes <= 0)
		return 0;
	*spare -= bytes;
	work->need -= bytes;
	return bytes;
}

static bool may_stop(const struct work *work, const struct ae_policy_member *member)
{
	return work->entitled || !member->busy || priority_of(member) <= priority_of(work->asker);
}

/*
 * The idle now; the busy when all that is missing can be had at once, so that nobody is stopped for a
 * request that goes on waiting. False if not even all quanta's end would be enough.
 */
static bool plan_evictions(struct work *work)
{
	const struct ae_policy_member *members = work->view->members;
	int64_t again = INT64_MAX;
	size_t idle = 0;

	for (; idle < work->view->count && !is_busy(work, &members[work->order[idle]]); idle++) {
		size_t index = work->order[idle];

		work->plan->evict[index] = (uint64_t)take_evictable(work, index);
	}
	for (size_t i = idle; i < work->view->count; i++) {
		size_t index = work->order[i];

		if (may_stop(work, &members[index]) && is_settled(work, &members[index]))
			work->plan->evict[index] = (uint64_t)take_evictable(work, index);
	}
	if (work->need <= 0)
		return true;
	for (size_t i = idle; i < work->view->count; i++) {
		size_t index = work->order[i];
		int64_t settled = settled_ns(work, &members[index]);

		work->plan->evict[index] = 0;
		if (!may_stop(work, &members[index]) || settled <= work->view->now_ns)
			continue;
		/* Any of them may be the last to be missing, also those after enough were found. */
		if (may_take(work, index) && evictable_of(&members[index]) > 0)
			again = least(again, settled);
		take_evictable(work, index);
	}
	if (work->need > 0)
		return false;
	work->plan->again_ns = again;
	return true;
}

static void plan_asks(struct work *work)
{
	sort_members(work, by_use);
	plan_trims(work);
	if (work->need <= 0 || plan_evictions(work))
		return;
	/* Nobody gives up anything for a request that it would not help. */
	memset(work->plan->trim, 0, sizeof(work->plan->trim));
	memset(work->plan->evict, 0, sizeof(work->plan->evict));
}

void ae_policy_decide(const struct ae_policy_view *view, const struct ae_policy_request *request,
		      struct ae_policy_plan *plan_out)
{
	struct work work = { .view = view, .plan = plan_out, .index = request->member };

	memset(plan_out, 0, sizeof(*plan_out));
	plan_out->verdict = AE_POLICY_NEVER;
	plan_out->again_ns = INT64_MAX;
	if (view->count > AE_POLICY_MEMBERS || request->member >= view->count)
		return;
	work.asker = &view->members[request->member];
	work.bytes = bytes_of(request->bytes);
	work.restore = request->restore;
	work.capacity = least(bytes_of(view->capacity), BYTES_MOST - 1);

	find_models(&work);
	if (!fits(&work.own, work.bytes, work.restore, work.own.limit))
		return;
	if (!fits(&work.own, work.bytes, work.restore, room_of(&work, &work.own))) {
		plan_out->verdict = work.restore ? AE_POLICY_WAIT : AE_POLICY_NEVER;
		return;
	}
	find_need(&work);
	if (work.need <= 0 && work.over <= 0) {
		plan_out->verdict = AE_POLICY_GRANT;
		return;
	}
	plan_out->verdict = AE_POLICY_WAIT;
	plan_asks(&work);
}
