/*
 * Headers that capture tools and drivers put in place of, or before, the link layer: BSD null and loop, Linux cooked
 * (both versions), NFLOG, PFLOG, enc, SunATM, ERF, PPI. (tcpdump.org/linktypes.html; PPI 1.0.10; Endace ERF.)
 */
#include "analyzer/net/link.h"

enum {
	AF_BSD_INET = 2,
	NFLOG_PAYLOAD = 9,
	NFLOG_HEADER = 4,
	NFLOG_FAMILY_INET6 = 10,
	ERF_EXTENDED = 0x80,
	ERF_EXTENSIONS_MAX = 16,
	PPI_COMMON = 2, /* 802.11-common: where the flag for a frame check sequence is */
	WIFI_FCS = 4,
};

static enum layer family_layer(uint32_t family)
{
	switch (family) {
	case AF_BSD_INET:
		return LAYER_IPV4;
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return LAYER_IPV6;
	default:
		return LAYER_STOP;
	}
}

/* The address family, in the byte order of whoever captured: families are small, so the other order shows. */
enum layer layer_loopback(struct walk *w)
{
	struct cursor swapped = w->c;
	uint32_t family = cursor_le32(&w->c), other = cursor_be32(&swapped);
	if (w->c.failed)
		return walk_short(w);
	return family_layer(family < other ? family : other);
}

static enum layer sll_protocol(uint16_t protocol)
{
	/* 4: frames with LLC; lower ones are for protocols without numbers. */
	return protocol == 4 ? LAYER_LLC : link_ethertype(protocol);
}

enum layer layer_sll(struct walk *w)
{
	cursor_skip(&w->c, 14);
	uint16_t protocol = cursor_be16(&w->c);
	return w->c.failed ? walk_short(w) : sll_protocol(protocol);
}

enum layer layer_sll2(struct walk *w)
{
	uint16_t protocol = cursor_be16(&w->c);
	cursor_skip(&w->c, 18);
	return w->c.failed ? walk_short(w) : sll_protocol(protocol);
}

static uint16_t host_u16(struct cursor *c, bool big)
{
	return big ? cursor_be16(c) : cursor_le16(c);
}

/* Length-prefixed values in host order, each padded to four bytes; one of them is the packet. */
enum layer layer_nflog(struct walk *w)
{
	uint8_t family = cursor_u8(&w->c);
	cursor_skip(&w->c, 3);
	struct cursor peek = w->c;
	/* No value is longer than the frame, so a first length that is tells the byte order. */
	bool big = cursor_le16(&peek) > cursor_left(&w->c) + w->cut;
	while (cursor_left(&w->c) > 0) {
		size_t length = host_u16(&w->c, big);
		uint16_t type = host_u16(&w->c, big) & 0x7fff;
		if (w->c.failed)
			return walk_short(w);
		if (length < NFLOG_HEADER)
			return walk_stop(w, DECODE_MALFORMED);
		length -= NFLOG_HEADER;
		if (type == NFLOG_PAYLOAD) {
			walk_limit(w, length);
			return family == AF_BSD_INET          ? LAYER_IPV4
			       : family == NFLOG_FAMILY_INET6 ? LAYER_IPV6
			                                      : LAYER_STOP;
		}
		cursor_skip(&w->c, (length + 3) / 4 * 4);
	}
	return walk_short(w);
}

/* OpenBSD and others: a header of its own length, with the address family behind it, padded to four bytes. */
enum layer layer_pflog(struct walk *w)
{
	size_t length = cursor_u8(&w->c);
	uint8_t family = cursor_u8(&w->c);
	size_t padded = (length + 3) / 4 * 4;
	cursor_skip(&w->c, padded > 2 ? padded - 2 : 0);
	return w->c.failed ? walk_short(w) : family_layer(family);
}

enum layer layer_enc(struct walk *w)
{
	struct cursor swapped = w->c;
	uint32_t family = cursor_le32(&w->c), other = cursor_be32(&swapped);
	cursor_skip(&w->c, 8);
	return w->c.failed ? walk_short(w) : family_layer(family < other ? family : other);
}

enum layer layer_sunatm(struct walk *w)
{
	uint8_t flags = cursor_u8(&w->c) & 0x0f;
	cursor_skip(&w->c, 3);
	if (w->c.failed)
		return walk_short(w);
	return flags == 2 ? LAYER_LLC : LAYER_STOP;
}

static enum layer erf_layer(struct walk *w, uint8_t type)
{
	switch (type) {
	case 1: /* HDLC over SONET, plain, coloured, hashed */
	case 10:
	case 15:
	case 19:
		return LAYER_PPP;
	case 2: /* Ethernet likewise */
	case 11:
	case 16:
	case 20:
		cursor_skip(&w->c, 2);
		return LAYER_ETHERNET;
	case 22:
		return LAYER_IPV4;
	case 23:
		return LAYER_IPV6;
	default:
		return LAYER_STOP;
	}
}

enum layer layer_erf(struct walk *w)
{
	cursor_skip(&w->c, 8);
	uint8_t type = cursor_u8(&w->c);
	cursor_skip(&w->c, 5);
	size_t wire = cursor_be16(&w->c);
	bool more = type & ERF_EXTENDED;
	for (int i = 0; more && i < ERF_EXTENSIONS_MAX; i++) {
		more = cursor_u8(&w->c) & ERF_EXTENDED;
		cursor_skip(&w->c, 7);
	}
	enum layer next = erf_layer(w, type & 0x7f);
	if (w->c.failed)
		return walk_short(w);
	/* The record is padded when it is longer than the packet, snapped when it is shorter. */
	size_t left = cursor_left(&w->c);
	w->cut = wire > left ? wire - left : 0;
	walk_limit(w, wire);
	return next;
}

/* The 802.11-common field: a time, then flags whose lowest bit says that the frame ends in a check sequence. */
static bool ppi_has_fcs(struct cursor fields)
{
	while (cursor_left(&fields) > 0) {
		uint16_t type = cursor_le16(&fields);
		struct cursor value = cursor_child(&fields, cursor_le16(&fields));
		if (type != PPI_COMMON)
			continue;
		cursor_skip(&value, 8);
		return cursor_le16(&value) & 1;
	}
	return false;
}

enum layer layer_ppi(struct walk *w)
{
	cursor_skip(&w->c, 2);
	size_t length = cursor_le16(&w->c);
	uint32_t linktype = cursor_le32(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (length < 8)
		return walk_stop(w, DECODE_MALFORMED);
	struct cursor fields = cursor_child(&w->c, length - 8);
	if (fields.failed)
		return walk_short(w);
	size_t wire = cursor_left(&w->c) + w->cut;
	if (linktype == LINKTYPE_IEEE802_11 && ppi_has_fcs(fields) && wire >= WIFI_FCS)
		walk_limit(w, wire - WIFI_FCS);
	enum layer next = linktype <= UINT16_MAX ? link_layer((uint16_t)linktype) : LAYER_COUNT;
	return next == LAYER_COUNT ? walk_stop(w, DECODE_UNKNOWN_LINK) : next;
}
