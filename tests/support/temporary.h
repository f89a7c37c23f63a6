/* Files that live in memory, for functions that take a path. */
#pragma once

#include "analyzer/base/span.h"

struct temporary {
	int fd;
	char path[64];
};

/* Ends the test program when there is none to be had. */
struct temporary temporary_make(struct span bytes);
void temporary_close(struct temporary *t);

/* All that is in it now, to be freed by the caller. */
uint8_t *temporary_bytes(const struct temporary *t, size_t *len);
