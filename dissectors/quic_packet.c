/*
 * QUIC packet headers (RFC 8999; RFC 9000, section 17.2; RFC 9369, section 3.2) and the protection of Initial packets (RFC 9001,
 * sections 5.3 and 5.4).
 *
 *   long:     1 1 type 2 xxxx | version 4 | dcid <1> | scid <1> | ...
 *   Initial:  ... token <varint> | length varint | packet number 1..4 | payload | tag 16
 *   0-RTT, Handshake: as Initial, without a token.  Retry, Version Negotiation: to the end of the datagram.
 *   short:    0 1 ...                                                        to the end of the datagram
 */
#include "dissectors/quic_packet.h"

#include "dissectors/quic_keys.h"

#include <nettle/gcm.h>

enum {
	LONG_HEADER = 0x80,
	FIXED_BIT = 0x40,
	CID_MAX = 20,
	SAMPLE_LEN = 16,
	SAMPLE_AT = 4, /* behind the start of the packet number, whose length is not known yet */
	TAG_LEN = 16,
};

uint64_t quic_varint(struct cursor *c)
{
	uint8_t first = cursor_u8(c);
	uint64_t value = first & 0x3f;
	for (int more = (1 << (first >> 6)) - 1; more > 0; more--)
		value = value << 8 | cursor_u8(c);
	return c->failed ? 0 : value;
}

static enum quic_packet_kind kind_of(uint8_t first, uint32_t version)
{
	static const enum quic_packet_kind kinds[4] = {QUIC_PACKET_INITIAL, QUIC_PACKET_ZERO_RTT, QUIC_PACKET_HANDSHAKE,
	                                               QUIC_PACKET_RETRY};
	unsigned type = first >> 4 & 3;
	if (version == 0)
		return QUIC_PACKET_VERSION_NEGOTIATION;
	if (!quic_version_known(version))
		return QUIC_PACKET_UNKNOWN;
	return kinds[version == QUIC_V2 ? (type + 3) % 4 : type];
}

/* From the token or length on: moves c behind the packet. */
static void body_read(struct quic_packet *p, struct cursor *c)
{
	if (p->kind > QUIC_PACKET_HANDSHAKE) {
		(void)cursor_rest(c);
		return;
	}
	if (p->kind == QUIC_PACKET_INITIAL)
		cursor_skip(c, quic_varint(c));
	uint64_t length = quic_varint(c);
	p->number_at = cursor_offset(c);
	p->cut = length > cursor_left(c);
	cursor_skip(c, p->cut ? cursor_left(c) : length);
}

bool quic_packet_read(struct quic_packet *p, struct cursor *datagram)
{
	struct cursor whole = *datagram;
	struct cursor c = cursor_over(cursor_rest(datagram));
	uint8_t first = cursor_u8(&c);
	*p = (struct quic_packet){.kind = QUIC_PACKET_SHORT, .fixed = first & FIXED_BIT};
	if (first & LONG_HEADER) {
		p->version = cursor_be32(&c);
		p->kind = kind_of(first, p->version);
		p->dcid = cursor_take(&c, cursor_u8(&c));
		p->scid = cursor_take(&c, cursor_u8(&c));
		if (p->kind <= QUIC_PACKET_RETRY && (p->dcid.len > CID_MAX || p->scid.len > CID_MAX))
			return false;
		body_read(p, &c);
	} else {
		(void)cursor_rest(&c);
	}
	if (c.failed)
		return false;
	p->bytes = cursor_take(&whole, cursor_offset(&c));
	*datagram = whole;
	return true;
}

static bool mask_make(const struct quic_packet *p, const struct quic_keys *keys, uint8_t mask[SAMPLE_LEN])
{
	struct cursor c = cursor_over(span_after(p->bytes, p->number_at + SAMPLE_AT));
	struct span sample = cursor_take(&c, SAMPLE_LEN);
	struct aes128_ctx aes;
	if (c.failed)
		return false;
	aes128_set_encrypt_key(&aes, keys->hp);
	aes128_encrypt(&aes, SAMPLE_LEN, mask, sample.ptr);
	return true;
}

/* The header as the sender made it, which the tag covers, into `header`; the length of the packet number. */
static size_t header_unmask(uint8_t *header, const struct quic_packet *p, const uint8_t mask[SAMPLE_LEN],
                            uint8_t nonce[QUIC_IV_LEN])
{
	struct cursor c = cursor_over(p->bytes);
	struct span before = cursor_take(&c, p->number_at);
	if (before.len > 0)
		memcpy(header, before.ptr, before.len);
	header[0] ^= mask[0] & 0x0f;
	size_t number_len = (size_t)(header[0] & 3) + 1;
	for (size_t i = 0; i < number_len; i++) {
		header[p->number_at + i] = cursor_u8(&c) ^ mask[1 + i];
		nonce[QUIC_IV_LEN - number_len + i] ^= header[p->number_at + i];
	}
	return number_len;
}

bool quic_initial_open(const struct quic_packet *p, struct span dcid, bool client, struct arena *scratch,
                       struct span *frames)
{
	struct quic_keys keys;
	struct gcm_aes128_ctx gcm;
	uint8_t mask[SAMPLE_LEN], nonce[QUIC_IV_LEN], tag[TAG_LEN];
	if (p->kind != QUIC_PACKET_INITIAL || p->cut || !quic_keys_derive(&keys, p->version, dcid, client) ||
	    !mask_make(p, &keys, mask))
		return false;
	uint8_t *header = arena_alloc(scratch, p->number_at + 4);
	uint8_t *plain = arena_alloc(scratch, p->bytes.len);
	if (!header || !plain)
		return false;
	memcpy(nonce, keys.iv, sizeof(nonce));
	size_t header_len = p->number_at + header_unmask(header, p, mask, nonce);
	struct span sealed = span_after(p->bytes, header_len);
	struct span cipher = span_first(sealed, sealed.len - TAG_LEN); /* the sample vouches for the tag's bytes */
	gcm_aes128_set_key(&gcm, keys.key);
	gcm_aes128_set_iv(&gcm, sizeof(nonce), nonce);
	gcm_aes128_update(&gcm, header_len, header);
	gcm_aes128_decrypt(&gcm, cipher.len, plain, cipher.ptr);
	gcm_aes128_digest(&gcm, sizeof(tag), tag);
	*frames = span_of(plain, cipher.len);
	return span_equal(span_of(tag, sizeof(tag)), span_after(sealed, cipher.len));
}
