/*
 * Makes QUIC packets for tests and the fuzz target: seals Initial packets with the keys that quic_keys.c derives, which the
 * vectors of RFC 9001 and RFC 9369 check by themselves (tests/dissectors/test_quic_packet.c).
 */
#pragma once

#include "dissectors/quic_keys.h"

#include <nettle/gcm.h>
#include <stdlib.h>

enum { QUIC_SEAL_MAX = 4096, QUIC_SEAL_TAG = 16 };

/* A datagram in the making. */
struct quic_seal {
	uint8_t bytes[QUIC_SEAL_MAX];
	size_t len;
};

static inline void quic_seal_byte(struct quic_seal *q, unsigned byte)
{
	if (q->len == QUIC_SEAL_MAX)
		abort();
	q->bytes[q->len++] = (uint8_t)byte;
}

static inline void quic_seal_bytes(struct quic_seal *q, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		quic_seal_byte(q, s.ptr[i]);
}

/* A variable-length integer below 2^14, in two bytes. */
static inline void quic_seal_length(struct quic_seal *q, size_t value)
{
	quic_seal_byte(q, 0x40 | (unsigned)(value >> 8 & 0x3f));
	quic_seal_byte(q, value & 0xff);
}

/* The same, as short as it can be. */
static inline void quic_seal_varint(struct quic_seal *q, size_t value)
{
	if (value < 64)
		quic_seal_byte(q, (unsigned)value);
	else
		quic_seal_length(q, value);
}

static inline struct span quic_seal_span(const struct quic_seal *q)
{
	return span_of(q->bytes, q->len);
}

static inline void quic_seal_header(struct quic_seal *q, unsigned first, uint32_t version, struct span dcid,
                                    struct span scid)
{
	quic_seal_byte(q, first);
	for (int shift = 24; shift >= 0; shift -= 8)
		quic_seal_byte(q, version >> shift & 0xff);
	quic_seal_byte(q, (unsigned)dcid.len);
	quic_seal_bytes(q, dcid);
	quic_seal_byte(q, (unsigned)scid.len);
	quic_seal_bytes(q, scid);
}

/* A CRYPTO frame. */
static inline void quic_seal_crypto(struct quic_seal *q, size_t offset, struct span data)
{
	quic_seal_byte(q, 0x06);
	quic_seal_varint(q, offset);
	quic_seal_varint(q, data.len);
	quic_seal_bytes(q, data);
}

struct quic_seal_initial {
	uint32_t version;
	struct span dcid, scid, token;
	struct span keyed; /* what the keys are made of; empty: dcid */
	bool server;
	uint8_t number;
	size_t number_len; /* 1 to 4 */
};

static inline void quic_seal_protect(struct quic_seal *q, size_t start, size_t number_at, size_t number_len,
                                     const struct quic_keys *keys)
{
	struct aes128_ctx aes;
	uint8_t mask[16];
	aes128_set_encrypt_key(&aes, keys->hp);
	aes128_encrypt(&aes, sizeof mask, mask, q->bytes + number_at + 4);
	q->bytes[start] ^= mask[0] & 0x0f;
	for (size_t i = 0; i < number_len; i++)
		q->bytes[number_at + i] ^= mask[1 + i];
}

/* Appends an Initial packet with these frames, padded with zeros until the datagram has pad_to bytes. */
static inline void quic_seal_initial(struct quic_seal *q, const struct quic_seal_initial *p, struct span frames,
                                     size_t pad_to)
{
	struct quic_keys keys;
	struct gcm_aes128_ctx gcm;
	size_t start = q->len;
	unsigned type = p->version == QUIC_V2 ? 0xd0 : 0xc0;
	if (!quic_keys_derive(&keys, p->version, p->keyed.len ? p->keyed : p->dcid, !p->server))
		abort();
	quic_seal_header(q, type | (unsigned)(p->number_len - 1), p->version, p->dcid, p->scid);
	quic_seal_varint(q, p->token.len);
	quic_seal_bytes(q, p->token);
	size_t overhead = q->len + 2 + p->number_len + QUIC_SEAL_TAG;
	size_t least = frames.len < 4 ? 4 : frames.len;
	size_t plain = overhead + least < pad_to ? pad_to - overhead : least;
	quic_seal_length(q, p->number_len + plain + QUIC_SEAL_TAG);
	size_t number_at = q->len;
	for (size_t i = 0; i < p->number_len; i++)
		quic_seal_byte(q, i + 1 == p->number_len ? p->number : 0);
	size_t body = q->len;
	quic_seal_bytes(q, frames);
	while (q->len < body + plain)
		quic_seal_byte(q, 0);
	keys.iv[sizeof keys.iv - 1] ^= p->number;
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof keys.iv, keys.iv);
	gcm_aes128_update(&gcm, body - start, q->bytes + start);
	gcm_aes128_encrypt(&gcm, plain, q->bytes + body, q->bytes + body);
	for (int i = 0; i < QUIC_SEAL_TAG; i++)
		quic_seal_byte(q, 0);
	gcm_aes128_digest(&gcm, QUIC_SEAL_TAG, q->bytes + body + plain);
	quic_seal_protect(q, start, number_at, p->number_len, &keys);
}

/* Appends a packet of another type with `len` bytes that nobody can read. first: with the type bits. */
static inline void quic_seal_opaque(struct quic_seal *q, unsigned first, uint32_t version, struct span dcid,
                                    struct span scid, size_t len)
{
	quic_seal_header(q, first, version, dcid, scid);
	quic_seal_varint(q, len);
	for (size_t i = 0; i < len; i++)
		quic_seal_byte(q, 0xa5);
}
