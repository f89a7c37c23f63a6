/*
 * ICMP errors beside the flows whose packets they quote (RFC 792, RFC 4443). An error goes to the shard of the pair that it quotes;
 * one that quotes nothing usable, or a flow that is not there, is nobody's. What an error means: detect/icmp.c.
 */
#pragma once

#include "analyzer/net/flow.h"

/* Body of ICMP_ERROR. */
struct icmp_error {
	struct frame_ref frame;
	struct addr source; /* of the error: a router on the way, or the quoted packet's destination */
	uint8_t type, code; /* of the version of `source`: ICMP or ICMPv6 */
	uint8_t ttl;        /* of the error as captured */
	uint8_t quoted_ttl; /* what was left of the quoted packet's where the error was made */
	enum dir quoted;    /* who sent the quoted packet */
	bool fits;          /* TCP: the flow did send the quoted sequence number; true without one */
	bool delivered;     /* TCP: the other end had acknowledged the quoted sequence number before */
	uint32_t seq;       /* TCP: quoted; 0 without one */
};

/* Is this packet an error with a quote that can have a flow? */
bool is_icmp_error(const struct packet *p);

/* Unreachable, whatever the code, but for a packet that was too big: not time exceeded, not a redirect. */
bool icmp_error_is_final(const struct icmp_error *e);

/* The flow that the error quotes, and what there is to say about it. NULL: the flow is not known. */
struct flow *icmp_error_find(const struct flow_table *t, const struct packet *p, struct icmp_error *out);
