/*
 * Runs one dissector as the flow layer would: probes, holds what was not consumed, shows it again with more behind it. What
 * it emits is written down as text, a line an event, body pieces joined, so that two runs can be compared as strings.
 * Every input is shown so that it ends at a page that cannot be read.
 */
#pragma once

#include "dissectors/dissector.h"

struct dissect;

/* Aborts the test program when memory is exhausted. */
struct dissect *dissect_new(const struct dissector *dissector, uint16_t client_port, uint16_t server_port);
void dissect_free(struct dissect *x);
/* As new: a fresh flow, nothing emitted. */
void dissect_restart(struct dissect *x);

/* Bytes of a direction, as one segment; fin: the last ones. */
void dissect_feed(struct dissect *x, enum dir dir, struct span bytes, bool fin);
/* The same for version 1 of the stream, which needs no probing. */
void dissect_feed_rival(struct dissect *x, enum dir dir, struct span bytes, bool fin);
void dissect_gap(struct dissect *x, enum dir dir, uint64_t missing);
/* One datagram of wire_len bytes of which `bytes` were captured. */
void dissect_datagram(struct dissect *x, enum dir dir, struct span bytes, size_t wire_len);
/* The capture clock moves on; datagrams alone have times. */
void dissect_wait(struct dissect *x, int64_t ns);
/* The flow closes; harmless when it was given up. */
void dissect_close(struct dissect *x);

/* Everything emitted so far, and "GIVEN UP"; owned by x, valid until the next call. */
const char *dissect_transcript(struct dissect *x);
/* Events of a type so far. */
uint64_t dissect_count(const struct dissect *x, enum event_type type);
/* The flow, for facts that a dissector may ask about. */
struct flow *dissect_flow(struct dissect *x);
/* Objects of `large` that are out. */
size_t dissect_large_alive(const struct dissect *x);

/* One move of a conversation. */
struct dissect_step {
	enum dir dir;
	struct span bytes;
	uint64_t gap; /* bytes missing behind `bytes` */
	bool fin;
};

/*
 * Plays a conversation on a fresh flow, each step cut into pieces of 1..max_piece bytes chosen by seed (0: not cut), closes
 * it, and returns the transcript, which is x's. At most `limit` bytes of all steps together are played, then the flow closes.
 */
const char *dissect_replay(struct dissect *x, const struct dissect_step *steps, size_t count, size_t max_piece,
                           uint32_t seed, size_t limit);

/* The same by itself; the transcript is the caller's to free. */
char *dissect_play(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                   size_t count, size_t max_piece, uint32_t seed, size_t limit);

/*
 * The split property: the conversation gives the same events in pieces of at most 1, 2, 3, 7 and 64 bytes, and at each cut
 * into two. False, with both transcripts on stderr, when it does not.
 */
bool dissect_split_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                         size_t count);

/*
 * The prefix property: each prefix of the conversation gives only lines that the whole gives too, but for those that say
 * themselves that something is cut. False, with the line on stderr, when it does not.
 */
bool dissect_prefix_holds(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                          size_t count);
