/*
 * The resets of one side of a connection, as the rules about resets look at them: those that a receiver would have taken,
 * what else their purported sender sent, which request they answer, and what every finding about them says. Judged at flow
 * close from the facts in net/resets.h. The rules are in rst_injection.c, rst_after_trigger.c, rst_rewritten.c, rst_both_ways.c and
 * rst_fingerprint.c.
 */
#pragma once

#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"

#define PAIR_WINDOW_NS   (INT64_C(2) * 1000000000) /* between paired packets [Khattak's implementation] */
#define REORDER_LEAST_NS (INT64_C(3) * 1000000)    /* G5 */

enum { SEQ_SLACK = 2 /* FIN and SYN counting differs between implementations */ };

struct burst {
	struct flow *flow;
	enum dir dir; /* who the resets claim to be from */
	const struct reset_side *r;
	unsigned kept; /* of r->rst that remain, in `at` */
	unsigned at[RESETS_KEPT];
	bool own_ended, other_ended; /* a FIN had ended the stream of this side, or of the other, before */
};

/* Rules of rst_injection.c and rst_rewritten.c that a burst broke. */
enum burst_rule {
	BURST_SEQ_DATA = 1 << 0,
	BURST_DATA_SEQ = 1 << 1,
	BURST_SEQ_CHANGE = 1 << 2,
	BURST_ACK_CHANGE = 1 << 3,
	BURST_REWRITTEN = 1 << 4,
};

/* False: the side sent no RST that a receiver would have looked at, or nothing else before. */
bool burst_of(struct burst *b, struct flow *flow, enum dir dir);

/* As burst_of, for rules that hold for a flow of nothing but resets too: the first BURST_PACKETS_MAX, within PAIR_WINDOW_NS. */
bool burst_begin(struct burst *b, struct flow *flow, enum dir dir);

static inline const struct sample *burst_rst(const struct burst *b, unsigned i)
{
	return &b->r->rst[b->at[i]];
}

static inline const struct reset_moment *burst_moment(const struct burst *b, unsigned i)
{
	return &b->r->at[b->at[i]];
}

/* Nanoseconds between two packets, either way; INT64_MAX without times. */
int64_t samples_apart(const struct sample *a, const struct sample *b);

/* G5: the closest packets may only have been swapped. 1: they were; 0: they were not; -1: nothing tells. */
int burst_swapped(const struct burst *b, const struct sample *rst, const struct sample *packet);

/* TTLs all different over three of `count` resets from number `first` on, or TTL and window rising together: no host's stack does
 * that. Copies (G4) are left out. */
bool burst_steps(const struct burst *b, unsigned first, unsigned count);

/* Where the other side's window ends, as a stack would know that resets there. */
uint32_t burst_window_edge(const struct burst *b);

/* Highest sequence number that the side itself had shown before this packet. */
uint32_t burst_shown_before(const struct burst *b, const struct sample *packet);

/* A packet of the sender after its own RST which no closed socket would send, and that was not merely overtaken. NULL: none.
 * need_data: new payload; else an ACK or FIN of a socket that lives will do. */
const struct sample *burst_goes_on(const struct burst *b, const struct sample *rst, bool need_data);

/* The request that reset i answers, if it is known: the latest before it; NULL: none. */
const struct sample *burst_trigger(const struct burst *b, unsigned i);

/*
 * What a closed socket may answer (G3): at one of the last acknowledgements, or, since a window full of packets draws more
 * of them than are remembered, bare, empty and at a number that the other side had passed with its acknowledgements.
 */
bool burst_may_answer(const struct burst *b, const struct sample *rst);

/*
 * A RST that may be the real host's own: it answers a packet (G3), with the TTL of that host's other packets. After a forged
 * reset to the other end, the genuine end answers what still arrives with resets like that.
 */
bool burst_looks_genuine(const struct burst *b, unsigned i);

/* The resets that are suspect when this one is, as bits 1 << i: its company within 2 s of one another, and later ones from as far away. */
uint32_t burst_held(const struct burst *b, unsigned suspect);

/*
 * What a finding about a burst says: header features of the first suspect, of the burst as a whole, the frames, the stage. after: what
 * burst_goes_on found, or NULL.
 */
void burst_describe(struct detection *d, struct finding *f, const struct burst *b, const char *mechanism,
                    unsigned suspect, const struct sample *after);

/*
 * A symptom without any feature that speaks against its resets accuses no packet: they become evidence. Call when all terms are
 * there.
 */
void burst_spare(struct finding *f);

/* B10 (rst_after_trigger.c). rules: set of enum burst_rule that the burst broke. */
void rst_after_trigger(struct detection *d, const struct burst *b, unsigned rules);
/* Its mechanism for a kind of request; NULL: none. */
const char *rst_after_trigger_id(enum trigger_kind kind);
/* F2 (rst_rewritten.c). True: proposed. */
bool rst_rewritten(struct detection *d, const struct burst *b);
/* B9 (rst_both_ways.c). */
void rst_both_ways(struct detection *d, struct flow *flow);
/* F2 in a flow without any SYN/ACK. */
void synack_rewritten(struct detection *d, struct flow *flow);
