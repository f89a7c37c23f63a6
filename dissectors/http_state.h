/* What the HTTP dissector keeps of a flow, for http.c, http_request.c and http_response.c. */
#pragma once

#include "dissectors/http_body.h"

enum http_phase {
	HTTP_PHASE_HEAD,        /* between messages, or a head is being waited for */
	HTTP_PHASE_HEAD_REST,   /* behind HTTP_HEAD_MAX, up to the empty line */
	HTTP_PHASE_LENGTH,      /* in a body of known length */
	HTTP_PHASE_CHUNKED,     /* in a chunked body */
	HTTP_PHASE_UNTIL_CLOSE, /* in a body without an end */
	HTTP_PHASE_LOST,  /* no boundary is known: waits for one where the other side just spoke, or behind a gap */
	HTTP_PHASE_TUNNEL /* another protocol from here on */
};

/* One direction's stream of messages. */
struct http_side {
	enum http_phase phase;
	struct http_framing framing; /* of the message at hand */
	struct http_chunks chunks;   /* the body's, or the line state of HTTP_PHASE_HEAD_REST */
	uint64_t pos;                /* of the next byte in the stream */
	uint64_t left;               /* of the body, with HTTP_PHASE_LENGTH */
	uint64_t resync_at;          /* where a message may begin after a loss */
	uint32_t scanned;            /* bytes of the held head that were searched for its end */
	uint32_t held;               /* bytes left unconsumed by the last call */
	bool seen;                   /* at least one message was read */
};

enum http_method { HTTP_METHOD_OTHER, HTTP_METHOD_HEAD, HTTP_METHOD_CONNECT };

/* A flow, one version of it. Version 1 has a state of its own and reads the requests of version 0. */
struct http_state {
	struct http_side request, response;
	uint64_t requests; /* seen so far */
	uint64_t answered; /* requests with a final response */
	uint64_t last;     /* index of the latest response, 0: none */
	bool final;        /* the response at hand ends its request: it is not 1xx */
	bool roles_known;
	bool flipped;                          /* the flow layer took the server for the client */
	uint8_t methods[HTTP_OUTSTANDING_MAX]; /* enum http_method, by index modulo */
	struct http_body_out body;
};

/* One call's work on one direction. */
struct http_feed {
	struct dissection *d;
	struct http_state *state;
	const struct http_state *base; /* where the requests are: version 0's state */
	struct http_side *side;
	struct span rest; /* not consumed yet */
	bool fin;
};

/* Takes n bytes from the front. */
static inline struct span http_feed_take(struct http_feed *f, size_t n)
{
	struct span taken = span_first(f->rest, n);
	f->rest = span_after(f->rest, n);
	f->side->pos += taken.len;
	return taken;
}

/* The length of the head in front; 0: wait for more. *cut: it ends without its empty line. */
size_t http_feed_head(struct http_feed *f, bool *cut);

/* A message begins here; false when more bytes are needed first. *give_up: this version is not worth following. */
bool http_request_head(struct http_feed *f, bool *give_up);
bool http_response_head(struct http_feed *f, bool *give_up);

/* The response at hand is over: its end event, and the request counts as answered. */
void http_response_end(struct http_feed *f, bool complete);

/* Sets the phase that the framing of the head just read calls for; `cut`: the head's empty line is still to come. */
void http_side_body(struct http_side *side, struct http_framing framing, struct span head, bool cut);
