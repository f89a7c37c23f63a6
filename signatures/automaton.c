/* See automaton.h. States are numbered breadth first, so the children of one state are neighbours and a state needs
 * only the number of its first child; `labels` holds the byte that leads into each. */
#include "signatures/automaton.h"

#include <stdlib.h>

enum { ROOT = 0 };

#define NO_OUTPUT UINT32_MAX

struct state {
	uint32_t child; /* number of the first child */
	uint32_t fail;  /* longest proper suffix that is a state */
	uint32_t
	    report; /* nearest state along the failure links, this one included, where a literal ends; ROOT: none */
	uint8_t children;
	bool full; /* 256 children: `children` is 0 */
};

struct output {
	uint32_t value;
	uint32_t next; /* of the same state, or NO_OUTPUT */
};

/* A state where literals end: few are, so that these stand apart, in ascending order. */
struct end {
	uint32_t state, output;
};

struct automaton {
	uint8_t class_of[256];
	size_t classes;
	struct state *states;
	size_t count;
	uint8_t *labels; /* of every state, apart, so that a search among siblings touches one cache line */
	uint32_t *rows;  /* transitions of state 0 to dense-1, `classes` each */
	size_t dense;
	struct output *outputs;
	size_t literals;
	struct end *ends;
	size_t end_count;
};

/* The literals that begin with what leads to a state: a run of the sorted ones. */
struct range {
	uint32_t low, high;
};

struct sorted {
	const uint8_t *ptr;
	uint32_t len, output;
};

/* While an automaton is built: its literals, by bytes and then as they were given, and the range of each state. */
struct building {
	struct sorted *sorted;
	struct range *ranges;
};

static int compare_literals(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;
	int order = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
	if (order == 0 && a->len != b->len)
		order = a->len < b->len ? -1 : 1;
	return order ? order : a->output < b->output ? -1 : a->output > b->output;
}

/* A state a distinct beginning of a literal. */
static size_t count_states(const struct building *b, size_t n)
{
	size_t count = 1;
	const struct sorted *last = NULL;
	for (const struct sorted *s = b->sorted; s < b->sorted + n; last = s++) {
		uint32_t same = 0;
		while (last && same < s->len && same < last->len && s->ptr[same] == last->ptr[same])
			same++;
		count += s->len - same;
	}
	return count;
}

/* Those of the range that end in the state, which come first in it, become its outputs. */
static void end_literals(struct automaton *a, const struct building *b, uint32_t state, struct range *r, size_t depth)
{
	if (r->low == r->high || b->sorted[r->low].len != depth)
		return;
	a->ends[a->end_count] = (struct end){.state = state};
	uint32_t *link = &a->ends[a->end_count++].output;
	for (; r->low < r->high && b->sorted[r->low].len == depth; r->low++) {
		*link = b->sorted[r->low].output;
		link = &a->outputs[*link].next;
	}
	a->states[state].report = state;
}

/* The states in their order, breadth first: each one's children are the runs of its range that have the next byte in
 * common. */
static void number_states(struct automaton *a, const struct building *b, size_t n)
{
	size_t next = 1, level = 1, depth = 0; /* level: the first state that is one byte deeper */
	b->ranges[ROOT] = (struct range){0, (uint32_t)n};
	for (size_t i = 0; i < a->count; i++) {
		if (i == level) {
			level = next;
			depth++;
		}
		struct range r = b->ranges[i];
		struct state *s = &a->states[i];
		s->child = (uint32_t)next;
		end_literals(a, b, (uint32_t)i, &r, depth);
		while (r.low < r.high) {
			uint8_t label = b->sorted[r.low].ptr[depth];
			struct range *child = &b->ranges[next];
			child->low = r.low++;
			while (r.low < r.high && b->sorted[r.low].ptr[depth] == label)
				r.low++;
			child->high = r.low;
			a->labels[next++] = label;
		}
		s->full = next - s->child == 256;
		s->children = (uint8_t)(next - s->child);
	}
}

static uint32_t state_child(const struct automaton *a, const struct state *s, uint8_t byte)
{
	size_t n = s->full ? 256 : s->children;
	for (size_t i = 0; i < n; i++)
		if (a->labels[s->child + i] == byte)
			return s->child + (uint32_t)i;
	return ROOT;
}

static uint32_t step(const struct automaton *a, uint32_t state, uint8_t byte)
{
	while (state >= a->dense) {
		const struct state *s = &a->states[state];
		uint32_t next = state_child(a, s, byte);
		if (next != ROOT)
			return next;
		state = s->fail;
	}
	return a->rows[state * a->classes + a->class_of[byte]];
}

/* Failure links, breadth first: those of a state's children follow from its own. */
static void link_states(struct automaton *a)
{
	for (size_t i = 0; i < a->count; i++) {
		struct state *s = &a->states[i];
		if (s->report == ROOT && i != ROOT)
			s->report = a->states[s->fail].report;
		size_t n = s->full ? 256 : s->children;
		for (size_t c = 0; c < n && i != ROOT; c++)
			a->states[s->child + c].fail = step(a, s->fail, a->labels[s->child + c]);
	}
}

