/*
 * Flows: who talks with whom, in which tunnel. A table holds the flows of one logical shard. A flow is one object of fixed
 * size plus slots that detectors reserved; a TCP flow has a second object with both sides' facts (side.h). Flows leave by
 * capture-clock idle time (between once and twice the time asked for), or, at the hard cap, one that was quiet for long:
 * both are decided by packet order alone.
 */
#pragma once

#include "analyzer/base/hash.h"
#include "analyzer/base/list.h"
#include "analyzer/base/pool.h"
#include "analyzer/net/closing.h"
#include "analyzer/net/opening.h"
#include "analyzer/net/shape.h"
#include "analyzer/net/waiting.h"

/* What the client asked for, and the packet that completed the question. */
enum trigger_kind { TRIGGER_NONE, TRIGGER_DNS, TRIGGER_HTTP, TRIGGER_TLS, TRIGGER_QUIC, TRIGGER_SMTP, TRIGGER_FTP };
struct trigger {
	enum trigger_kind kind;
	uint32_t server_packets; /* with payload, that the server had sent by then */
	struct sample sample;    /* of that packet; its seq, ack and ip_id are what an injector copies from */
	const char *name;        /* raw name as asked for, NUL-ended, owned by the shard's name table; NULL: none */
};

/* The word of the taxonomy: "dns", "http", ... NULL for TRIGGER_NONE. */
const char *trigger_protocol(enum trigger_kind kind);

enum flow_flag {
	FLOW_MIDSTREAM = 1 << 0,    /* G1: no SYN of the client was seen */
	FLOW_LOSS = 1 << 1,         /* G2: bytes were acknowledged that the capture does not hold */
	FLOW_SNAPPED = 1 << 2,      /* G8: a packet of it was cut */
	FLOW_SUPER_PACKET = 1 << 3, /* G7: GRO or TSO */
	FLOW_TS_DISORDER = 1 << 4,  /* G6: capture times went back by more than 1 ms within it */
	FLOW_COPIES = 1 << 5, /* G4: copies of its packets were dropped; one may have been a repeat by the sender */
	FLOW_PORT_REUSED = 1 << 6, /* G13: it took over the 5-tuple of an earlier flow */
	FLOW_HANDSHAKE = 1 << 7,   /* SYN, SYN/ACK and the client's ACK were seen */
	FLOW_FIN_UP = 1 << 8,
	FLOW_FIN_DOWN = 1 << 9,
	FLOW_RESET = 1 << 10,       /* a RST of either side was seen */
	FLOW_ROLL_UP = 1 << 12,     /* wanted: the frames of the client's side, in tcp->roll */
	FLOW_ROLL_DOWN = 1 << 13,   /* wanted: those of the server's side */
	FLOW_OPENED = 1 << 17,      /* the client's first payload was told of */
	FLOW_REFUSED = 1 << 11,     /* what came back was a refusal: an alert, a page that blocks */
	FLOW_UNREACHABLE = 1 << 14, /* an ICMP error told the client that a packet of it did not arrive */
	FLOW_UNFINISHED = 1 << 15,  /* UDP: the server was heard, but a handshake never came to its end */
	FLOW_STALLED = 1 << 16,     /* and what the client said last, three times or more, found no answer */
};

/* When a direction sent data, and how fast (pace.h). */
struct pace_way {
	struct pace *pace;         /* by the second; NULL: too short, or no room */
	int64_t first_ns, last_ns; /* of packets with data; 0: none */
};

/* Both sides of a TCP flow. */
struct tcp_flow {
	struct side side[2];
	struct rtt rtt[2];           /* DIR_UP: capture point to server and back; DIR_DOWN: to client and back */
	struct resets *resets;       /* NULL until the first RST */
	struct stream_pair *streams; /* reassembly, owned by stream.c; NULL when there is nothing to keep */
	/* An unretransmitted segment of a side whose acknowledgement gives the next sample. */
	struct {
		uint32_t seq_end;
		int64_t sent_ns; /* FRAME_NO_TIME: none is timed */
	} timed[2];
	uint32_t unseen_end[2]; /* sequence number up to which missing bytes were counted */
	struct unacked unacked[2];
	struct shape shape;           /* of the client's first payload */
	uint32_t other_end_at_fin[2]; /* of the other side, when this one's first FIN came */
	struct closing *closing[2];   /* NULL until a side goes on behind its FIN */
	struct opening opening;       /* of the client */
	struct roll *roll[2];         /* NULL unless wanted, and until the next packet of that side */
	struct transfer *transfer;    /* packet by packet, owned by transfer.c; NULL: no data yet, or no room */
	struct pace_way pace[2];
	uint16_t mss; /* of the first SYN that says so, less the room for timestamps; 0: unknown */
};

