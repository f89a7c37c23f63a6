/*
 * A side that goes on behind its own FIN: the FIN, and what contradicts it. Taken from a pool when that happens, which
 * between conforming ends it never does. Facts; detect/fin_injected.c judges.
 */
#pragma once

#include "analyzer/net/side.h"

enum { CLOSING_FINS = 4 /* FINs kept that claim the same end */ };

struct closing {
	struct sample fin[CLOSING_FINS];
	uint8_t fins;
	struct sample before; /* last packet of the side before the first of them; frame.number 0: not known */
	struct sample data;   /* first payload in the FIN's place or beyond; frame.number 0: none */
	struct sample ack; /* first pure ACK that stands before the FIN although it acknowledges what came after it */
};

/*
 * Does this packet of a side, before side_update has seen it, contradict the side's FIN? other_end: highest sequence number that
 * the other side had sent when the FIN came.
 */
bool closing_contradicts(const struct side *own, uint32_t other_end, const struct sample *sample);

/* Takes the contradiction into account; a new `closing` finds the FIN among the side's latest packets. False: it is not there. */
bool closing_add(struct closing *c, const struct side *own, const struct sample *sample);
