/*
 * DTLS 1.0 to 1.2 (RFC 4347, 6347), and DTLS 1.3 in its plaintext hellos (RFC 9147), alone or behind STUN on the same ports as in
 * WebRTC (RFC 7983): which step of the handshake a datagram is. Hellos split over records are taken by their first part.
 */
#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/tunnel.h"

enum {
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_DATA = 23,
	HANDSHAKE_CLIENT_HELLO = 1,
	HANDSHAKE_SERVER_HELLO = 2,
	HANDSHAKE_HELLO_VERIFY = 3,
	RECORD_SEQUENCE_LEN = 8, /* epoch and number */
	STUN_TYPE_MAX = 0x3fff,
};

#define STUN_COOKIE UINT32_C(0x2112a442) /* RFC 8489, section 5 */

static bool is_stun(struct span payload)
{
	struct cursor c = cursor_over(payload);
	uint16_t type = cursor_be16(&c), length = cursor_be16(&c);
	return type <= STUN_TYPE_MAX && length % 4 == 0 && cursor_be32(&c) == STUN_COOKIE && !c.failed;
}

/* The first record. False: no DTLS. */
static bool read_step(struct span payload, enum tunnel_step *step)
{
	struct cursor c = cursor_over(payload);
	uint8_t type = cursor_u8(&c), major = cursor_u8(&c), minor = cursor_u8(&c);
	cursor_skip(&c, RECORD_SEQUENCE_LEN);
	uint16_t length = cursor_be16(&c);
	bool version = major == 0xfe && (minor == 0xff || minor == 0xfd);
	if (c.failed || !version || length == 0 || type < RECORD_ALERT - 1 || type > RECORD_DATA)
		return false;
	uint8_t handshake = type == RECORD_HANDSHAKE ? cursor_u8(&c) : 0;
	*step = type == RECORD_DATA                                                          ? TUNNEL_DATA
	        : handshake == HANDSHAKE_CLIENT_HELLO                                        ? TUNNEL_OPENING
	        : handshake == HANDSHAKE_SERVER_HELLO || handshake == HANDSHAKE_HELLO_VERIFY ? TUNNEL_ANSWER
	                                                                                     : TUNNEL_CONTROL;
	return !c.failed;
}

static enum probe dtls_probe(const struct flow *f, enum dir d, struct span head)
{
	enum tunnel_step step;
	(void)f;
	(void)d;
	if (is_stun(head))
		return PROBE_YES;
	return read_step(head, &step) && step == TUNNEL_OPENING ? PROBE_YES : PROBE_NO;
}

static bool dtls_datagram(struct dissection *d, struct span payload)
{
	enum tunnel_step step;
	if (read_step(payload, &step))
		dissection_emit(d, EV_TUNNEL_MESSAGE, &(struct tunnel_message){.protocol = TUNNEL_DTLS, .step = step});
	return true;
}

const struct dissector dissector_dtls = {
    .name = "dtls",
    .l4_proto = IPPROTO_UDP,
    .probe = dtls_probe,
    .datagram = dtls_datagram,
};
