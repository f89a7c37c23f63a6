/* Bodies of HTTP/1.x messages: removal of chunking and of gzip or deflate, and the HTTP_BODY events. */
#pragma once

#include "dissectors/dissector.h"
#include "dissectors/http_head.h"

/* Position in a chunked body (RFC 9112, section 7.1). Zeroed: at its start. */
struct http_chunks {
	enum {
		HTTP_CHUNK_SIZE,
		HTTP_CHUNK_EXTENSION,
		HTTP_CHUNK_DATA,
		HTTP_CHUNK_DATA_END,
		HTTP_CHUNK_TRAILER,
		HTTP_CHUNK_DONE,
		HTTP_CHUNK_BROKEN
	} step;
	uint64_t size; /* of the chunk, as far as it was read or is still to come */
	uint8_t digits;
	bool line_used; /* the trailer line at hand is not empty */
};

/*
 * Reads framing up to the next run of chunk data, which *piece is (empty: none in these bytes, or an end). Returns the
 * bytes done with, the piece included. With HTTP_CHUNK_BROKEN they stop before the byte that cannot be.
 */
size_t http_chunks_next(struct http_chunks *chunks, struct span data, struct span *piece);

/* Room of one inflating body, an object of the dissector's `large` pool. */
enum { HTTP_INFLATER_SIZE = 60 * 1024 };

/* The body that is being given out. */
struct http_body_out {
	uint64_t index;   /* of its response */
	uint64_t offset;  /* decoded bytes given out */
	uint64_t encoded; /* bytes that came in, chunking removed */
	void *inflater;   /* an object of `large`, or NULL */
	uint32_t flaws;
	enum http_coding coding;
	bool open;    /* a response was emitted and its end was not */
	bool started; /* the coding has been tried on the first bytes */
	bool full;    /* nothing more is given out */
};

void http_body_open(struct http_body_out *body, uint64_t index, enum http_coding coding, uint32_t flaws);

/* More of the body as it stands in the message, without chunking. Nothing happens when it is not open. */
void http_body_feed(struct dissection *d, struct http_body_out *body, struct span bytes);

/* Emits the end, once, and gives back what the body held. */
void http_body_end(struct dissection *d, struct http_body_out *body, bool complete);
