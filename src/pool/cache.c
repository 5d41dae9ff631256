/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pool/cache.h"

#include <errno.h>
#include <stdbool.h>

#include "pool/record.h"

/*
 * How far the search for neighbours goes before new memory is the better answer. Both are far above
 * what real traces need, and keep the worst case bounded however the cache is splintered.
 */
#define EXTENTS_TRIED 8
#define CHUNKS_TRIED  512

static size_t filled_words(uint64_t sizes)
{
	return (size_t)(sizes + 63) / 64;
}

int ae_cache_init(struct ae_cache *cache, unsigned shift, uint64_t chunk_granules,
		  uint64_t *account)
{
	uint64_t sizes = chunk_granules + 1;

	*cache = (struct ae_cache){ .shift = shift, .sizes = sizes };
	cache->bins = ae_record_new(account, (size_t)sizes * sizeof(*cache->bins));
	if (!cache->bins)
		return -ENOMEM;
	cache->filled = ae_record_new(account, filled_words(sizes) * sizeof(*cache->filled));
	if (!cache->filled) {
		ae_record_delete(account, cache->bins, (size_t)sizes * sizeof(*cache->bins));
		return -ENOMEM;
	}
	ae_list_init(&cache->age);
	for (uint64_t i = 0; i < sizes; i++)
		ae_list_init(&cache->bins[i]);
	return 0;
}

void ae_cache_clear(struct ae_cache *cache, uint64_t *account)
{
	ae_record_delete(account, cache->bins, (size_t)cache->sizes * sizeof(*cache->bins));
	ae_record_delete(account, cache->filled,
			 filled_words(cache->sizes) * sizeof(*cache->filled));
}

static void chunk_add(struct ae_cache *cache, struct ae_chunk *chunk)
{
	uint64_t granules = chunk->bytes >> cache->shift;

	chunk->cached_at = cache->tick;
	ae_list_push(&cache->age, &chunk->age);
	/* Last in, first out: what stays unused is at the cold end of both lists. */
	ae_list_push(&cache->bins[granules], &chunk->bin);
	cache->filled[granules / 64] |= UINT64_C(1) << granules % 64;
	cache->bytes += chunk->bytes;
	cache->chunks++;
	cache->unjoined++;
}

static void chunk_remove(struct ae_cache *cache, struct ae_chunk *chunk)
{
	uint64_t granules = chunk->bytes >> cache->shift;

	ae_list_remove(&chunk->age);
	ae_list_remove(&chunk->bin);
	if (ae_list_is_empty(&cache->bins[granules]))
		cache->filled[granules / 64] &= ~(UINT64_C(1) << granules % 64);
	cache->bytes -= chunk->bytes;
	cache->chunks--;
}

void ae_cache_add(struct ae_cache *cache, struct ae_extent *extent)
{
	struct ae_chunk *chunk;

	extent->kind = AE_EXTENT_CACHED;
	ae_extent_for_each_chunk(extent, chunk) chunk_add(cache, chunk);
	ae_tree_add(&cache->extents, &extent->node);
}

static bool is_cached(const struct ae_extent *extent)
{
	return extent && extent->kind == AE_EXTENT_CACHED;
}

/* Joins a cached extent with all its cached neighbours. True: it had one. */
static bool join_around(struct ae_cache *cache, struct ae_extent_stock *stock,
			struct ae_extent *extent)
{
	struct ae_extent *before = ae_extent_before(extent), *after = ae_extent_after(extent);

	if (!is_cached(before) && !is_cached(after))
		return false;
	ae_tree_remove(&cache->extents, &extent->node);
	for (; is_cached(before); before = ae_extent_before(extent)) {
		ae_tree_remove(&cache->extents, &before->node);
		extent = ae_extent_join(stock, before, extent);
	}
	for (; is_cached(after); after = ae_extent_after(extent)) {
		ae_tree_remove(&cache->extents, &after->node);
		extent = ae_extent_join(stock, extent, after);
	}
	ae_tree_add(&cache->extents, &extent->node);
	return true;
}

/* Joins what was cached since the last time: that is at the warm end. True: anything was joined. */
static bool join_all(struct ae_cache *cache, struct ae_extent_stock *stock)
{
	bool joined = false;

	for (struct ae_link *link = cache->age.next; link != &cache->age && cache->unjoined;
	     link = link->next) {
		joined |= join_around(cache, stock,
				      ae_link_entry(link, struct ae_chunk, age)->extent);
		cache->unjoined--;
	}
	cache->unjoined = 0;
	return joined;
}

/* Takes [address, end) out of a cached extent; what is left on either side stays cached. */
static struct ae_extent *take_range(struct ae_cache *cache, struct ae_extent_stock *stock,
				    struct ae_extent *extent, uint64_t address, uint64_t end)
{
	struct ae_extent *rest;
	struct ae_chunk *chunk;

