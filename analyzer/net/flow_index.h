/*
 * Finding the flow of a packet: by addresses, ports, protocol and tunnel identity. What each direction chooses for itself (a
 * TEID, an MPLS label) is learnt from the first packet of that direction and must then agree; until then the flow waits for it.
 * So a flow stands in two places, one a direction, and each place is either learnt or waiting: looking up costs the same however
 * many tunnels carry the same addresses and ports.
 */
#pragma once

#include "analyzer/net/flow.h"

struct flow_index {
	struct hash_key key;
	struct list *buckets;
	size_t bucket_count; /* a power of two */
	size_t flows;
};

/* False when memory is exhausted. */
bool flow_index_init(struct flow_index *index);
void flow_index_free(struct flow_index *index);

/* The flow that has learnt the packet's own identity in its direction; else one that waits for that direction: one whose other
 * direction has the same identity (a VLAN usually tags both), or the oldest. */
struct flow *flow_index_find(const struct flow_index *index, const struct packet *p, enum dir *dir);

/* A new flow, whose addresses are filled in, opened by this packet speaking in this direction. */
void flow_index_add(struct flow_index *index, struct flow *f, enum dir dir, const struct packet *p);

/* The first packet of the direction that the flow waited for. */
void flow_index_learn(struct flow_index *index, struct flow *f, enum dir dir, const struct packet *p);

void flow_index_remove(struct flow_index *index, struct flow *f);
