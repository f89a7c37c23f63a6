/* What transfer.c and transfer_ack.c share; for nobody else. */
#pragma once

#include "analyzer/net/transfer.h"

enum { TRANSFER_STEPS_MAX = 4096 /* chunks and packets looked at for one packet */ };

/* One direction. */
struct transfer_way {
	struct transfer_chunk *first, *last;
	struct transfer_chunk *oldest; /* none before it waits for an acknowledgement */
	uint32_t packets, unacked;
	uint32_t unordered; /* of `unacked`: sent again, so that sequence numbers do not grow along the log */
	uint32_t losses;    /* sent again, or holes filled */
	uint32_t next, acked;
	uint32_t delivered; /* bytes acknowledged or SACKed so far, each once, while a log was kept */
	uint32_t origin;    /* sequence number 0 of the current request and response */
	uint32_t opened_us; /* its first packet of this direction, whatever it carried */
	uint16_t mss;
	bool have_next, have_acked, have_origin, opened, listed; /* listed: its TRANSFER_OPENS stands in the log */
	bool idle;    /* nothing of the current request and response is kept: it is of no use, or there was no room */
	bool refused; /* for want of room */
	bool cut;
};

struct transfer {
	struct list lru;
	enum dir opener, speaker; /* opener: sent the first packet of the flow */
	int64_t zero_us;
	uint64_t zero_frame;
	struct transfer_way way[2];
};

/* What is the same for all that one packet changes. */
struct transfer_step {
	struct transfers *all;
	struct transfer *x;
	const struct packet *pkt;
	uint32_t now_us, frame;
};

/* transfer_ack.c */

/* The bytes at seq are sent again: marks the latest packet that carried them, or the hole that they fill. */
void transfer_resent(struct transfer_step *s, struct transfer_way *w, uint32_t seq);
/* An acknowledgement of this way's packets, with its SACK blocks. */
void transfer_acknowledged(struct transfer_step *s, struct transfer_way *w);