	ae_tree_remove(&cache->extents, &extent->node);
	if (address != extent->node.address) {
		ae_extent_split(stock, extent, address, &rest, &extent);
		ae_tree_add(&cache->extents, &rest->node);
	}
	if (end != ae_extent_end(extent)) {
		ae_extent_split(stock, extent, end, &extent, &rest);
		ae_tree_add(&cache->extents, &rest->node);
	}
	ae_extent_for_each_chunk(extent, chunk) chunk_remove(cache, chunk);
	extent->kind = AE_EXTENT_HELD;
	return extent;
}

struct ae_extent *ae_cache_take_chunk(struct ae_cache *cache, struct ae_extent_stock *stock,
				      struct ae_chunk *chunk)
{
	return take_range(cache, stock, chunk->extent, chunk->address,
			  chunk->address + chunk->bytes);
}

/* The smallest chunk of bytes to most, or NULL. */
static struct ae_chunk *find_chunk(const struct ae_cache *cache, uint64_t bytes, uint64_t most)
{
	uint64_t granules = bytes >> cache->shift, last = most >> cache->shift;

	if (last >= cache->sizes)
		last = cache->sizes - 1;
	while (granules <= last) {
		uint64_t word = cache->filled[granules / 64] >> granules % 64;

		if (!word) {
			granules = (granules / 64 + 1) * 64;
			continue;
		}
		granules += (uint64_t)__builtin_ctzll(word);
		if (granules > last)
			break;
		return ae_link_entry(cache->bins[granules].next, struct ae_chunk, bin);
	}
	return NULL;
}

struct window {
	struct ae_extent *extent; /* NULL: none found yet */
	uint64_t address, end;
};

/*
 * The tightest run of neighbouring chunks of an extent that holds bytes, if it is tighter than the
 * best one so far. For each chunk that could be the last, the first is the highest that will do.
 */
static void search_extent(struct ae_extent *extent, uint64_t bytes, struct window *best,
			  uint64_t *best_bytes, unsigned *tries)
{
	uint64_t address = extent->node.address;
	struct ae_chunk *first = ae_extent_chunk_at(extent, address);
	struct ae_chunk *last;

	ae_extent_for_each_chunk(extent, last)
	{
		uint64_t end = last->address + last->bytes;

		if (!*tries || *best_bytes == bytes)
			return;
		--*tries;
		while (end - (first->address + first->bytes) >= bytes)
			first = ae_extent_chunk_at(extent, first->address + first->bytes);
		if (end - first->address >= bytes && end - first->address < *best_bytes) {
			*best = (struct window){ extent, first->address, end };
			*best_bytes = end - first->address;
		}
	}
}

/*
 * At most an eighth more than asked for, in whole granules; so below eight granules nothing but an
 * exact fit. What is given out too much is lost for as long as the block lives, while a new chunk
 * costs some 50 us once and then serves the same size from the cache: an eighth is half of what
 * four size classes a doubling would waste at worst, and lets growing buffers find a place.
 */
static uint64_t most_bytes(const struct ae_cache *cache, uint64_t bytes)
{
	uint64_t spare = (bytes >> cache->shift) / 8;

	return bytes + (spare << cache->shift);
}

/* What serves bytes in the extents as they are. */
static struct ae_extent *take(struct ae_cache *cache, struct ae_extent_stock *stock, uint64_t bytes)
{
	struct ae_tree_node *node = ae_tree_at_least(&cache->extents, bytes);
	uint64_t most = most_bytes(cache, bytes);
	uint64_t best_bytes = most + 1;
	struct window best = { NULL, 0, 0 };
	unsigned tries = CHUNKS_TRIED;
	struct ae_extent *extent;
	struct ae_chunk *chunk;

	if (!node)
		return NULL;
	/* A whole extent of just this size leaves no remainder: the usual answer in a steady state. */
	if (node->bytes == bytes) {
		extent = (struct ae_extent *)node;
		return take_range(cache, stock, extent, node->address, ae_extent_end(extent));
	}
	chunk = find_chunk(cache, bytes, most);
	if (chunk)
		return ae_cache_take_chunk(cache, stock, chunk);

	for (unsigned i = 0; node && i < EXTENTS_TRIED && tries && best_bytes != bytes; i++) {
		search_extent((struct ae_extent *)node, bytes, &best, &best_bytes, &tries);
		node = ae_tree_next(&cache->extents, node);
	}
	if (!best.extent)
		return NULL;
	return take_range(cache, stock, best.extent, best.address, best.end);
}

struct ae_extent *ae_cache_take(struct ae_cache *cache, struct ae_extent_stock *stock,
				uint64_t bytes)
{
	struct ae_extent *extent = take(cache, stock, bytes);

	if (!extent && cache->bytes >= bytes && join_all(cache, stock))
		extent = take(cache, stock, bytes);
	return extent;
}

uint64_t ae_cache_age(const struct ae_cache *cache)
{
	const struct ae_chunk *coldest = ae_cache_coldest(cache);

	return coldest ? cache->tick - coldest->cached_at : 0;
}

struct ae_chunk *ae_cache_coldest(const struct ae_cache *cache)
{
	if (ae_list_is_empty(&cache->age))
		return NULL;
	return ae_link_entry(cache->age.prev, struct ae_chunk, age);
}
