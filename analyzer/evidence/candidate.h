/*
 * Candidates: findings proposed in the packet pass, kept until the capture pass. One collection a logical shard, with a
 * byte budget and a cap a mechanism; what is over either is counted, never silent. The first by frame stay.
 *
 * The budget is shared fairly: when it is used up, the mechanism that holds most gives up its last by frame. So a
 * mechanism always gets budget / mechanism_count, whatever the others propose.
 */
#pragma once

#include "analyzer/evidence/finding.h"

struct candidate; /* a copy with its text, and its place */

/* What is held of one mechanism: a heap with the last by frame on top. */
struct candidate_heap {
	struct candidate **heap;
	size_t count, room;
	size_t bytes;
};

struct candidates {
	struct finding **items; /* in no order that means anything */
	size_t count, room;
	size_t cap;                  /* a mechanism; 0: no cap */
	size_t budget, used;         /* bytes; budget 0: no bound */
	struct candidate_heap *held; /* by index into mechanisms[] */
	uint64_t proposed;           /* so far */
	uint64_t dropped;            /* over a cap or the budget */
	uint64_t pinned;             /* of `proposed`, when candidates_pin was called last */
	struct candidate *given_up;  /* pinned ones that lost their place since */
};

/* budget 0: no bound. ERR_NOMEM only. */
int candidates_init(struct candidates *c, size_t cap_a_mechanism, size_t budget, struct err *e);
void candidates_free(struct candidates *c);

/*
 * What is held now may be looked at until the next call, even when it loses its place meanwhile (its bytes, at most the budget, are then
 * held beyond it): for rules that propose while they walk over what was proposed before.
 */
void candidates_pin(struct candidates *c);

/*
 * Copies the finding and all text it points to, but for signatures, mechanism, terms and the keys of details, which
 * outlive it. NULL: over a limit, counted. The copy lives until the next call, which may give its place to an earlier
 * frame, and in `items`; no details may be added to it.
 */
struct finding *candidate_add(struct candidates *c, const struct finding *f);