struct slot {
	uint32_t off, size; /* reserved before the first packet, then constant */
};

/* Where flow_index.c keeps a flow, one a direction. */
struct flow_place {
	struct list link;
	uint64_t hash;
	enum dir dir;
	bool learnt; /* the direction's own tunnel identity is known */
};

struct flow {
	struct list lru;            /* of flow.c */
	struct flow_place place[2]; /* by direction */
	uint64_t id;                /* 1, 2, 3.. in order of first packet, a table */
	struct addr client, server;
	uint16_t client_port, server_port;
	uint8_t l4_proto;
	uint8_t idle_class;                    /* of flow.c */
	bool app_refused;                      /* no dissector wants it: not asked again */
	uint32_t flags;                        /* enum flow_flag */
	uint16_t candidates;                   /* findings proposed for it so far, saturating */
	uint64_t tunnel_shared, tunnel_way[2]; /* packet.h; way 0: none, or not seen yet */
	int64_t first_ns, last_ns;             /* capture clock */
	int64_t queued_ns;                     /* of flow.c: last_ns when it was put at the end of its list */
	int64_t last_ts_ns;                    /* of the latest packet with a time, as captured */
	struct frame_ref first;
	struct frame_ref last[2]; /* latest packet of each direction; number 0: none */
	struct waiting waiting[2];
	uint64_t packets[2], bytes[2]; /* IP packets; transport payload bytes, copies apart */
	struct tcp_flow *tcp;          /* NULL unless TCP */
	const struct dissector *app;   /* NULL until one claims the flow */
	void *app_state[2];            /* its state, by version of the stream (stream.h); NULL: none */
	struct app_hold *app_hold;     /* unconsumed bytes, owned by dissectors/dispatch.c */
	struct trigger trigger;        /* the latest request */
	_Alignas(16) uint8_t slots[];  /* zeroed when the flow opens */
};

/* Why a flow leaves the table. */
enum flow_end { FLOW_END_IDLE, FLOW_END_EVICTED, FLOW_END_REUSED, FLOW_END_CAPTURE };

/* Body of FLOW_CLOSE. */
struct flow_change {
	enum flow_end end;
};

struct slot_plan {
	uint32_t size; /* bytes reserved so far */
};

/* Reserves size bytes in every flow; before the first packet. ERR_LIMIT when a flow would grow beyond SLOTS_MAX. */
enum { SLOTS_MAX = 512 };
int slot_reserve(struct slot_plan *plan, struct slot *out, size_t size, struct err *e);
/* NULL for a slot of size 0. */
void *flow_slot(struct flow *f, struct slot s);

struct flow_limits {
	size_t flows;           /* a table */
	int64_t tcp_idle_ns;    /* open TCP flows */
	int64_t closed_idle_ns; /* TCP flows after FIN both ways or RST: kept so that late packets find them */
	int64_t other_idle_ns;  /* UDP and everything else */
};

enum { FLOW_REUSE_IDLE_S = 60 }; /* silence after which a SYN starts a new flow (G13) */

struct flow_counts {
	uint64_t opened, evicted;
	uint64_t disordered; /* packets more than 1 ms before the one before them in their flow (G6) */
	size_t peak;
};

struct flow_table;

/* Called for every flow that leaves, while it is whole. */
typedef void flow_closing(void *context, struct flow *f, enum flow_end why);

/* NULL when memory is exhausted. */
struct flow_table *flow_table_new(const struct flow_limits *limits, uint32_t slot_bytes, flow_closing *closing,
                                  void *context);
/* Without calling `closing`. NULL is legal. */
void flow_table_free(struct flow_table *t);

/*
 * The flow of a packet with a transport header, opened when it is new; *dir says who speaks. May first close idle flows,
 * evict one that was quiet for long, or close an earlier flow whose 5-tuple this SYN takes over (G13: another initial sequence number
 * after a close, after FLOW_REUSE_IDLE_S of silence, or before any payload). NULL only when memory is exhausted.
 */
struct flow *flow_touch(struct flow_table *t, const struct packet *p, enum dir *dir);

/* The flow of a packet if there is one; changes nothing. */
struct flow *flow_peek(const struct flow_table *t, const struct packet *p);

/* Puts a flow into the idle class that its flags ask for, after they changed. */
void flow_reclass(struct flow_table *t, struct flow *f);

/* Closes everything, in the order of the queues. */
void flow_table_close_all(struct flow_table *t);

const struct flow_counts *flow_counts(const struct flow_table *t);
