/*
 * TCP tracking: which packet changes which fact of a flow, in what order. Flags (guards G1, G2, G6, G7, G8), round trips,
 * resets, and the streams behind them. Also drops second captures of one packet (G4) before anybody counts them.
 */
#pragma once

#include "analyzer/net/duplicate.h"
#include "analyzer/net/pace.h"
#include "analyzer/net/stream.h"
#include "analyzer/net/transfer.h"

/* Body of TCP_SYNACK. */
struct tcp_synack {
	struct sample sample;
};

/* Body of TCP_ZERO_WINDOW: a side that had room says that it has none left. */
struct tcp_zero_window {
	struct sample sample;
	uint16_t window_before; /* raw */
};

struct track_counts {
	uint64_t lost_bytes;       /* acknowledged, never captured */
	uint64_t resets_refused;   /* flows whose resets were not kept, for want of room */
	uint64_t closings_refused; /* sides whose packets behind a FIN were not kept, for want of room */
	uint64_t rolls_refused;    /* sides whose frames were not kept, for want of room */
};

struct track_observer {
	void *context;
	/* Before the packet changes the facts of the sides. */
	void (*synack)(void *context, struct flow *f, const struct tcp_synack *s, const struct packet *p);
	/* NULL: nobody asks. */
	void (*zero_window)(void *context, struct flow *f, enum dir d, const struct tcp_zero_window *z,
	                    const struct packet *p);
};

struct tracker {
	struct stream_pools *streams;
	struct pool resets, rolls, closings;
	struct transfers *transfers; /* borrowed; NULL: no logs of packets */
	struct paces *paces;         /* borrowed; NULL: no rates */
	struct track_observer observer;
	struct track_counts counts;
};

void tracker_init(struct tracker *t, struct stream_pools *streams, size_t resets_cap,
                  const struct track_observer *observer);
void tracker_free(struct tracker *t);

/* A TCP packet of a flow; `copy`: duplicate.h takes it for a second capture (only RSTs get here as copies). Changes flags of
 * the flow: the caller calls flow_reclass afterwards. */
void track_packet(struct tracker *t, struct flow *f, enum dir d, const struct packet *p, bool copy);

/* The flow closes. Call after everybody has looked at it. */
void track_close(struct tracker *t, struct flow *f);
