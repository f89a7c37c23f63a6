/*
 * Link layers: where a frame of a link type starts, Ethernet II and IEEE 802.3 with LLC and SNAP, 802.1Q tags (stacked in
 * any way), and the EtherTypes that lead on.
 */
#include "analyzer/net/walk.h"

#include "analyzer/net/tunnel.h"

enum {
	ETHERNET_HEADER = 14,
	ETHERTYPE_MIN = 0x600, /* below: a length (IEEE 802.3) */
};

struct link_entry {
	uint16_t type;
	uint8_t layer;
};

static const struct link_entry links[] = {
    {LINKTYPE_ETHERNET, LAYER_ETHERNET},
    {LINKTYPE_RAW, LAYER_IP},
    {LINKTYPE_IPV4, LAYER_IPV4},
    {LINKTYPE_IPV6, LAYER_IPV6},
};

enum layer link_layer(uint16_t linktype)
{
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		if (links[i].type == linktype)
			return links[i].layer;
	return LAYER_COUNT;
}

static const struct link_entry ethertypes[] = {
    {0x0800, LAYER_IPV4}, {0x86dd, LAYER_IPV6}, {0x8100, LAYER_VLAN}, {0x88a8, LAYER_VLAN}, {0x9100, LAYER_VLAN},
};

enum layer link_ethertype(uint16_t ethertype)
{
	for (size_t i = 0; i < sizeof ethertypes / sizeof ethertypes[0]; i++)
		if (ethertypes[i].type == ethertype)
			return ethertypes[i].layer;
	return LAYER_STOP;
}

/* What stands behind an EtherType or length field. */
static enum layer ethertype_next(struct walk *w, uint16_t type)
{
	if (type >= ETHERTYPE_MIN)
		return link_ethertype(type);
	walk_limit(w, type);
	return LAYER_LLC;
}

enum layer layer_ethernet(struct walk *w)
{
	struct cursor h = cursor_child(&w->c, ETHERNET_HEADER);
	if (h.failed)
		return walk_short(w);
	cursor_skip(&h, 12);
	return ethertype_next(w, cursor_be16(&h));
}

enum layer layer_vlan(struct walk *w)
{
	uint16_t tag = cursor_be16(&w->c), type = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	/* 0 is a priority without a network. */
	if (tag & 0xfff)
		w->shared = tunnel_digest(w->shared, TUNNEL_VLAN, tag & 0xfff);
	return ethertype_next(w, type);
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
	/* RFC 1042, and bridged Ethernet II (IEEE 802.1H). */
	return oui == 0 || oui == 0xf8 ? link_ethertype(type) : LAYER_STOP;
}
