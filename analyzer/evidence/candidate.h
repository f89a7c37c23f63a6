/*
 * Candidates: findings proposed in the packet pass, kept until the capture pass. One collection a logical shard, with a
 * byte budget and a cap a mechanism; what is over either is counted, never silent. The first by frame stay.
 */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/evidence/finding.h"

struct candidates {
	struct arena arena;
	struct finding **items; /* in no order that means anything */
	size_t count, room;
	size_t cap;            /* a mechanism; 0: no cap */
	size_t *per_mechanism; /* by index into mechanisms[] */
	size_t **last;         /* the same: a heap over items, NULL until the cap is met */
	uint64_t dropped;      /* over a cap or the budget */
};

/* budget 0: no bound. ERR_NOMEM only. */
int candidates_init(struct candidates *c, size_t cap_a_mechanism, size_t budget, struct err *e);
void candidates_free(struct candidates *c);

/* Copies the finding and all text it points to, but for signatures, mechanism, terms and the keys of details, which
 * outlive it. NULL: over a limit, counted. The copy may be changed until the capture ends (a repeat adds to
 * `copies`). At the cap an earlier frame takes the place of the last one. */
struct finding *candidate_add(struct candidates *c, const struct finding *f);
