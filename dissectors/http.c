/*
 * HTTP/1.x streams (RFC 9112): which direction asks, one message after the other in each, bodies followed by their framing,
 * and where to go on after a loss. Leaves heads to http_head.c, their events to http_request.c and http_response.c, bodies to
 * http_body.c.
 *
 * Requests are looked for in what the flow layer calls the client's direction. In a capture that starts in the middle it
 * may have guessed wrong: when the first bytes of the flow are a request from the "server" or a response from the "client",
 * the roles are exchanged. Events keep the direction of their packets.
 *
 * A response without an end of its own runs until the other side asks again: where a new request was seen, the next bytes
 * may start a new response.
 */
#include "dissectors/http_state.h"

enum { LARGE_CAP = 64 }; /* bodies inflated at the same time, a shard */

size_t http_feed_head(struct http_feed *f, bool *cut)
{
	struct span head = span_first(f->rest, HTTP_HEAD_MAX);
	size_t len = http_head_end(head, &f->side->scanned);
	if (len == 0 && head.len < HTTP_HEAD_MAX && !f->fin)
		return 0;
	*cut = len == 0;
	f->side->scanned = 0;
	return len > 0 ? len : head.len;
}

/* Whether the next byte starts a line, or only a CR of it was seen. */
static bool at_line_start(struct span head)
{
	size_t n = head.len;
	if (n > 0 && head.ptr[n - 1] == '\r')
		n--;
	return n > 0 && head.ptr[n - 1] == '\n';
}

void http_side_body(struct http_side *side, struct http_framing framing, struct span head, bool cut)
{
	static const enum http_phase phases[] = {
	    [HTTP_BODY_NONE] = HTTP_PHASE_HEAD,
	    [HTTP_BODY_LENGTH] = HTTP_PHASE_LENGTH,
	    [HTTP_BODY_CHUNKED] = HTTP_PHASE_CHUNKED,
	    [HTTP_BODY_CLOSE] = HTTP_PHASE_UNTIL_CLOSE,
	};
	side->framing = framing;
	side->left = framing.length;
	side->chunks = (struct http_chunks){0};
	side->phase = phases[framing.delimiter];
	if (side->phase == HTTP_PHASE_LENGTH && side->left == 0)
		side->phase = HTTP_PHASE_HEAD;
	if (!cut)
		return;
	/* The rest of the head reads like a trailer: lines up to an empty one. */
	side->phase = HTTP_PHASE_HEAD_REST;
	side->chunks = (struct http_chunks){.step = HTTP_CHUNK_TRAILER, .line_used = !at_line_start(head)};
}

static bool feed_asks(const struct http_feed *f)
{
	return f->side == &f->state->request;
}

/* The message at hand is over. */
static void message_end(struct http_feed *f, bool complete)
{
	f->side->phase = HTTP_PHASE_HEAD;
	if (!feed_asks(f))
		http_response_end(f, complete);
}

static void body_feed(struct http_feed *f, struct span bytes)
{
	if (!feed_asks(f))
		http_body_feed(f->d, &f->state->body, bytes);
}

static bool head_rest_step(struct http_feed *f)
{
	struct span none;
	(void)http_feed_take(f, http_chunks_next(&f->side->chunks, f->rest, &none));
	if (f->side->chunks.step == HTTP_CHUNK_DONE) {
		http_side_body(f->side, f->side->framing, none, false);
		if (f->side->phase == HTTP_PHASE_HEAD)
			message_end(f, true);
	}
	return true;
}

static bool chunked_step(struct http_feed *f)
{
	struct span piece;
	size_t n = http_chunks_next(&f->side->chunks, f->rest, &piece);
	body_feed(f, piece);
	(void)http_feed_take(f, n);
	if (f->side->chunks.step == HTTP_CHUNK_DONE)
		message_end(f, true);
	if (f->side->chunks.step == HTTP_CHUNK_BROKEN) {
		/* Said to be chunked and is not: take what comes as it is. */
		f->side->phase = feed_asks(f) ? HTTP_PHASE_LOST : HTTP_PHASE_UNTIL_CLOSE;
		f->state->body.flaws |= feed_asks(f) ? 0 : HTTP_LENGTH_WRONG;
	}
	return true;
}

