/*
 * Events of the HTTP/1.x dissector (RFC 9110, 9112), tolerant of what injectors send: bare LF, no status line, missing
 * or wrong lengths. Heads are given whole, bodies in pieces after removal of chunking and of gzip or deflate.
 */
#pragma once

#include "analyzer/event/event.h"

enum {
	HTTP_HEAD_MAX = 32 * 1024,    /* a longer head is cut there */
	HTTP_HEADERS_MAX = 64,        /* further header lines are counted and not listed */
	HTTP_BODY_MAX = 64 * 1024,    /* decoded bytes of a body that are given out */
	HTTP_INFLATE_RATIO_MAX = 200, /* decoded to encoded bytes, once 64 KiB came out */
	HTTP_OUTSTANDING_MAX = 32,    /* pipelined requests that are remembered */
};

struct http_header {
	struct span name, value; /* value without blanks at both ends; folded lines are not joined */
};

struct http_request {
	uint64_t index; /* 1, 2, 3.. of the requests of this flow */
	struct span method, target, version;
	struct span host; /* of the absolute target, else of the Host header; without a port; empty: none */
	const struct http_header *headers;
	size_t header_count;
	uint32_t head_len;
	uint64_t offset; /* of its first byte in the client's stream */
	uint32_t flaws;  /* HTTP_BARE_LF, HTTP_HEAD_CUT: then the lines that are whole are given */
};

enum http_flaw {
	HTTP_NO_STATUS_LINE = 1 << 0, /* the answer starts with something else: the whole of it counts as body */
	HTTP_BARE_LF = 1 << 1,
	HTTP_HEAD_CUT = 1 << 2,      /* ended by FIN, RST, gap or HTTP_HEAD_MAX before its empty line */
	HTTP_LENGTH_WRONG = 1 << 3,  /* Content-Length unusable or contradictory, or a chunk size broken */
	HTTP_CODING_BROKEN = 1 << 4, /* the compressed body does not inflate; what came before counts */
	HTTP_CODING_LIMIT = 1 << 5,  /* HTTP_INFLATE_RATIO_MAX, or no room to inflate: the rest is not looked at */
	HTTP_NO_REQUEST = 1 << 6,    /* no request is outstanding for it */
};

/* At the end of the head; the body follows as HTTP_BODY events. */
struct http_response {
	uint64_t index;          /* of the request that it answers; 0: none is outstanding */
	uint16_t status;         /* 0: none could be read */
	struct span status_line; /* without its line end; empty with HTTP_NO_STATUS_LINE */
	const struct http_header *headers;
	size_t header_count;
	uint32_t head_len;
	uint64_t offset; /* of its first byte in the server's stream */
	uint32_t flaws;  /* enum http_flaw so far */
};

/* A piece of a response's body, decoded, in order. The last has `end` set and may be empty; it comes once for every
 * response event, also when the flow closes in the middle. */
struct http_body {
	uint64_t index;  /* as in its response */
	uint64_t offset; /* of the piece in the decoded body */
	struct span piece;
	bool end;
	bool
	    complete; /* with end: all of the body was seen (length satisfied, last chunk, or FIN where that ends it) */
	uint32_t flaws;
};

/* The value of the first header with this name (any case), or an empty span with ptr NULL. */
struct span http_header_value(const struct http_header *headers, size_t count, const char *name);
