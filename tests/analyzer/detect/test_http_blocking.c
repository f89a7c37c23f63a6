/* http_blockpage, http_redirect_block: what fires, and every innocent look-alike that must not accuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

#include "analyzer/net/stream.h"
#include "dissectors/http.h"
#include "tests/support/events.h"

extern const struct detector detector_http_blocking;

enum { MS = 1000 };

static const char rows[] = SIGNATURE_ROW("national.body", "http", "body", "contains",
                                         "the telecommunication regulator of Nowhere", "", "national", "NO", "hit")
    SIGNATURE_ROW("national.title", "http", "title", "full", "Access to this site is restricted by law", "", "national",
                  "NO", "hit") SIGNATURE_ROW("isp.location", "http", "header.location", "prefix",
                                             "http://warning.isp.example/", "", "isp", "NO", "hit")
        SIGNATURE_ROW("product.server", "http", "header.server", "full", "FilterBox 3000", "", "product", "", "hit")
            SIGNATURE_ROW("short.body", "http", "body", "contains", "blk:1234567", "", "national", "NO", "hit")
                SIGNATURE_ROW("box.packet", "http", "rule", "eq", "ipid = 0x3412; window = 32120; flags = FA", "",
                              "injected", "NO", "hit") SIGNATURE_ROW("hint.body", "http", "body", "contains",
                                                                     "This page was blocked somewhere", "", "unclear",
                                                                     "NO", "hint")
                    SIGNATURE_ROW("fp.title", "http", "title", "full", "Error page of a content network", "", "benign",
                                  "", "fp") SIGNATURE_ROW("injector", "http", "rule", "eq",
                                                          "ipid = 0x3412; window = 32120", "", "injected", "", "hit");

static int open_world(void **state)
{
	static struct world w;
	world_open(&w, &detector_http_blocking, rows);
	*state = &w;
	return 0;
}

static int close_world(void **state)
{
	world_close(*state);
	return 0;
}

/* A flow with a request for the host and a server whose packets usually have TTL 52 and count IP-IDs from 40000. */
static struct flow *asked(struct world *w, const char *host)
{
	struct flow *f = world_flow(w, IPPROTO_TCP, "192.0.2.7", 40000, "198.51.100.80", 80);
	struct side *server = &f->tcp->side[DIR_DOWN];
	struct packet *p = world_packet(w, f, DIR_DOWN, 0);
	p->tcp_flags = TCP_ACK;
	p->tcp_options.seen = TCPOPT_SEEN_TIMESTAMPS;
	for (int i = 0; i < 4; i++) {
		p->ip_id++;
		struct sample s = sample_of(p);
		side_update(server, p, &s);
	}
	p = world_packet(w, f, DIR_UP, MS);
	p->tcp_flags = TCP_ACK | TCP_PSH;
	p->payload_len = 100;
	f->trigger = (struct trigger){.kind = TRIGGER_HTTP, .sample = sample_of(p), .name = host};
	rtt_add(&f->tcp->rtt[DIR_UP], 40 * MS * 1000, (struct frame_ref){.number = 9001});
	rtt_add(&f->tcp->rtt[DIR_UP], 41 * MS * 1000, (struct frame_ref){.number = 9002});
	return f;
}

/* A packet of the response, as its server would send it. */
static struct packet *reply_packet(struct world *w, struct flow *f, int64_t after_us)
{
	struct packet *p = world_packet(w, f, DIR_DOWN, after_us);
	p->tcp_flags = TCP_ACK | TCP_PSH;
	p->payload_len = 200;
	p->ip_id = (uint16_t)(f->tcp->side[DIR_DOWN].last_ip_id + 1);
	p->tcp_ack = sample_seq_end(&f->trigger.sample);
	p->tcp_options.seen = TCPOPT_SEEN_TIMESTAMPS;
	return p;
}

struct reply {
	uint16_t status;            /* 0: 200 */
	const char *header, *value; /* one header beside Content-Type */
	const char *type;           /* NULL: text/html */
	const char *body;
	size_t cut; /* of the body into pieces; 0: whole */
	uint8_t version;
	uint64_t index; /* 0: 1; 99: none outstanding */
	bool headless;
};

