/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/tree.h"

#include <stdbool.h>

static uint64_t priority(const struct ae_tree_node *node)
{
	uint64_t word = (node->address ^ node->address >> 32) * UINT64_C(0xd6e8feb86659fd93);

	return word ^ word >> 32;
}

static bool is_before(const struct ae_tree_node *a, const struct ae_tree_node *b)
{
	return a->bytes != b->bytes ? a->bytes < b->bytes : a->address < b->address;
}

void ae_tree_add(struct ae_tree *tree, struct ae_tree_node *node)
{
	struct ae_tree_node **place = &tree->root;
	struct ae_tree_node **left = &node->left, **right = &node->right;
	struct ae_tree_node *rest;
	uint64_t rank = priority(node);

	while (*place && priority(*place) >= rank)
		place = is_before(node, *place) ? &(*place)->left : &(*place)->right;

	/* The subtree found there is split by the new key and hangs below the node. */
	rest = *place;
	while (rest) {
		if (is_before(rest, node)) {
			*left = rest;
			left = &rest->right;
			rest = rest->right;
		} else {
			*right = rest;
			right = &rest->left;
			rest = rest->left;
		}
	}
	*left = NULL;
	*right = NULL;
	*place = node;
}

void ae_tree_remove(struct ae_tree *tree, struct ae_tree_node *node)
{
	struct ae_tree_node **place = &tree->root;
	struct ae_tree_node *left = node->left, *right = node->right;

	while (*place != node)
		place = is_before(node, *place) ? &(*place)->left : &(*place)->right;

	while (left && right) {
		if (priority(left) >= priority(right)) {
			*place = left;
			place = &left->right;
			left = left->right;
		} else {
			*place = right;
			place = &right->left;
			right = right->left;
		}
	}
	*place = left ? left : right;
}

struct ae_tree_node *ae_tree_at_least(const struct ae_tree *tree, uint64_t bytes)
{
	struct ae_tree_node *node = tree->root, *best = NULL;

	while (node) {
		if (node->bytes >= bytes) {
			best = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

struct ae_tree_node *ae_tree_next(const struct ae_tree *tree, const struct ae_tree_node *node)
{
	struct ae_tree_node *at = tree->root, *best = NULL;

	while (at) {
		if (is_before(node, at)) {
			best = at;
			at = at->left;
		} else {
			at = at->right;
		}
	}
	return best;
}
