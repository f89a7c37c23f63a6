/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443), with the packet that an error quotes: as much of it as its sender put in and the
 * capture kept.
 */
#include "analyzer/net/ip.h"

enum {
	ICMP_HEADER = 8,
	ICMP_HEADER_MIN = 4,
	QUOTE_EXTENSIONS_MAX = 8,
};

static bool icmp_is_error(uint8_t type)
{
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* RFC 4443, 2.1: errors have the high bit clear; 0 and the rest of the range are not assigned. */
static bool icmpv6_is_error(uint8_t type)
{
	return type >= 1 && type <= 4;
}

static void quote_transport(struct icmp_quote *q, struct cursor c)
{
	uint8_t proto = q->l4_proto;
	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP && proto != IPPROTO_SCTP && proto != IPPROTO_DCCP &&
	    proto != IPPROTO_UDPLITE)
		return;
	uint16_t sport = cursor_be16(&c), dport = cursor_be16(&c);
	if (c.failed)
		return;
	q->sport = sport;
	q->dport = dport;
	q->has_ports = true;
	uint32_t seq = cursor_be32(&c);
	if (proto != IPPROTO_TCP || c.failed)
		return;
	q->tcp_seq = seq;
	q->has_seq = true;
}

static void quote_ipv4(struct icmp_quote *q, struct cursor c)
{
	struct icmp_quote read = {0};
	size_t header = (size_t)(cursor_u8(&c) & 15) * 4;
	cursor_skip(&c, 5);
	uint16_t offset = cursor_be16(&c) & 0x1fff;
	read.ttl = cursor_u8(&c);
	read.l4_proto = cursor_u8(&c);
	cursor_skip(&c, 2);
	read.src = ip_addr_take(&c, 4);
	read.dst = ip_addr_take(&c, 4);
	if (c.failed || header < cursor_offset(&c))
		return;
	*q = read;
	cursor_skip(&c, header - cursor_offset(&c));
	if (offset == 0 && !c.failed)
		quote_transport(q, c);
}

static bool quote_skips(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_AH;
}

static void quote_ipv6(struct icmp_quote *q, struct cursor c)
{
	struct icmp_quote read = {0};
	cursor_skip(&c, 6);
	read.l4_proto = cursor_u8(&c);
	read.ttl = cursor_u8(&c);
	read.src = ip_addr_take(&c, 6);
	read.dst = ip_addr_take(&c, 6);
	if (c.failed)
		return;
	*q = read;
	for (int i = 0; i < QUOTE_EXTENSIONS_MAX && quote_skips(q->l4_proto); i++) {
		uint8_t type = q->l4_proto, next = cursor_u8(&c);
		size_t length = cursor_u8(&c);
		uint16_t offset = cursor_be16(&c);
		size_t size = type == IPPROTO_FRAGMENT ? 8 : type == IPPROTO_AH ? (length + 2) * 4 : (length + 1) * 8;
		cursor_skip(&c, size - 4);
		if (c.failed || (type == IPPROTO_FRAGMENT && offset & 0xfff8))
			return;
		q->l4_proto = next;
	}
	quote_transport(q, c);
}

static void quote_read(struct icmp_quote *q, struct cursor c)
{
	struct cursor peek = c;
	uint8_t version = cursor_u8(&peek) >> 4;
	if (version == 4)
		quote_ipv4(q, c);
	else if (version == 6)
		quote_ipv6(q, c);
}

static enum layer icmp_read(struct walk *w, bool is_error(uint8_t type))
{
	struct packet *p = w->p;
	uint8_t type = cursor_u8(&w->c), code = cursor_u8(&w->c);
	uint16_t checksum = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	p->has_l4 = true;
	p->icmp_type = type;
	p->icmp_code = code;
	p->l4_checksum = checksum;
	cursor_skip(&w->c, ICMP_HEADER - ICMP_HEADER_MIN);
	p->payload_len = p->payload_len > ICMP_HEADER ? p->payload_len - ICMP_HEADER : 0;
	p->payload = cursor_rest(&w->c);
	p->quote = (struct icmp_quote){0};
	if (is_error(type))
		quote_read(&p->quote, cursor_over(p->payload));
	return LAYER_STOP;
}

enum layer layer_icmp(struct walk *w)
{
	return icmp_read(w, icmp_is_error);
}

enum layer layer_icmpv6(struct walk *w)
{
	return icmp_read(w, icmpv6_is_error);
}
