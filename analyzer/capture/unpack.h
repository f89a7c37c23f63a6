/*
 * Decompression of a stream of gzip members or zstd frames, a piece at a time. Where the packed bytes come from and
 * the plain ones go is the caller's business (bytes.c).
 */
#pragma once

#include "analyzer/base/err.h"
#include "analyzer/base/span.h"

struct unpack;

enum unpack_format { UNPACK_NONE, UNPACK_GZIP, UNPACK_ZSTD };

/* What the first bytes of a file say; four are enough. */
enum unpack_format unpack_recognise(struct span head);

int unpack_open(struct unpack **out, enum unpack_format format, struct err *e);

enum unpack_result {
	UNPACK_GOING,   /* some packed bytes were used or some plain ones made; or it needs more of what is empty */
	UNPACK_BROKEN,  /* the stream is damaged here; what was made before is good */
	UNPACK_TRAILER, /* complete members, then something that is none */
};

/* Uses bytes of *in, which is moved on, and stores up to size bytes at out, *made of them. */
enum unpack_result unpack_step(struct unpack *u, struct span *in, uint8_t *out, size_t size, size_t *made);

/* True between members: the input may end here. */
bool unpack_complete(const struct unpack *u);

/* Why the last step returned UNPACK_BROKEN; a static text. */
const char *unpack_reason(const struct unpack *u);

/* NULL is legal. */
void unpack_close(struct unpack *u);
