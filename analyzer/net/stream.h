/*
 * TCP streams: order, gaps, and contradiction. Bytes go to the flow's dissector in order, first come first served, as a
 * receiver would take them. What arrives later for the same sequence range is compared with what was delivered; other
 * bytes are a conflict: an event that shows both, and a second version of the stream that the dissector reads beside the
 * first (struct event.version), since in a race either copy may be the forged one.
 */
#pragma once

#include "analyzer/event/event.h"

/* `missing` bytes of a direction never came: the other side acknowledged past them, or too much waits behind them. */
struct stream_gap {
	uint64_t missing;
	bool acknowledged; /* the receiver had them: the capture lost them (G2) */
};

/* One segment as it stood in the race. */
struct rival {
	struct sample sample;
	struct span bytes;   /* of the overlap, captured ones alone */
	uint32_t seq, len;   /* the whole segment's range */
	struct span payload; /* the whole segment where it is at hand, else as `bytes` */
};

/* Two segments of one direction say different things about the same sequence numbers. */
struct stream_conflict {
	struct rival winner, loser; /* winner: came first */
	uint32_t seq, len;          /* of the overlap */
	uint32_t diff_offset;       /* of the first differing byte in the overlap */
	uint64_t turn_offset;   /* of the overlap, from the start of what this side said since the other last spoke */
	uint64_t stream_offset; /* of the overlap, from the start of the direction's stream */
	bool in_window;         /* both segments lay within the receiver's window as last stated */
	uint32_t repeats;       /* conflicts reported for this direction before */
};
