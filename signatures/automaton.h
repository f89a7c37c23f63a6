/*
 * Searching for many literals at once (A. Aho and M. Corasick, "Efficient string matching", CACM 1975). The state is a
 * number that the caller keeps, so a literal that lies across two pieces is found. Bytes that occur in no literal share
 * one class; the root and the states after one byte have full rows over the classes, deeper states, of which there are
 * tens of thousands with one way out each, only a run of children and a failure link. Knows nothing about signatures.
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

struct automaton;

/* A literal to look for and what the caller wants to be told when it ends. */
struct literal {
	struct span bytes;
	uint32_t value;
};

/*
 * Builds an automaton over n literals, none of which may be empty; they are not needed afterwards. Equal literals are
 * kept apart. ERR_NOMEM, or ERR_LIMIT when they hold 2^31 bytes or more.
 */
int automaton_build(struct automaton **out, const struct literal *literals, size_t n, struct err *e);

/* NULL is legal. */
void automaton_free(struct automaton *a);

/* The state before the first byte is 0. Consumes bytes until a literal ends; returns how many were consumed, and sets
 * *ends when at least one literal ends there (automaton_ending tells which). Bytes left over are passed in the next
 * call. */
size_t automaton_scan(const struct automaton *a, uint32_t *state, struct span bytes, bool *ends);

/* A walk over the literals that end in a state. */
struct ending {
	uint32_t state, output;
};

struct ending automaton_ending(const struct automaton *a, uint32_t state);

/* The value of the next one, longest first, equal ones in the order given to automaton_build. False: no more. */
bool ending_next(const struct automaton *a, struct ending *it, uint32_t *value);

size_t automaton_bytes(const struct automaton *a);
size_t automaton_states(const struct automaton *a);