static void hear_body(struct world *w, const struct reply *r)
{
	struct span body = span_text(r->body ? r->body : "");
	uint64_t offset = 0;
	size_t step = r->cut ? r->cut : body.len;
	while (body.len > step) {
		struct http_body b = {.index = r->index, .offset = offset, .piece = span_first(body, step)};
		world_emit(w, EV_HTTP_BODY, &b, r->version);
		offset += step;
		body = span_after(body, step);
	}
	struct http_body b = {.index = r->index, .offset = offset, .piece = body, .end = true, .complete = true};
	world_emit(w, EV_HTTP_BODY, &b, r->version);
}

/* The response in the packet made last. */
static void hear(struct world *w, const struct reply *r)
{
	struct http_header headers[2] = {{span_text("Content-Type"), span_text(r->type ? r->type : "text/html")}};
	size_t count = 1;
	char line[64];
	if (r->header)
		headers[count++] = (struct http_header){span_text(r->header), span_text(r->value)};
	uint16_t status = r->headless ? 0 : r->status ? r->status : 200;
	snprintf(line, sizeof line, "HTTP/1.1 %u Some Reason", status);
	struct http_response response = {.index = r->index == 99 ? 0
	                                          : r->index     ? r->index
	                                                         : 1,
	                                 .status = status,
	                                 .status_line = span_text(status ? line : ""),
	                                 .headers = headers,
	                                 .header_count = status ? count : 0,
	                                 .flaws = status ? 0 : HTTP_NO_STATUS_LINE};
	world_emit(w, EV_HTTP_RESPONSE, &response, r->version);
	hear_body(w, r);
}

#define REPLY(...) (&(struct reply){__VA_ARGS__})
#define PAGE       "<html><p>Blocked by order of the telecommunication regulator of Nowhere.</p></html>"

static void conflict(struct world *w, struct flow *f, const struct sample *winner, const struct sample *loser, bool in)
{
	struct stream_conflict c = {.winner = {.sample = *winner}, .loser = {.sample = *loser}, .in_window = in};
	w->dir = DIR_DOWN;
	w->flow = f;
	world_emit(w, EV_STREAM_CONFLICT, &c, 0);
}

/* A box inline: a national page, nothing contradicts it. */
static void finds_a_national_page(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 403, .body = PAGE));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_non_null(b);
	assert_int_equal(b->kind, KIND_MATCH);
	assert_int_equal(b->score_db, 25);
	assert_int_equal(b->label, LABEL_MODERATELY_STRONG);
	assert_string_equal(b->signatures[0]->id, "national.body");
	assert_string_equal(b->name, "news.example.com");
	assert_int_equal(b->name_source, NAME_HOST);
	assert_int_equal(b->suspect_count, 1);
	assert_int_equal(b->suspects[0].number, 3);
	assert_int_equal(b->trigger.number, 2);
	assert_int_equal(b->evidence[0].number, 2);
	assert_true(b->to_client);
	assert_string_equal(finding_detail_value(b, "http_status"), "403");
	assert_string_equal(finding_detail_value(b, "sig_id"), "national.body");
	assert_string_equal(finding_detail_value(b, "scope"), "national");
	assert_string_equal(finding_detail_value(b, "body_sha256"),
	                    "15656e08ed84cacf5aca59af97db5ad01fe02eac6902f231388de8f4cd542bc0");
	assert_true(b->alternatives & 1U << ALT_SERVER_REFUSES);
	assert_int_equal(b->facts.ttl, 52);
	assert_int_equal(b->facts.ttl_baseline, 52);
	assert_int_equal(b->facts.delta_us, 45 * MS);
	assert_int_equal(world_findings(w), 1);
	assert_int_equal(world_tested(w, "http_blockpage"), 1);
	assert_int_equal(world_tested(w, "http_redirect_block"), 1);
}

