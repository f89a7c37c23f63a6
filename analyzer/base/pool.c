/* Free objects are chained through their own first bytes; slabs start small so that a small capture stays small. */
#include "analyzer/base/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, FIRST_SLAB = 4096, LARGEST_SLAB = 256 * 1024 };

struct pool_slab {
	struct pool_slab *next;
	size_t bytes;
	_Alignas(ALIGNMENT) uint8_t objects[];
};

void pool_init(struct pool *p, size_t object_size, size_t cap)
{
	size_t rounded = (object_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	*p = (struct pool){.object_size = rounded ? rounded : ALIGNMENT, .cap = cap};
}

static int slab_add(struct pool *p)
{
	size_t bytes = p->slabs ? p->slabs->bytes * 2 : FIRST_SLAB;
	if (bytes > LARGEST_SLAB)
		bytes = LARGEST_SLAB;
	if (bytes < p->object_size)
		bytes = p->object_size;
	struct pool_slab *slab = malloc(sizeof *slab + bytes);
	if (!slab)
		return -1;
	slab->next = p->slabs;
	slab->bytes = bytes;
	p->slabs = slab;
	p->fresh = bytes / p->object_size;
	return 0;
}

void *pool_take(struct pool *p)
{
	if (p->alive >= p->cap)
		return NULL;
	void *object = p->free_list;
	if (object) {
		memcpy(&p->free_list, object, sizeof p->free_list);
	} else {
		if (p->fresh == 0 && slab_add(p) != 0)
			return NULL;
		object = p->slabs->objects + --p->fresh * p->object_size;
	}
	p->alive++;
	if (p->alive > p->peak)
		p->peak = p->alive;
	return object;
}

void *pool_get(struct pool *p)
{
	void *object = pool_take(p);
	return object ? memset(object, 0, p->object_size) : NULL;
}

void pool_put(struct pool *p, void *object)
{
	if (!object)
		return;
	memcpy(object, &p->free_list, sizeof p->free_list);
	p->free_list = object;
	p->alive--;
}

void pool_free(struct pool *p)
{
	while (p->slabs) {
		struct pool_slab *next = p->slabs->next;
		free(p->slabs);
		p->slabs = next;
	}
	p->free_list = NULL;
	p->fresh = p->alive = 0;
}
