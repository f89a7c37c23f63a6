/*
 * Transport headers: TCP (RFC 9293 and its options), UDP (RFC 768), and the ports of UDP-Lite, SCTP and DCCP. ICMP is in
 * icmp.c, tunnels over UDP in tunnel.c.
 */
#include "analyzer/net/transport.h"

#include "analyzer/net/tunnel.h"

enum tcp_option_kind {
	TCPOPT_KIND_END = 0,
	TCPOPT_KIND_NOP = 1,
	TCPOPT_KIND_MSS = 2,
	TCPOPT_KIND_WSCALE = 3,
	TCPOPT_KIND_SACK_PERMITTED = 4,
	TCPOPT_KIND_SACK = 5,
	TCPOPT_KIND_TIMESTAMPS = 8,
	TCPOPT_KIND_MPTCP = 30,
	TCPOPT_KIND_FASTOPEN = 34,
	TCPOPT_KIND_EXPERIMENT = 254,
};

enum {
	IP_PROTOCOL_ETHERIP = 97,
	IP_PROTOCOL_L2TP = 115,
	IP_PROTOCOL_SHIM6 = 140, /* RFC 5533 */
	TCP_HEADER_MIN = 20,
	UDP_HEADER = 8,
	TCP_WSCALE_MAX = 14,         /* RFC 7323, 2.3 */
	TCP_FASTOPEN_MAGIC = 0xf989, /* RFC 7413, appendix A */
};

static const uint8_t protocol_layers[256] = {
    [IPPROTO_ICMP] = LAYER_ICMP,
    [IPPROTO_HOPOPTS] = LAYER_EXTENSION,
    [IPPROTO_ROUTING] = LAYER_EXTENSION,
    [IPPROTO_FRAGMENT] = LAYER_EXTENSION,
    [IPPROTO_GRE] = LAYER_GRE,
    [IPPROTO_AH] = LAYER_EXTENSION,
    [IPPROTO_DSTOPTS] = LAYER_EXTENSION,
    [IP_PROTOCOL_SHIM6] = LAYER_EXTENSION,
    [IPPROTO_IPIP] = LAYER_IPIP,
    [IPPROTO_TCP] = LAYER_TCP,
    [IPPROTO_UDP] = LAYER_UDP,
    [IPPROTO_DCCP] = LAYER_PORTS,
    [IPPROTO_IPV6] = LAYER_SIXIN,
    [IPPROTO_ICMPV6] = LAYER_ICMPV6,
    [IP_PROTOCOL_ETHERIP] = LAYER_ETHERIP,
    [IP_PROTOCOL_L2TP] = LAYER_L2TPV3,
    [IPPROTO_SCTP] = LAYER_PORTS,
    [IPPROTO_UDPLITE] = LAYER_PORTS,
    [IPPROTO_MPLS] = LAYER_MPLS,
};

enum layer transport_layer(uint8_t protocol)
{
	return protocol_layers[protocol];
}

/* The value of one option, of the length that its kind asks for. */
static void tcp_option_read(struct tcp_options *o, uint8_t kind, struct cursor v)
{
	size_t len = cursor_left(&v);
	if (kind == TCPOPT_KIND_TIMESTAMPS && len == 8) {
		o->tsval = cursor_be32(&v);
		o->tsecr = cursor_be32(&v);
		o->seen |= TCPOPT_SEEN_TIMESTAMPS;
	} else if (kind == TCPOPT_KIND_SACK && len % 8 == 0 && len > 0) {
		o->seen |= TCPOPT_SEEN_SACK;
	} else if (kind == TCPOPT_KIND_MSS && len == 2) {
		o->mss = cursor_be16(&v);
		o->seen |= TCPOPT_SEEN_MSS;
	} else if (kind == TCPOPT_KIND_WSCALE && len == 1) {
		uint8_t shift = cursor_u8(&v);
		o->wscale = shift > TCP_WSCALE_MAX ? TCP_WSCALE_MAX : shift;
		o->seen |= TCPOPT_SEEN_WSCALE;
	} else if (kind == TCPOPT_KIND_SACK_PERMITTED && len == 0) {
		o->seen |= TCPOPT_SEEN_SACK_PERMITTED;
	} else if (kind == TCPOPT_KIND_FASTOPEN) {
		o->seen |= TCPOPT_SEEN_FASTOPEN;
	} else if (kind == TCPOPT_KIND_EXPERIMENT && len >= 2 && cursor_be16(&v) == TCP_FASTOPEN_MAGIC) {
		o->seen |= TCPOPT_SEEN_FASTOPEN;
	} else if (kind == TCPOPT_KIND_MPTCP) {
		o->seen |= TCPOPT_SEEN_MPTCP;
	} else {
		o->seen |= TCPOPT_SEEN_OTHER;
	}
}

