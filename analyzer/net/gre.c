/*
 * GRE (RFC 2784, 2890, and the routing of 1701), PPTP's version of it (RFC 2637), MikroTik's EoIP in that, and ERSPAN
 * (draft-foschiano-erspan).
 */
#include "analyzer/net/link.h"
#include "analyzer/net/tunnel.h"

enum gre_flag {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080, /* version 1 */
	GRE_VERSION = 0x0007,
};

enum {
	GRE_TYPE_PPP = 0x880b,
	GRE_TYPE_ERSPAN2 = 0x88be,
	GRE_TYPE_ERSPAN3 = 0x22eb,
	GRE_TYPE_WCCP = 0x883e,
	GRE_TYPE_EOIP = 0x6400,
	GRE_ROUTES_MAX = 16,
	ERSPAN_SESSION = 0x3ff,
	ERSPAN3_ETHERNET = 0, /* frame types */
	ERSPAN3_IP = 2,
};

/* Source routes end with an entry of nothing (RFC 1701). */
static bool routes_skip(struct cursor *c)
{
	for (int i = 0; i < GRE_ROUTES_MAX && !c->failed; i++) {
		uint16_t family = cursor_be16(c);
		cursor_skip(c, 1);
		uint8_t length = cursor_u8(c);
		if (family == 0 && length == 0)
			return !c->failed;
		cursor_skip(c, length);
	}
	return false;
}

/* WCCP: IPv4, with a word before it in its second version (draft-wilson-wrec-wccp-v2). */
static enum layer wccp(struct walk *w)
{
	struct cursor peek = w->c;
	if (cursor_u8(&peek) >> 4 != 4)
		cursor_skip(&w->c, 4);
	return LAYER_IPV4;
}

static enum layer gre_type(struct walk *w, uint16_t type, bool sequence)
{
	switch (type) {
	case GRE_TYPE_ERSPAN2:
		/* Type I has no sequence number, and no header either. */
		return sequence ? LAYER_ERSPAN2 : LAYER_ETHERNET;
	case GRE_TYPE_ERSPAN3:
		return LAYER_ERSPAN3;
	case GRE_TYPE_WCCP:
		return wccp(w);
	default:
		return link_ethertype(type);
	}
}

static enum layer gre_plain(struct walk *w, uint16_t flags, uint16_t type)
{
	if (flags & (GRE_CHECKSUM | GRE_ROUTING))
		cursor_skip(&w->c, 4);
	w->shared = tunnel_endpoints(w->shared, TUNNEL_GRE, w->p);
	if (flags & GRE_KEY)
		w->way = tunnel_digest(w->way, TUNNEL_GRE, cursor_be32(&w->c));
	if (flags & GRE_SEQUENCE)
		cursor_skip(&w->c, 4);
	if (w->c.failed || (flags & GRE_ROUTING && !routes_skip(&w->c)))
		return walk_short(w);
	return gre_type(w, type, flags & GRE_SEQUENCE);
}

/* The key holds a payload length and an id: the peer's call for PPTP, the tunnel's (little-endian) for EoIP. */
static enum layer gre_enhanced(struct walk *w, uint16_t flags, uint16_t type)
{
	size_t length = cursor_be16(&w->c);
	uint16_t id = cursor_be16(&w->c);
	if (flags & GRE_SEQUENCE && type == GRE_TYPE_PPP)
		cursor_skip(&w->c, 4);
	if (flags & GRE_ACK)
		cursor_skip(&w->c, 4);
	if (w->c.failed)
		return walk_short(w);
	if (!(flags & GRE_KEY) || (type != GRE_TYPE_PPP && type != GRE_TYPE_EOIP))
		return LAYER_STOP;
	if (length == 0)
		return LAYER_STOP;
	if (!walk_limit(w, length))
		return walk_stop(w, DECODE_MALFORMED);
	if (type == GRE_TYPE_EOIP) {
		w->shared = tunnel_digest(tunnel_endpoints(w->shared, TUNNEL_EOIP, w->p), TUNNEL_EOIP, id);
		return LAYER_ETHERNET;
	}
	w->shared = tunnel_endpoints(w->shared, TUNNEL_GRE, w->p);
	w->way = tunnel_digest(w->way, TUNNEL_GRE, id);
	return LAYER_PPP;
}

enum layer layer_gre(struct walk *w)
{
	uint16_t flags = cursor_be16(&w->c), type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	switch (flags & GRE_VERSION) {
	case 0:
		return gre_plain(w, flags, type);
	case 1:
		return gre_enhanced(w, flags, type);
	default:
		return LAYER_STOP;
	}
}

/* Version and VLAN, then class, encapsulation and session, then an index. */
enum layer layer_erspan2(struct walk *w)
{
	uint16_t session = cursor_be32(&w->c) & ERSPAN_SESSION;
	cursor_skip(&w->c, 4);
	if (w->c.failed)
		return walk_short(w);
	w->shared = tunnel_digest(w->shared, TUNNEL_ERSPAN, session);
	return LAYER_ETHERNET;
}

/* The same, a time, a group, and flags: the frame's type and whether eight bytes of the platform follow. */
enum layer layer_erspan3(struct walk *w)
{
	uint16_t session = cursor_be32(&w->c) & ERSPAN_SESSION;
	cursor_skip(&w->c, 6);
	uint16_t flags = cursor_be16(&w->c);
	if (flags & 1)
		cursor_skip(&w->c, 8);
	if (w->c.failed)
		return walk_short(w);
	w->shared = tunnel_digest(w->shared, TUNNEL_ERSPAN, session);
	unsigned type = flags >> 10 & 0x1f;
	return type == ERSPAN3_ETHERNET ? LAYER_ETHERNET : type == ERSPAN3_IP ? LAYER_IP : LAYER_STOP;
}
