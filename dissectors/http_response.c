/*
 * Responses: the head, its event, which request it answers, and whether a body follows (RFC 9112, section 6.3). Also what
 * is no response by the book: bytes without a status line where one is due.
 */
#include "dissectors/http_state.h"

enum { STATUS_SWITCHING = 101, STATUS_NO_CONTENT = 204, STATUS_NOT_MODIFIED = 304 };

/*
 * Version 1 begins at a contradiction, so its first response rivals the latest of version 0; further ones follow on. A
 * request whose head is not whole yet counts as outstanding: censors answer those.
 */
static uint64_t response_index(const struct http_feed *f)
{
	const struct http_state *base = f->base;
	uint64_t next = f->state->answered + 1;
	if (base != f->state && next < base->last)
		next = base->last;
	bool begun = base->request.phase == HTTP_PHASE_HEAD && base->request.held > 0;
	return next <= base->requests + begun ? next : 0;
}

static enum http_method request_method(const struct http_feed *f, uint64_t index)
{
	bool remembered = index > 0 && index + HTTP_OUTSTANDING_MAX > f->base->requests;
	return remembered ? (enum http_method)f->base->methods[index % HTTP_OUTSTANDING_MAX] : HTTP_METHOD_OTHER;
}

static bool interim(uint16_t status)
{
	return status >= 100 && status < 200;
}

static bool bodyless(uint16_t status, enum http_method method)
{
	if (interim(status) || status == STATUS_NO_CONTENT || status == STATUS_NOT_MODIFIED)
		return true;
	return method == HTTP_METHOD_HEAD || (method == HTTP_METHOD_CONNECT && status >= 200 && status < 300);
}

static void response_emit(struct http_feed *f, struct http_response *r, const struct http_framing *framing)
{
	r->index = response_index(f);
	r->flaws |= r->index == 0 ? HTTP_NO_REQUEST : 0;
	f->state->last = r->index;
	f->state->final = !interim(r->status);
	f->side->seen = true;
	dissection_emit(f->d, EV_HTTP_RESPONSE, r);
	http_body_open(&f->state->body, r->index, framing->coding, r->flaws);
	if (f->state->final)
		f->state->request.resync_at = f->state->request.pos;
}

void http_response_end(struct http_feed *f, bool complete)
{
	if (!f->state->body.open)
		return;
	http_body_end(f->d, &f->state->body, complete);
	if (f->state->final && f->state->body.index > f->state->answered)
		f->state->answered = f->state->body.index;
}

/* From here on the flow speaks something else. */
static bool tunnel_begins(uint16_t status, enum http_method method)
{
	return status == STATUS_SWITCHING || (method == HTTP_METHOD_CONNECT && status >= 200 && status < 300);
}

/* Bytes that are no head where one is due: an injector's bare page, or a body longer than its length said. */
static bool headless(struct http_feed *f, bool *give_up)
{
	bool due = response_index(f) > 0, page = f->rest.ptr[0] == '<';
	bool middle = !f->side->seen && (f->d->flow->flags & FLOW_MIDSTREAM);
	if (f->base != f->state && !page) {
		*give_up = true;
		return true;
	}
	/* Where the capture begins in the middle, so may the first bytes: the tail of an answer is none. */
	if (!f->side->seen && (middle ? !page : !due)) {
		f->side->phase = HTTP_PHASE_LOST;
		return true;
	}
	struct http_response r = {.offset = f->side->pos, .flaws = HTTP_NO_STATUS_LINE};
	if (!due)
		r.flaws |= HTTP_LENGTH_WRONG;
	struct http_framing framing = {.delimiter = HTTP_BODY_CLOSE};
	response_emit(f, &r, &framing);
	http_side_body(f->side, framing, span_of(NULL, 0), false);
	return true;
}

bool http_response_head(struct http_feed *f, bool *give_up)
{
	(void)http_feed_take(f, f->rest.len - http_skip_blank(f->rest).len);
	if (f->rest.len == 0)
		return false;
	enum probe probe = http_response_probe(f->rest);
	if (probe == PROBE_MAYBE && !f->fin)
		return false;
	if (probe == PROBE_NO)
		return headless(f, give_up);
	bool cut = false;
	size_t len = http_feed_head(f, &cut);
	if (len == 0)
		return false;
	struct http_response r = {.head_len = (uint32_t)len, .offset = f->side->pos, .flaws = cut ? HTTP_HEAD_CUT : 0};
	struct http_head head;
	struct span bytes = http_feed_take(f, len);
	http_head_parse(&head, bytes, true);
	struct http_framing framing = head.framing;
	r.flaws |= framing.flaws | (head.bare_lf ? HTTP_BARE_LF : 0);
	r.status_line = head.start_line;
	r.status = http_status(head.start_line);
	r.headers = head.headers;
	r.header_count = head.header_count;
	enum http_method method = request_method(f, response_index(f));
	if (bodyless(r.status, method))
		framing.delimiter = HTTP_BODY_NONE;
	response_emit(f, &r, &framing);
	http_side_body(f->side, framing, bytes, cut);
	if (f->side->phase == HTTP_PHASE_HEAD)
		http_response_end(f, true);
	if (tunnel_begins(r.status, method))
		f->state->request.phase = f->state->response.phase = HTTP_PHASE_TUNNEL;
	return true;
}
