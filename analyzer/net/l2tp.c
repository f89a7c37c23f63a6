/*
 * L2TP: version 2 over UDP (RFC 2661), version 3 over IP and UDP (RFC 3931). Version 3 leaves to its control connection
 * how long the cookie is and whether a sublayer follows, so the combination that makes sense is taken.
 */
#include "analyzer/net/link.h"
#include "analyzer/net/tunnel.h"

enum l2tp_flag {
	L2TP_CONTROL = 0x8000,
	L2TP_LENGTH = 0x4000,
	L2TP_SEQUENCE = 0x0800,
	L2TP_OFFSET = 0x0200,
	L2TP_RESERVED = 0x34f0,
	L2TP_VERSION = 0x000f,
};

/* Behind the session id of version 3. */
static enum layer session_open(struct walk *w, uint32_t session)
{
	static const uint8_t gaps[] = {0, 4, 8, 12}; /* cookie of 0, 4 or 8 bytes, sublayer of 0 or 4 */
	w->guess = true;
	for (size_t i = 0; i < sizeof gaps; i++) {
		struct cursor c = w->c;
		cursor_skip(&c, gaps[i]);
		struct cursor peek = c;
		bool ppp = cursor_be16(&peek) == 0xff03;
		if (!ppp && !link_ethernet_plausible(c, w->cut))
			continue;
		w->c = c;
		w->shared = tunnel_endpoints(w->shared, TUNNEL_L2TP, w->p);
		w->way = tunnel_digest(w->way, TUNNEL_L2TP, session);
		return ppp ? LAYER_PPP : LAYER_ETHERNET;
	}
	return LAYER_STOP;
}

/* Over IP: the session id comes first; 0: control. */
enum layer layer_l2tpv3(struct walk *w)
{
	uint32_t session = cursor_be32(&w->c);
	return w->c.failed || session == 0 ? LAYER_STOP : session_open(w, session);
}

enum layer layer_l2tp(struct walk *w)
{
	uint16_t flags = cursor_be16(&w->c);
	if (flags & L2TP_CONTROL || flags & L2TP_RESERVED)
		return LAYER_STOP;
	if ((flags & L2TP_VERSION) == 3) {
		cursor_skip(&w->c, 2);
		return layer_l2tpv3(w);
	}
	if ((flags & L2TP_VERSION) != 2)
		return LAYER_STOP;
	size_t wire = cursor_left(&w->c) + w->cut + 2;
	if (flags & L2TP_LENGTH && cursor_be16(&w->c) > wire)
		return LAYER_STOP;
	uint32_t ids = cursor_be32(&w->c);
	if (flags & L2TP_SEQUENCE)
		cursor_skip(&w->c, 4);
	if (flags & L2TP_OFFSET)
		cursor_skip(&w->c, cursor_be16(&w->c));
	if (w->c.failed)
		return LAYER_STOP;
	w->shared = tunnel_endpoints(w->shared, TUNNEL_L2TP, w->p);
	w->way = tunnel_digest(w->way, TUNNEL_L2TP, ids);
	return LAYER_PPP;
}
