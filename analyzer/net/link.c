/*
 * Link layers: where a frame of a link type starts, Ethernet II and IEEE 802.3 with LLC and SNAP, the tags that may stand
 * before the payload (802.1Q and 802.1ad stacks, 802.1ah, 802.1BR, VN-Tag, Cisco metadata, ISL, NSH), Token Ring, FDDI,
 * and the EtherTypes that lead on. Serial lines are in serial.c, headers that capture tools make in cooked.c.
 */
#include "analyzer/net/link.h"

#include "analyzer/net/ip.h"
#include "analyzer/net/tunnel.h"

enum {
	ETHERNET_HEADER = 14,
	ETHERTYPE_MIN = 0x600, /* below: a length (IEEE 802.3) */
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,
	VLAN_ID = 0xfff,
	PLAUSIBLE_TAGS_MAX = 4,
};

struct link_entry {
	uint16_t type;
	uint8_t layer; /* enum layer */
};

static const struct link_entry links[] = {
    {LINKTYPE_ETHERNET, LAYER_ETHERNET},
    {LINKTYPE_NULL, LAYER_LOOPBACK},
    {LINKTYPE_LOOP, LAYER_LOOPBACK},
    {LINKTYPE_RAW, LAYER_IP},
    {12, LAYER_IP}, /* DLT_RAW as some systems number it, found in files all the same */
    {14, LAYER_IP},
    {LINKTYPE_IPV4, LAYER_IPV4},
    {LINKTYPE_IPV6, LAYER_IPV6},
    {LINKTYPE_LINUX_SLL, LAYER_SLL},
    {LINKTYPE_LINUX_SLL2, LAYER_SLL2},
    {LINKTYPE_IEEE802_11, LAYER_WIFI},
    {LINKTYPE_IEEE802_11_RADIOTAP, LAYER_RADIOTAP},
    {LINKTYPE_IEEE802_11_PRISM, LAYER_PRISM},
    {LINKTYPE_IEEE802_11_AVS, LAYER_AVS},
    {LINKTYPE_PPI, LAYER_PPI},
    {LINKTYPE_PPP, LAYER_PPP},
    {LINKTYPE_PPP_HDLC, LAYER_PPP},
    {LINKTYPE_PPP_PPPD, LAYER_PPP_DIRECTED},
    {LINKTYPE_PPP_WITH_DIR, LAYER_PPP_DIRECTED},
    {LINKTYPE_PPP_ETHER, LAYER_PPPOE},
    {LINKTYPE_C_HDLC, LAYER_CHDLC},
    {LINKTYPE_FRELAY, LAYER_FRAME_RELAY},
    {LINKTYPE_ERF, LAYER_ERF},
    {LINKTYPE_NFLOG, LAYER_NFLOG},
    {6, LAYER_TOKEN_RING},
    {10, LAYER_FDDI},
    {100, LAYER_LLC}, /* ATM_RFC1483 */
    {106, LAYER_LLC}, /* ATM_CLIP */
    {109, LAYER_ENC},
    {117, LAYER_PFLOG},
    {123, LAYER_SUNATM},
};

enum layer link_layer(uint16_t linktype)
{
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		if (links[i].type == linktype)
			return links[i].layer;
	return LAYER_COUNT;
}

static const struct link_entry ethertypes[] = {
    {ETHERTYPE_IPV4, LAYER_IPV4}, {ETHERTYPE_IPV6, LAYER_IPV6}, {0x8100, LAYER_VLAN}, {0x88a8, LAYER_VLAN},
    {0x9100, LAYER_VLAN},         {0x9200, LAYER_VLAN},         {0x8847, LAYER_MPLS}, {0x8848, LAYER_MPLS},
    {0x8864, LAYER_PPPOE},        {0x6558, LAYER_ETHERNET}, /* transparent bridging: GRE, GENEVE, VXLAN-GPE */
    {0x880b, LAYER_PPP},          {0x8870, LAYER_LLC},      /* frames too long for a length field */
    {0x88e7, LAYER_ITAG},         {0x893f, LAYER_ETAG},         {0x8909, LAYER_CMD},  {0x8926, LAYER_VNTAG},
    {0x894f, LAYER_NSH},
};

enum layer link_ethertype(uint16_t ethertype)
{
	for (size_t i = 0; i < sizeof ethertypes / sizeof ethertypes[0]; i++)
		if (ethertypes[i].type == ethertype)
			return ethertypes[i].layer;
	return LAYER_STOP;
}

bool link_ethernet_plausible(struct cursor c, size_t cut)
{
	cursor_skip(&c, ETHERNET_HEADER - 2);
	uint16_t type = cursor_be16(&c);
	for (int i = 0; i < PLAUSIBLE_TAGS_MAX && link_ethertype(type) == LAYER_VLAN; i++) {
		cursor_skip(&c, 2);
		type = cursor_be16(&c);
	}
	if (c.failed)
		return false;
	if (type == ETHERTYPE_IPV4 || type == ETHERTYPE_IPV6)
		return ip_plausible(c, cut);
	return type == ETHERTYPE_ARP || link_ethertype(type) != LAYER_STOP;
}

/* What stands behind an EtherType or length field. */
static enum layer type_or_length(struct walk *w, uint16_t type)
{
	if (w->c.failed)
		return walk_short(w);
	if (type >= ETHERTYPE_MIN)
		return link_ethertype(type);
	/* A length that is too large is the sender's fault, and no reason not to look. */
	walk_limit(w, type);
	return LAYER_LLC;
}

