/*
 * Weight of evidence (I. J. Good): each feature gives decibans, features of one dependence group do not add up freely,
 * and the total is read as a word. The weights are data: signatures/weights.csv. Rules: docs/rules.md, "Terms
 * and labels".
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/evidence/finding.h"

struct weights; /* read-only after loading */

/* A row, owned by the weights. Rows of the groups `label` and `limit` are no terms: what a word needs at least, and the caps. */
struct weight_row {
	const char *id, *group;
	int16_t db;
	const char *description, *basis, *source;
};

/*
 * Reads weights.csv (id,group,decibans,description,basis,source). It must hold a row of group `label` for every word but
 * none (label_weak, label_moderate, ...), in ascending order, and of group `limit` score_most and group_rest. *w is NULL on error; the
 * text names file and line.
 */
int weights_load(struct weights **w, const char *path, struct err *e);
void weights_free(struct weights *w); /* NULL is legal */
const uint8_t *weights_sha256(const struct weights *w);
size_t weights_rows(const struct weights *w);
const struct weight_row *weights_find(const struct weights *w, const char *id); /* NULL: there is none */

/* Adds the term of this id to the finding; half: half the weight, rounded toward zero. An id that the table does
 * not hold weighs nothing and is not listed. Adding an id twice keeps the one farther from 0. */
void finding_term(struct finding *f, const struct weights *w, const char *id, bool half);

/* Sets score_db and label from the terms, kind, failed guards and selectivity: the last step before a row is
 * written. */
void finding_weigh(struct finding *f, const struct weights *w);
