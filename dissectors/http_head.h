/* Heads of HTTP/1.x messages: finding their end, start line, header lines, and what they say about the body. */
#pragma once

#include "dissectors/dissector.h"
#include "dissectors/http.h"

/* How a body is delimited and coded (RFC 9112, section 6; RFC 9110, section 8.4). */
enum http_delimiter { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_CLOSE };
enum http_coding { HTTP_CODING_IDENTITY, HTTP_CODING_GZIP, HTTP_CODING_DEFLATE, HTTP_CODING_OTHER };
struct http_framing {
	enum http_delimiter delimiter; /* HTTP_BODY_CLOSE when the head says nothing */
	enum http_coding coding;
	uint64_t length; /* with HTTP_BODY_LENGTH */
	uint32_t flaws;  /* HTTP_LENGTH_WRONG */
};

/* A head's lines; spans into the bytes that were parsed. */
struct http_head {
	struct span start_line; /* without its line end */
	struct http_header headers[HTTP_HEADERS_MAX];
	size_t header_count;
	bool bare_lf;                /* some line ends without CR */
	struct http_framing framing; /* by all header lines, those that are not listed included */
};

/*
 * Searches for the empty line that ends a head; *scanned bytes were searched before and are brought up to date. Returns
 * the length of the head with that line, or 0 while it is not there.
 */
size_t http_head_end(struct span data, uint32_t *scanned);

/* Splits a head into lines. A last line without LF is left out, unless it is the only one and want_cut_line is set. */
void http_head_parse(struct http_head *head, struct span bytes, bool want_cut_line);

/* The status code of a status line, or 0. */
uint16_t http_status(struct span status_line);

/* Method, target and version of a request line. False when there is no target. */
bool http_request_line(struct span line, struct http_request *request);

/* The host that a request names: of its target, else of its Host line; without a port. */
struct span http_request_host(const struct http_request *request);

/* Does it begin like a request: a known method in any case, or a token with " HTTP/" at the end of its line? */
enum probe http_request_probe(struct span head);

/* Does it begin with "HTTP/"? */
enum probe http_response_probe(struct span head);

/* Without CR and LF at the front: some senders put an empty line between messages. */
struct span http_skip_blank(struct span data);
