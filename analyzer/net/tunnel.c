/*
 * Tunnels over UDP, and those over IP that have no header to speak of. GRE is in gre.c.
 *
 * A port is a hint: all UDP tunnels run with `guess` set, so that a datagram is opened only if an IP packet that fits is
 * inside, and stays a datagram otherwise.
 */
#include "analyzer/net/tunnel.h"

#include "analyzer/net/ip.h"
#include "analyzer/net/link.h"

/* Digests must be the same in every run: which shard a flow goes to hangs on them. */
static const struct hash_key digest_key = {UINT64_C(0x74756e6e656c7331), 1};

uint64_t tunnel_digest(uint64_t digest, enum tunnel_kind kind, uint64_t id)
{
	uint64_t words[3] = {digest, (uint64_t)kind, id};
	uint64_t sum = hash_bytes(digest_key, words, sizeof words);
	return sum ? sum : 1;
}

uint64_t tunnel_endpoints(uint64_t digest, enum tunnel_kind kind, const struct packet *p)
{
	bool ordered = addr_compare(&p->src, &p->dst) <= 0;
	struct addr pair[2] = {ordered ? p->src : p->dst, ordered ? p->dst : p->src};
	return tunnel_digest(digest, kind, hash_bytes(digest_key, pair, sizeof pair));
}

struct udp_tunnel {
	uint16_t port;
	uint8_t layer;
};

static const struct udp_tunnel udp_tunnels[] = {
    {2152, LAYER_GTP},       {4789, LAYER_VXLAN},  {8472, LAYER_VXLAN}, /* Linux before IANA's */
    {4790, LAYER_VXLAN_GPE}, {6081, LAYER_GENEVE}, {1701, LAYER_L2TP},  {3544, LAYER_TEREDO}, {6635, LAYER_MPLS},
};

enum layer tunnel_udp(uint16_t sport, uint16_t dport)
{
	for (size_t i = 0; i < sizeof udp_tunnels / sizeof udp_tunnels[0]; i++)
		if (udp_tunnels[i].port == dport || udp_tunnels[i].port == sport)
			return udp_tunnels[i].layer;
	return LAYER_STOP;
}

enum layer layer_ipip(struct walk *w)
{
	w->shared = tunnel_endpoints(w->shared, TUNNEL_IPIP, w->p);
	return LAYER_IPV4;
}

enum layer layer_sixin(struct walk *w)
{
	if (w->p->src.version == 4)
		w->shared = tunnel_digest(w->shared, TUNNEL_SIXIN, 0);
	else
		w->shared = tunnel_endpoints(w->shared, TUNNEL_IPIP, w->p);
	return LAYER_IPV6;
}

/* RFC 3378: a version of 3 and nothing else. */
enum layer layer_etherip(struct walk *w)
{
	uint16_t version = cursor_be16(&w->c);
	if (w->c.failed)
		return walk_short(w);
	w->shared = tunnel_endpoints(w->shared, TUNNEL_IPIP, w->p);
	return version >> 12 == 3 ? LAYER_ETHERNET : walk_stop(w, DECODE_MALFORMED);
}

/* RFC 7348: a flag that the network id is valid, and the id. */
enum layer layer_vxlan(struct walk *w)
{
	uint8_t flags = cursor_u8(&w->c);
	cursor_skip(&w->c, 3);
	uint32_t network = cursor_be32(&w->c) >> 8;
	if (w->c.failed || !(flags & 0x08))
		return LAYER_STOP;
	w->shared = tunnel_digest(w->shared, TUNNEL_VXLAN, network);
	return LAYER_ETHERNET;
}

/* The same with a type of what follows (draft-ietf-nvo3-vxlan-gpe). */
enum layer layer_vxlan_gpe(struct walk *w)
{
	static const uint8_t nexts[] = {[1] = LAYER_IPV4, [2] = LAYER_IPV6, [3] = LAYER_ETHERNET, [4] = LAYER_NSH};
	struct cursor peek = w->c;
	cursor_skip(&peek, 3);
	uint8_t next = cursor_u8(&peek);
	if (layer_vxlan(w) == LAYER_STOP)
		return LAYER_STOP;
	return next < sizeof nexts ? nexts[next] : LAYER_STOP;
}