/* The packet of the page has the marks of an injector: its IP-ID says so beside the page, and never alone. */
static void marks_of_an_injector_add_to_a_page(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct packet *p = reply_packet(w, f, 45 * MS);
	p->ip_id = 0x3412;
	p->tcp_window = 32120;
	hear(w, REPLY(.status = 403, .body = PAGE));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_non_null(b);
	assert_int_equal(world_findings(w), 1);
	assert_int_equal(b->signature_count, 2);
	assert_string_equal(b->signatures[0]->id, "national.body");
	assert_string_equal(b->signatures[1]->id, "injector");
	assert_string_equal(finding_detail_value(b, "injector"), "injector");
	assert_int_equal(finding_term_db(b, "E09"), 25);
	assert_int_equal(finding_term_db(b, "E09b_win") + finding_term_db(b, "E09b_ipid"), 10);
}

static void finds_a_page_however_it_is_cut(void **state)
{
	struct world *w = *state;
	for (size_t cut = 1; cut <= 20; cut++) {
		struct flow *f = asked(w, "news.example.com");
		(void)reply_packet(w, f, 45 * MS);
		hear(w, REPLY(.body = "<title> Access to this site is restricted by law </title>" PAGE, .cut = cut));
		world_close_flow(w, f);
	}
	assert_int_equal(world_findings(w), 20);
	for (size_t i = 0; i < 20; i++) {
		const struct finding *b = w->candidates.items[i];
		assert_int_equal(b->signature_count, 2);
		assert_int_equal(b->score_db, 25);
		assert_string_equal(finding_detail_value(b, "title"), "Access to this site is restricted by law");
	}
}

static void finds_a_page_without_a_status_line(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.headless = true, .body = PAGE));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_non_null(b);
	assert_string_equal(finding_detail_value(b, "http_status"), "");
}

/* A provider's redirect, with the genuine page behind it. */
static void finds_a_raced_redirect(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct packet *p = reply_packet(w, f, 10 * MS);
	p->ttl = 60;
	p->ip_id = 1;
	p->tcp_options.seen = 0;
	struct sample forged = sample_of(p);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://warning.isp.example/?u=1"));
	for (int i = 0; i < 3; i++) {
		p = reply_packet(w, f, 20 * MS);
		struct sample s = sample_of(p);
		if (i == 0)
			conflict(w, f, &forged, &s, true);
		side_update(&f->tcp->side[DIR_DOWN], p, &s);
	}
	const struct finding *r = world_finding(w, "http_redirect_block");
	assert_non_null(r);
	assert_int_equal(r->kind, KIND_CONTRADICTION);
	assert_int_equal(finding_term_db(r, "E06"), 25);
	assert_int_equal(finding_term_db(r, "E09"), 25);
	assert_int_equal(finding_term_db(r, "E02b"), 13);
	assert_int_equal(finding_term_db(r, "E07"), 9);
	assert_int_equal(finding_term_db(r, "E03"), 10);
	assert_int_equal(finding_term_db(r, "E01"), 25);
	assert_int_equal(r->score_db, 60);
	assert_int_equal(r->label, LABEL_VERY_STRONG);
	assert_int_equal(r->evidence_count, 2);
	assert_string_equal(finding_detail_value(r, "location"), "http://warning.isp.example/?u\\x3d1");
	assert_string_equal(finding_detail_value(r, "location_from"), "location");
	assert_int_equal(world_findings(w), 1);
}

static void finds_the_page_that_lost_the_race(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct sample genuine = sample_of(reply_packet(w, f, 45 * MS));
	hear(w, REPLY(.body = "<title>News</title>"));
	struct sample forged = sample_of(reply_packet(w, f, 5 * MS));
	conflict(w, f, &genuine, &forged, true);
	w->dir = DIR_DOWN;
	hear(w, REPLY(.body = PAGE, .version = 1));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->kind, KIND_CONTRADICTION);
	assert_int_equal(finding_term_db(b, "E06"), 25);
	assert_int_equal(b->suspects[0].number, forged.frame.number);
	assert_int_equal(b->evidence[1].number, genuine.frame.number);
}

