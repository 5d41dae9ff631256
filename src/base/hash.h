/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Layer: base. The one place that includes uthash, so that its settings are the same everywhere.
 * A table has no lock of its own: the structure that holds it says which.
 *
 * uthash's answer to a failed allocation is exit(-1). Here it never is: after an add, the element's
 * hh.tbl is NULL when there was no memory, and the element is in no table (ae_hash_added).
 */
#ifndef AE_BASE_HASH_H
#define AE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef UTHASH_H
#error "include base/hash.h, not uthash.h"
#endif

#define HASH_NONFATAL_OOM                    1
#define uthash_malloc(bytes)                 malloc(bytes)
#define uthash_free(memory, bytes)           free(memory)
#define HASH_FUNCTION(key, key_bytes, hashv) ((hashv) = ae_hash_key((key), (key_bytes)))

#include <uthash.h>

/* True when the HASH_ADD of element just before this succeeded. */
#define ae_hash_added(element) ((element)->hh.tbl != NULL)

/*
 * One multiplication (Knuth's multiplicative hash, 2^64 / golden ratio). The first fold lets the
 * high half of the key take part in the low bits, the second is because uthash takes its bucket
 * from the low bits while the product's best ones are the high ones. Addresses come in strides of
 * powers of two: tests/unit/pool proves that they spread.
 */
static inline unsigned ae_hash_u64(uint64_t key)
{
	uint64_t product = (key ^ (key >> 32)) * UINT64_C(0x9e3779b97f4a7c15);

	return (unsigned)(product >> 32 ^ product >> 54);
}

/* Keys of eight bytes are the common case and the compiler sees which it is. */
static inline unsigned ae_hash_key(const void *key, size_t key_bytes)
{
	const unsigned char *bytes = key;
	uint64_t word;

	if (key_bytes == sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		return ae_hash_u64(word);
	}
	word = key_bytes;
	for (size_t i = 0; i < key_bytes; i++)
		word = (word ^ bytes[i]) * UINT64_C(0x100000001b3);
	return ae_hash_u64(word);
}

#endif
