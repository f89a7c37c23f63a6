/*
 * MPLS (RFC 3032) and Ethernet pseudowires over it (RFC 4448). Nothing in a label stack says what follows it: the first
 * nibble does, and where that may be a MAC address as well, what fits.
 */
#include "analyzer/net/ip.h"
#include "analyzer/net/link.h"
#include "analyzer/net/tunnel.h"

enum {
	MPLS_LABELS_MAX = 16,
	MPLS_LABEL_SPECIAL = 16,   /* below: not an identity (RFC 3032, 2.1) */
	MPLS_LABEL_EXTENSION = 15, /* RFC 7274 */
	MPLS_LABEL_ENTROPY = 7,    /* RFC 6790: the next one is entropy */
	MPLS_BOTTOM = 0x100,
};

/* Reads the stack. *id is the lowest label that names a service or a path; 0: none. False: no bottom. */
static bool stack_read(struct cursor *c, uint32_t *id)
{
	bool entropy = false;
	*id = 0;
	for (int i = 0; i < MPLS_LABELS_MAX; i++) {
		uint32_t entry = cursor_be32(c);
		uint32_t label = entry >> 12;
		if (c->failed)
			return false;
		if (!entropy && label >= MPLS_LABEL_SPECIAL)
			*id = label;
		entropy = label == MPLS_LABEL_ENTROPY || label == MPLS_LABEL_EXTENSION;
		if (entry & MPLS_BOTTOM)
			return true;
	}
	return false;
}

static enum layer pseudowire(struct walk *w, uint8_t nibble)
{
	struct cursor after_control = w->c;
	cursor_skip(&after_control, 4);
	w->guess = true;
	if (nibble == 0 && link_ethernet_plausible(after_control, w->cut)) {
		w->c = after_control;
		return LAYER_ETHERNET;
	}
	return link_ethernet_plausible(w->c, w->cut) ? LAYER_ETHERNET : LAYER_STOP;
}

enum layer layer_mpls(struct walk *w)
{
	uint32_t id;
	if (!stack_read(&w->c, &id))
		return walk_short(w);
	if (id)
		w->way = tunnel_digest(w->way, TUNNEL_LABEL, id);
	struct cursor peek = w->c;
	uint8_t nibble = cursor_u8(&peek) >> 4;
	bool ip = nibble == 4 || nibble == 6;
	if (ip && ip_plausible(w->c, w->cut))
		return LAYER_IP;
	bool guess = w->guess;
	enum layer next = pseudowire(w, nibble);
	if (next != LAYER_STOP)
		return next;
	w->guess = guess;
	/* Where the end is not to be seen, nothing is known of what would have fitted. */
	if (peek.failed || w->cut > 0)
		return walk_short(w);
	return ip ? LAYER_IP : LAYER_STOP;
}
