/* The resets of one side of a flow as facts for rules (signatures/burst.h), and what detectors of their patterns share. */
#pragma once

#include "analyzer/net/flow.h"
#include "signatures/burst.h"

#define RST_BURST_NS (INT64_C(2) * 1000000000) /* from the first reset to the last of a burst */

/* The resets that count, in the order of the capture. */
struct rst_burst {
	const struct flow *flow;
	enum dir dir; /* who they claim to be from */
	const struct reset_side *r;
	bool begun; /* rst[0] is the first of all: what came just before it is known */
	size_t kept;
	const struct sample *rst[RESETS_KEPT];
	bool answers[RESETS_KEPT];
	const uint8_t *payload[RESETS_KEPT];
	uint8_t payload_kept[RESETS_KEPT];
	const struct sample *request; /* what they may answer; NULL: none */
};

/* The resets of this side within two seconds, without those that a receiver drops for their checksum. False: there are none. */
bool rst_burst_of(struct rst_burst *b, const struct flow *flow, enum dir dir);

/* The facts of `count` resets from number `first` on. */
void rst_burst_facts(const struct rst_burst *b, size_t first, size_t count, struct burst_facts *out);

/*
 * A reset that may be the real host's own: it answers a packet (G3), with the TTL of that host's other packets. After a
 * forged reset to the other end, the genuine end answers what still arrives with resets like that.
 */
bool rst_burst_genuine(const struct rst_burst *b, size_t i);

/* New data of the purported sender behind all it had sent and behind reset i, later than a reordering; or NULL. */
const struct sample *rst_burst_goes_on(const struct rst_burst *b, size_t i);

/* TTLs all different over three of these resets, or TTL and window rising together: no host's stack does that. */
bool rst_burst_steps(const struct rst_burst *b, size_t first, size_t count);
