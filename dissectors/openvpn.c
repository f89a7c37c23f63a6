/*
 * OpenVPN over UDP and TCP: the first byte of a message is an opcode and a key id (OpenVPN protocol, "Packet Types";
 * field sizes as in the Zeek package zeek-openvpn). Only plain openings are claimed: tls-auth and tls-crypt by the exact places of
 * what they leave in the clear.
 *
 *   +---------------+----------------+----------------------+-------------+---------------+
 *   | opcode, key   | session id (8) | HMAC and replay id   | acks: 0 (1) | packet id (4) |
 *   +---------------+----------------+----------------------+-------------+---------------+
 *     over TCP behind a two-byte length; the middle is there with tls-auth: HMAC of 20, 32 or 64 bytes and 8 more
 */
#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/tunnel.h"

enum {
	OPCODE_CONTROL = 4,
	OPCODE_ACK = 5,
	OPCODE_DATA_V1 = 6,
	OPCODE_RESET_CLIENT_V2 = 7,
	OPCODE_RESET_SERVER_V2 = 8,
	OPCODE_DATA_V2 = 9,
	OPCODE_RESET_CLIENT_V3 = 10,
	HEAD_LEN = 9, /* opcode and session id */
	TAIL_LEN = 5, /* no acknowledgements, packet id 0 */
	REPLAY_LEN = 8,
	CRYPT_LEN = 54, /* head, replay id, HMAC of 32 bytes, encrypted tail */
	LENGTH_LEN = 2,
	MESSAGE_MAX = 2048,
};

/* tls-crypt: the replay id is the first, or says that an early negotiation is understood. */
#define REPLAY_FIRST       UINT32_C(1)
#define REPLAY_FIRST_EARLY UINT32_C(0x0f000001)

static bool zero_tail(struct span m, size_t at)
{
	if (m.len != at + TAIL_LEN)
		return false;
	struct cursor c = cursor_over(m);
	cursor_skip(&c, at);
	return cursor_u8(&c) == 0 && cursor_be32(&c) == 0 && !c.failed;
}

static bool is_opening(struct span m)
{
	static const uint8_t hmac_lengths[] = {20, 32, 64};
	struct cursor c = cursor_over(m);
	uint8_t first = cursor_u8(&c), opcode = first >> 3, key = first & 7;
	if (key != 0 || (opcode != OPCODE_RESET_CLIENT_V2 && opcode != OPCODE_RESET_CLIENT_V3))
		return false;
	if (zero_tail(m, HEAD_LEN))
		return true;
	for (size_t i = 0; i < sizeof hmac_lengths; i++)
		if (zero_tail(m, HEAD_LEN + hmac_lengths[i] + REPLAY_LEN))
			return true;
	cursor_skip(&c, HEAD_LEN - 1);
	uint32_t replay = cursor_be32(&c);
	bool first_replay = replay == REPLAY_FIRST || replay == REPLAY_FIRST_EARLY;
	return first_replay && (m.len == CRYPT_LEN || (opcode == OPCODE_RESET_CLIENT_V3 && m.len > CRYPT_LEN));
}

static void message(struct dissection *d, struct span m)
{
	static const struct {
		uint8_t opcode;
		enum tunnel_step step;
	} steps[] = {
	    {OPCODE_RESET_CLIENT_V2, TUNNEL_OPENING},
	    {OPCODE_RESET_CLIENT_V3, TUNNEL_OPENING},
	    {OPCODE_RESET_SERVER_V2, TUNNEL_ANSWER},
	    {OPCODE_CONTROL, TUNNEL_CONTROL},
	    {OPCODE_ACK, TUNNEL_CONTROL},
	    {OPCODE_DATA_V1, TUNNEL_DATA},
	    {OPCODE_DATA_V2, TUNNEL_DATA},
	};
	struct cursor c = cursor_over(m);
	uint8_t opcode = cursor_u8(&c) >> 3;
	for (size_t i = 0; !c.failed && i < sizeof steps / sizeof *steps; i++)
		if (steps[i].opcode == opcode)
			dissection_emit(d, EV_TUNNEL_MESSAGE,
			                &(struct tunnel_message){.protocol = TUNNEL_OPENVPN, .step = steps[i].step});
}

static enum probe udp_probe(const struct flow *f, enum dir d, struct span head)
{
	(void)f;
	return d == DIR_UP && is_opening(head) ? PROBE_YES : PROBE_NO;
}

static bool udp_datagram(struct dissection *d, struct span payload)
{
	message(d, payload);
	return true;
}

/* The opening and its length are the first segment, as every client sends them. */
static enum probe tcp_probe(const struct flow *f, enum dir d, struct span head)
{
	struct cursor c = cursor_over(head);
	uint16_t len = cursor_be16(&c);
	(void)f;
	struct span m = cursor_take(&c, len);
	return d == DIR_UP && !c.failed && len > 0 && is_opening(m) ? PROBE_YES : PROBE_NO;
}

static size_t tcp_stream(struct dissection *d, struct span data, bool fin)
{
	struct cursor c = cursor_over(data);
	for (;;) {
		struct cursor look = c;
		uint16_t len = cursor_be16(&look);
		if (!look.failed && (len == 0 || len > MESSAGE_MAX))
			return DISSECT_GIVE_UP;
		struct span m = cursor_take(&look, len);
		if (look.failed)
			return fin ? data.len : cursor_offset(&c); /* nothing follows: what is unfinished stays so */
		message(d, m);
		c = look;
	}
}

const struct dissector dissector_openvpn_udp = {
    .name = "openvpn",
    .l4_proto = IPPROTO_UDP,
    .probe = udp_probe,
    .datagram = udp_datagram,
};

const struct dissector dissector_openvpn_tcp = {
    .name = "openvpn",
    .l4_proto = IPPROTO_TCP,
    .probe = tcp_probe,
    .stream = tcp_stream,
};
