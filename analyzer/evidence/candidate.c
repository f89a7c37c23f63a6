/*
 * A mechanism that reaches its cap gets a heap of its candidates with the last by frame on top, so that one that is
 * proposed late (at the close of its flow) but lies earlier takes the place of the last. The one that leaves stays in
 * the arena, out of `items`: whoever still holds it changes nothing that counts.
 */
#include "analyzer/evidence/candidate.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

int candidates_init(struct candidates *c, size_t cap_a_mechanism, size_t budget, struct err *e)
{
	*c = (struct candidates){.cap = cap_a_mechanism};
	arena_init(&c->arena, budget);
	c->per_mechanism = calloc(mechanism_count, sizeof *c->per_mechanism);
	c->last = calloc(mechanism_count, sizeof *c->last);
	if (c->per_mechanism && c->last)
		return 0;
	candidates_free(c);
	return err_set(e, ERR_NOMEM, "no memory for candidate findings");
}

void candidates_free(struct candidates *c)
{
	for (size_t i = 0; c->last && i < mechanism_count; i++)
		free(c->last[i]);
	free(c->last);
	free(c->per_mechanism);
	free(c->items);
	arena_free(&c->arena);
	*c = (struct candidates){0};
}

static uint64_t first_frame(const struct finding *f)
{
	return f->suspect_count ? f->suspects[0].number : 0;
}

static const char *copy_text(struct arena *a, const char *text, bool *failed)
{
	if (!text)
		return NULL;
	const char *copy = arena_string(a, span_text(text));
	*failed |= !copy;
	return copy;
}

static struct finding *copy_finding(struct arena *a, const struct finding *f)
{
	struct finding *copy = arena_alloc(a, sizeof *copy);
	if (!copy)
		return NULL;
	bool failed = false;
	*copy = *f;
	copy->stage = copy_text(a, f->stage, &failed);
	copy->protocol = copy_text(a, f->protocol, &failed);
	copy->name = copy_text(a, f->name, &failed);
	for (size_t i = 0; i < f->detail_count; i++)
		copy->details[i].value = copy_text(a, f->details[i].value, &failed);
	return failed ? NULL : copy;
}

static bool later(const struct candidates *c, size_t a, size_t b)
{
	uint64_t frame_a = first_frame(c->items[a]), frame_b = first_frame(c->items[b]);
	return frame_a > frame_b || (frame_a == frame_b && a > b);
}

static void heap_sink(const struct candidates *c, size_t *heap, size_t count, size_t at)
{
	for (;;) {
		size_t top = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
			if (later(c, heap[child], heap[top]))
				top = child;
		if (top == at)
			return;
		size_t swap = heap[at];
		heap[at] = heap[top];
		heap[top] = swap;
		at = top;
	}
}

static size_t *heap_build(const struct candidates *c, const struct mechanism *m)
{
	size_t count = c->per_mechanism[m - mechanisms];
	size_t *heap = calloc(count, sizeof *heap);
	if (!heap)
		return NULL;
	size_t filled = 0;
	for (size_t i = 0; i < c->count && filled < count; i++)
		if (c->items[i]->mechanism == m)
			heap[filled++] = i;
	for (size_t i = filled / 2; i-- > 0;)
		heap_sink(c, heap, filled, i);
	return heap;
}

/* The mechanism is full: the place of the last by frame, if that is behind f. */
static struct finding *candidate_replace(struct candidates *c, const struct finding *f)
{
	size_t mechanism = (size_t)(f->mechanism - mechanisms);
	c->dropped++; /* this one or the one it replaces */
	if (!c->last[mechanism])
		c->last[mechanism] = heap_build(c, f->mechanism);
	size_t *heap = c->last[mechanism];
	if (!heap || first_frame(c->items[heap[0]]) <= first_frame(f))
		return NULL;
	struct finding *copy = copy_finding(&c->arena, f);
	if (!copy)
		return NULL;
	c->items[heap[0]] = copy;
	heap_sink(c, heap, c->per_mechanism[mechanism], 0);
	return copy;
}

static bool room_for_one(struct candidates *c)
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

struct finding *candidate_add(struct candidates *c, const struct finding *f)
{
	size_t mechanism = (size_t)(f->mechanism - mechanisms);
	if (c->cap && c->per_mechanism[mechanism] >= c->cap)
		return candidate_replace(c, f);
	struct finding *copy = room_for_one(c) ? copy_finding(&c->arena, f) : NULL;
	if (!copy) {
		c->dropped++;
		return NULL;
	}
	c->items[c->count++] = copy;
	c->per_mechanism[mechanism]++;
	return copy;
}