/* Byte classes from the labels, and full rows for the root and its children. */
static bool fill_rows(struct automaton *a)
{
	bool used[256] = {false};
	for (size_t i = 1; i < a->count; i++)
		used[a->labels[i]] = true;
	a->classes = 1;
	for (size_t b = 0; b < 256; b++)
		a->class_of[b] = used[b] ? (uint8_t)a->classes++ : 0;
	if (a->classes > 256) { /* every byte is used: then no class is shared */
		for (size_t b = 0; b < 256; b++)
			a->class_of[b] = (uint8_t)b;
		a->classes = 256;
	}
	const struct state *root = &a->states[ROOT];
	a->dense = 1 + (root->full ? 256U : root->children);
	a->rows = calloc(a->dense * a->classes, sizeof(*a->rows));
	if (!a->rows)
		return false;
	for (uint32_t c = 1; c < a->dense; c++)
		a->rows[a->class_of[a->labels[c]]] = c;
	for (uint32_t s = 1; s < a->dense; s++) {
		uint32_t *row = a->rows + s * a->classes;
		memcpy(row, a->rows, a->classes * sizeof(*row));
		const struct state *from = &a->states[s];
		for (size_t c = 0; c < (from->full ? 256U : from->children); c++)
			row[a->class_of[a->labels[from->child + c]]] = from->child + (uint32_t)c;
	}
	return true;
}

/* False: out of memory. */
static bool build(struct automaton *a, struct building *b, const struct literal *literals, size_t n)
{
	a->outputs = calloc(n + 1, sizeof(*a->outputs));
	a->ends = calloc(n + 1, sizeof(*a->ends));
	b->sorted = calloc(n + 1, sizeof(*b->sorted));
	if (!a->outputs || !a->ends || !b->sorted)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct span bytes = literals[i].bytes;
		b->sorted[i] = (struct sorted){.ptr = bytes.ptr, .len = (uint32_t)bytes.len, .output = i};
		a->outputs[i] = (struct output){.value = literals[i].value, .next = NO_OUTPUT};
	}
	qsort(b->sorted, n, sizeof(*b->sorted), compare_literals);
	a->literals = n;
	a->count = count_states(b, n);
	a->states = calloc(a->count, sizeof(*a->states));
	a->labels = calloc(a->count, 1);
	b->ranges = calloc(a->count, sizeof(*b->ranges));
	if (!a->states || !a->labels || !b->ranges)
		return false;
	number_states(a, b, n);
	if (!fill_rows(a))
		return false;
	link_states(a);
	return true;
}

int automaton_build(struct automaton **out, const struct literal *literals, size_t n, struct err *e)
{
	*out = NULL;
	size_t bytes = n;
	for (size_t i = 0; i < n; i++) {
		bytes += literals[i].bytes.len;
		if (bytes > INT32_MAX)
			return err_set(e, ERR_LIMIT, "the literals of the signatures are too long taken together");
	}
	struct automaton *a = calloc(1, sizeof(*a));
	struct building b = {0};
	bool ok = a && build(a, &b, literals, n);
	free(b.sorted);
	free(b.ranges);
	if (!ok) {
		automaton_free(a);
		return err_set(e, ERR_NOMEM, "no memory for the signatures");
	}
	*out = a;
	return 0;
}

void automaton_free(struct automaton *a)
{
	if (!a)
		return;
	free(a->states);
	free(a->labels);
	free(a->rows);
	free(a->outputs);
	free(a->ends);
	free(a);
}

size_t automaton_scan(const struct automaton *a, uint32_t *state, struct span bytes, bool *ends)
{
	uint32_t at = *state;
	size_t i = 0;
	*ends = false;
	while (i < bytes.len && !*ends) {
		at = step(a, at, bytes.ptr[i++]);
		*ends = a->states[at].report != ROOT;
	}
	*state = at;
	return i;
}

/* The output of a state where literals end. */
static uint32_t first_output(const struct automaton *a, uint32_t state)
{
	size_t low = 0, high = a->end_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (a->ends[middle].state < state)
			low = middle + 1;
		else
			high = middle;
	}
	return a->ends[low].output;
}

struct ending automaton_ending(const struct automaton *a, uint32_t state)
{
	uint32_t report = a->states[state].report;
	return (struct ending){.state = report, .output = report == ROOT ? NO_OUTPUT : first_output(a, report)};
}

bool ending_next(const struct automaton *a, struct ending *it, uint32_t *value)
{
	if (it->state == ROOT)
		return false;
	*value = a->outputs[it->output].value;
	it->output = a->outputs[it->output].next;
	if (it->output == NO_OUTPUT)
		*it = automaton_ending(a, a->states[it->state].fail);
	return true;
}

size_t automaton_bytes(const struct automaton *a)
{
	return sizeof(*a) + a->count * (sizeof(*a->states) + 1) + a->dense * a->classes * sizeof(*a->rows) +
	       a->literals * sizeof(*a->outputs) + a->end_count * sizeof(*a->ends);
}

size_t automaton_states(const struct automaton *a)
{
	return a->count;
}
