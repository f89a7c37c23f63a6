/*
 * What stream.c, delivery.c and pending.c share; nobody else includes it. delivery.c hands bytes on, finds contradictions and
 * keeps the second version; pending.c keeps what came before its turn; stream.c decides what a packet means for both.
 */
#pragma once

#include "analyzer/net/overlap.h"
#include "analyzer/net/stream.h"

/* An out-of-order segment, in order of sequence numbers; pieces of one direction never overlap. */
struct piece {
	struct piece *next;
	uint32_t seq, len; /* of the captured bytes kept */
	uint32_t wire_len; /* what the headers say; more than len when the capture cut it */
	bool fin;
	uint8_t size_class;
	struct sample sample;
	uint8_t bytes[];
};

enum { PIECE_CLASSES = 3 };
extern const uint32_t piece_bytes[PIECE_CLASSES]; /* most bytes of a piece of each class */

struct stream {
	uint32_t next; /* sequence number of the reading position */
	bool started, finished, second_active;
	uint64_t offset;      /* bytes handed on, gaps included */
	uint64_t turn_start;  /* offset where the turn began */
	uint64_t other_heard; /* offset of the other direction then */
	struct overlap *ring;
	struct piece *pending;
	struct piece *doubtful; /* a segment with a wrong checksum that nothing else said: the receiver decides */
	uint32_t pending_count, pending_total;
	uint32_t conflicts;
	uint32_t second_next; /* sequence number where the second version goes on */
	uint32_t second_bytes;
};

struct stream_pair {
	struct stream dir[2];
};

struct stream_pools {
	struct pool pairs;
	struct pool pieces[PIECE_CLASSES];
	struct overlap_pool rings;
	struct stream_observer observer;
	struct stream_counts counts;
};

/* One call's context. */
struct feed {
	struct stream_pools *pools;
	struct flow *flow;
	enum dir dir;
	struct stream *stream, *other;
	const struct packet *pkt;
};

/* Bytes at the reading position; `wire_len` what the headers say: the rest is a gap. */
void delivery_bytes(struct feed *fd, struct span data, uint32_t wire_len, bool fin, const struct sample *sample);
void delivery_gap(struct feed *fd, uint32_t missing, bool acknowledged);
/* A segment whose first `old` bytes were handed on before. */
void delivery_compare(struct feed *fd, uint32_t seq, uint32_t old, const struct sample *sample);
/* Tells of a conflict and takes the loser into the second version. */
void delivery_conflict(struct feed *fd, struct stream_conflict *c, bool fin);
/* New data may continue the second version too. */
void delivery_second_follows(struct feed *fd, uint32_t seq, struct span data);
/* Does a segment start within the receiver's window as last stated? True when that is not known. */
bool delivery_in_window(const struct tcp_flow *tcp, enum dir d, uint32_t seq);

/* NULL: no room. */
struct piece *pending_new(struct stream_pools *pools, struct span bytes);
void pending_drop(struct stream_pools *pools, struct stream *s, struct piece **link);
/* Hands on what has become contiguous. */
void pending_drain(struct feed *fd);
/* Keeps a segment beyond the reading position; compares what it says with what waits there. */
void pending_wait(struct feed *fd, uint32_t seq, struct span bytes, uint32_t wire_len, bool fin,
                  const struct sample *sample);
/* Hands a segment at the reading position on, around what waits and came first. */
void pending_deliver_around(struct feed *fd, struct span bytes, uint32_t wire_len, bool fin,
                            const struct sample *sample);
/* Gives the hole before the first piece up. */
void pending_skip_hole(struct feed *fd, bool acknowledged);
/* What the packet of a piece looked like. */
void pending_packet(const struct flow *f, enum dir d, const struct piece *piece, struct frame *frame, struct packet *p);
