/*
 * One block of memory a candidate: the finding without the details that it does not use, then the text. Every mechanism
 * has a heap of its candidates, so that one that is proposed late (at the close of its flow) but lies earlier takes the
 * place of the last.
 */
#include "analyzer/evidence/candidate.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

struct candidate {
	size_t item;            /* its place in items */
	struct candidate *next; /* given up, while somebody may still look at it */
	size_t bytes;           /* of this block */
	uint64_t serial;        /* of the proposal */
	struct finding finding;
};

int candidates_init(struct candidates *c, size_t cap_a_mechanism, size_t budget, struct err *e)
{
	*c = (struct candidates){.cap = cap_a_mechanism, .budget = budget};
	c->held = calloc(mechanism_count, sizeof *c->held);
	return c->held ? 0 : err_set(e, ERR_NOMEM, "no memory for candidate findings");
}

void candidates_pin(struct candidates *c)
{
	while (c->given_up) {
		struct candidate *x = c->given_up;
		c->given_up = x->next;
		free(x);
	}
	c->pinned = c->proposed;
}

void candidates_free(struct candidates *c)
{
	for (size_t m = 0; c->held && m < mechanism_count; m++) {
		for (size_t i = 0; i < c->held[m].count; i++)
			free(c->held[m].heap[i]);
		free(c->held[m].heap);
	}
	candidates_pin(c);
	free(c->held);
	free(c->items);
	*c = (struct candidates){0};
}

static uint64_t first_frame(const struct finding *f)
{
	return finding_frame(f)->number;
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t head_size(const struct finding *f)
{
	return offsetof(struct candidate, finding) + offsetof(struct finding, details) +
	       f->detail_count * sizeof f->details[0];
}

static size_t block_size(const struct finding *f)
{
	size_t size = head_size(f) + text_size(f->stage) + text_size(f->protocol) + text_size(f->name);
	for (size_t i = 0; i < f->detail_count; i++)
		size += text_size(f->details[i].value);
	return size;
}

static const char *put_text(char **at, const char *text)
{
	if (!text)
		return NULL;
	char *copy = *at;
	memcpy(copy, text, text_size(text));
	*at += text_size(text);
	return copy;
}

static struct candidate *candidate_copy(const struct finding *f, size_t size)
{
	struct candidate *copy = malloc(size);
	if (!copy)
		return NULL;
	char *block = (char *)copy, *at = block + head_size(f);
	copy->bytes = size;
	memcpy(block + offsetof(struct candidate, finding), f, head_size(f) - offsetof(struct candidate, finding));
	copy->finding.stage = put_text(&at, f->stage);
	copy->finding.protocol = put_text(&at, f->protocol);
	copy->finding.name = put_text(&at, f->name);
	for (size_t i = 0; i < f->detail_count; i++)
		copy->finding.details[i].value = put_text(&at, f->details[i].value);
	return copy;
}

static bool later(const struct candidate *a, const struct candidate *b)
{
	uint64_t frame_a = first_frame(&a->finding), frame_b = first_frame(&b->finding);
	return frame_a > frame_b || (frame_a == frame_b && a->serial > b->serial);
}

static void heap_swap(struct candidate_heap *h, size_t i, size_t k)
{
	struct candidate *swap = h->heap[i];
	h->heap[i] = h->heap[k];
	h->heap[k] = swap;
}

static void heap_push(struct candidate_heap *h, struct candidate *x)
{
	size_t at = h->count++;
	h->heap[at] = x;
	h->bytes += x->bytes;
	for (; at > 0 && later(h->heap[at], h->heap[(at - 1) / 2]); at = (at - 1) / 2)
		heap_swap(h, at, (at - 1) / 2);
}

static struct candidate *heap_pop(struct candidate_heap *h)
{
	struct candidate *last = h->heap[0];
	h->heap[0] = h->heap[--h->count];
	h->bytes -= last->bytes;
	for (size_t at = 0;;) {
		size_t top = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < h->count; child++)
			if (later(h->heap[child], h->heap[top]))
				top = child;
		if (top == at)
			return last;
		heap_swap(h, at, top);
		at = top;
	}
}

static bool heap_room(struct candidate_heap *h)
{
	if (h->count < h->room)
		return true;
	size_t room = h->room ? h->room * 2 : FIRST_ROOM;
	struct candidate **heap = reallocarray(h->heap, room, sizeof(struct candidate *));
	if (!heap)
		return false;
	h->heap = heap;
	h->room = room;
	return true;
}

static bool item_room(struct candidates *c)
{
	if (c->count < c->room)
		return true;
	size_t room = c->room ? c->room * 2 : FIRST_ROOM;
	struct finding **items = reallocarray(c->items, room, sizeof(struct finding *));
	if (!items)
		return false;
	c->items = items;
	c->room = room;
	return true;
}

static struct candidate *candidate_of(struct finding *f)
{
	return (struct candidate *)(void *)((char *)f - offsetof(struct candidate, finding));
}

/* The last by frame leaves; the last item takes its place in items. */
static void give_up_last(struct candidates *c, struct candidate_heap *h)
{
	struct candidate *x = heap_pop(h);
	struct finding *moved = c->items[--c->count];
	c->items[x->item] = moved;
	candidate_of(moved)->item = x->item;
	c->used -= x->bytes;
	c->dropped++;
	if (x->serial > c->pinned) {
		free(x);
		return;
	}
	x->next = c->given_up;
	c->given_up = x;
}

/* Who has to give up something when `own` wants `size` more: the one that then holds most. */
static struct candidate_heap *largest_holder(const struct candidates *c, struct candidate_heap *own, size_t size)
{
	struct candidate_heap *largest = own;
	size_t most = own->bytes + size;
	for (size_t m = 0; m < mechanism_count; m++) {
		if (c->held[m].bytes <= most)
			continue;
		largest = &c->held[m];
		most = largest->bytes;
	}
	return largest;
}

/* Makes room for `size` bytes at this frame; false: all that could go is earlier. */
static bool make_room(struct candidates *c, struct candidate_heap *own, uint64_t frame, size_t size)
{
	while ((c->cap && own->count >= c->cap) || (c->budget && c->used + size > c->budget)) {
		bool capped = c->cap && own->count >= c->cap;
		struct candidate_heap *giver = capped ? own : largest_holder(c, own, size);
		if (giver->count == 0 || (giver == own && first_frame(&own->heap[0]->finding) <= frame))
			return false;
		give_up_last(c, giver);
	}
	return true;
}

struct finding *candidate_add(struct candidates *c, const struct finding *f)
{
	struct candidate_heap *own = &c->held[f->mechanism - mechanisms];
	size_t size = block_size(f);
	struct candidate *copy = NULL;
	c->proposed++;
	if (heap_room(own) && item_room(c) && make_room(c, own, first_frame(f), size))
		copy = candidate_copy(f, size);
	if (!copy) {
		c->dropped++;
		return NULL;
	}
	copy->item = c->count;
	copy->serial = c->proposed;
	c->used += size;
	c->items[c->count++] = &copy->finding;
	heap_push(own, copy);
	return &copy->finding;
}
