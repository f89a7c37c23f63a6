/*
 * Does a token bucket explain which packets of a transfer were lost? The published policing detector (Flach et al., An
 * Internet-Wide Analysis of Traffic Policing, SIGCOMM 2016), rule by rule and constant by constant as in the authors' public code, on
 * one direction of one request and its response. In exact integers: the same answer on every machine.
 *
 * Packets beyond the bucket's rate are lost, packets within it pass: then the bucket, simulated from the first loss on, is
 * empty at losses and not below empty at packets that passed. Queues that overflow (round trips grow first), random loss and
 * receivers that are slow fail one of the steps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyzer/base/arena.h"

/* The published result codes. */
enum bucket_code {
	BUCKET_POLICED,
	BUCKET_INSUFFICIENT_LOSS,
	BUCKET_LATE_LOSS,         /* first loss behind 2,000,000 bytes */
	BUCKET_NEGATIVE_FILL,     /* it would have been in debt at the beginning */
	BUCKET_HIGHER_FILL,       /* fuller at losses than at packets that passed */
	BUCKET_LOSS_OUT_OF_RANGE, /* not empty at losses */
	BUCKET_PASS_OUT_OF_RANGE, /* empty at packets that passed */
	BUCKET_INFLATED_RTT,      /* a queue was filling before the losses */
	BUCKET_TOO_LARGE,         /* not published: numbers beyond exact arithmetic, or no memory */
};

struct bucket_packet {
	uint32_t time_us;
	uint32_t seq; /* relative: the first byte is 1 */
	uint32_t len;
	int32_t ack_ms; /* -1: not known */
	uint32_t frame, ack_frame;
	bool resent, lost;
};

struct bucket_input {
	const struct bucket_packet *packets; /* in order of capture */
	size_t count;
	uint32_t opened_us; /* of the first packet of this direction, with or without data */
	/*
	 * Captured beside the receiver: round trips cannot be seen there. Half-milliseconds of the whole path's; then the step on
	 * inflated round trips is left out, and instead more than a queue of that rate could have let through must have passed
	 * before the first loss. 0: beside the sender, as published.
	 */
	uint32_t path_rtt_half_ms;
};

struct bucket {
	enum bucket_code code;
	uint64_t rate_bps, burst_bytes;
	uint32_t losses, passes,
	    slices; /* from the first loss on; slices: times longer than a round trip with loss in them */
};

/* cutoff: losses to leave out at each end; the published program runs with 0 and with 2. */
struct bucket bucket_fit(const struct bucket_input *in, unsigned cutoff, struct arena *scratch);
