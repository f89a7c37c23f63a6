/*
 * Keyed hashing. Hostile captures choose the keys of our tables, so every table uses SipHash (Aumasson and Bernstein,
 * 2012) with a key they cannot know, and no table is ever iterated for output.
 */
#pragma once

#include "analyzer/base/span.h"

struct hash_key {
	uint64_t k0, k1;
};

/* A key from the system's random source; a fixed key only where the outcome must be the same in every run. */
struct hash_key hash_key_random(void);

/* SipHash-1-3 of the bytes. */
uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t len);
