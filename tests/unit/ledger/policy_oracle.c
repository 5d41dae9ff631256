/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "policy_oracle.h"

#define RULE(condition)                    \
	do {                               \
		if (!(condition))          \
			return #condition; \
	} while (0)

typedef oracle_bytes bytes;

struct model {
	bytes claimed, cached, away, reserve, limit, asked;
};

/* The model of a member, with what a plan (or NULL) asks of it. */
static struct model sum(const struct ae_policy_view *view, size_t of,
			const struct ae_policy_plan *plan)
{
	struct model model = { .limit = UINT64_MAX };

	for (size_t i = 0; i < view->count; i++) {
		const struct ae_policy_member *member = &view->members[i];

		if (member->model != view->members[of].model)
			continue;
		model.claimed += member->claimed;
		model.cached += member->cached;
		model.away += member->away;
		if (model.reserve < member->reserve)
			model.reserve = member->reserve;
		if (model.limit > member->limit)
			model.limit = member->limit;
		if (plan)
			model.asked += (bytes)plan->trim[i] + plan->evict[i];
	}
	if (model.reserve > model.limit)
		model.reserve = model.limit;
	return model;
}

static bool is_same_model(const struct ae_policy_view *view, size_t a, size_t b)
{
	return view->members[a].model == view->members[b].model;
}

/* One member of each model stands for it. */
static bool is_first_of_model(const struct ae_policy_view *view, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (is_same_model(view, i, index))
			return false;
	}
	return true;
}

/* The same, of those members that name a reserve. */
static bool is_first_with_reserve(const struct ae_policy_view *view, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (is_same_model(view, i, index) && view->members[i].reserve)
			return false;
	}
	return view->members[index].reserve > 0;
}

static bool is_entitled(const struct ae_policy_view *view, const struct ae_policy_request *request)
{
	struct model own = sum(view, request->member, NULL);

	return own.claimed + request->bytes <= own.reserve;
}

struct ae_policy_request oracle_waiting(const struct ae_policy_view *view, size_t member)
{
	return (struct ae_policy_request){ .member = member,
					   .bytes = view->members[member].wait_bytes,
					   .restore = view->members[member].wait_restore };
}

bool oracle_is_before(const struct ae_policy_view *view, size_t member, size_t than)
{
	const struct ae_policy_member *a = &view->members[member], *b = &view->members[than];

	if (member == than || !a->wait_bytes)
		return false;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return !b->wait_bytes || a->wait_turn < b->wait_turn;
}

/* What the model has, and has evicted, once the bytes are granted. */
static bytes footprint(const struct ae_policy_view *view, const struct ae_policy_request *request)
{
	struct model own = sum(view, request->member, NULL);

	return own.claimed + (request->restore ? 0 : own.away) + request->bytes;
}

oracle_bytes oracle_footprint(const struct ae_policy_view *view, size_t member)
{
	return footprint(view, &(struct ae_policy_request){ .member = member });
}

oracle_bytes oracle_room(const struct ae_policy_view *view, size_t member)
{
	bytes room = view->capacity;

	for (size_t i = 0; i < view->count; i++) {
		if (is_first_with_reserve(view, i) && !is_same_model(view, i, member))
			room -= sum(view, i, NULL).reserve;
	}
	return room;
}

static bool fits_limit(const struct ae_policy_view *view, const struct ae_policy_request *request)
{
	struct model own = sum(view, request->member, NULL);

	return footprint(view, request) - own.cached <= own.limit;
}

bool oracle_fits(const struct ae_policy_view *view, const struct ae_policy_request *request)
{
	return fits_limit(view, request) &&
	       footprint(view, request) - sum(view, request->member, NULL).cached <=
		       oracle_room(view, request->member);
}

static bytes over_admission(const struct ae_policy_view *view,
			    const struct ae_policy_request *request)
{
	bytes room = oracle_room(view, request->member);
	bytes limit = sum(view, request->member, NULL).limit;

	return footprint(view, request) - (request->restore || limit < room ? limit : room);
}

