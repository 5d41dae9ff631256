/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. An index of address ranges by size, then by address: best fit in O(log n), ties to
 * the lowest address. Intrusive, never allocates, cannot fail. Locked by whoever holds the tree.
 *
 * A treap (Seidel and Aragon, "Randomized search trees", 1996). The priority is a hash of the
 * address, so it takes no memory, needs no random source, and one run is like the next.
 */
#ifndef AE_POOL_TREE_H
#define AE_POOL_TREE_H

#include <stddef.h>
#include <stdint.h>

struct ae_tree_node {
	struct ae_tree_node *left, *right;
	uint64_t bytes; /* immutable while in a tree, like address */
	uint64_t address;
};

struct ae_tree {
	struct ae_tree_node *root; /* zeroed: empty */
};

void ae_tree_add(struct ae_tree *tree, struct ae_tree_node *node);

/* The node is in this tree. */
void ae_tree_remove(struct ae_tree *tree, struct ae_tree_node *node);

/* The smallest node of at least bytes; the next one up, in (size, address) order. NULL: none. */
struct ae_tree_node *ae_tree_at_least(const struct ae_tree *tree, uint64_t bytes);
struct ae_tree_node *ae_tree_next(const struct ae_tree *tree, const struct ae_tree_node *node);

#endif
