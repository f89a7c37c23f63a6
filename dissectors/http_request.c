/* Requests: the head, its event, and its place in the order that responses answer to. */
#include "dissectors/http_state.h"

static enum http_method method_kind(struct span method)
{
	if (span_equal_nocase(method, span_text("HEAD")))
		return HTTP_METHOD_HEAD;
	return span_equal_nocase(method, span_text("CONNECT")) ? HTTP_METHOD_CONNECT : HTTP_METHOD_OTHER;
}

/* Requests of version 1 rival the latest one of version 0 and are not counted: both wait for the same answer. */
static uint64_t request_index(struct http_feed *f, enum http_method kind)
{
	struct http_state *s = f->state;
	s->requests++;
	if (f->base != s)
		return f->base->requests > 0 ? f->base->requests : 1;
	s->methods[s->requests % HTTP_OUTSTANDING_MAX] = (uint8_t)kind;
	s->response.resync_at = s->response.pos;
	return s->requests;
}

static void request_emit(struct http_feed *f, const struct http_head *head, struct http_request *request)
{
	request->index = request_index(f, method_kind(request->method));
	request->headers = head->headers;
	request->header_count = head->header_count;
	request->host = http_request_host(request);
	f->side->seen = true;
	dissection_emit(f->d, EV_HTTP_REQUEST, request);
}

bool http_request_head(struct http_feed *f, bool *give_up)
{
	(void)http_feed_take(f, f->rest.len - http_skip_blank(f->rest).len);
	if (f->rest.len == 0)
		return false;
	enum probe probe = http_request_probe(f->rest);
	if (probe == PROBE_MAYBE && !f->fin)
		return false;
	if (probe != PROBE_YES) {
		*give_up = f->base != f->state;
		f->side->phase = HTTP_PHASE_LOST;
		return true;
	}
	bool cut = false;
	size_t len = http_feed_head(f, &cut);
	if (len == 0)
		return false;
	struct http_request request = {.head_len = (uint32_t)len,
	                               .offset = f->side->pos,
	                               .flaws = cut ? HTTP_HEAD_CUT : 0};
	struct http_head head;
	struct span bytes = http_feed_take(f, len);
	http_head_parse(&head, bytes, false);
	request.flaws |= head.bare_lf ? HTTP_BARE_LF : 0;
	if (!http_request_line(head.start_line, &request)) {
		f->side->phase = HTTP_PHASE_LOST;
		return true;
	}
	struct http_framing framing = head.framing;
	if (framing.delimiter == HTTP_BODY_CLOSE)
		framing.delimiter = HTTP_BODY_NONE;
	request_emit(f, &head, &request);
	http_side_body(f->side, framing, bytes, cut);
	return true;
}
