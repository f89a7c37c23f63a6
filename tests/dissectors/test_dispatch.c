/* Claims, held bytes and versions, with the dissectors that there are and bytes of their protocols. */
#include "dissectors/dispatch.h"

#include "analyzer/base/text.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FLOWS = 8, NAME_MAX_HERE = 64 };

struct desk {
	struct dispatch dispatch;
	struct bus bus;
	struct arena scratch;
	struct flow *flow;
	struct frame frame;
	struct packet p;
	unsigned requests[2], responses[2], datagrams; /* by version */
	uint16_t status[2];
	uint32_t flaws;
	char host[NAME_MAX_HERE];
};

static void on_request(void *context, const struct event *ev)
{
	struct desk *k = context;
	const struct http_request *r = event_http_request(ev);
	struct text t = text_over(k->host, sizeof k->host);
	k->requests[ev->version]++;
	k->flaws = r->flaws;
	text_add(&t, r->host);
}

static void on_response(void *context, const struct event *ev)
{
	struct desk *k = context;
	k->responses[ev->version]++;
	k->status[ev->version] = event_http_response(ev)->status;
}

static void on_dns(void *context, const struct event *ev)
{
	struct desk *k = context;
	assert_non_null(event_dns_message(ev));
	k->datagrams++;
}

static struct flow *flow_new(uint8_t l4_proto, uint16_t port)
{
	struct flow *f = aligned_alloc(16, (sizeof *f + 15) / 16 * 16);
	assert_non_null(f);
	memset(f, 0, sizeof *f);
	f->id = 1;
	f->l4_proto = l4_proto;
	f->client_port = 40000;
	f->server_port = port;
	return f;
}

static struct desk *desk_new(size_t flows, size_t budget)
{
	struct desk *k = calloc(1, sizeof *k);
	assert_non_null(k);
	assert_true(bus_subscribe(&k->bus, EV_HTTP_REQUEST, on_request, k));
	assert_true(bus_subscribe(&k->bus, EV_HTTP_RESPONSE, on_response, k));
	assert_true(bus_subscribe(&k->bus, EV_DNS_MESSAGE, on_dns, k));
	dispatch_init(&k->dispatch, &k->bus, &k->scratch, flows, budget);
	k->frame = (struct frame){.number = 1};
	k->p = (struct packet){.frame = &k->frame, .has_l4 = true};
	k->flow = flow_new(IPPROTO_TCP, 80);
	return k;
}

/* Objects that flows hold. */
static size_t alive(const struct desk *k)
{
	size_t n = k->dispatch.holds.alive;
	for (int i = 0; i < 3; i++)
		n += k->dispatch.hold_bytes[i].alive;
	for (int i = 0; i < DISPATCH_KINDS; i++)
		n += k->dispatch.state[i].alive + k->dispatch.large[i].alive;
	return n;
}

static size_t held(const struct desk *k)
{
	size_t n = 0;
	for (int i = 0; i < 3; i++)
		n += k->dispatch.hold_bytes[i].alive;
	return n;
}

static void desk_free(struct desk *k)
{
	dispatch_close(&k->dispatch, k->flow);
	assert_int_equal(alive(k), 0);
	dispatch_free(&k->dispatch);
	arena_free(&k->scratch);
	free(k->flow);
	free(k);
}

static void say(struct desk *k, enum dir d, const char *text)
{
	dispatch_bytes(&k->dispatch, k->flow, d, 0, false, span_text(text), false, &k->p);
	arena_reset(&k->scratch);
}

static void say_rival(struct desk *k, enum dir d, bool restart, const char *text)
{
	dispatch_bytes(&k->dispatch, k->flow, d, 1, restart, span_text(text), false, &k->p);
	arena_reset(&k->scratch);
}

static void claims_by_content(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	k->flow->server_port = 9999;
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_non_null(k->flow->app);
	assert_string_equal(k->flow->app->name, "http");
	assert_int_equal(k->requests[0], 1);
	assert_string_equal(k->host, "a.example");
	assert_int_equal(held(k), 0);
	say(k, DIR_DOWN, "HTTP/1.1 204 No Content\r\n\r\n");
	assert_int_equal(k->status[0], 204);
	desk_free(k);
}

static void shows_again_what_was_not_consumed(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	for (const char *c = request; *c; c++) {
		char byte[2] = {*c, 0};
		assert_int_equal(k->requests[0], 0);
		say(k, DIR_UP, byte);
	}
	assert_int_equal(k->requests[0], 1);
	assert_string_equal(k->host, "a.example");
	assert_int_equal(held(k), 0);
	desk_free(k);
}

