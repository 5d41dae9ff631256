/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: pool. A circular doubly linked list through its elements. The head is a link like the
 * others, so that neither insertion nor removal has a branch. Locked by whoever holds the list.
 */
#ifndef AE_POOL_LIST_H
#define AE_POOL_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct ae_link {
	struct ae_link *prev, *next;
};

/* The structure that member, a struct ae_link *, is the field `field` of. */
#define ae_link_entry(link, type, field) ((type *)((char *)(link)-offsetof(type, field)))

static inline void ae_list_init(struct ae_link *head)
{
	head->prev = head->next = head;
}

static inline bool ae_list_is_empty(const struct ae_link *head)
{
	return head->next == head;
}

static inline void ae_list_push(struct ae_link *head, struct ae_link *link)
{
	link->prev = head;
	link->next = head->next;
	head->next->prev = link;
	head->next = link;
}

static inline void ae_list_remove(struct ae_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

#endif
