/*
 * Silence, as facts: what each end of a flow sent and heard nothing to. Rules about drops, stalls and dead addresses read
 * them when the flow closes (docs/rules.md, "Silence"); here nothing is judged. A capture never shows that a packet was
 * dropped, only that no answer to it was seen.
 */
#pragma once

#include "analyzer/net/resets.h"

/* Packets of one end that ask for an answer (SYN, payload, FIN, keep-alive, any datagram), since the other was last heard. */
struct waiting {
	struct frame_ref first, last; /* number 0: none */
	uint32_t sent;
};

/* Transmissions of the earliest byte of one end that the other has not acknowledged. TCP alone. */
struct unacked {
	struct frame_ref first, last; /* number 0: none */
	uint32_t transmissions;
};

/* A packet of this end. own: its side before the packet is counted there. */
void waiting_sent(struct waiting *w, const struct side *own, const struct packet *p, const struct sample *sample);
/* A datagram of this end. */
void waiting_datagram(struct waiting *w, const struct packet *p);
/* The other end was heard, with whatever. */
void waiting_heard(struct waiting *w);

/* A packet of this end, with both sides as they were before it. */
void unacked_sent(struct unacked *u, const struct side *own, const struct side *other, const struct sample *sample);
/* The other end acknowledged up to `ack`. other: its side before the packet is counted there. */
void unacked_acknowledged(struct unacked *u, const struct side *other, uint32_t ack);

/* Nanoseconds from the first to the last packet; 0 for one, for none, and without times. */
int64_t frame_span_ns(const struct frame_ref *first, const struct frame_ref *last);
