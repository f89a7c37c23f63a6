/*
 * What a dissector is: a reader of one application protocol. It sees datagrams, or a byte stream a direction, and emits
 * events; it never sees signatures, detectors or findings. One file, one `const struct dissector dissector_<name>`, one
 * line in list.h.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/pool.h"
#include "analyzer/event/bus.h"

enum probe {
	PROBE_NO,    /* not mine, whatever comes */
	PROBE_MAYBE, /* show me again with more bytes */
	PROBE_YES    /* mine: the flow is this dissector's from here on */
};

/* One call's context; borrowed. */
struct dissection {
	struct flow *flow;
	enum dir dir;
	const struct packet *pkt; /* the packet that brought the bytes; for a gap, the one that showed it */
	void
	    *state; /* flow_size bytes of this flow (and version), zeroed when it was claimed; NULL if flow_size is 0 */
	uint8_t version; /* struct event */
	/*
	 * gap() and close() alone: the bytes that each direction (of this version) left unconsumed and that are dropped now,
	 * for a last look at an unfinished message. Empty in every other call, when they are not at hand
	 * any more, and in the direction whose bytes made stream() give up.
	 */
	struct span held[2];
	struct arena *scratch; /* reset after every packet */
	struct pool *large;    /* objects of large_size, capped a shard; pool_get may fail: do without and count it */
	struct bus *bus;
};

/* stream(): give the flow up, it is not this protocol after all. */
#define DISSECT_GIVE_UP SIZE_MAX

/* Most bytes that a stream dissector may leave unconsumed; one more and the flow is given up (counted). */
enum { DISSECT_HOLD_MAX = 64 * 1024 };

struct dissector {
	const char *name;  /* lower case; the `protocol` word of a finding */
	uint8_t l4_proto;  /* IPPROTO_UDP or IPPROTO_TCP */
	size_t flow_size;  /* plain data, no owned pointers except objects of `large` */
	size_t large_size; /* size of a `large` object; 0: none */
	size_t large_cap;  /* most of them alive in a shard */

	/* On the first bytes of a direction (at least one). Cheap, on content; a port is a hint at most. */
	enum probe (*probe)(const struct flow *f, enum dir d, struct span head);

	/* One datagram. payload may be cut by the capture: d->pkt->payload_len tells. False: not this protocol after all. */
	bool (*datagram)(struct dissection *d, struct span payload);

	/*
	 * The bytes at the reading position, contiguous. Returns how many are done with, from the start; the rest is shown
	 * again with more behind it. `fin`: nothing follows in this direction. DISSECT_GIVE_UP ends dissection of the flow.
	 */
	size_t (*stream)(struct dissection *d, struct span data, bool fin);

	/* `missing` bytes are not in the capture; unconsumed bytes before them were dropped. Optional. */
	void (*gap)(struct dissection *d, uint64_t missing);

	/* The flow closes, or is given up: give `large` objects back, say what was pending. Optional. d->pkt is NULL. */
	void (*close)(struct dissection *d);
};

extern const struct dissector *const dissectors[]; /* NULL-terminated, in the order of list.h */

/* Emits with the fields of the dissection filled in. */
static inline void dissection_emit(const struct dissection *d, enum event_type type, const void *body)
{
	struct event ev = {
	    .type = type, .dir = d->dir, .pkt = d->pkt, .flow = d->flow, .body = body, .version = d->version};
	bus_emit(d->bus, &ev);
}
