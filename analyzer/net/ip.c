/*
 * IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200), and AH (RFC 4302) on either. Fragments are joined in
 * fragment.c.
 */
#include "analyzer/net/ip.h"

#include "analyzer/net/fragment.h"
#include "analyzer/net/transport.h"

enum {
	IPV4_HEADER_MIN = 20,
	IPV6_HEADER = 40,
	IPV4_DF = 0x4000,
	IPV4_MF = 0x2000,
	IPV4_OFFSET = 0x1fff,
	IP_MTU_ETHERNET = 1500,
	IPV6_OPTION_HOME_ADDRESS = 0xc9,
	IPV6_EXTENSIONS_MAX = 256, /* a sender needs six at most (RFC 8200, 4.1) */
};

/* A packet starts here: what carried it gives way. */
static void ip_enter(struct walk *w)
{
	struct packet *p = w->p;
	if (w->inside) {
		uint32_t kept = p->anomalies & PKT_FRAGMENTED;
		walk_clear(p, p->frame, p->clock_ns);
		p->anomalies = kept | PKT_TUNNELED;
	}
	w->inside = true;
	w->guess = false;
	w->result = DECODE_IP;
	p->tunnel_shared = w->shared;
	p->tunnel_way = w->way;
}

/* Bounds the walk, which stands behind a header of the given size, to the packet's total length; 0: to all there is. */
static void ip_bound(struct walk *w, size_t header, size_t total)
{
	struct packet *p = w->p;
	size_t left = cursor_left(&w->c);
	if (total == 0) {
		total = header + left + w->cut;
		p->anomalies |= PKT_LENGTH_ZERO;
	}
	size_t length = total - header;
	p->payload_len = (uint32_t)length;
	if (left > length)
		p->anomalies |= PKT_PADDED;
	if (total > IP_MTU_ETHERNET)
		p->anomalies |= PKT_JUMBO;
	if (!walk_limit(w, length))
		p->anomalies |= PKT_MALFORMED;
	else if (w->cut > 0)
		p->anomalies |= PKT_SNAPPED;
}

/* The header is a whole number of words. */
static bool ip_checksum_bad(struct cursor header)
{
	uint64_t sum = 0;
	while (cursor_left(&header) > 0)
		sum += cursor_be32(&header);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum != 0xffff;
}

bool ip_plausible(struct cursor c, size_t cut)
{
	size_t wire = cursor_left(&c) + cut;
	uint8_t first = cursor_u8(&c);
	if (first >> 4 == 4) {
		size_t header = (size_t)(first & 15) * 4;
		cursor_skip(&c, 1);
		size_t total = cursor_be16(&c);
		cursor_skip(&c, IPV4_HEADER_MIN - 4);
		return !c.failed && header >= IPV4_HEADER_MIN && header <= wire && total <= wire &&
		       (total >= header || total == 0);
	}
	cursor_skip(&c, 3);
	size_t length = cursor_be16(&c);
	cursor_skip(&c, IPV6_HEADER - 6);
	return !c.failed && first >> 4 == 6 && length + IPV6_HEADER <= wire;
}

/* The protocol number says what comes; the walk goes there. */
static enum layer ip_next(struct walk *w, uint8_t protocol)
{
	struct packet *p = w->p;
	struct cursor rest = w->c;
	p->l4_proto = protocol;
	p->l4 = p->payload = cursor_rest(&rest);
	return transport_layer(protocol);
}

/* A fragment is kept, or it completes its packet and the walk goes on in what was joined. */
static enum layer ip_fragment(struct walk *w, struct fragment piece)
{
	struct packet *p = w->p;
	struct cursor rest = w->c;
	piece.bytes = cursor_rest(&rest);
	piece.length = p->payload_len;
	p->l4_proto = piece.protocol;
	p->l4 = p->payload = piece.bytes;
	p->anomalies |= PKT_FRAGMENT_ALONE;
	struct fragment_joined joined;
	/* A length that the frame belies would leave a hole that never closes. */
	if (p->anomalies & PKT_MALFORMED || !fragment_add(w->fragments, p, &piece, &joined)) {
		w->result = DECODE_FRAGMENT;
		return LAYER_STOP;
	}
	p->anomalies &= ~(uint32_t)(PKT_FRAGMENT_ALONE | PKT_SNAPPED);
	p->anomalies |= PKT_FRAGMENTED;
	p->ttl = joined.ttl;
	p->payload_len = joined.length;
	w->c = cursor_over(joined.bytes);
	w->cut = joined.length - joined.bytes.len;
	if (w->cut > 0)
		p->anomalies |= PKT_SNAPPED;
	return ip_next(w, joined.protocol);
}