/* By member: it waits before the request, which may not be granted at its expense. */
struct line {
	bool holds_up[AE_POLICY_MEMBERS];
};

static struct line find_line(const struct ae_policy_view *view,
			     const struct ae_policy_request *request)
{
	struct line line = { 0 };
	bool entitled = is_entitled(view, request);

	for (size_t i = 0; i < view->count && !entitled; i++) {
		struct ae_policy_request waiting = oracle_waiting(view, i);

		line.holds_up[i] =
			oracle_is_before(view, i, request->member) && oracle_fits(view, &waiting);
	}
	return line;
}

/* A member of that model is in the line. */
static bool is_in_line(const struct ae_policy_view *view, const struct line *line, size_t member)
{
	for (size_t i = 0; i < view->count; i++) {
		if (line->holds_up[i] && is_same_model(view, i, member))
			return true;
	}
	return false;
}

/* What is missing: above 0 for none of it to be granted. */
static bytes missing(const struct ae_policy_view *view, const struct ae_policy_request *request,
		     const struct line *line)
{
	bytes used = request->bytes;

	for (size_t i = 0; i < view->count; i++) {
		struct model model;

		if (!is_first_of_model(view, i))
			continue;
		model = sum(view, i, NULL);
		for (size_t j = 0; j < view->count; j++) {
			if (line->holds_up[j] && is_same_model(view, i, j))
				model.claimed += view->members[j].wait_bytes;
		}
		if (!is_same_model(view, i, request->member) && model.claimed < model.reserve)
			model.claimed = model.reserve;
		used += model.claimed;
	}
	return used - view->capacity;
}

oracle_bytes oracle_used(const struct ae_policy_view *view)
{
	bytes used = 0;

	for (size_t i = 0; i < view->count; i++) {
		struct model model;

		if (!is_first_of_model(view, i))
			continue;
		model = sum(view, i, NULL);
		used += model.claimed > model.reserve ? model.claimed : model.reserve;
	}
	return used;
}

const char *oracle_check_safe(const struct ae_policy_view *view,
			      const struct ae_policy_request *request,
			      const struct ae_policy_plan *plan)
{
	static const struct line nobody;

	RULE(plan->verdict == AE_POLICY_GRANT || plan->verdict == AE_POLICY_WAIT ||
	     plan->verdict == AE_POLICY_NEVER);
	for (size_t i = 0; i < AE_POLICY_MEMBERS; i++) {
		const struct ae_policy_member *member = &view->members[i];
		bool asked = plan->trim[i] || plan->evict[i];

		RULE(!asked || (plan->verdict == AE_POLICY_WAIT && i < view->count));
		RULE(plan->trim[i] <= member->cached && plan->evict[i] <= member->evictable);
		RULE((bytes)plan->trim[i] + plan->evict[i] <= member->claimed);
	}
	RULE(plan->verdict == AE_POLICY_WAIT || plan->again_ns == INT64_MAX);
	if (plan->verdict != AE_POLICY_GRANT)
		return NULL;
	RULE(view->count <= AE_POLICY_MEMBERS && request->member < view->count);
	RULE(missing(view, request, &nobody) <= 0);
	RULE(over_admission(view, request) <= 0);
	return NULL;
}

/* The time from which on a busy member may be stopped. */
static int64_t settled(const struct ae_policy_view *view, const struct ae_policy_member *member)
{
	return member->resident_ns + view->quantum_ns +
	       (int64_t)(member->moved >> 20) * view->cooling_ns_per_mib;
}

static bool is_busy(const struct ae_policy_view *view, const struct ae_policy_member *member)
{
	return member->busy ||
	       (member->active_ns < member->resident_ns && settled(view, member) > view->now_ns);
}

