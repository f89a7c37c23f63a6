/* Objects of one size with a hard cap, from slabs that live as long as the pool. */
#pragma once

#include <stddef.h>

struct pool_slab;

struct pool {
	size_t object_size; /* rounded up for alignment */
	size_t cap;         /* most objects alive at once */
	size_t alive;
	size_t peak; /* largest `alive` so far */
	struct pool_slab *slabs;
	void *free_list;
	size_t fresh; /* objects of the newest slab not handed out yet */
};

void pool_init(struct pool *p, size_t object_size, size_t cap);

/* A zeroed object, or NULL when the cap or memory is reached: the caller decides what to evict or counts the loss. */
void *pool_get(struct pool *p);

/* The same, but the bytes are what they were: for large objects that are written before they are read. */
void *pool_take(struct pool *p);

/* Gives an object of this pool back. NULL is legal. */
void pool_put(struct pool *p, void *object);

/* Frees everything, objects alive included. Legal on a zeroed pool and twice. */
void pool_free(struct pool *p);
