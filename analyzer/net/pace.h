/*
 * How fast a direction of a TCP connection went, second by second: bytes acknowledged, in bins that begin two seconds behind its
 * first data, kept only for transfers that last longer (1 KiB a direction, from a capped pool). And the rate of shorter ones as a
 * whole. Facts, no verdicts. Packet by packet is in transfer.h.
 */
#pragma once

#include "analyzer/net/flow.h"

enum {
	PACE_BINS = 120,         /* seconds looked at */
	PACE_PACKETS_MIN = 8,    /* data packets in the first two seconds; fewer are not a transfer */
	PACE_PAUSE_UNIT_MS = 4,  /* of `pause` */
	PACE_COUNT_MAX = 255,    /* counts stop here */
	PACE_RATE_BYTES = 30000, /* of a transfer whose rate as a whole says something */
};
#define PACE_SKIPPED_NS (INT64_C(2) * 1000000000) /* slow start, and the burst that a bucket lets pass */

/* One second. */
struct pace_bin {
	uint32_t bytes;   /* acknowledged, by SACK too where a log of the transfer is kept */
	uint8_t packets;  /* with data */
	uint8_t pushed;   /* of them with PSH: the sender had nothing more at hand */
	uint8_t unsteady; /* of them behind or ahead of the next byte: sent again, or a hole */
	uint8_t
	    pause; /* longest silence before one of them with everything acknowledged: nobody waited for the network */
};

struct pace {
	int64_t start_ns;
	uint32_t bins;      /* up to the last one with anything in it; at most PACE_BINS */
	uint32_t delivered; /* of transfer.h, when last looked at */
	uint32_t rtt_count; /* round trips during that time */
	uint64_t rtt_sum_us;
	struct frame_ref first, last; /* of the packets with data in them */
	struct pace_bin bin[PACE_BINS];
};

struct paces {
	struct pool pool;
	uint64_t refused; /* transfers of over two seconds that were not followed, for want of room */
};

void paces_init(struct paces *p, size_t budget);
void paces_free(struct paces *p);

/* A packet without RST. Call before side_update: it reads the facts as they were. */
void pace_packet(struct paces *all, struct flow *f, enum dir d, const struct packet *p);
/* A round trip of a segment of this direction. */
void pace_rtt(struct pace_way *w, int64_t rtt_ns);
void pace_close(struct paces *all, struct flow *f);

/* Bits a second of the best second, or of the whole when it was short. 0: too little to say. */
uint64_t pace_rate(const struct flow *f, enum dir d);
