/*
 * What the first payload of a TCP client looks like, as bytes: how random, how printable. Taken once a flow, for rules about traffic
 * that looks like nothing (Wu et al., USENIX Security 2023). Facts; what they are evidence of is in
 * detect/encrypted.c.
 */
#pragma once

#include "analyzer/base/span.h"

enum shape_prefix { SHAPE_OTHER, SHAPE_TLS, SHAPE_HTTP };

struct shape {
	uint16_t length;    /* bytes that were looked at; 0: none yet */
	uint16_t printable; /* of these in 0x20..0x7e */
	uint16_t prefix;    /* how many of the first are printable */
	uint16_t run;       /* longest row of printable ones */
	uint32_t ones;      /* bits that are set */
	uint8_t kind;       /* enum shape_prefix */
	bool whole;         /* nothing of the payload was cut off */
};

/* payload_len: as the headers say; the span may be shorter. */
struct shape shape_of(struct span payload, uint32_t payload_len);

/* Which of the five published exemptions from "fully encrypted" hold, as bits Ex1..Ex5 from the lowest. */
bool shape_is_uneven(const struct shape *o); /* far more or fewer set bits than noise has: the first exemption */
unsigned shape_exemptions(const struct shape *o);
/* None holds, and nothing was cut off. */
bool shape_looks_encrypted(const struct shape *o);
