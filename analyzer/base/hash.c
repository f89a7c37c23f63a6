/* SipHash-1-3: one compression round a word, three at the end. */
#include "analyzer/base/hash.h"

#include <endian.h>
#include <sys/random.h>

struct hash_key hash_key_random(void)
{
	struct hash_key key = {0};
	if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
		key = (struct hash_key){.k0 = (uint64_t)(uintptr_t)&key, .k1 = UINT64_C(0x9e3779b97f4a7c15)};
	return key;
}

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void round_once(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word)
{
	s->v3 ^= word;
	round_once(s);
	s->v0 ^= word;
}

uint64_t hash_bytes(struct hash_key key, const void *bytes, size_t len)
{
	struct state s = {
	    .v0 = key.k0 ^ UINT64_C(0x736f6d6570736575),
	    .v1 = key.k1 ^ UINT64_C(0x646f72616e646f6d),
	    .v2 = key.k0 ^ UINT64_C(0x6c7967656e657261),
	    .v3 = key.k1 ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *p = bytes;
	size_t whole = len / 8;
	for (size_t i = 0; i < whole; i++) {
		uint64_t word;
		memcpy(&word, p + i * 8, 8);
		absorb(&s, le64toh(word));
	}
	uint64_t last = (uint64_t)len << 56;
	for (size_t i = whole * 8; i < len; i++)
		last |= (uint64_t)p[i] << (8 * (i % 8));
	absorb(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 3; i++)
		round_once(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
