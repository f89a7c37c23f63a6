/* A set of strings: open addressing with a keyed hash, grown at half load. */
#include "analyzer/net/names.h"

#include <stdlib.h>

enum { FIRST_ROOM = 64 };

int names_init(struct names *n, size_t budget, struct err *e)
{
	*n = (struct names){.key = hash_key_random(), .room = FIRST_ROOM};
	arena_init(&n->arena, budget);
	n->slots = calloc(n->room, sizeof *n->slots);
	return n->slots ? 0 : err_set(e, ERR_NOMEM, "out of memory");
}

void names_free(struct names *n)
{
	arena_free(&n->arena);
	free(n->slots);
	n->slots = NULL;
}

static size_t slot_of(const struct names *n, const char *name)
{
	size_t i = hash_bytes(n->key, name, strlen(name)) & (n->room - 1);
	while (n->slots[i] && strcmp(n->slots[i], name) != 0)
		i = (i + 1) & (n->room - 1);
	return i;
}

static bool grow(struct names *n)
{
	const char **old = n->slots;
	size_t old_room = n->room;
	const char **slots = calloc(old_room * 2, sizeof *slots);
	if (!slots)
		return false;
	n->slots = slots;
	n->room = old_room * 2;
	for (size_t i = 0; i < old_room; i++)
		if (old[i])
			slots[slot_of(n, old[i])] = old[i];
	free(old);
	return true;
}

const char *names_keep(struct names *n, struct span name)
{
	char text[NAMES_LENGTH_MAX + 1];
	size_t len = 0;
	for (; len < name.len && len < NAMES_LENGTH_MAX && name.ptr[len] != 0; len++) {
		char c = (char)name.ptr[len];
		text[len] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
	}
	text[len] = '\0';
	if (len == 0)
		return NULL;
	size_t i = slot_of(n, text);
	if (n->slots[i])
		return n->slots[i];
	char *kept = arena_string(&n->arena, span_of(text, len));
	if (!kept || (n->count >= n->room / 2 && !grow(n))) {
		n->refused++;
		return NULL;
	}
	n->slots[slot_of(n, kept)] = kept;
	n->count++;
	return kept;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t names_distinct(const struct names *const *tables, size_t count)
{
	size_t total = 0, at = 0, distinct = 0;
	for (size_t t = 0; t < count; t++)
		total += tables[t]->count;
	const char **all = total ? calloc(total, sizeof *all) : NULL;
	if (!all)
		return total;
	for (size_t t = 0; t < count; t++)
		for (size_t i = 0; i < tables[t]->room; i++)
			if (tables[t]->slots[i])
				all[at++] = tables[t]->slots[i];
	qsort(all, total, sizeof *all, compare);
	for (size_t i = 0; i < total; i++)
		distinct += i == 0 || strcmp(all[i], all[i - 1]) != 0;
	free(all);
	return distinct;
}
