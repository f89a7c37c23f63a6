/* A capture that stands in memory: for tests, fuzzing and recognition. */
#pragma once

#include "analyzer/capture/capture.h"

/* As capture_open; the bytes are borrowed until capture_close. */
int capture_open_memory(struct capture **out, struct span file, const struct capture_limits *limits, struct err *e);

/* The same, but reading fails with this errno after the bytes, and comes in pieces of at most `piece` bytes (0: any).
 * For tests of what disks and pipes do. */
int capture_open_failing(struct capture **out, struct span file, size_t piece, int failure,
                         const struct capture_limits *limits, struct err *e);
