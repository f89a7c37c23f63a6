/*
 * Is a transfer's goodput, second by second, a plateau that something other than its two ends keeps it at? The first half of
 * throttle_plateau.c's rule, on one direction of one flow.
 */
#pragma once

#include "analyzer/net/pace.h"

enum {
	PLATEAU_SECONDS_MIN = 10,
	PLATEAU_PACKETS_MIN = 30,
	PLATEAU_RATE_MAX_BPS = 400000,
};

struct plateau {
	uint64_t rate_bps;    /* the median second's */
	uint32_t iqr_percent; /* range between quartiles, of the median */
	uint32_t seconds, packets;
	uint32_t unsteady_percent;  /* packets sent again or behind a hole */
	uint32_t rtt_growth_tenths; /* mean round trip during it, of the smallest, in tenths; 0: not known */
};

/* True and *out when it is one: long, steady, slow, and with data waiting at the sender all the time. */
bool plateau_of_flow(struct plateau *out, const struct flow *f, enum dir d);