/* Whether a message begins where one may: PROBE_MAYBE asks for more bytes. */
static enum probe restart_probe(const struct http_feed *f)
{
	if (f->side->pos != f->side->resync_at)
		return PROBE_NO;
	enum probe probe = feed_asks(f) ? http_request_probe(f->rest) : http_response_probe(f->rest);
	return probe == PROBE_MAYBE && f->fin ? PROBE_NO : probe;
}

/* Whether the body of a request was never sent, since the answer came first (Expect: 100-continue). */
static enum probe withheld_probe(const struct http_feed *f)
{
	bool untouched = feed_asks(f) && f->side->left == f->side->framing.length;
	return untouched ? restart_probe(f) : PROBE_NO;
}

static bool length_step(struct http_feed *f)
{
	enum probe withheld = withheld_probe(f);
	if (withheld == PROBE_MAYBE)
		return false;
	if (withheld == PROBE_YES) {
		message_end(f, false);
		return true;
	}
	uint64_t left = f->side->left;
	struct span bytes = http_feed_take(f, left < f->rest.len ? (size_t)left : f->rest.len);
	body_feed(f, bytes);
	f->side->left -= bytes.len;
	if (f->side->left == 0)
		message_end(f, true);
	return true;
}

/* Everything is body, or of no use, unless a message begins where the other side had just spoken. */
static bool open_ended_step(struct http_feed *f)
{
	enum probe probe = restart_probe(f);
	if (probe == PROBE_MAYBE)
		return false;
	if (probe == PROBE_YES) {
		/* What was before is lost: the answer that begins here is to the latest question. */
		if (f->side->phase == HTTP_PHASE_LOST && !feed_asks(f) && f->state->requests > f->state->answered)
			f->state->answered = f->state->requests - 1;
		message_end(f, false);
		return true;
	}
	struct span bytes = http_feed_take(f, f->rest.len);
	if (f->side->phase == HTTP_PHASE_UNTIL_CLOSE)
		body_feed(f, bytes);
	return true;
}

/* Goes on by one part of a message; false when more bytes are needed. */
static bool feed_step(struct http_feed *f, bool *give_up)
{
	switch (f->side->phase) {
	case HTTP_PHASE_HEAD:
		return feed_asks(f) ? http_request_head(f, give_up) : http_response_head(f, give_up);
	case HTTP_PHASE_HEAD_REST:
		return head_rest_step(f);
	case HTTP_PHASE_LENGTH:
		return length_step(f);
	case HTTP_PHASE_CHUNKED:
		return chunked_step(f);
	case HTTP_PHASE_UNTIL_CLOSE:
	case HTTP_PHASE_LOST:
		return open_ended_step(f);
	case HTTP_PHASE_TUNNEL:
		(void)http_feed_take(f, f->rest.len);
		return true;
	}
	return false;
}

/* FIN: a body without length is complete, one with a length is not. */
static void feed_fin(struct http_feed *f)
{
	bool complete = f->side->phase == HTTP_PHASE_UNTIL_CLOSE;
	if (!feed_asks(f)) {
		if (f->side->phase == HTTP_PHASE_LENGTH)
			f->state->body.flaws |= HTTP_LENGTH_WRONG;
		http_response_end(f, complete);
	}
	f->side->phase = HTTP_PHASE_LOST;
}

static const struct http_state *requests_of(const struct dissection *d)
{
	return d->version > 0 && d->flow->app_state[0] != NULL ? d->flow->app_state[0] : d->state;
}