/* RFC 8926. */
enum layer layer_geneve(struct walk *w)
{
	uint8_t version_length = cursor_u8(&w->c);
	cursor_skip(&w->c, 1);
	uint16_t type = cursor_be16(&w->c);
	uint32_t network = cursor_be32(&w->c) >> 8;
	cursor_skip(&w->c, (version_length & 0x3fU) * 4);
	if (w->c.failed || version_length >> 6 != 0)
		return LAYER_STOP;
	w->shared = tunnel_digest(w->shared, TUNNEL_GENEVE, network);
	return link_ethertype(type);
}

enum {
	GTP_VERSION_MASK = 0xf0,
	GTP_VERSION_1 = 0x30, /* version 1, GTP rather than GTP' */
	GTP_OPTIONAL = 0x07,
	GTP_HAS_EXTENSION = 0x04,
	GTP_GPDU = 255,
	GTP_EXTENSIONS_MAX = 16,
};

/* The chain of extension headers, each with its length in words at the start and the next one's type at its end. */
static bool gtp_extensions(struct cursor *c, uint8_t type)
{
	for (int i = 0; type != 0; i++) {
		size_t length = cursor_u8(c) * 4U;
		if (length == 0 || i == GTP_EXTENSIONS_MAX)
			return false;
		cursor_skip(c, length - 2);
		type = cursor_u8(c);
	}
	return true;
}

/* 3GPP TS 29.281: user data of a mobile device, its IP packets as they are. */
enum layer layer_gtp(struct walk *w)
{
	uint8_t flags = cursor_u8(&w->c), type = cursor_u8(&w->c);
	size_t length = cursor_be16(&w->c);
	uint32_t teid = cursor_be32(&w->c);
	if (w->c.failed || (flags & GTP_VERSION_MASK) != GTP_VERSION_1 || type != GTP_GPDU)
		return LAYER_STOP;
	if (length != cursor_left(&w->c) + w->cut)
		return LAYER_STOP;
	if (flags & GTP_OPTIONAL) {
		cursor_skip(&w->c, 3);
		uint8_t extension = cursor_u8(&w->c);
		if (flags & GTP_HAS_EXTENSION && !gtp_extensions(&w->c, extension))
			return LAYER_STOP;
	}
	if (w->c.failed || !ip_plausible(w->c, w->cut))
		return LAYER_STOP;
	w->shared = tunnel_endpoints(w->shared, TUNNEL_GTP, w->p);
	w->way = tunnel_digest(w->way, TUNNEL_GTP, teid);
	return LAYER_IP;
}

#define TEREDO_PREFIX UINT32_C(0x20010000)

/* RFC 4380, 5.1.1: perhaps an authentication, perhaps an origin, then an IPv6 packet. */
enum layer layer_teredo(struct walk *w)
{
	struct cursor peek = w->c;
	uint16_t indicator = cursor_be16(&peek);
	if (indicator == 1) {
		size_t client = cursor_u8(&peek), value = cursor_u8(&peek);
		cursor_skip(&peek, client + value + 9);
		w->c = peek;
		indicator = cursor_be16(&peek);
	}
	if (indicator == 0) {
		cursor_skip(&peek, 6);
		w->c = peek;
	}
	peek = w->c;
	uint8_t version = cursor_u8(&peek) >> 4;
	cursor_skip(&peek, 3);
	size_t length = cursor_be16(&peek);
	cursor_skip(&peek, 2);
	bool named = cursor_be32(&peek) == TEREDO_PREFIX;
	cursor_skip(&peek, 12);
	named |= cursor_be32(&peek) == TEREDO_PREFIX;
	cursor_skip(&peek, 12);
	size_t wire = cursor_left(&peek) + w->cut;
	/* What is longer has trailers (RFC 6081), which go between Teredo addresses alone. */
	if (peek.failed || version != 6 || length > wire || (length < wire && !named))
		return LAYER_STOP;
	w->shared = tunnel_digest(w->shared, TUNNEL_TEREDO, 0);
	return LAYER_IPV6;
}
