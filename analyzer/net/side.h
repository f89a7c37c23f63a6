/*
 * What one side of a TCP connection sent, as far as a later judgement needs it: header facts of packets (samples), value
 * tallies, counters, round trips. Facts, no verdicts: docs/rules.md has
 * those. side.c updates them; track.c decides with which packets.
 */
#pragma once

#include "analyzer/net/packet.h"

enum dir { DIR_UP, DIR_DOWN }; /* client to server, server to client */

static inline enum dir dir_other(enum dir d)
{
	return d == DIR_UP ? DIR_DOWN : DIR_UP;
}

/* a - b modulo 2^32, as a signed distance: negative when a is before b. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* A frame as evidence: what finding_id is made from. number 0: none. */
struct frame_ref {
	uint64_t number;
	int64_t ts_ns;
	uint32_t wire_len;
};

static inline struct frame_ref frame_ref_of(const struct packet *p)
{
	return (struct frame_ref){.number = p->frame->number, .ts_ns = p->frame->ts_ns, .wire_len = p->frame->wire_len};
}

/* The header facts of one TCP packet (or UDP datagram), kept for comparison. frame.number 0: none. */
struct sample {
	struct frame_ref frame;
	uint32_t payload_len;
	uint32_t seq, ack, tsval;
	uint16_t ip_id, window, tcp_flags;
	uint16_t options_seen; /* enum tcp_option_seen */
	uint8_t ttl, options_len;
	bool ip_df, ipv4;
	uint8_t checksum; /* enum packet_checksum; unknown when nobody looked */
	bool copy;        /* looks like a second capture of the packet before it (guard G4) */
};

struct sample sample_of(const struct packet *p);

/* Sequence number of the first payload byte: a SYN takes one. */
static inline uint32_t sample_data_seq(const struct sample *s)
{
	return s->seq + !!(s->tcp_flags & TCP_SYN);
}

/* Sequence number behind the packet: SYN and FIN count. */
uint32_t sample_seq_end(const struct sample *s);

/* A few distinct values with how often each came; the rest is counted together. */
enum { TALLY_VALUES = 4 };
struct tally {
	uint8_t value[TALLY_VALUES];
	uint16_t count[TALLY_VALUES]; /* saturating */
	uint16_t others;
};

void tally_add(struct tally *t, uint8_t value);
/* The most frequent value (the smallest of equals) into *mode, and how often it came, leaving out `without_n` occurrences of
 * `without`. Returns 0 when nothing is left. */
uint16_t tally_mode(const struct tally *t, uint8_t without, uint16_t without_n, uint8_t *mode);

enum {
	SIDE_RECENT = 4,     /* last non-RST packets kept */
	SIDE_ACKS = 8,       /* last acknowledgement numbers kept (guard G3) */
	SIDE_NEAR = 1 << 20, /* a number farther off belongs to another connection of these ports, or is a decoy */
};

struct side {
	uint32_t isn;         /* of its first SYN or SYN/ACK; valid with have_syn */
	uint32_t max_seq_end; /* highest sequence number behind any non-RST packet; valid with have_seq */
	uint32_t max_ack;     /* highest acknowledgement number sent; valid with have_ack */
	uint32_t fin_end;     /* highest sequence number behind a FIN; valid with have_fin */
	uint32_t first_seq;   /* of the first non-RST packet: origin of relative numbers without a SYN */
	uint16_t last_window; /* raw, of the last non-RST packet */
	uint8_t wscale;
	bool have_syn, have_seq, have_ack, have_fin, syn_wscale;
	uint16_t syn_count;                   /* SYNs or SYN/ACKs, retransmissions included */
	uint16_t checksum_good, checksum_bad; /* of the packets whose checksum was looked at */
	uint32_t packets, data_packets;
	uint32_t first_payload; /* bytes of its first packet with payload */

	struct tally ttl;                /* of data and pure ACKs, without SYN, FIN without data and RST */
	struct tally data_ttl;           /* of packets with payload alone */
	uint32_t with_ts, without_ts;    /* non-SYN, non-RST packets with and without the timestamps option */
	uint16_t min_window, max_window; /* raw, of non-SYN, non-RST packets, when there are any */

	uint16_t ipid_count;           /* non-SYN, non-RST IPv4 packets */
	uint16_t ipid_zero, ipid_same; /* id 0; equal to the one before and not 0 */
	uint16_t ipid_near;    /* steps of 1..16 (more behind a super-packet of many segments), in either byte order */
	uint16_t ipid_forward; /* steps of 1..2047 */
	uint16_t last_ip_id;

	uint8_t ack_next, ack_count, recent_next, recent_count;
	uint32_t acks[SIDE_ACKS];          /* ring */
	struct sample recent[SIDE_RECENT]; /* ring; side_recent() reads it */
	struct sample syn;                 /* its first SYN or SYN/ACK */
};

/* Takes a non-RST packet of this side into account. */
void side_update(struct side *s, const struct packet *p, const struct sample *sample);

/* Computes the packet's checksum into the sample and counts it. */
void side_checksum(struct side *s, const struct packet *p, struct sample *sample);

/*
 * G10: a receiver drops a packet with a wrong checksum. Only where another of the sender's was right: a capture made on
 * the sending host sees packets before the network card fills the checksum in. (A segment that the receiver acknowledges all
 * the same is taken: stream.c.)
 */
bool side_checksum_drops(const struct side *s, const struct sample *sample);

/* The i-th latest of the recent packets, 0 the last; NULL beyond. */
const struct sample *side_recent(const struct side *s, unsigned i);

/* Sequence number relative to the side's initial one (SYN is 0), or to its first packet without a SYN. */
int64_t side_relative(const struct side *s, uint32_t seq);

/*
 * Had the side ended its stream by `then`? A FIN counts only where a receiver would take it, at the end of all that the side
 * had sent and near what `other` expected, and only while nothing beyond it came until `now`: who goes on has not ended.
 */
bool side_ended(const struct side *then, const struct side *other, const struct side *now);

/* True when `ack` is among the side's last acknowledgement numbers. */
bool side_acked(const struct side *s, uint32_t ack);

/* Round trips of one half of the path: the smallest samples, with the frame that closed each, so that a suspect's own
 * arrival can be left out. */
enum { RTT_KEPT = 3 };
struct rtt {
	struct {
		int64_t ns;
		struct frame_ref frame;
	} smallest[RTT_KEPT]; /* ascending */
	uint16_t kept, taken;
};

void rtt_add(struct rtt *r, int64_t ns, struct frame_ref frame);
/* The smallest sample not closed by one of the frames; how many samples stand behind it into *samples. -1: none. */
int64_t rtt_min_ns(const struct rtt *r, const struct frame_ref *without, size_t without_count, uint32_t *samples);

/*
 * The frames of one side, first ones: kept only for a flow where somebody found that all of a side may be another machine's
 * (FLOW_ROLL_UP, FLOW_ROLL_DOWN). What came before the wish is there as far as the side still knows it.
 */
enum { ROLL_FRAMES = 16 };
struct roll {
	struct frame_ref frames[ROLL_FRAMES];
	uint8_t count;
};

/* Fills an empty roll with what the side still knows: its SYN, its latest packets. */
void roll_begin(struct roll *r, const struct side *s);
void roll_add(struct roll *r, struct frame_ref frame);
