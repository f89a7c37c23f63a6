/*
 * TCP streams: order, gaps, and contradiction. Bytes are handed on in order, first come first served, as a receiver would
 * take them (RFC 9293, 3.10.7.4). What arrives later for the same sequence range is compared with what was handed on; other
 * bytes are a conflict: both are shown, and the contradicting segments are handed on as a second version of the stream
 * beside the first, since in a race either copy may be the forged one.
 *
 * Compared are the first OVERLAP_BYTES in OVERLAP_SEGMENTS segments of every turn, a turn being what a side says between two
 * utterances of the other: that is where an injector races a server, on the first request of a connection as on a later one.
 */
#pragma once

#include "analyzer/net/flow.h"

enum {
	OVERLAP_SEGMENTS = 10, /* as in the published detectors for Zeek and Snort (fox-it, 2015) */
	OVERLAP_BYTES = 4096,
	STREAM_PENDING_MAX = 64, /* out-of-order segments of a direction; one more and the hole is given up */
	STREAM_PENDING_BYTES = 256 * 1024,
	STREAM_SECOND_BYTES = 64 * 1024, /* handed on of a second version */
};

/* Body of STREAM_OPENING: the first payload of a client whose SYN was seen, as its first segment brought it. */
struct stream_opening {
	struct span payload; /* captured bytes, at least one */
};

/* `missing` bytes of a direction never came. */
struct stream_gap {
	uint64_t missing;
	bool acknowledged; /* the receiver had them: the capture lost them (G2) */
};

/* One segment as it stood in the race. */
struct rival {
	struct sample sample;
	struct span payload; /* captured bytes, as far as they are at hand */
	uint32_t seq, len;   /* the whole segment's range; len as its headers say */
};

/* Two segments of one direction say different things about the same sequence numbers. */
struct stream_conflict {
	struct rival winner, loser;            /* winner: came first */
	struct span winner_bytes, loser_bytes; /* of the overlap, captured on both sides */
	uint32_t seq;                          /* of the overlap */
	uint32_t diff_offset;                  /* of the first differing byte in the overlap */
	uint64_t turn_offset;                  /* of the overlap, from the start of the turn */
	bool other_spoke; /* the other side has sent payload before this turn: the turn may answer it */
	bool in_window;   /* the later segment starts within the receiver's window as last stated */
	uint32_t repeats; /* conflicts reported for this direction before */
};

/* Who is told. `data` and spans inside a conflict live until the call returns. */
struct stream_observer {
	void *context;
	/* Version 0: the bytes at the reading position. Version 1: of the contradicting version; `restart` at its beginning.
	 * `fin`: nothing follows; data may then be empty. */
	void (*bytes)(void *context, struct flow *f, enum dir d, uint8_t version, bool restart, struct span data,
	              bool fin, const struct packet *p);
	void (*gap)(void *context, struct flow *f, enum dir d, const struct stream_gap *gap, const struct packet *p);
	void (*conflict)(void *context, struct flow *f, enum dir d, const struct stream_conflict *c,
	                 const struct packet *p);
};

struct stream_counts {
	uint64_t rings_evicted;   /* comparison given up while it was still young, for want of room */
	uint64_t pending_refused; /* out-of-order segments not kept, for want of room */
	uint64_t pairs_refused;   /* flows whose streams were not followed, for want of room */
	uint64_t conflicts, gaps;
};

struct stream_pools;

/* Memory for the streams of one shard: `budget` bytes for out-of-order segments, `overlap_budget` for comparison. NULL when
 * memory is exhausted. */
struct stream_pools *stream_pools_new(size_t flows, size_t budget, size_t overlap_budget,
                                      const struct stream_observer *observer);
void stream_pools_free(struct stream_pools *s);
const struct stream_counts *stream_counts(const struct stream_pools *s);
/* Objects that flows hold: none once all have closed. */
size_t stream_pools_alive(const struct stream_pools *s);

/* A packet with payload or FIN. Call before side_update: it reads the facts as they were. */
void stream_segment(struct stream_pools *s, struct flow *f, enum dir d, const struct packet *p, struct sample *sample);

/* The other side acknowledged: holes below `ack` are given up. */
void stream_acknowledged(struct stream_pools *s, struct flow *f, enum dir d, uint32_t ack, const struct packet *p);

/* The flow closes: what still waits is handed on behind gaps, then memory goes back. */
void stream_close(struct stream_pools *s, struct flow *f);
