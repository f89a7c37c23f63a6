/* See automaton.h. States are numbered breadth first, so the children of one state are neighbours and a state needs
 * only the number of its first child; `labels` holds the byte that leads into each. */
#include "signatures/automaton.h"

#include <stdlib.h>

enum { ROOT = 0 };

#define NO_OUTPUT UINT32_MAX

struct state {
	uint32_t child;  /* number of the first child */
	uint32_t fail;   /* longest proper suffix that is a state */
	uint32_t output; /* of this state itself, or NO_OUTPUT */
	uint32_t report; /* nearest state along the failure links, this one included, with an output; ROOT: none */
	uint8_t children;
	bool full; /* 256 children: `children` is 0 */
};

struct output {
	uint32_t value;
	uint32_t next; /* of the same state, or NO_OUTPUT */
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
};

/* The trie as it grows. */
struct node {
	uint32_t child, sibling, output, last_output;
	uint8_t label;
};

struct trie {
	struct node *nodes;
	size_t count;
	uint32_t first[256]; /* children of the root: by far the most visited */
};

static uint32_t trie_child(const struct trie *t, uint32_t at, uint8_t byte)
{
	if (at == ROOT)
		return t->first[byte];
	uint32_t next = t->nodes[at].child;
	while (next && t->nodes[next].label != byte)
		next = t->nodes[next].sibling;
	return next;
}

static uint32_t trie_grow(struct trie *t, uint32_t at, uint8_t byte)
{
	uint32_t fresh = (uint32_t)t->count++;
	t->nodes[fresh] =
	    (struct node){.sibling = t->nodes[at].child, .output = NO_OUTPUT, .last_output = NO_OUTPUT, .label = byte};
	t->nodes[at].child = fresh;
	if (at == ROOT)
		t->first[byte] = fresh;
	return fresh;
}

static void trie_insert(struct trie *t, struct automaton *a, const struct literal *l)
{
	uint32_t at = ROOT;
	for (size_t i = 0; i < l->bytes.len; i++) {
		uint32_t next = trie_child(t, at, l->bytes.ptr[i]);
		at = next ? next : trie_grow(t, at, l->bytes.ptr[i]);
	}
	struct node *end = &t->nodes[at];
	uint32_t output = (uint32_t)a->literals++;
	a->outputs[output] = (struct output){.value = l->value, .next = NO_OUTPUT};
	if (end->output == NO_OUTPUT)
		end->output = output;
	else
		a->outputs[end->last_output].next = output;
	end->last_output = output;
}

/* Gives the states their numbers; order[number] is the node. */
static void number_states(struct automaton *a, const struct trie *t, uint32_t *order)
{
	size_t next = 1;
	order[0] = ROOT;
	for (size_t i = 0; i < t->count; i++) {
		const struct node *n = &t->nodes[order[i]];
		struct state *s = &a->states[i];
		*s = (struct state){.child = (uint32_t)next, .output = n->output};
		a->labels[i] = n->label;
		size_t first = next;
		for (uint32_t c = n->child; c; c = t->nodes[c].sibling)
			order[next++] = c;
		s->full = next - first == 256;
		s->children = (uint8_t)(next - first);
	}
	a->count = t->count;
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
		s->report = s->output != NO_OUTPUT ? (uint32_t)i : i ? a->states[s->fail].report : ROOT;
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
static bool build(struct automaton *a, struct trie *t, const struct literal *literals, size_t n, size_t nodes)
{
	a->outputs = calloc(n + 1, sizeof(*a->outputs));
	t->nodes = calloc(nodes, sizeof(*t->nodes));
	if (!a->outputs || !t->nodes)
		return false;
	t->nodes[ROOT] = (struct node){.output = NO_OUTPUT, .last_output = NO_OUTPUT};
	t->count = 1;
	for (size_t i = 0; i < n; i++)
		trie_insert(t, a, &literals[i]);
	a->states = calloc(t->count, sizeof(*a->states));
	a->labels = calloc(t->count, 1);
	uint32_t *order = calloc(t->count, sizeof(*order));
	bool ok = a->states && a->labels && order;
	if (ok)
		number_states(a, t, order);
	free(order);
	if (!ok || !fill_rows(a))
		return false;
	link_states(a);
	return true;
}

int automaton_build(struct automaton **out, const struct literal *literals, size_t n, struct err *e)
{
	*out = NULL;
	size_t nodes = 1;
	for (size_t i = 0; i < n; i++) {
		nodes += literals[i].bytes.len;
		if (nodes > INT32_MAX)
			return err_set(e, ERR_LIMIT, "the literals of the signatures are too long taken together");
	}
	struct automaton *a = calloc(1, sizeof(*a));
	struct trie *t = calloc(1, sizeof(*t));
	bool ok = a && t && build(a, t, literals, n, nodes);
	if (t)
		free(t->nodes);
	free(t);
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

struct ending automaton_ending(const struct automaton *a, uint32_t state)
{
	uint32_t report = a->states[state].report;
	return (struct ending){.state = report, .output = report == ROOT ? NO_OUTPUT : a->states[report].output};
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
	       a->literals * sizeof(*a->outputs);
}

size_t automaton_states(const struct automaton *a)
{
	return a->count;
}
