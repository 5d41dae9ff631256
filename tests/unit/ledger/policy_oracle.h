/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What must be true of every answer of the policy, computed a second time, the slow and obvious way:
 * each sum by a loop over all members, in 128 bits, and nothing sorted.
 */
#ifndef POLICY_ORACLE_H
#define POLICY_ORACLE_H

#include "ledger/policy.h"

/*
 * For any view at all: nothing granted that is not there, or is reserved for others, and nothing asked
 * that is not there. NULL, or which rule was broken. (Who waits before whom is then anybody's reading.)
 */
const char *oracle_check_safe(const struct ae_policy_view *view,
			      const struct ae_policy_request *request,
			      const struct ae_policy_plan *plan);

/* For a view whose fields are what they should be: every rule. NULL, or which was broken. */
const char *oracle_check(const struct ae_policy_view *view, const struct ae_policy_request *request,
			 const struct ae_policy_plan *plan);

/* Whether the request, a new one or the waiting one of that member, is before another member's. */
bool oracle_is_before(const struct ae_policy_view *view, size_t member, size_t than);

/* Whether the bytes could ever be had. */
bool oracle_fits(const struct ae_policy_view *view, const struct ae_policy_request *request);

/* The waiting request of a member. */
struct ae_policy_request oracle_waiting(const struct ae_policy_view *view, size_t member);

__extension__ typedef __int128 oracle_bytes;

/* What a member's model may have on the device, next to all that is reserved for others. */
oracle_bytes oracle_room(const struct ae_policy_view *view, size_t member);

/* Claims of all, what reserves exceed them by included: the guarantees hold up to the capacity. */
oracle_bytes oracle_used(const struct ae_policy_view *view);

/* What a member's model has claimed and evicted. */
oracle_bytes oracle_footprint(const struct ae_policy_view *view, size_t member);

#endif
