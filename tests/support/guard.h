/* Bytes that end where an unreadable page begins: one byte read too many faults, with or without a sanitizer. */
#pragma once

#include "analyzer/base/span.h"

struct guard {
	uint8_t *pages;
	size_t size; /* readable bytes */
};

/* Room for copies of up to max bytes. Aborts the test when there is no memory. */
struct guard guard_new(size_t max);
/* A copy of s that ends at the unreadable page; it replaces the one before. */
struct span guard_place(struct guard *g, struct span s);
void guard_free(struct guard *g);
