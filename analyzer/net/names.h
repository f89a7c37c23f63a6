/* Names that clients asked for, each stored once a shard for as long as the capture lasts. */
#pragma once

#include "analyzer/base/arena.h"
#include "analyzer/base/err.h"
#include "analyzer/base/hash.h"

struct names {
	struct hash_key key;
	struct arena arena;
	const char **slots; /* open addressing */
	size_t room, count;
	uint64_t refused; /* over the budget */
};

enum { NAMES_LENGTH_MAX = 255 }; /* bytes kept of one name */

/* ERR_NOMEM only. */
int names_init(struct names *n, size_t budget, struct err *e);
void names_free(struct names *n);

/* The stored copy, NUL-ended, lower case for ASCII letters; NUL bytes inside end it. NULL: empty, or no room (counted). */
const char *names_keep(struct names *n, struct span name);

/* Distinct names over several tables. */
size_t names_distinct(const struct names *const *tables, size_t count);
