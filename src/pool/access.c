/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who may use what is mapped, set again after the device's answer to that question has changed. */
#include "pool/internal.h"

/* True when chunks are mapped throughout. */
static bool is_mapped(const struct ae_extent *extent)
{
	/* What is held outside of a call has mappings that the device would not undo: of no use. */
	return extent->kind != AE_EXTENT_FREE && extent->kind != AE_EXTENT_HELD;
}

int ae_pool_reaccess(struct ae_pool *pool)
{
	const struct ae_reservations *all = &pool->backing.reservations;
	int first_error = 0;

	ae_lock_acquire(&pool->lock);
	for (size_t i = 0; i < all->count; i++) {
		const struct ae_extent *extent = ae_extent_first(all->sorted[i]);

		for (; extent; extent = ae_extent_after(extent)) {
			int error = 0;

			if (is_mapped(extent))
				error = ae_device_call(&pool->backing.device, set_access,
						       extent->node.address, extent->node.bytes);
			if (error && !first_error)
				first_error = error;
		}
	}
	ae_lock_release(&pool->lock);
	return first_error;
}