static void tcp_options_read(struct tcp_options *o, struct cursor c)
{
	while (cursor_left(&c) > 0) {
		uint8_t kind = cursor_u8(&c);
		if (kind == TCPOPT_KIND_END)
			return;
		if (kind == TCPOPT_KIND_NOP)
			continue;
		uint8_t len = cursor_u8(&c);
		if (len < 2) {
			o->seen |= TCPOPT_BROKEN;
			return;
		}
		struct cursor value = cursor_child(&c, len - 2U);
		if (value.failed) {
			o->seen |= TCPOPT_BROKEN;
			return;
		}
		tcp_option_read(o, kind, value);
	}
}

/* A header that is not there in whole: the ports at least, when they are. */
static enum layer ports_alone(struct walk *w, struct cursor c)
{
	uint16_t sport = cursor_be16(&c), dport = cursor_be16(&c);
	if (!c.failed) {
		w->p->sport = sport;
		w->p->dport = dport;
	}
	return walk_short(w);
}

/* The options as far as they were captured; what the capture cut off is no fault of the sender. */
static void tcp_options_take(struct walk *w, size_t len)
{
	struct tcp_options *o = &w->p->tcp_options;
	size_t left = cursor_left(&w->c);
	tcp_options_read(o, cursor_child(&w->c, len < left ? len : left));
	if (left < len)
		o->seen &= (uint16_t)~TCPOPT_BROKEN;
	o->length = (uint8_t)len;
}

enum layer layer_tcp(struct walk *w)
{
	struct packet *p = w->p;
	struct cursor h = cursor_child(&w->c, TCP_HEADER_MIN);
	if (h.failed)
		return ports_alone(w, cursor_over(p->l4));
	p->sport = cursor_be16(&h);
	p->dport = cursor_be16(&h);
	p->tcp_seq = cursor_be32(&h);
	p->tcp_ack = cursor_be32(&h);
	uint16_t offset_flags = cursor_be16(&h);
	p->tcp_flags = offset_flags & 0x1ff;
	p->tcp_window = cursor_be16(&h);
	p->l4_checksum = cursor_be16(&h);
	size_t header = (size_t)(offset_flags >> 12) * 4;
	if (header < TCP_HEADER_MIN || header > p->payload_len)
		return walk_stop(w, DECODE_MALFORMED);
	p->has_l4 = true;
	p->payload_len -= (uint32_t)header;
	if (header > TCP_HEADER_MIN)
		tcp_options_take(w, header - TCP_HEADER_MIN);
	p->payload = cursor_rest(&w->c);
	return LAYER_STOP;
}

enum layer layer_udp(struct walk *w)
{
	struct packet *p = w->p;
	struct cursor h = cursor_child(&w->c, UDP_HEADER);
	if (h.failed)
		return ports_alone(w, cursor_over(p->l4));
	p->sport = cursor_be16(&h);
	p->dport = cursor_be16(&h);
	size_t length = cursor_be16(&h);
	p->l4_checksum = cursor_be16(&h);
	p->has_l4 = true;
	/* Zero: a jumbogram (RFC 2675) or a super-packet; the IP header knows how long. */
	if (length == 0)
		length = p->payload_len;
	if (length < UDP_HEADER || length > p->payload_len)
		p->anomalies |= PKT_MALFORMED;
	else
		p->payload_len = (uint32_t)length;
	p->payload_len = p->payload_len > UDP_HEADER ? p->payload_len - UDP_HEADER : 0;
	walk_limit(w, p->payload_len);
	struct cursor rest = w->c;
	p->payload = cursor_rest(&rest);
	enum layer tunnel = tunnel_udp(p->sport, p->dport);
	w->guess = tunnel != LAYER_STOP;
	return tunnel;
}

/* Protocols that are followed by their ports alone: SCTP (RFC 9260), DCCP (RFC 4340), UDP-Lite (RFC 3828). */
enum layer layer_ports(struct walk *w)
{
	struct packet *p = w->p;
	size_t header = p->l4_proto == IPPROTO_UDPLITE ? UDP_HEADER : 12;
	struct cursor h = cursor_child(&w->c, header);
	if (h.failed)
		return ports_alone(w, cursor_over(p->l4));
	p->sport = cursor_be16(&h);
	p->dport = cursor_be16(&h);
	if (p->l4_proto == IPPROTO_DCCP)
		header = (size_t)cursor_u8(&h) * 4;
	if (header < UDP_HEADER || header > p->payload_len)
		return walk_stop(w, DECODE_MALFORMED);
	p->has_l4 = true;
	p->payload_len -= (uint32_t)header;
	p->payload = span_after(p->l4, header);
	return LAYER_STOP;
}