/* A head larger than the small sizes moves its held bytes up. */
static void held_bytes_move_to_more_room(void **state)
{
	static char value[1001];
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	memset(value, 'v', 1000);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nX: ");
	for (int i = 0; i < 7; i++)
		say(k, DIR_UP, value);
	assert_int_equal(held(k), 1);
	assert_int_equal(k->dispatch.hold_bytes[0].alive, 0);
	say(k, DIR_UP, "\r\nHost: b.example\r\n\r\n");
	assert_int_equal(k->requests[0], 1);
	assert_string_equal(k->host, "b.example");
	desk_free(k);
}

/* The client's first bytes do not tell; the server's do, and the client's are shown then. */
static void the_other_direction_waits(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	say(k, DIR_UP, "GET ");
	assert_null(k->flow->app);
	assert_false(k->flow->app_refused);
	say(k, DIR_DOWN, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	assert_non_null(k->flow->app);
	assert_int_equal(k->responses[0], 1);
	say(k, DIR_UP, "/ HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_int_equal(k->requests[0], 1);
	assert_string_equal(k->host, "a.example");
	desk_free(k);
}

static void nobody_wants_it(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	say(k, DIR_UP, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
	assert_true(k->flow->app_refused);
	assert_int_equal(alive(k), 0);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	say_rival(k, DIR_UP, true, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	dispatch_gap(&k->dispatch, k->flow, DIR_UP, &(struct stream_gap){.missing = 5}, &k->p);
	assert_int_equal(k->requests[0] + k->requests[1], 0);
	assert_int_equal(alive(k), 0);
	desk_free(k);
}

/* An unknown method needs its whole line; it is not waited for beyond the first bytes, nor beyond the end. */
static void maybe_has_an_end(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	say(k, DIR_UP, "FROBNICATE /a");
	for (int i = 13; i < DISPATCH_PROBE_BYTES; i++) {
		assert_false(k->flow->app_refused);
		say(k, DIR_UP, "a");
	}
	assert_true(k->flow->app_refused);
	assert_int_equal(alive(k), 0);
	assert_int_equal(k->dispatch.counts.hold_refused, 0);
	desk_free(k);
	k = desk_new(FLOWS, 1 << 20);
	dispatch_bytes(&k->dispatch, k->flow, DIR_UP, 0, false, span_text("GET "), true, &k->p);
	assert_true(k->flow->app_refused);
	assert_int_equal(alive(k), 0);
	desk_free(k);
	/* An end without a byte says nothing of the protocol. */
	k = desk_new(FLOWS, 1 << 20);
	dispatch_bytes(&k->dispatch, k->flow, DIR_UP, 0, false, span_of(NULL, 0), true, &k->p);
	assert_false(k->flow->app_refused);
	say(k, DIR_DOWN, "HTTP/1.1 200 OK\r\n\r\n");
	assert_int_equal(k->responses[0], 1);
	desk_free(k);
}

static void second_version(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	say_rival(k, DIR_DOWN, true, "HTTP/1.1 404 Not Found\r\n\r\n"); /* of a flow that nobody claimed */
	assert_int_equal(k->responses[1], 0);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	say_rival(k, DIR_DOWN, false, "HTTP/1.1 404 Not Found\r\n\r\n"); /* of nothing that began */
	assert_int_equal(k->responses[1], 0);
	say(k, DIR_DOWN, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
	say_rival(k, DIR_DOWN, true, "HTTP/1.1 200 ");
	assert_int_equal(k->responses[1], 0);
	say_rival(k, DIR_DOWN, false, "OK\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(k->responses[0], 1);
	assert_int_equal(k->responses[1], 1);
	assert_int_equal(k->status[0], 302);
	assert_int_equal(k->status[1], 200);
	/* A third copy begins anew. */
	say_rival(k, DIR_DOWN, true, "HTTP/1.1 5");
	say_rival(k, DIR_DOWN, true, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(k->status[1], 403);
	desk_free(k);
}

/* What is dropped is shown for a last look. */
static void last_looks(void **state)
{
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: close.example\r\nX");
	assert_int_equal(held(k), 1);
	dispatch_close(&k->dispatch, k->flow);
	assert_int_equal(k->requests[0], 1);
	assert_true(k->flaws & HTTP_HEAD_CUT);
	assert_string_equal(k->host, "close.example");
	assert_int_equal(alive(k), 0);
	k->flow->app = NULL;
	desk_free(k);

	k = desk_new(FLOWS, 1 << 20);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: gap.example\r\nX");
	dispatch_gap(&k->dispatch, k->flow, DIR_UP, &(struct stream_gap){.missing = 5}, &k->p);
	assert_int_equal(k->requests[0], 1);
	assert_true(k->flaws & HTTP_HEAD_CUT);
	assert_string_equal(k->host, "gap.example");
	assert_int_equal(held(k), 0);
	desk_free(k);

	/* Unclaimed bytes are of no use behind a gap. */
	k = desk_new(FLOWS, 1 << 20);
	say(k, DIR_UP, "GET ");
	dispatch_gap(&k->dispatch, k->flow, DIR_UP, &(struct stream_gap){.missing = 5}, &k->p);
	assert_int_equal(held(k), 0);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_int_equal(k->requests[0], 1);
	desk_free(k);
}

/* Without room a flow is given up, counted, and leaves nothing behind. */
static void no_room(void **state)
{
	enum { MORE = 4 };
	struct desk *k = desk_new(FLOWS, 1);
	struct flow *flows[MORE];
	(void)state;
	for (int i = 0; i < MORE; i++) {
		flows[i] = flow_new(IPPROTO_TCP, 80);
		dispatch_bytes(&k->dispatch, flows[i], DIR_UP, 0, false, span_text("GET / HTTP/1.1\r\nHost: a"), false,
		               &k->p);
	}
	assert_int_equal(held(k), 3);
	assert_int_equal(k->dispatch.counts.hold_refused, 1);
	assert_true(flows[3]->app_refused);
	assert_null(flows[3]->app);
	dispatch_close(&k->dispatch, flows[0]);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: again.example\r\n");
	say(k, DIR_UP, "\r\n");
	assert_string_equal(k->host, "again.example");
	for (int i = 1; i < MORE; i++)
		dispatch_close(&k->dispatch, flows[i]);
	for (int i = 0; i < MORE; i++)
		free(flows[i]);
	desk_free(k);

	/* Fewer flows than talk. */
	k = desk_new(1, 1 << 20);
	flows[0] = flow_new(IPPROTO_TCP, 80);
	say(k, DIR_UP, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
	dispatch_bytes(&k->dispatch, flows[0], DIR_UP, 0, false, span_text("GET / HTTP/1.1\r\n"), false, &k->p);
	assert_true(flows[0]->app_refused);
	assert_int_equal(k->dispatch.counts.hold_refused, 1);
	free(flows[0]);
	desk_free(k);
}

static void datagrams(void **state)
{
	static const uint8_t query[] = {0x12, 0x34, 1,   0,   0,   1,   0,   0,   0, 0, 0, 0, 1, 'a',
	                                7,    'e',  'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};
	struct desk *k = desk_new(FLOWS, 1 << 20);
	(void)state;
	k->flow->l4_proto = k->p.l4_proto = IPPROTO_UDP;
	k->flow->server_port = 53;
	dispatch_datagram(&k->dispatch, k->flow, DIR_UP, &k->p);
	assert_false(k->flow->app_refused);
	k->p.payload = span_of(query, sizeof query);
	k->p.payload_len = sizeof query;
	dispatch_datagram(&k->dispatch, k->flow, DIR_UP, &k->p);
	assert_non_null(k->flow->app);
	assert_int_equal(k->datagrams, 1);
	desk_free(k);

	k = desk_new(FLOWS, 1 << 20);
	k->flow->l4_proto = k->p.l4_proto = IPPROTO_UDP;
	k->flow->server_port = 40001;
	k->p.payload = span_text("\xff\xff\xff\xff");
	k->p.payload_len = 4;
	dispatch_datagram(&k->dispatch, k->flow, DIR_UP, &k->p);
	assert_true(k->flow->app_refused);
	desk_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(claims_by_content),
	    cmocka_unit_test(shows_again_what_was_not_consumed),
	    cmocka_unit_test(held_bytes_move_to_more_room),
	    cmocka_unit_test(the_other_direction_waits),
	    cmocka_unit_test(nobody_wants_it),
	    cmocka_unit_test(maybe_has_an_end),
	    cmocka_unit_test(second_version),
	    cmocka_unit_test(last_looks),
	    cmocka_unit_test(no_room),
	    cmocka_unit_test(datagrams),
	};
	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