static void needs_the_conflict_in_the_window_and_about_the_page(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct sample page = sample_of(reply_packet(w, f, 45 * MS));
	hear(w, REPLY(.body = PAGE));
	struct sample other = sample_of(reply_packet(w, f, 5 * MS)), third = sample_of(reply_packet(w, f, 5 * MS));
	conflict(w, f, &page, &other, false);
	conflict(w, f, &other, &third, true);
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->kind, KIND_MATCH);
	assert_int_equal(finding_term_db(b, "E06"), 0);
}

static void weighs_a_conflict_in_the_middle_less(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct sample page = sample_of(reply_packet(w, f, 45 * MS));
	hear(w, REPLY(.body = PAGE));
	struct sample other = sample_of(reply_packet(w, f, 5 * MS));
	struct stream_conflict c = {.winner = {.sample = page},
	                            .loser = {.sample = other},
	                            .in_window = true,
	                            .turn_offset = 700};
	world_emit(w, EV_STREAM_CONFLICT, &c, 0);
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->kind, KIND_CONTRADICTION);
	assert_int_equal(finding_term_db(b, "E06b"), 12);
}

static void counts_a_second_answer(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = PAGE));
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "<title>News</title>", .index = 99));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->kind, KIND_CONTRADICTION);
	assert_int_equal(finding_term_db(b, "E05b"), 20);
	assert_int_equal(b->evidence[1].number, 4);
}

static void takes_a_next_answer_for_what_it_is(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 100));
	hear(w, REPLY(.body = PAGE));
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "<title>News</title>", .index = 2)); /* to the next request */
	hear(w, REPLY(.status = 103, .index = 99));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->kind, KIND_MATCH);
	assert_int_equal(finding_term_db(b, "E05b"), 0);
}

static void weighs_products_and_short_patterns_less(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.header = "SERVER", .value = "FilterBox 3000"));
	world_close_flow(w, f);
	f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "blk:1234567"));
	assert_int_equal(world_findings(w), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(finding_term_db(w->candidates.items[i], "E09b"), 10);
		assert_int_equal(w->candidates.items[i]->label, LABEL_MODERATE);
	}
	assert_true(w->candidates.items[0]->alternatives & 1U << ALT_CORPORATE_FILTER);
	assert_false(w->candidates.items[1]->alternatives & 1U << ALT_CORPORATE_FILTER);
}

static void never_stands_on_a_hint(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "This page was blocked somewhere"));
	world_close_flow(w, f);
	const struct finding *hint = world_finding(w, "http_blockpage"); /* what rests on it alone, the judge drops */
	assert_int_equal(hint->kind, KIND_SYMPTOM);
	assert_int_equal(hint->score_db, 3);
}

static void takes_a_hint_beside_a_signature(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "This page was blocked somewhere" PAGE));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_int_equal(b->score_db, 28);
	assert_string_equal(b->signatures[0]->id, "national.body");
}

/* A redirect that no row knows, in the packet of a box that one does. */
static void knows_a_box_by_its_packets(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct packet *p = reply_packet(w, f, 45 * MS);
	p->ip_id = 0x3412;
	p->tcp_window = 32120;
	p->tcp_flags = TCP_ACK | TCP_FIN;
	hear(w, REPLY(.status = 307, .header = "Location", .value = "http://elsewhere.example.net/"));
	const struct finding *b = world_finding(w, "http_redirect_block");
	assert_int_equal(b->kind, KIND_MATCH);
	assert_string_equal(b->signatures[0]->id, "box.packet");
	assert_int_equal(b->suspect_count, 1);
}

static void leaves_an_ordinary_redirect_alone(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	struct packet *p = reply_packet(w, f, 45 * MS);
	p->ip_id = 0x3412; /* chance */
	p->tcp_window = 501;
	p->tcp_flags = TCP_ACK | TCP_FIN;
	hear(w, REPLY(.status = 307, .header = "Location", .value = "http://elsewhere.example.net/"));
	assert_int_equal(world_findings(w), 0);
}

static void is_silenced_by_a_false_positive(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "<title>Error page of a content network</title>" PAGE));
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://warning.isp.example/",
	              .body = "<title>Error page of a content network</title>"));
	assert_int_equal(world_findings(w), 0);
	assert_int_equal(world_tested(w, "http_blockpage"), 1);
}