enum layer layer_ethernet(struct walk *w)
{
	struct cursor h = cursor_child(&w->c, ETHERNET_HEADER);
	if (h.failed)
		return walk_short(w);
	uint32_t group = cursor_be32(&h);
	cursor_skip(&h, 8);
	/* ISL addresses: 01-00-0C-00-00 and 03-00-0C-00-00. */
	if (group == 0x01000c00 || group == 0x03000c00)
		return LAYER_ISL;
	return type_or_length(w, cursor_be16(&h));
}

enum layer layer_vlan(struct walk *w)
{
	uint16_t tag = cursor_be16(&w->c), type = cursor_be16(&w->c);
	/* 0 is a priority without a network. */
	if (tag & VLAN_ID)
		w->way = tunnel_digest(w->way, TUNNEL_VLAN, tag & VLAN_ID);
	return type_or_length(w, type);
}

/* Cisco VN-Tag: four bytes of ports. */
enum layer layer_vntag(struct walk *w)
{
	cursor_skip(&w->c, 4);
	return type_or_length(w, cursor_be16(&w->c));
}

/* IEEE 802.1BR: six bytes of ports. */
enum layer layer_etag(struct walk *w)
{
	cursor_skip(&w->c, 6);
	return type_or_length(w, cursor_be16(&w->c));
}

/* IEEE 802.1ah: a service id, then a whole frame. */
enum layer layer_itag(struct walk *w)
{
	uint32_t tag = cursor_be32(&w->c);
	w->shared = tunnel_digest(w->shared, TUNNEL_ISID, tag & 0xffffff);
	return w->c.failed ? walk_short(w) : LAYER_ETHERNET;
}

/* Cisco metadata (TrustSec): version, length, and one option: a security group. */
enum layer layer_cmd(struct walk *w)
{
	cursor_skip(&w->c, 6);
	return type_or_length(w, cursor_be16(&w->c));
}

/* Cisco ISL. The first fourteen bytes of its header are gone; the network stands behind SNAP and half an address. */
enum layer layer_isl(struct walk *w)
{
	cursor_skip(&w->c, 6);
	uint16_t vlan = cursor_be16(&w->c) >> 1;
	cursor_skip(&w->c, 4);
	if (w->c.failed)
		return walk_short(w);
	w->way = tunnel_digest(w->way, TUNNEL_VLAN, vlan);
	return LAYER_ETHERNET;
}

/* RFC 8300. The path id is the way's own, and changes along it: no identity. */
enum layer layer_nsh(struct walk *w)
{
	static const uint8_t nexts[] = {
	    [1] = LAYER_IPV4, [2] = LAYER_IPV6, [3] = LAYER_ETHERNET, [4] = LAYER_NSH, [5] = LAYER_MPLS};
	size_t length = (cursor_be16(&w->c) & 0x3f) * 4U;
	cursor_skip(&w->c, 1);
	uint8_t next = cursor_u8(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (length < 8)
		return walk_stop(w, DECODE_MALFORMED);
	cursor_skip(&w->c, length - 4);
	if (w->c.failed)
		return walk_short(w);
	return next < sizeof nexts ? nexts[next] : LAYER_STOP;
}

enum layer layer_llc(struct walk *w)
{
	uint8_t dsap = cursor_u8(&w->c), ssap = cursor_u8(&w->c), control = cursor_u8(&w->c);
	if (w->c.failed)
		return walk_short(w);
	if (dsap == 0x06 && ssap == 0x06 && control == 0x03)
		return LAYER_IPV4;
	if (dsap != 0xaa || ssap != 0xaa || control != 0x03)
		return LAYER_STOP;
	uint32_t oui = cursor_be24(&w->c);
	uint16_t type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	/* RFC 2684, 5.2: bridged Ethernet, with padding. */
	if (oui == 0x0080c2 && (type == 1 || type == 7)) {
		cursor_skip(&w->c, 2);
		return LAYER_ETHERNET;
	}
	/* RFC 1042, and bridged Ethernet II (IEEE 802.1H). */
	return oui == 0 || oui == 0xf8 ? link_ethertype(type) : LAYER_STOP;
}

/* IEEE 802.5: access and frame control, two addresses, a route when the source's first bit is set. */
enum layer layer_token_ring(struct walk *w)
{
	cursor_skip(&w->c, 1);
	uint8_t control = cursor_u8(&w->c);
	cursor_skip(&w->c, 6);
	uint8_t source = cursor_u8(&w->c);
	cursor_skip(&w->c, 5);
	if (source & 0x80) {
		size_t route = cursor_be16(&w->c) >> 8 & 0x1f;
		cursor_skip(&w->c, route > 2 ? route - 2 : 0);
	}
	if (w->c.failed)
		return walk_short(w);
	return control >> 6 == 1 ? LAYER_LLC : LAYER_STOP;
}

enum layer layer_fddi(struct walk *w)
{
	uint8_t control = cursor_u8(&w->c);
	cursor_skip(&w->c, 12);
	if (w->c.failed)
		return walk_short(w);
	/* Asynchronous or synchronous LLC frames. */
	return (control & 0x70) == 0x50 ? LAYER_LLC : LAYER_STOP;
}