/* What there still is to ask of a member after the plan, were the reserve of its model the only bound. */
static bool has_more(const struct ae_policy_view *view, const struct ae_policy_plan *plan, size_t i,
		     bool cached)
{
	struct model model = sum(view, i, plan);

	return model.claimed - model.asked > model.reserve &&
	       (cached ? plan->trim[i] < view->members[i].cached
		       : plan->evict[i] < view->members[i].evictable);
}

static const char *check_asks(const struct ae_policy_view *view,
			      const struct ae_policy_request *request,
			      const struct ae_policy_plan *plan, const struct line *line,
			      bytes *trimmed_out, bytes *evicted_out)
{
	const struct ae_policy_member *asker = &view->members[request->member];

	*trimmed_out = *evicted_out = 0;
	for (size_t i = 0; i < view->count; i++) {
		const struct ae_policy_member *member = &view->members[i];
		bool own = is_same_model(view, i, request->member);
		struct model model = sum(view, i, plan);

		RULE(own || !model.asked || model.claimed - model.asked >= model.reserve);
		*trimmed_out += plan->trim[i];
		*evicted_out += plan->evict[i];
		if (!plan->evict[i])
			continue;
		RULE(!own && !is_in_line(view, line, i));
		if (!is_busy(view, member))
			continue;
		RULE(member->priority <= asker->priority || is_entitled(view, request));
		RULE(settled(view, member) <= view->now_ns);
		/* A busy member is stopped for nothing less than all that is missing. */
		RULE(plan->again_ns == INT64_MAX);
	}
	return NULL;
}

/* Nobody is asked while there is somebody to be asked before. */
static const char *check_order(const struct ae_policy_view *view,
			       const struct ae_policy_request *request,
			       const struct ae_policy_plan *plan, const struct line *line,
			       bytes evicted)
{
	const struct ae_policy_member *members = view->members;

	for (size_t i = 0; i < view->count && evicted; i++) {
		bool own = is_same_model(view, i, request->member);

		RULE(own ? plan->trim[i] == members[i].cached : !has_more(view, plan, i, true));
		if (own || is_busy(view, &members[i]) || is_in_line(view, line, i))
			continue;
		for (size_t j = 0; j < view->count; j++) {
			if (!plan->evict[j])
				continue;
			/* i is idle and could give more, j gives: j is idle too and comes no later. */
			if (has_more(view, plan, i, false))
				RULE(!is_busy(view, &members[j]) &&
				     members[j].priority <= members[i].priority &&
				     (members[j].priority < members[i].priority ||
				      members[j].active_ns <= members[i].active_ns));
		}
	}
	return NULL;
}

const char *oracle_check(const struct ae_policy_view *view, const struct ae_policy_request *request,
			 const struct ae_policy_plan *plan)
{
	const char *wrong = oracle_check_safe(view, request, plan);
	struct line line = find_line(view, request);
	bytes needed = missing(view, request, &line), over = over_admission(view, request);
	bytes trimmed, evicted;

	if (wrong)
		return wrong;
	if (oracle_fits(view, request)) {
		RULE(plan->verdict != AE_POLICY_NEVER);
		RULE((plan->verdict == AE_POLICY_GRANT) == (needed <= 0 && over <= 0));
	} else {
		RULE(plan->verdict == (request->restore && fits_limit(view, request)
					       ? AE_POLICY_WAIT
					       : AE_POLICY_NEVER));
		needed = over = 0; /* nobody is asked */
	}
	wrong = check_asks(view, request, plan, &line, &trimmed, &evicted);
	if (!wrong)
		wrong = check_order(view, request, plan, &line, evicted);
	if (wrong)
		return wrong;
	/* As much as is needed and not more. */
	RULE(trimmed + evicted == 0 || trimmed + evicted <= needed || trimmed + evicted <= over);
	RULE(evicted == 0 || evicted <= needed);
	/* Enough, unless there is something to wait for, or nothing to ask at all. */
	if (trimmed + evicted && plan->again_ns == INT64_MAX)
		RULE(trimmed + evicted >= needed);
	RULE(plan->again_ns > view->now_ns);
	return NULL;
}