static void takes_a_refusal_for_the_servers_own(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 451, .body = "<title>Error page of a content network</title>"));
	const struct finding *g = world_finding(w, "server_side_geoblock");
	assert_non_null(g);
	assert_int_equal(g->kind, KIND_INFORMATIONAL);
	assert_int_equal(g->label, LABEL_NONE);
	assert_int_equal(world_findings(w), 1);
}

static void says_nothing_of_ordinary_answers(void **state)
{
	struct world *w = *state;
	static const struct reply ordinary[] = {
	    {.status = 200, .body = "<title>News</title><iframe src=http://ads.example/></iframe>"},
	    {.status = 301, .header = "Location", .value = "https://news.example.com/"},
	    {.status = 301, .header = "Location", .value = "http://www.news.example.com/"},
	    {.status = 302, .header = "Location", .value = "/login"},
	    {.status = 302, .header = "Location", .value = "http://elsewhere.example.org/"},
	    {.status = 302, .header = "Location", .value = "http://203.0.113.9/"},
	    {.status = 403, .body = "Forbidden"},
	    {.status = 451, .body = "Unavailable for legal reasons"},
	    {.status = 404, .body = "Not found"},
	    {.status = 200, .header = "Location", .value = "http://warning.isp.example/"}, /* no redirect */
	    {.status = 200, .type = "image/png", .body = PAGE},
	    {.status = 200, .body = "<iframe src=http://127.0.0.1:8080/></iframe>"},
	    {.status = 200, .body = "<script src=http://10.0.0.1/a.js></script>"},
	    {.status = 200, .body = "http://warning.isp.example/ http://10.10.34.34/"},
	    {.status = 204},
	};
	for (size_t i = 0; i < sizeof ordinary / sizeof ordinary[0]; i++) {
		struct flow *f = asked(w, "news.example.com");
		(void)reply_packet(w, f, 45 * MS);
		hear(w, &ordinary[i]);
		world_close_flow(w, f);
		assert_int_equal(w->candidates.count, 0);
	}
}

static void finds_redirects_in_pages(void **state)
{
	struct world *w = *state;
	static const char *const pages[] = {
	    "<meta http-equiv=refresh content='0;url=http://warning.isp.example/x'>",
	    "<iframe src=\"http://warning.isp.example/x\"></iframe>",
	    "<script src=http://warning.isp.example/x></script>",
	};
	static const char *const from[] = {"meta_refresh", "frame", "script"};
	for (size_t i = 0; i < 3; i++) {
		struct flow *f = asked(w, "news.example.com");
		(void)reply_packet(w, f, 45 * MS);
		hear(w, REPLY(.body = pages[i], .cut = 7));
		world_close_flow(w, f);
		assert_int_equal(w->candidates.count, i + 1);
		const struct finding *r = w->candidates.items[i];
		assert_string_equal(r->mechanism->id, "http_redirect_block");
		assert_int_equal(finding_term_db(r, "E09"), 25);
		assert_string_equal(finding_detail_value(r, "location"), "http://warning.isp.example/x");
		assert_string_equal(finding_detail_value(r, "location_from"), from[i]);
	}
}

static void doubts_a_redirect_to_a_private_address(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://10.99.0.1/blocked"));
	const struct finding *r = world_finding(w, "http_redirect_block");
	assert_int_equal(r->kind, KIND_SYMPTOM);
	assert_int_equal(r->score_db, 3);
	assert_int_equal(r->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(r, "private_target"), "10.99.0.1");
	assert_true(r->guards_named & 1U << GUARD_CAPTIVE_PORTAL);
	assert_true(r->alternatives & 1U << ALT_CORPORATE_FILTER);
}

static void lets_a_frame_lead_to_a_private_address(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 403, .body = "<iframe src=\"http://10.99.0.2?type=x\"></iframe>"));
	const struct finding *r = world_finding(w, "http_redirect_block");
	assert_int_equal(r->label, LABEL_WEAK);
	assert_string_equal(finding_detail_value(r, "private_target"), "10.99.0.2");
}

