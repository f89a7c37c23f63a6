/*
 * Flows: who talks with whom, in which tunnel, and the facts that every detector may need of either side (detectors
 * specification, section 1). What is said in the stream is stream.h's business.
 *
 * A table holds the flows of one logical shard. A flow is one object of fixed size plus slots that detectors reserved; a
 * TCP flow has a second object with both sides' facts. Flows leave by capture-clock idle time, or, at the hard cap, the
 * one that was quiet for longest: both are decided by packet order alone.
 */
#pragma once

#include "analyzer/base/hash.h"
#include "analyzer/base/list.h"
#include "analyzer/base/pool.h"
#include "analyzer/net/packet.h"

enum dir { DIR_UP, DIR_DOWN }; /* client to server, server to client */

static inline enum dir dir_other(enum dir d)
{
	return d == DIR_UP ? DIR_DOWN : DIR_UP;
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

/* The header facts of one TCP packet, kept for comparison. */
struct sample {
	struct frame_ref frame;
	uint32_t seq, ack, tsval, payload_len;
	uint16_t ip_id, window, tcp_flags;
	uint16_t options_seen; /* enum tcp_option_seen */
	uint8_t ttl, options_len;
	bool ip_df, ipv4;
};

struct sample sample_of(const struct packet *p);

/* A few distinct values with how often each came; the rest is counted together. */
enum { TALLY_VALUES = 4 };
struct tally {
	uint8_t value[TALLY_VALUES];
	uint16_t count[TALLY_VALUES]; /* saturating */
	uint16_t others;
};

enum {
	SIDE_RECENT = 4,     /* last non-RST packets kept */
	SIDE_ACKS = 8,       /* last acknowledgement numbers kept (guard G3) */
	SIDE_RESETS = 8,     /* first RSTs kept; the rest is counted */
	SIDE_AFTER = 8,      /* packets of a side kept after its own first RST */
	SIDE_RTT_SAMPLES = 3 /* smallest */
};

/* What one side of a TCP flow sent. */
struct side {
	uint32_t isn;         /* of its first SYN or SYN/ACK; valid with have_syn */
	uint32_t max_seq_end; /* highest sequence number after any non-RST packet; valid with have_seq */
	uint32_t max_ack;     /* highest acknowledgement number sent; valid with have_ack */
	uint32_t first_seq;   /* sequence number of the first packet: origin of relative numbers without a SYN */
	uint16_t last_window;
	uint8_t wscale;
	bool have_syn, have_seq, have_ack, have_fin;
	bool syn_wscale;              /* its SYN carried a window scale option */
	uint16_t syn_count;           /* SYNs or SYN/ACKs, retransmissions included */
	struct tally ttl;             /* of data and pure ACKs, without SYN and RST */
	struct tally data_ttl;        /* of packets with payload alone */
	uint8_t syn_ttl;              /* of its first SYN or SYN/ACK */
	uint32_t with_ts, without_ts; /* non-SYN, non-RST packets with and without timestamps option */
	uint16_t ipid_steps;          /* consecutive non-SYN, non-RST IPv4 packets compared */
	uint16_t ipid_near;           /* of these, steps of 1..16 (wider for super-packets) */
	uint16_t ipid_forward;        /* steps of 1..2047 */
	uint16_t ipid_same, ipid_zero, ipid_count;
	uint16_t last_ip_id;
	uint16_t min_window, max_window; /* raw, of non-SYN, non-RST packets */
	uint32_t data_packets, retransmitted;
	uint64_t payload_bytes;
	uint32_t acks[SIDE_ACKS];
	uint8_t ack_next, ack_count;
	uint8_t recent_next, recent_count;
	struct sample recent[SIDE_RECENT]; /* ring; side_recent() reads it */
	struct sample syn;                 /* its first SYN or SYN/ACK; frame.number 0: none */
};

/* Resets and what came after them; taken from a pool at the first RST of a flow. */
struct resets {
	struct {
		struct sample rst[SIDE_RESETS];  /* in order of arrival; all RSTs, whoever made them */
		uint32_t rst_count;              /* may be more than SIDE_RESETS */
		struct sample after[SIDE_AFTER]; /* non-RST packets of this side after its own first RST */
		uint32_t after_count;
		/* State of both sides just before this side's first RST. */
		uint32_t max_seq_end, other_max_seq_end, other_max_ack;
		bool fin_before, other_fin_before, other_rst_before;
		struct sample before[SIDE_RECENT]; /* this side's last packets, oldest first */
		uint8_t before_count;
		uint32_t acks[SIDE_ACKS]; /* acknowledgement numbers that the other side had sent */
		uint8_t ack_count;
		struct sample other_last; /* last non-RST packet of the other side before it */
	} side[2];
};

/* What the client asked for, and the packet that completed the question. */
enum trigger_kind { TRIGGER_NONE, TRIGGER_DNS, TRIGGER_HTTP, TRIGGER_TLS };
struct trigger {
	enum trigger_kind kind;
	struct frame_ref frame;
	uint32_t seq_end; /* TCP: sequence number behind it */
	uint16_t ip_id;
	const char *name; /* raw name as asked for, NUL-ended, owned by the shard's name table; NULL: none */
};

enum flow_flag {
	FLOW_MIDSTREAM = 1 << 0,         /* G1: no SYN of the client was seen */
	FLOW_ONE_WAY = 1 << 1,           /* G9: cleared as soon as the other direction shows */
	FLOW_LOSS = 1 << 2,              /* G2: bytes were acknowledged that the capture does not hold */
	FLOW_SNAPPED = 1 << 3,           /* G8: a packet of it was cut */
	FLOW_SUPER_PACKET = 1 << 4,      /* G7: GRO or TSO */
	FLOW_TS_DISORDER = 1 << 5,       /* G6: capture times went back by more than 1 ms within it */
	FLOW_DUPLICATES = 1 << 6,        /* G4: copies of its packets were dropped */
	FLOW_PORT_REUSED = 1 << 7,       /* G13: it took over the 5-tuple of an earlier flow */
	FLOW_HANDSHAKE = 1 << 8,         /* SYN, SYN/ACK and the client's ACK were seen */
	FLOW_ZERO_WINDOW_PROBE = 1 << 9, /* G12: one byte was sent at the edge of a zero window */
};

/* Both sides of a TCP flow. */
struct tcp_flow {
	struct side side[2];
	struct resets *resets;       /* NULL until the first RST */
	struct stream_pair *streams; /* reassembly, owned by stream.c; NULL when there is nothing to keep */
	uint32_t
	    rtt_ns_up[SIDE_RTT_SAMPLES]; /* smallest samples of the path capture point to server, saturating; 0: none */
	uint32_t rtt_ns_down[SIDE_RTT_SAMPLES]; /* the same to the client */
	uint16_t rtt_up_count, rtt_down_count;  /* samples taken */
	/* An unretransmitted segment whose acknowledgement gives the next sample, a direction. */
	struct {
		uint32_t seq_end;
		int64_t sent_ns; /* 0: none is timed */
	} timed[2];
};

struct slot {
	uint32_t off, size; /* reserved before the first packet, then constant */
};

struct flow {
	struct list lru;
	struct flow *chain; /* same bucket */
	uint64_t hash;
	uint64_t id; /* 1, 2, 3.. in order of first packet, a table */
	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t l4_proto;
	uint8_t closed;                        /* enum flow_end that was seen so far, for the idle class */
	uint16_t flags;                        /* enum flow_flag */
	uint64_t tunnel_shared, tunnel_way[2]; /* packet.h; 0: not seen yet */
	int64_t first_ns, last_ns;             /* capture clock */
	struct frame_ref first;
	uint64_t packets[2], bytes[2]; /* IP packets; transport payload bytes */
	struct tcp_flow *tcp;          /* NULL unless TCP */
	const struct dissector *app;   /* NULL until one claims the flow */
	void *app_state[2];            /* its state, by version of the stream; owned by stream.c */
	uint8_t app_refused;           /* no dissector wants it: not asked again */
	uint32_t candidates;           /* findings proposed for it so far */
	struct trigger trigger;        /* the latest request */
	_Alignas(16) uint8_t slots[];  /* zeroed when the flow opens */
};

enum flow_end {
	FLOW_END_NONE,
	FLOW_END_FIN,
	FLOW_END_RST,
	FLOW_END_IDLE,
	FLOW_END_EVICTED,
	FLOW_END_REUSED,
	FLOW_END_CAPTURE
};

/* Body of FLOW_OPEN and FLOW_CLOSE. */
struct flow_change {
	enum flow_end end; /* why a flow closes: idle, evicted, reused, capture; the TCP end is in flow->closed */
};

/* Body of TCP_SYN, TCP_SYNACK, TCP_FIN, TCP_RESET, TCP_AFTER_RESET. Emitted before the packet changes the side's facts. */
struct tcp_segment {
	struct sample sample;
	uint32_t ordinal; /* 1, 2, 3..: of this kind in this direction */
};

struct slot_plan {
	uint32_t size;
	uint32_t limit;
};

/* Reserves size bytes in every flow; before the first packet. ERR_LIMIT when the plan is full. */
int slot_reserve(struct slot_plan *plan, struct slot *out, size_t size, struct err *e);
/* NULL for a slot of size 0. */
void *flow_slot(struct flow *f, struct slot s);

struct flow_limits {
	size_t flows;           /* a shard */
	int64_t tcp_idle_ns;    /* open TCP flows */
	int64_t closed_idle_ns; /* TCP flows after FIN both ways or RST: kept so that late packets find them */
	int64_t udp_idle_ns;    /* and everything else */
};

#define FLOW_LIMITS_DEFAULT                                                                                            \
	(struct flow_limits)                                                                                           \
	{                                                                                                              \
		.flows = 65536, .tcp_idle_ns = INT64_C(600) * 1000000000, .closed_idle_ns = INT64_C(60) * 1000000000,  \
		.udp_idle_ns = INT64_C(60) * 1000000000                                                                \
	}

struct flow_counts {
	uint64_t opened, evicted, port_reused;
	size_t peak;
};

struct flow_table;

/* Called for every flow that leaves, while it is whole. */
typedef void flow_closing(void *context, struct flow *f, enum flow_end why);

/* NULL when memory is exhausted. */
struct flow_table *flow_table_new(const struct flow_limits *limits, size_t slot_bytes, flow_closing *closing,
                                  void *context);
void flow_table_free(struct flow_table *t); /* without calling `closing` */

/*
 * The flow of a packet with a transport header, opened when it is new; *dir says who speaks, *opened whether it is new.
 * May first close idle flows, evict the quietest, or close an earlier flow whose 5-tuple this SYN takes over (G13: another
 * initial sequence number after a close or 60 s of silence). NULL only when memory is exhausted.
 */
struct flow *flow_touch(struct flow_table *t, const struct packet *p, enum dir *dir, bool *opened);

/* Closes everything, quietest first. */
void flow_table_close_all(struct flow_table *t);

const struct flow_counts *flow_counts(const struct flow_table *t);
size_t flow_object_bytes(const struct flow_table *t); /* a flow entry; TCP adds sizeof(struct tcp_flow) */

/* The i-th latest of the side's recent packets, 0 the last; NULL beyond. */
const struct sample *side_recent(const struct side *s, unsigned i);
/* The most frequent value, and how often it came, leaving out up to `without_n` occurrences of `without`. Count 0: none. */
uint16_t tally_mode(const struct tally *t, uint8_t without, uint16_t without_n, uint8_t *mode);

/* a - b modulo 2^32, as a signed distance: negative when a is before b. */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}
