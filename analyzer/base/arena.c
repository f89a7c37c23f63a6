/* Blocks grow geometrically up to a bound, so that an arena of many megabytes takes few calls to malloc. */
#include "analyzer/base/arena.h"

#include <stdlib.h>

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(ALIGNMENT) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t budget)
{
	*a = (struct arena){.budget = budget};
}

static struct arena_block *block_add(struct arena *a, size_t least)
{
	size_t size = a->blocks ? a->blocks->size * 2 : FIRST_BLOCK;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < least)
		size = least;
	struct arena_block *b = malloc(sizeof *b + size);
	if (!b)
		return NULL;
	b->next = a->blocks;
	b->size = size;
	b->used = 0;
	a->blocks = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (a->budget && (rounded > a->budget || a->used > a->budget - rounded))
		return NULL;
	struct arena_block *b = a->blocks;
	if (!b || b->size - b->used < rounded) {
		b = block_add(a, rounded);
		if (!b)
			return NULL;
	}
	void *p = b->bytes + b->used;
	b->used += rounded;
	a->used += rounded;
	memset(p, 0, rounded);
	return p;
}

struct span arena_copy(struct arena *a, struct span s)
{
	uint8_t *p = s.len ? arena_alloc(a, s.len) : NULL;
	if (!p)
		return span_of(NULL, 0);
	memcpy(p, s.ptr, s.len);
	return span_of(p, s.len);
}

char *arena_string(struct arena *a, struct span s)
{
	char *p = arena_alloc(a, s.len + 1);
	if (p && s.len)
		memcpy(p, s.ptr, s.len);
	return p;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;
		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}

/* The newest block is kept: it is the largest, so that the next round of the same size needs no malloc. */
void arena_reset(struct arena *a)
{
	struct arena_block *kept = a->blocks;
	if (kept) {
		a->blocks = kept->next;
		arena_free(a);
		kept->next = NULL;
		kept->used = 0;
		a->blocks = kept;
	}
	a->used = 0;
}
