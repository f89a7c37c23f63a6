/*
 * What a direction of a TCP connection sent, packet by packet: when, how much, whether it was sent again, when it was acknowledged.
 * The raw material of rules on loss and rate; facts, no verdicts. It is kept for the latest request and its response (more while
 * data waits for its acknowledgement), in small chunks from a capped pool, and given back as soon as no rule could use it:
 * nothing of a transfer's first TRANSFER_LATE bytes was lost, or a request and its answer passed with hardly a loss.
 *
 * Losses, acknowledgement times and the cut into requests and responses are those of the published policing detector (Flach
 * et al., SIGCOMM 2016, and its public code), which works on captures made beside the sender. Beside the receiver a lost packet is
 * never seen: there the hole that it left is noted, and when it was filled. Goodput by the second is in pace.h.
 */
#pragma once

#include "analyzer/net/flow.h"

enum {
	TRANSFER_CHUNK = 16,
	TRANSFER_PACKETS_MAX = 20000, /* of one direction; then it is judged by what is there */
	TRANSFER_LATE = 2000000,      /* bytes; a first loss behind them says nothing of a bucket */
	TRANSFER_LOSSES_MIN = 15,     /* fewer are not worth telling anybody */
};

enum transfer_flag {
	TRANSFER_OPENS = 1 << 0,    /* no packet: time and sequence number 0 of a new request and response */
	TRANSFER_RESENT = 1 << 1,   /* its bytes were sent again later */
	TRANSFER_SPURIOUS = 1 << 2, /* a duplicate SACK says that they need not have been */
	TRANSFER_HOLE = 1 << 3,     /* no packet: bytes missing when a later one came; time is when that was */
	TRANSFER_FILLED = 1 << 4,   /* of a hole: they came later, ack_ms after that */
};

struct transfer_packet {
	uint32_t time_us; /* from the log's own zero */
	uint32_t seq;
	uint32_t frame;     /* from the log's own zero, counted in frames */
	uint32_t ack_frame; /* that acknowledged it, likewise; 0: none yet */
	int32_t ack_ms;     /* from the packet to its acknowledgement; -1: none yet */
	uint16_t len;       /* payload; super-packets stand here as the segments that they were on the wire */
	uint16_t flags;     /* enum transfer_flag */
};

struct transfer_chunk {
	struct transfer_chunk *next, *prev;
	uint32_t seq_low, seq_high; /* everything in it lies between */
	uint16_t count;
	struct frame_ref repair; /* of the latest packet that sent again what is in it; number 0: none */
	uint16_t unacked;        /* bit i: packet i is data and waits for its acknowledgement */
	struct transfer_packet packets[TRANSFER_CHUNK];
};

/* Body of TRANSFER: one direction's packets, at most TRANSFER_PACKETS_MAX, in chunks. At least TRANSFER_LOSSES_MIN were lost. */
struct transfer_log {
	const struct transfer_chunk *first;
	uint32_t packets;
	int64_t zero_us; /* of time_us, since the epoch */
	uint64_t zero_frame;
	bool cut; /* a limit was reached: what it says of the last packets may be wrong */
};

/* Who is told, when a log is given back. */
struct transfer_observer {
	void *context;
	void (*transfer)(void *context, struct flow *f, enum dir d, const struct transfer_log *log);
};

struct transfers {
	struct pool transfers, chunks;
	struct list lru;
	struct transfer_observer observer;
	uint64_t refused; /* logs with losses that were given up for want of room, or cut by a limit */
};

/* Bytes for the packets of one shard, and flows that may have a log. */
void transfers_init(struct transfers *t, size_t flows, size_t budget, const struct transfer_observer *observer);
void transfers_free(struct transfers *t);

/* A packet without RST. Call before side_update: it reads the facts as they were. */
void transfer_packet(struct transfers *t, struct flow *f, enum dir d, const struct packet *p);

/* Bytes of a direction that arrived, by acknowledgements and SACK, each once; from an origin of its own. False: no log is kept. */
bool transfer_delivered(const struct flow *f, enum dir d, uint32_t *bytes);

/* The flow closes: tells what it has and gives the memory back. */
void transfer_close(struct transfers *t, struct flow *f);
