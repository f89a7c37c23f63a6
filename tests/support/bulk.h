/*
 * A response of many packets over a path that loses or delays some of them, as a capture beside the server or beside the client shows
 * it. The sender offers what was lost a round trip ago, then what is new, `window` packets a round.
 */
#pragma once

#include "tests/support/conversation.h"

struct bulk {
	const char *host;         /* asked for */
	int64_t start_us;         /* of the SYN, from the conversation's start */
	uint32_t packets, window; /* of 1000 bytes; offered in a round */
	int64_t rtt_us;
	int64_t round_us;    /* at least so long; 0: a round trip */
	uint64_t bucket_bps; /* 0: no bucket */
	uint32_t bucket_bytes;
	uint64_t queue_bps;     /* 0: no queue */
	uint32_t queue_bytes;   /* beyond them packets are lost; 0: never */
	uint32_t loss_percent;  /* at random */
	uint32_t client_window; /* raw; 0: the usual */
	bool pushed;            /* every packet */
	bool beside_client;
};

/* From SYN to FIN. Returns when the last packet came, from the conversation's start. */
int64_t bulk_run(struct conversation *c, const struct bulk *b);
