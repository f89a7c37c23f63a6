/*
 * TCP segments and what becomes of them: packets made by hand with checksums as a sender would fill them in, a table of one
 * or more flows, tracker and streams behind it, and a record of what the observers were told. Nothing here decodes.
 */
#pragma once

#include "analyzer/net/track.h"

enum { SEGMENTS_TOLD_MAX = 256, SEGMENTS_BYTES_MAX = 512 * 1024, SEGMENT_PAYLOAD_MAX = 65000 };

#define SEGMENTS_START_NS INT64_C(1600000000000000000)
#define MILLISECONDS(n)   (INT64_C(n) * 1000000)

/* One packet, self-contained. */
struct segment {
	struct frame frame;
	struct packet packet;
	uint8_t l4[20 + SEGMENT_PAYLOAD_MAX];
};

/* What a call of conflict() said, spans copied as far as they fit. */
struct told_conflict {
	enum dir dir;
	struct stream_conflict c;
	uint8_t winner[64], loser[64]; /* of the overlap */
	uint8_t loser_payload[64];
	size_t loser_payload_len;
};

struct told_gap {
	enum dir dir;
	struct stream_gap gap;
	uint64_t after; /* bytes of version 0 handed on before it */
	uint64_t frame; /* of the packet that showed it */
};

/* Bytes of one direction and version. */
struct told_bytes {
	uint8_t bytes[SEGMENTS_BYTES_MAX];
	size_t len;
	unsigned calls, restarts, fins, after_fin; /* after_fin: calls behind the last one */
};

struct segments {
	struct flow_table *table;
	struct stream_pools *streams;
	struct tracker tracker;
	struct flow *flow; /* of the last packet */
	struct segment last;
	uint64_t frames;
	int64_t now_ns;
	uint32_t isn[2], next[2]; /* initial and next sequence number of either side */
	bool bad_checksum;        /* of the packets to come */
	bool version6;
	uint16_t ip_id[2];

	struct told_bytes *told[2][2]; /* version, direction */
	struct told_conflict conflicts[SEGMENTS_TOLD_MAX];
	struct told_gap gaps[SEGMENTS_TOLD_MAX];
	size_t conflict_count, gap_count, synack_count;
	bool wrong_dir;     /* a packet handed on with bytes was of the other side */
	unsigned closed[4]; /* flows closed, by reason */
	uint64_t closed_ids[SEGMENTS_TOLD_MAX];
	size_t closed_count;
};

/* Most flows at once; bytes for what waits, and for comparison. Ends the program when memory is exhausted. */
struct segments *segments_new(size_t flows, size_t budget, size_t overlap_budget);
/* Closes what is open. */
void segments_close(struct segments *s);
/* Closes, and asserts that every pool is empty again. */
void segments_free(struct segments *s);

/* A packet of 10.0.0.1:40000 to 192.0.2.80:80 (up) or back, in s->last, to be changed before segments_send. Flags are those of
 * the header. The checksum is filled in by segments_send. */
struct packet *segments_make(struct segments *s, enum dir d, unsigned flags, uint32_t seq, uint32_t ack,
                             struct span payload);
/* Sends s->last, 1 ms behind the one before. Returns its flow. */
struct flow *segments_send(struct segments *s);

/* SYN, SYN/ACK, ACK with these initial sequence numbers. */
void segments_handshake(struct segments *s, uint32_t client_isn, uint32_t server_isn);

/* A data segment `offset` bytes behind the initial sequence number + 1; acknowledges all that the other side said in order
 * of segments_say. */
void segments_data(struct segments *s, enum dir d, uint32_t offset, const char *text);
void segments_bytes(struct segments *s, enum dir d, uint32_t offset, struct span bytes, unsigned more_flags);
/* The same at the next position, which moves on. */
void segments_say(struct segments *s, enum dir d, const char *text);
/* A bare ACK of `offset` bytes of the other side. */
void segments_ack(struct segments *s, enum dir d, uint32_t offset);

/* Asserts that this is what was handed on. */
void assert_told(const struct segments *s, uint8_t version, enum dir d, const char *text);
void assert_told_bytes(const struct segments *s, uint8_t version, enum dir d, struct span bytes);

/* A generator whose numbers depend on the seed alone. */
uint32_t segments_random(uint32_t *seed);
