/*
 * Resets of a TCP connection and what their purported senders sent after them; taken from a pool at the first RST of a flow. All
 * RSTs that claim to be from a side are in its list, whoever made them; but one that no receiver could take is kept apart, so
 * that it neither fills the list nor counts as a reset. Facts, no verdicts, as in side.h.
 */
#pragma once

#include "analyzer/net/side.h"

enum {
	RESETS_KEPT = 16,    /* first RSTs of a side; the rest is counted */
	RESETS_PAYLOAD = 32, /* first bytes of a RST's payload kept */
	RESETS_AFTER = 8,    /* non-RST packets of a side kept after its own first RST */
	RESETS_FAR = 4,      /* RSTs of a side that no receiver could take */
};

/* What was true when a RST came. */
struct reset_moment {
	bool answers_packet;    /* guard G3 */
	bool early;             /* no acknowledgement of this side's SYN had come: it answers what it never asked for */
	uint16_t other_syns;    /* SYNs that the other side had sent by then */
	uint32_t other_packets; /* non-RST packets that the other side had sent by then */
	uint32_t other_end;     /* highest sequence number that the other side had sent by then */
};

/* RSTs beyond SIDE_NEAR of everything: another connection's, or decoys. */
struct far_resets {
	struct sample rst[RESETS_FAR];
	bool ack_known[RESETS_FAR]; /* it acknowledges something that the other side of this connection did send */
	uint32_t count;
	uint32_t own_end;                   /* as max_seq_end of side.h, at the first of them */
	struct sample own_last, other_last; /* non-RST packets before the first; frame.number 0: none */
	struct sample after; /* first payload of this side beyond own_end after it; frame.number 0: none */
};

struct reset_side {
	struct sample rst[RESETS_KEPT];
	struct reset_moment at[RESETS_KEPT];
	uint8_t payload[RESETS_KEPT][RESETS_PAYLOAD]; /* first bytes of it */
	uint8_t payload_kept[RESETS_KEPT];
	uint32_t rst_count;
	struct sample after[RESETS_AFTER];
	uint32_t after_count;

	/* Just before this side's first RST: */
	struct side own, other;
	bool other_rst_before;
	struct sample other_last; /* last non-RST packet of the other side before it; frame.number 0: none */
	/* Highest sequence number behind any non-RST packet of this side between the first RST and the end. */
	uint32_t max_seq_end_after;

	struct far_resets far;
};

struct resets {
	struct reset_side side[2];
};

/* A RST of one side, with what the capture holds of its payload: snapshots both sides at the first one. */
void reset_add(struct resets *r, enum dir d, const struct side sides[2], const struct sample *rst, struct span payload);
/* A non-RST packet of a side that has sent a RST before. */
void reset_after(struct resets *r, enum dir d, const struct sample *sample);
