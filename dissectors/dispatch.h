/*
 * Which dissector reads which flow: claims flows by what their first bytes look like, keeps what a stream dissector left
 * unconsumed, and runs a second instance for the version of a stream that contradicts the first. One a logical shard.
 */
#pragma once

#include "analyzer/net/stream.h"
#include "dissectors/dissector.h"

enum {
	/* dissectors */
	DISPATCH_KINDS = 0
#define DISSECTOR(name) +1
#include "dissectors/list.h"
#undef DISSECTOR
	,
	DISPATCH_PROBE_BYTES = 64, /* first bytes of a direction within which a flow is claimed or refused */
};

struct dispatch_counts {
	uint64_t hold_refused;  /* flows given up: more unconsumed bytes than DISSECT_HOLD_MAX, or no room */
	uint64_t state_refused; /* flows, or second versions, that nobody read, for want of room */
};

struct dispatch {
	struct bus *bus;
	struct arena *scratch;
	struct pool state[DISPATCH_KINDS], large[DISPATCH_KINDS];
	struct pool holds;
	struct pool hold_bytes[3];
	struct dispatch_counts counts;
};

/* `flows`: most flows with a dissector at once; `budget`: bytes for unconsumed data. */
void dispatch_init(struct dispatch *d, struct bus *bus, struct arena *scratch, size_t flows, size_t budget);
void dispatch_free(struct dispatch *d);

/* A UDP datagram of a flow. */
void dispatch_datagram(struct dispatch *d, struct flow *f, enum dir dir, const struct packet *p);

/* As struct stream_observer. */
void dispatch_bytes(struct dispatch *d, struct flow *f, enum dir dir, uint8_t version, bool restart, struct span data,
                    bool fin, const struct packet *p);
void dispatch_gap(struct dispatch *d, struct flow *f, enum dir dir, const struct stream_gap *gap,
                  const struct packet *p);

/* The flow closes. */
void dispatch_close(struct dispatch *d, struct flow *f);