static void leaves_private_servers_alone(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "router.example.com");
	f->server = addr_parse("192.168.1.1");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://192.168.1.1/login"));
	world_close_flow(w, f);
	f = asked(w, "192.168.1.1");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://192.168.1.2/login"));
	assert_int_equal(world_findings(w), 0);
}

static void names_a_portal(void **state)
{
	struct world *w = *state;
	static const char *const probes[] = {"captive.apple.com",        "connectivitycheck.gstatic.com",
	                                     "detectportal.firefox.com", "www.msftconnecttest.com",
	                                     "nmcheck.gnome.org",        "network-test.debian.org"};
	static const char *const targets[] = {"http://10.99.0.1/", "http://login.hotel.example/",
	                                      "https://warning.isp.example/"};
	for (size_t i = 0; i < 6; i++) {
		struct flow *f = asked(w, probes[i]);
		(void)reply_packet(w, f, 45 * MS);
		hear(w, REPLY(.status = 302, .header = "Location", .value = targets[i % 3]));
		world_close_flow(w, f);
	}
	struct flow *f = asked(w, "detectportal.firefox.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = PAGE));
	assert_int_equal(world_findings(w), 7);
	for (size_t i = 0; i < 7; i++) {
		assert_string_equal(w->candidates.items[i]->mechanism->id, "captive_portal");
		assert_int_equal(w->candidates.items[i]->label, LABEL_NONE);
	}
}

static void lets_probes_pass(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "www.msftconnecttest.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://go.microsoft.com/fwlink/?LinkID=219472"));
	world_close_flow(w, f);
	f = asked(w, "captive.apple.com");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"));
	assert_int_equal(world_findings(w), 0);
}

static void names_the_block_host_that_was_asked(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "warning.isp.example");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.body = PAGE));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_true(b->alternatives & 1U << ALT_REAL_HOST);
}

static void never_takes_a_site_for_its_own_block(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "warning.isp.example");
	(void)reply_packet(w, f, 45 * MS);
	hear(w, REPLY(.status = 302, .header = "Location", .value = "http://warning.isp.example/index.html"));
	assert_int_equal(world_findings(w), 0);
}

static void suspects_a_box_of_the_own_network(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	reply_packet(w, f, 45 * MS)->ttl = 64;
	hear(w, REPLY(.header = "Server", .value = "FilterBox 3000"));
	const struct finding *b = world_finding(w, "http_blockpage");
	assert_true(b->guards_named & 1U << GUARD_LOCAL_BOX);
}

static void counts_repeats_of_one_flow(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	for (uint64_t i = 1; i <= 10; i++) {
		(void)reply_packet(w, f, 45 * MS);
		hear(w, REPLY(.body = PAGE, .index = i));
	}
	assert_int_equal(world_findings(w), 4);
	uint32_t copies = 0;
	for (size_t i = 0; i < 4; i++)
		copies += w->candidates.items[i]->copies;
	assert_int_equal(copies, 7);
}

static void survives_more_pages_than_it_keeps(void **state)
{
	struct world *w = *state;
	struct flow *flows[100];
	for (size_t i = 0; i < 100; i++)
		flows[i] = asked(w, "news.example.com");
	for (int round = 0; round < 4; round++)
		for (size_t i = 0; i < 100; i++) {
			(void)reply_packet(w, flows[i], MS);
			hear(w, REPLY(.body = PAGE));
		}
	assert_int_equal(w->candidates.count, 100); /* judged at once, up to the cap of candidates */
	assert_int_equal(w->candidates.dropped, 400 - 256 - 100);
	assert_int_equal(world_findings(w), 100);
	assert_int_equal(w->candidates.dropped, 400 - 100);
}

static void ends_with_a_page_still_open(void **state)
{
	struct world *w = *state;
	struct flow *f = asked(w, "news.example.com");
	(void)reply_packet(w, f, 45 * MS);
	struct http_response r = {.index = 1, .status = 200};
	world_emit(w, EV_HTTP_RESPONSE, &r, 0);
	struct http_body b = {.index = 1, .piece = span_text(PAGE)};
	world_emit(w, EV_HTTP_BODY, &b, 0);
	world_emit(w, EV_HTTP_BODY, &b, 1); /* of a response that was not seen */
	world_emit(w, EV_HTTP_RESPONSE, &r, 0);
	assert_int_equal(world_findings(w), 0);
}

