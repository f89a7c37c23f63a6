/*
 * Serial lines: PPP (RFC 1661, 1662) and what carries it (PPPoE, RFC 2516; captures with a direction byte), Cisco HDLC,
 * Frame Relay (RFC 2427 and Cisco's own).
 */
#include "analyzer/net/link.h"
#include "analyzer/net/tunnel.h"

enum ppp_protocol {
	PPP_IPV4 = 0x0021,
	PPP_MULTILINK = 0x003d,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_MULTICAST = 0x0283,
};

enum {
	PPP_MULTILINK_WHOLE = 0xc0, /* RFC 1990: begins and ends here */
	NLPID_SNAP = 0x80,
	NLPID_IPV6 = 0x8e,
	NLPID_IPV4 = 0xcc,
	NLPID_PPP = 0xcf,
};

/* One byte when its low bit is set (RFC 1661, 6.5), else two. */
static uint16_t ppp_protocol(struct cursor *c)
{
	unsigned high = cursor_u8(c);
	return (uint16_t)(high & 1 ? high : high << 8 | cursor_u8(c));
}

static enum layer ppp_next(struct walk *w, uint16_t protocol)
{
	switch (protocol) {
	case PPP_IPV4:
		return LAYER_IPV4;
	case PPP_IPV6:
		return LAYER_IPV6;
	case PPP_MPLS:
	case PPP_MPLS_MULTICAST:
		return LAYER_MPLS;
	case PPP_MULTILINK:
		return cursor_be32(&w->c) >> 24 == PPP_MULTILINK_WHOLE ? LAYER_PPP : LAYER_STOP;
	default:
		return LAYER_STOP;
	}
}

enum layer layer_ppp(struct walk *w)
{
	struct cursor peek = w->c;
	uint16_t head = cursor_be16(&peek);
	if (head == 0xff03)
		w->c = peek;
	else if (head == 0x0f00 || head == 0x8f00)
		return LAYER_CHDLC;
	uint16_t protocol = ppp_protocol(&w->c);
	return w->c.failed ? walk_short(w) : ppp_next(w, protocol);
}

/* A byte for the direction, which stands before the address byte or in its place. */
enum layer layer_ppp_directed(struct walk *w)
{
	cursor_skip(&w->c, 1);
	struct cursor peek = w->c;
	if (cursor_u8(&peek) == 0x03)
		w->c = peek;
	return LAYER_PPP;
}

enum layer layer_pppoe(struct walk *w)
{
	uint8_t version_type = cursor_u8(&w->c), code = cursor_u8(&w->c);
	uint16_t session = cursor_be16(&w->c), length = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (version_type != 0x11)
		return walk_stop(w, DECODE_MALFORMED);
	if (code != 0)
		return LAYER_STOP;
	w->shared = tunnel_digest(w->shared, TUNNEL_PPPOE, session);
	walk_limit(w, length);
	return LAYER_PPP;
}

enum layer layer_chdlc(struct walk *w)
{
	cursor_skip(&w->c, 2);
	uint16_t type = cursor_be16(&w->c);
	return w->c.failed ? walk_short(w) : link_ethertype(type);
}

/* RFC 2427: a control byte, padding if need be, and the network layer's id. */
static enum layer frame_relay_next(struct walk *w)
{
	uint8_t nlpid = cursor_u8(&w->c);
	if (nlpid == 0)
		nlpid = cursor_u8(&w->c);
	if (nlpid == NLPID_IPV4)
		return LAYER_IPV4;
	if (nlpid == NLPID_IPV6)
		return LAYER_IPV6;
	if (nlpid == NLPID_PPP)
		return LAYER_PPP;
	if (nlpid != NLPID_SNAP)
		return w->c.failed ? walk_short(w) : LAYER_STOP;
	uint32_t oui = cursor_be24(&w->c);
	uint16_t type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (oui == 0x0080c2)
		return type == 1 || type == 7 ? LAYER_ETHERNET : LAYER_STOP;
	return oui == 0 ? link_ethertype(type) : LAYER_STOP;
}

/* The address is two to four bytes, the last one with its low bit set (Q.922). */
enum layer layer_frame_relay(struct walk *w)
{
	uint32_t circuit = 0;
	uint8_t byte = 0;
	for (int i = 0; i < 4 && !(byte & 1) && !w->c.failed; i++) {
		byte = cursor_u8(&w->c);
		circuit = circuit << 8 | byte;
	}
	struct cursor peek = w->c;
	uint8_t control = cursor_u8(&peek);
	if (peek.failed)
		return walk_short(w);
	w->way = tunnel_digest(w->way, TUNNEL_CIRCUIT, circuit);
	if (control != 0x03)
		return link_ethertype(cursor_be16(&w->c));
	w->c = peek;
	return frame_relay_next(w);
}
