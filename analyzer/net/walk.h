/*
 * The walk through the layers of one frame; private to the decoder. Every layer function reads its own header from the
 * cursor, bounds the cursor to what the header says is inside, and names the layer that comes next. decode.c runs them
 * in a loop with a bound on their number, so that nothing here recurses.
 *
 * The packet is written when an IP header has been read in whole, never earlier: when what a tunnel carries cannot be
 * read, the packet that carried it is still there and is the result.
 */
#pragma once

#include "analyzer/base/cursor.h"
#include "analyzer/net/decode.h"

/* LAYER(name, function) */
#define LAYERS(LAYER)                                                                                                  \
	LAYER(ETHERNET, layer_ethernet)                                                                                \
	LAYER(LLC, layer_llc)                                                                                          \
	LAYER(VLAN, layer_vlan)                                                                                        \
	LAYER(VNTAG, layer_vntag)                                                                                      \
	LAYER(ETAG, layer_etag)                                                                                        \
	LAYER(ITAG, layer_itag)                                                                                        \
	LAYER(CMD, layer_cmd)                                                                                          \
	LAYER(ISL, layer_isl)                                                                                          \
	LAYER(NSH, layer_nsh)                                                                                          \
	LAYER(TOKEN_RING, layer_token_ring)                                                                            \
	LAYER(FDDI, layer_fddi)                                                                                        \
	LAYER(PPP, layer_ppp)                                                                                          \
	LAYER(PPP_DIRECTED, layer_ppp_directed)                                                                        \
	LAYER(PPPOE, layer_pppoe)                                                                                      \
	LAYER(CHDLC, layer_chdlc)                                                                                      \
	LAYER(FRAME_RELAY, layer_frame_relay)                                                                          \
	LAYER(MPLS, layer_mpls)                                                                                        \
	LAYER(LOOPBACK, layer_loopback)                                                                                \
	LAYER(SLL, layer_sll)                                                                                          \
	LAYER(SLL2, layer_sll2)                                                                                        \
	LAYER(NFLOG, layer_nflog)                                                                                      \
	LAYER(PFLOG, layer_pflog)                                                                                      \
	LAYER(ENC, layer_enc)                                                                                          \
	LAYER(SUNATM, layer_sunatm)                                                                                    \
	LAYER(ERF, layer_erf)                                                                                          \
	LAYER(PPI, layer_ppi)                                                                                          \
	LAYER(RADIOTAP, layer_radiotap)                                                                                \
	LAYER(PRISM, layer_prism)                                                                                      \
	LAYER(AVS, layer_avs)                                                                                          \
	LAYER(WIFI, layer_wifi)                                                                                        \
	LAYER(IP, layer_ip)                                                                                            \
	LAYER(IPV4, layer_ipv4)                                                                                        \
	LAYER(IPV6, layer_ipv6)                                                                                        \
	LAYER(EXTENSION, layer_extension)                                                                              \
	LAYER(TCP, layer_tcp)                                                                                          \
	LAYER(UDP, layer_udp)                                                                                          \
	LAYER(PORTS, layer_ports)                                                                                      \
	LAYER(ICMP, layer_icmp)                                                                                        \
	LAYER(ICMPV6, layer_icmpv6)                                                                                    \
	LAYER(IPIP, layer_ipip)                                                                                        \
	LAYER(SIXIN, layer_sixin)                                                                                      \
	LAYER(ETHERIP, layer_etherip)                                                                                  \
	LAYER(GRE, layer_gre)                                                                                          \
	LAYER(ERSPAN2, layer_erspan2)                                                                                  \
	LAYER(ERSPAN3, layer_erspan3)                                                                                  \
	LAYER(VXLAN, layer_vxlan)                                                                                      \
	LAYER(VXLAN_GPE, layer_vxlan_gpe)                                                                              \
	LAYER(GENEVE, layer_geneve)                                                                                    \
	LAYER(GTP, layer_gtp)                                                                                          \
	LAYER(TEREDO, layer_teredo)                                                                                    \
	LAYER(L2TP, layer_l2tp)                                                                                        \
	LAYER(L2TPV3, layer_l2tpv3)

enum layer {
	LAYER_STOP,
#define LAYER(name, function) LAYER_##name,
	LAYERS(LAYER)
#undef LAYER
	    LAYER_COUNT
};

struct fragment_table;

struct walk {
	struct cursor c; /* what is left of the layer */
	size_t cut;      /* bytes of this layer that were on the wire behind the cursor's end, but were not captured */
	struct fragment_table *fragments;
	struct packet *p;
	uint64_t shared, way; /* tunnel digests so far */
	unsigned layers;      /* so far */
	unsigned extensions;  /* IPv6 extension headers, counted apart */
	bool wifi_padded;     /* the driver aligned what follows the 802.11 header */
	bool inside;          /* an IP header was read: *p holds a packet */
	bool guess; /* what comes was recognised by content: when it does not fit, it was not what it looked like */
	enum decode_result result;
};

typedef enum layer layer_fn(struct walk *w);

#define LAYER(name, function) layer_fn function;
LAYERS(LAYER)
#undef LAYER

/* Nothing is known of the packet but its frame. */
void walk_clear(struct packet *p, const struct frame *f, int64_t clock_ns);

/* The walk ends here. What was read so far stands; the result says why unless a packet is there already. */
static inline enum layer walk_stop(struct walk *w, enum decode_result why)
{
	if (!w->inside)
		w->result = why;
	else if (why == DECODE_MALFORMED && !w->guess)
		w->p->anomalies |= PKT_MALFORMED;
	return LAYER_STOP;
}

/* A read went over the end: the capture's doing, or the sender's. */
static inline enum layer walk_short(struct walk *w)
{
	return walk_stop(w, w->cut ? DECODE_SNAPPED : DECODE_MALFORMED);
}

/* Bounds the layer to len bytes. False when not so many were on the wire; the layer stays as it is then. */
static inline bool walk_limit(struct walk *w, size_t len)
{
	size_t left = cursor_left(&w->c);
	if (len <= left) {
		w->c = cursor_child(&w->c, len);
		w->cut = 0;
		return true;
	}
	if (len - left > w->cut)
		return false;
	w->cut = len - left;
	return true;
}
