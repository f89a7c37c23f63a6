/* A bump allocator with a byte budget: many small things that die together. */
#pragma once

#include "analyzer/base/span.h"

struct arena_block;

/* Zero it, or use arena_init. One owner; not shared between threads. */
struct arena {
	struct arena_block *blocks;
	size_t used;   /* bytes handed out since the last reset */
	size_t budget; /* most bytes that may be handed out; 0: no bound */
};

void arena_init(struct arena *a, size_t budget);

/* size bytes aligned for any type, zeroed; NULL when the budget or memory is exhausted. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of the bytes; on failure (or for an empty span) an empty span. */
struct span arena_copy(struct arena *a, struct span s);

/* A NUL-ended copy, or NULL. */
char *arena_string(struct arena *a, struct span s);

/* Forgets all that was handed out and keeps one block for reuse. */
void arena_reset(struct arena *a);

/* Gives every block back. Legal on a zeroed arena and twice. */
void arena_free(struct arena *a);
