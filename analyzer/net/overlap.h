/*
 * The beginning of a turn as it was handed on, kept for comparison with what comes later for the same sequence numbers.
 * Rings come from a capped pool; when it is empty the least recently used one is taken over.
 */
#pragma once

#include "analyzer/net/stream.h"

struct overlap;

struct overlap_pool {
	struct pool pool;
	struct list lru;
	uint64_t evicted_young; /* taken over less than OVERLAP_YOUNG_NS after their last use */
};

#define OVERLAP_YOUNG_NS (INT64_C(2) * 1000000000) /* the window between paired packets (Weaver et al. 2009) */

void overlap_pool_init(struct overlap_pool *p, size_t budget);
void overlap_pool_free(struct overlap_pool *p);

/* Empties *ring, or gets one into it, for a turn that begins at seq. *ring may become NULL: no memory. The pool clears
 * *ring when it takes the ring over for another flow, so `ring` must stay where it is. */
void overlap_start(struct overlap_pool *p, struct overlap **ring, uint32_t seq, int64_t now_ns);
void overlap_release(struct overlap_pool *p, struct overlap **ring);

/* Appends a segment that continues the kept bytes; a full ring, or a segment elsewhere, is left as it is. NULL is legal. */
void overlap_keep(struct overlap *o, uint32_t seq, struct span bytes, const struct sample *sample);

/* True when the segment would be kept. */
bool overlap_wants(const struct overlap *o, uint32_t seq);

/* Compares; true and *c (winner, loser, spans, seq, diff_offset) at the first kept segment that differs.
 * NULL is legal: false. */
bool overlap_differs(struct overlap *o, uint32_t seq, struct span bytes, const struct sample *sample, int64_t now_ns,
                     struct stream_conflict *c);