static void works_without_signatures(void **state)
{
	(void)state;
	struct world w;
	world_open(&w, &detector_http_blocking, NULL);
	struct flow *f = asked(&w, "news.example.com");
	(void)reply_packet(&w, f, 45 * MS);
	hear(&w, REPLY(.status = 302, .header = "Location", .value = "http://10.99.0.1/", .body = PAGE));
	assert_int_equal(world_findings(&w), 1);
	world_close(&w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)

/* Two requests before the first answer: each answer is told with its own. */
static void a_pipelined_answer_has_the_name_of_its_request(void **state)
{
	static const char *const hosts[] = {"first.example", "second.example", "third.example"};
	struct world *w = *state;
	uint64_t frames[3];
	struct flow *f = asked(w, "none.example");
	for (uint64_t i = 0; i < 3; i++) {
		struct http_request request = {.index = i + 1};
		struct packet *p = world_packet(w, f, DIR_UP, MS);
		frames[i] = p->frame->number;
		f->trigger = (struct trigger){.kind = TRIGGER_HTTP, .sample = sample_of(p), .name = hosts[i]};
		world_emit(w, EV_HTTP_REQUEST, &request, 0);
	}
	for (uint64_t i = 0; i < 3; i++) {
		struct reply r = {.status = 302,
		                  .header = "Location",
		                  .value = "http://warning.isp.example/x",
		                  .index = i + 1};
		reply_packet(w, f, 30 * MS);
		hear(w, &r);
	}
	assert_int_equal(world_findings(w), 3);
	for (size_t i = 0; i < 3; i++) {
		const struct finding *r = w->candidates.items[i];
		size_t at = 0;
		while (at < 3 && strcmp(r->name, hosts[at]) != 0)
			at++;
		assert_true(at < 3);
		assert_int_equal(r->trigger.number, frames[at]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(w->candidates.items[k]->name, r->name);
	}
}

int main(void)
{
	const struct CMUnitTest http_blocking[] = {
	    TEST(finds_a_national_page),
	    TEST(marks_of_an_injector_add_to_a_page),
	    TEST(finds_a_page_however_it_is_cut),
	    TEST(finds_a_page_without_a_status_line),
	    TEST(finds_a_raced_redirect),
	    TEST(finds_the_page_that_lost_the_race),
	    TEST(needs_the_conflict_in_the_window_and_about_the_page),
	    TEST(weighs_a_conflict_in_the_middle_less),
	    TEST(counts_a_second_answer),
	    TEST(takes_a_next_answer_for_what_it_is),
	    TEST(weighs_products_and_short_patterns_less),
	    TEST(never_stands_on_a_hint),
	    TEST(takes_a_hint_beside_a_signature),
	    TEST(knows_a_box_by_its_packets),
	    TEST(leaves_an_ordinary_redirect_alone),
	    TEST(is_silenced_by_a_false_positive),
	    TEST(takes_a_refusal_for_the_servers_own),
	    TEST(says_nothing_of_ordinary_answers),
	    TEST(finds_redirects_in_pages),
	    TEST(doubts_a_redirect_to_a_private_address),
	    TEST(lets_a_frame_lead_to_a_private_address),
	    TEST(leaves_private_servers_alone),
	    TEST(names_a_portal),
	    TEST(lets_probes_pass),
	    TEST(names_the_block_host_that_was_asked),
	    TEST(never_takes_a_site_for_its_own_block),
	    TEST(suspects_a_box_of_the_own_network),
	    TEST(counts_repeats_of_one_flow),
	    TEST(survives_more_pages_than_it_keeps),
	    TEST(ends_with_a_page_still_open),
	    TEST(works_without_signatures),
	    TEST(a_pipelined_answer_has_the_name_of_its_request),
	};
	return cmocka_run_group_tests(http_blocking, NULL, NULL);
}
