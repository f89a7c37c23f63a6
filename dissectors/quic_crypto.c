/*
 * Frames of Initial packets (RFC 9000, sections 12.4 and 19) and the CRYPTO stream (RFC 9000, section 19.6). Clients cut
 * their hello into small frames and shuffle them, over one datagram or more, so bytes are placed by offset and counted by bit.
 *
 *   PADDING 00 | PING 01 | CRYPTO 06: offset, length, bytes | CONNECTION_CLOSE 1c | ACK 02, 03: largest, delay, count,
 *   first range, count times (gap, range), with 03 three counts more.  All numbers are variable-length.
 */
#include "dissectors/quic_crypto.h"

#include "dissectors/quic_packet.h"

enum {
	FRAME_PADDING = 0x00,
	FRAME_PING = 0x01,
	FRAME_ACK = 0x02,
	FRAME_ACK_ECN = 0x03,
	FRAME_CRYPTO = 0x06,
	FRAME_CONNECTION_CLOSE = 0x1c,
	CLIENT_HELLO = 1,
};

static bool bit_set(struct quic_crypto *crypto, size_t at)
{
	uint8_t bit = (uint8_t)(1U << at % 8);
	bool fresh = !(crypto->have[at / 8] & bit);
	crypto->have[at / 8] |= bit;
	return fresh;
}

static bool bit_is_set(const struct quic_crypto *crypto, size_t at)
{
	return crypto->have[at / 8] >> at % 8 & 1;
}

/* Whether a byte was new. */
static bool bytes_place(struct quic_crypto *crypto, uint64_t offset, struct span data)
{
	bool fresh = false;
	if (offset >= QUIC_CRYPTO_MAX)
		return false;
	data = span_first(data, QUIC_CRYPTO_MAX - (size_t)offset);
	for (size_t i = 0; i < data.len; i++) {
		size_t at = (size_t)offset + i;
		if (bit_set(crypto, at)) {
			crypto->bytes[at] = data.ptr[i];
			fresh = true;
		}
	}
	while (crypto->whole < QUIC_CRYPTO_MAX && bit_is_set(crypto, crypto->whole))
		crypto->whole++;
	return fresh;
}

static void ack_skip(struct cursor *c, bool ecn)
{
	quic_varint(c);
	quic_varint(c);
	uint64_t ranges = quic_varint(c);
	quic_varint(c);
	for (uint64_t i = 0; i < ranges && !c->failed; i++) {
		quic_varint(c);
		quic_varint(c);
	}
	for (int i = 0; ecn && i < 3; i++)
		quic_varint(c);
}

struct quic_frames quic_crypto_add(struct quic_crypto *crypto, struct span frames)
{
	struct cursor c = cursor_over(frames);
	struct quic_frames said = {0};
	while (cursor_left(&c) > 0 && !said.closing && !said.strange) {
		uint64_t type = quic_varint(&c);
		switch (type) {
		case FRAME_PADDING:
		case FRAME_PING:
			break;
		case FRAME_ACK:
		case FRAME_ACK_ECN:
			ack_skip(&c, type == FRAME_ACK_ECN);
			break;
		case FRAME_CRYPTO: {
			uint64_t offset = quic_varint(&c);
			struct span data = cursor_take(&c, quic_varint(&c));
			said.fresh |= !c.failed && bytes_place(crypto, offset, data);
			break;
		}
		case FRAME_CONNECTION_CLOSE:
			said.closing = !c.failed;
			break;
		default:
			said.strange = true;
			break;
		}
		said.strange |= c.failed;
	}
	crypto->pieces += said.fresh;
	return said;
}

bool quic_crypto_hello(const struct quic_crypto *crypto, struct span *body, uint32_t *hello_len)
{
	struct cursor c = cursor_over(span_of(crypto->bytes, crypto->whole));
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_be24(&c);
	if (c.failed || type != CLIENT_HELLO)
		return false;
	*body = span_first(cursor_rest(&c), len);
	*hello_len = len;
	return true;
}