enum layer layer_ipv4(struct walk *w)
{
	struct cursor whole = w->c;
	struct cursor h = cursor_child(&w->c, IPV4_HEADER_MIN);
	if (h.failed)
		return walk_short(w);
	uint8_t first = cursor_u8(&h);
	size_t header = (size_t)(first & 15) * 4;
	if (first >> 4 != 4 || header < IPV4_HEADER_MIN)
		return walk_stop(w, DECODE_MALFORMED);
	cursor_skip(&w->c, header - IPV4_HEADER_MIN);
	if (w->c.failed)
		return walk_short(w);
	cursor_skip(&h, 1);
	size_t total = cursor_be16(&h);
	size_t left = cursor_left(&w->c);
	if ((total < header && total != 0) || (w->guess && total > header + left + w->cut))
		return walk_stop(w, DECODE_MALFORMED);
	ip_enter(w);
	struct packet *p = w->p;
	p->ip_id = cursor_be16(&h);
	uint16_t fragment = cursor_be16(&h);
	p->ip_df = fragment & IPV4_DF;
	p->ttl = cursor_u8(&h);
	uint8_t protocol = cursor_u8(&h);
	uint16_t checksum = cursor_be16(&h);
	p->src = ip_addr_take(&h, 4);
	p->dst = ip_addr_take(&h, 4);
	if (checksum != 0 && ip_checksum_bad(cursor_child(&whole, header)))
		p->anomalies |= PKT_IP_CHECKSUM_BAD;
	ip_bound(w, header, total);
	if (fragment & (IPV4_MF | IPV4_OFFSET))
		return ip_fragment(w, (struct fragment){
		                          .id = p->ip_id,
		                          .offset = (fragment & IPV4_OFFSET) * 8U,
		                          .more = fragment & IPV4_MF,
		                          .protocol = protocol,
		                      });
	return ip_next(w, protocol);
}

enum layer layer_ipv6(struct walk *w)
{
	struct cursor h = cursor_child(&w->c, IPV6_HEADER);
	if (h.failed)
		return walk_short(w);
	uint32_t first = cursor_be32(&h);
	size_t length = cursor_be16(&h);
	size_t left = cursor_left(&w->c);
	if (first >> 28 != 6 || (w->guess && length > left + w->cut))
		return walk_stop(w, DECODE_MALFORMED);
	ip_enter(w);
	struct packet *p = w->p;
	uint8_t next = cursor_u8(&h);
	p->ttl = cursor_u8(&h);
	p->src = ip_addr_take(&h, 6);
	p->dst = ip_addr_take(&h, 6);
	bool zero = length == 0 && next != IPPROTO_NONE;
	ip_bound(w, IPV6_HEADER, zero ? 0 : length + IPV6_HEADER);
	return ip_next(w, next);
}

enum layer layer_ip(struct walk *w)
{
	struct cursor peek = w->c;
	uint8_t version = cursor_u8(&peek) >> 4;
	if (peek.failed)
		return walk_short(w);
	return version == 4 ? LAYER_IPV4 : version == 6 ? LAYER_IPV6 : walk_stop(w, DECODE_MALFORMED);
}

/* Type 0 and 2 (RFC 2460, 6275): the last address listed; type 4 (RFC 8754): the first. The packet's way ends there. */
static void routing_read(struct packet *p, struct cursor body)
{
	size_t addresses = cursor_left(&body) / 16;
	uint8_t type = cursor_u8(&body), left = cursor_u8(&body);
	cursor_skip(&body, 4);
	if (left == 0 || addresses == 0 || (type != 0 && type != 2 && type != 4))
		return;
	if (type != 4)
		cursor_skip(&body, (addresses - 1) * 16);
	struct addr last = ip_addr_take(&body, 6);
	if (!body.failed)
		p->dst = last;
}

/* The home address option (RFC 6275, 6.3) holds the source that the transport layer sees. */
static void destination_read(struct packet *p, struct cursor body)
{
	while (cursor_left(&body) > 0) {
		uint8_t type = cursor_u8(&body);
		if (type == 0)
			continue;
		struct cursor value = cursor_child(&body, cursor_u8(&body));
		if (value.failed)
			return;
		if (type == IPV6_OPTION_HOME_ADDRESS && cursor_left(&value) == 16)
			p->src = ip_addr_take(&value, 6);
	}
}

static enum layer fragment_header(struct walk *w, struct cursor body, uint8_t next)
{
	uint16_t offset_more = cursor_be16(&body);
	uint32_t id = cursor_be32(&body);
	/* Whole packets with a fragment header stand for themselves (RFC 6946). */
	if ((offset_more & 0xfff9) == 0)
		return ip_next(w, next);
	return ip_fragment(
	    w, (struct fragment){.id = id, .offset = offset_more & 0xfff8U, .more = offset_more & 1, .protocol = next});
}

/* IPv6 extension headers, and AH over IPv4. l4_proto says which one stands here. */
enum layer layer_extension(struct walk *w)
{
	struct packet *p = w->p;
	uint8_t type = p->l4_proto;
	if (p->src.version == 4 && type != IPPROTO_AH)
		return LAYER_STOP;
	if (w->extensions++ == IPV6_EXTENSIONS_MAX) {
		p->anomalies |= PKT_NESTED_TOO_DEEP;
		return LAYER_STOP;
	}
	uint8_t next = cursor_u8(&w->c);
	size_t length = cursor_u8(&w->c);
	size_t size = type == IPPROTO_FRAGMENT ? 8 : type == IPPROTO_AH ? (length + 2) * 4 : (length + 1) * 8;
	struct cursor body = cursor_child(&w->c, size - 2);
	if (w->c.failed)
		return walk_short(w);
	if (size > p->payload_len)
		return walk_stop(w, DECODE_MALFORMED);
	p->payload_len -= (uint32_t)size;
	w->layers--; /* counted by itself */
	if (type == IPPROTO_ROUTING)
		routing_read(p, body);
	else if (type == IPPROTO_DSTOPTS)
		destination_read(p, body);
	else if (type == IPPROTO_FRAGMENT)
		return fragment_header(w, body, next);
	return ip_next(w, next);
}