/* Who asks. False while the first bytes do not tell. */
static bool roles_read(const struct dissection *d, struct http_state *s, struct span data, bool fin)
{
	const struct http_state *base = requests_of(d);
	if (s->roles_known)
		return true;
	if (base != s) {
		s->flipped = base->flipped;
		s->roles_known = true;
		return true;
	}
	enum probe other = d->dir == DIR_UP ? http_response_probe(data) : http_request_probe(data);
	if (other == PROBE_MAYBE && !fin)
		return false;
	s->flipped = other == PROBE_YES;
	s->roles_known = true;
	return true;
}

static struct http_feed feed_of(struct dissection *d, struct span data, bool fin)
{
	struct http_state *s = d->state;
	bool asks = (d->dir == DIR_UP) != s->flipped;
	return (struct http_feed){.d = d,
	                          .state = s,
	                          .base = requests_of(d),
	                          .side = asks ? &s->request : &s->response,
	                          .rest = data,
	                          .fin = fin};
}

static size_t http_stream(struct dissection *d, struct span data, bool fin)
{
	if (!roles_read(d, d->state, data, fin))
		return 0;
	struct http_feed f = feed_of(d, data, fin);
	bool give_up = false;
	while (f.rest.len > 0 && feed_step(&f, &give_up)) {
		if (give_up)
			return DISSECT_GIVE_UP;
	}
	if (fin) {
		(void)http_feed_take(&f, f.rest.len);
		feed_fin(&f);
	}
	f.side->held = (uint32_t)f.rest.len;
	return data.len - f.rest.len;
}

/* A head that never becomes whole is told as far as it goes. */
static void held_read(struct http_feed *f)
{
	bool give_up = false;
	if (f->rest.len > 0 && f->side->phase == HTTP_PHASE_HEAD)
		(void)feed_step(f, &give_up);
	(void)http_feed_take(f, f->rest.len);
}

/* Where the framing says how far the body goes, it goes on behind the gap. */
static bool gap_bridged(struct http_side *side, uint64_t missing)
{
	uint64_t *left = NULL;
	if (side->phase == HTTP_PHASE_TUNNEL)
		return true;
	if (side->phase == HTTP_PHASE_LENGTH)
		left = &side->left;
	else if (side->phase == HTTP_PHASE_CHUNKED && side->chunks.step == HTTP_CHUNK_DATA)
		left = &side->chunks.size;
	if (left == NULL || missing >= *left)
		return false;
	*left -= missing;
	return true;
}

static void http_gap(struct dissection *d, uint64_t missing)
{
	struct span held = d->held[d->dir];
	struct http_feed f = feed_of(d, held, true);
	uint64_t at = f.side->pos + f.side->held;

	held_read(&f);
	if (!feed_asks(&f))
		http_response_end(&f, false);
	f.side->pos = at + missing;
	f.side->held = f.side->scanned = 0;
	if (gap_bridged(f.side, missing))
		return;
	f.side->phase = HTTP_PHASE_LOST;
	f.side->resync_at = f.side->pos;
}

static void http_close(struct dissection *d)
{
	for (int dir = DIR_UP; dir <= DIR_DOWN; dir++) {
		d->dir = (enum dir)dir;
		struct http_feed f = feed_of(d, d->held[dir], true);
		held_read(&f);
		if (!feed_asks(&f))
			http_response_end(&f, false);
	}
}

/* A request, or a response where only the server's side is in the capture. */
static enum probe http_probe(const struct flow *f, enum dir dir, struct span head)
{
	enum probe asks = http_request_probe(head), answers = http_response_probe(head);

	(void)f;
	(void)dir;
	if (asks == PROBE_YES || answers == PROBE_YES)
		return PROBE_YES;
	return asks == PROBE_MAYBE || answers == PROBE_MAYBE ? PROBE_MAYBE : PROBE_NO;
}

const struct dissector dissector_http = {
    .name = "http",
    .l4_proto = IPPROTO_TCP,
    .flow_size = sizeof(struct http_state),
    .large_size = HTTP_INFLATER_SIZE,
    .large_cap = LARGE_CAP,
    .probe = http_probe,
    .stream = http_stream,
    .gap = http_gap,
    .close = http_close,
};
