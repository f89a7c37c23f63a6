/* The flow layer's part in a dissector's life, in small, and events as text. */
#include "tests/support/dissect.h"

#include "dissectors/command.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"
#include "dissectors/quic.h"
#include "dissectors/tls.h"
#include "dissectors/tunnel.h"
#include "tests/support/guard.h"

#include <stdio.h>
#include <stdlib.h>

enum { SHOW_MAX = 256 * 1024, HELD_MAX = SHOW_MAX };

struct side_buffer {
	uint8_t bytes[HELD_MAX];
	size_t len;
};

struct dissect {
	const struct dissector *dissector;
	struct flow *flow;
	struct bus bus;
	uint64_t shown[EV_COUNT];
	struct arena scratch;
	struct pool large;
	struct side_buffer side[2][2]; /* version, direction */
	struct guard guard;
	bool given_up[2];
	bool closed;
	uint64_t frames; /* datagrams so far */
	int64_t now_ns;
	FILE *out;
	char *text;
	size_t text_len;
	uint8_t body[2][HTTP_BODY_MAX];
	size_t body_len[2];
};

static void *checked(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void put_span(struct dissect *x, const char *name, struct span s)
{
	fprintf(x->out, " %s=", name);
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] > 0x20 && s.ptr[i] < 0x7f && s.ptr[i] != '\\')
			fputc(s.ptr[i], x->out);
		else
			fprintf(x->out, "\\x%02x", s.ptr[i]);
	}
}

static void put_head(struct dissect *x, const struct event *ev)
{
	x->shown[ev->type]++;
	fprintf(x->out, "%s %s", event_name(ev->type), ev->dir == DIR_UP ? "up" : "down");
	if (ev->version > 0)
		fprintf(x->out, " version=%u", ev->version);
}

static void show_dns(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct dns_message *m = event_dns_message(ev);
	put_head(x, ev);
	fprintf(x->out, " id=%04x %s op=%u rcode=%u aa=%d tc=%d rd=%d ra=%d ad=%d cd=%d counts=%u/%u/%u/%u", m->id,
	        m->response ? "response" : "query", m->opcode, m->rcode, m->aa, m->tc, m->rd, m->ra, m->ad, m->cd,
	        m->counts[0], m->counts[1], m->counts[2], m->counts[3]);
	put_span(x, "qname", m->qname);
	fprintf(x->out, " qtype=%u qclass=%u flaws=%x length=%u trailing=%u tcp=%d", m->qtype, m->qclass, m->flaws,
	        m->length, m->trailing, m->over_tcp);
	if (m->has_opt)
		fprintf(x->out, " opt=%u", m->udp_size);
	fputc('\n', x->out);
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->records[i];
		fprintf(x->out, "  RR section=%d type=%u class=%u ttl=%u", r->section, r->type, r->rrclass, r->ttl);
		put_span(x, "name", r->name);
		put_span(x, "rdata", r->rdata);
		put_span(x, "target", r->target);
		fputc('\n', x->out);
	}
}

static void show_headers(struct dissect *x, const struct http_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fputs("  HEADER", x->out);
		put_span(x, "name", headers[i].name);
		put_span(x, "value", headers[i].value);
		fputc('\n', x->out);
	}
}

static void show_request(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct http_request *r = event_http_request(ev);
	put_head(x, ev);
	fprintf(x->out, " index=%llu head_len=%u offset=%llu flaws=%x", (unsigned long long)r->index, r->head_len,
	        (unsigned long long)r->offset, r->flaws);
	put_span(x, "method", r->method);
	put_span(x, "target", r->target);
	put_span(x, "version", r->version);
	put_span(x, "host", r->host);
	fputc('\n', x->out);
	show_headers(x, r->headers, r->header_count);
}

static void show_response(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct http_response *r = event_http_response(ev);
	put_head(x, ev);
	fprintf(x->out, " index=%llu status=%u head_len=%u offset=%llu flaws=%x", (unsigned long long)r->index,
	        r->status, r->head_len, (unsigned long long)r->offset, r->flaws);
	put_span(x, "line", r->status_line);
	fputc('\n', x->out);
	show_headers(x, r->headers, r->header_count);
	x->body_len[ev->version] = 0;
}

static void show_body(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct http_body *b = event_http_body(ev);
	size_t *len = &x->body_len[ev->version];
	uint8_t *body = x->body[ev->version];
	if (b->offset != *len || b->piece.len > HTTP_BODY_MAX - *len) {
		fprintf(x->out, "BODY OUT OF ORDER\n");
		return;
	}
	if (b->piece.len > 0)
		memcpy(body + *len, b->piece.ptr, b->piece.len);
	*len += b->piece.len;
	if (!b->end)
		return;
	put_head(x, ev);
	fprintf(x->out, " index=%llu len=%zu complete=%d flaws=%x", (unsigned long long)b->index, *len, b->complete,
	        b->flaws);
	put_span(x, "body", span_of(body, *len));
	fputc('\n', x->out);
}

static void show_numbers(struct dissect *x, const char *name, const uint16_t *numbers, size_t count)
{
	fprintf(x->out, " %s=", name);
	for (size_t i = 0; i < count; i++)
		fprintf(x->out, "%s%04x", i ? "," : "", numbers[i]);
}

static void show_client_hello(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct tls_client_hello *h = event_tls_client_hello(ev);
	put_head(x, ev);
	fprintf(x->out, " offset=%llu record=%04x legacy=%04x partial=%d ech=%d esni=%d", (unsigned long long)h->offset,
	        h->record_version, h->legacy_version, h->partial, h->has_ech, h->has_esni);
	put_span(x, "sni", h->sni);
	for (size_t i = 0; i < h->alpn_count; i++)
		put_span(x, "alpn", h->alpn[i]);
	show_numbers(x, "versions", h->versions, h->version_count);
	show_numbers(x, "ciphers", h->ciphers, h->cipher_count);
	show_numbers(x, "extensions", h->extensions, h->extension_count);
	put_span(x, "session_id", h->session_id);
	put_span(x, "body", h->body);
	fputc('\n', x->out);
}

static void show_server_hello(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct tls_server_hello *h = event_tls_server_hello(ev);
	put_head(x, ev);
	fprintf(x->out, " offset=%llu legacy=%04x version=%04x cipher=%04x retry=%d", (unsigned long long)h->offset,
	        h->legacy_version, h->version, h->cipher, h->hello_retry);
	put_span(x, "alpn", h->alpn);
	fputc('\n', x->out);
}

static void show_certificate(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct tls_certificate *c = event_tls_certificate(ev);
	put_head(x, ev);
	fprintf(x->out, " chain=%zu leaf_len=%zu parsed=%d not_before=%lld not_after=%lld", c->chain_count, c->leaf.len,
	        c->parsed, (long long)c->not_before, (long long)c->not_after);
	put_span(x, "issuer", c->issuer);
	put_span(x, "subject", c->subject);
	put_span(x, "issuer_cn", c->issuer_cn);
	put_span(x, "subject_cn", c->subject_cn);
	for (size_t i = 0; i < c->name_count; i++)
		put_span(x, "name", c->names[i]);
	put_span(x, "sha256", span_of(c->leaf_sha256, sizeof(c->leaf_sha256)));
	put_span(x, "spki", span_of(c->spki_sha256, sizeof(c->spki_sha256)));
	fputc('\n', x->out);
}

static void show_alert(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct tls_alert *a = event_tls_alert(ev);
	put_head(x, ev);
	fprintf(x->out, " level=%u description=%u early=%d offset=%llu\n", a->level, a->description,
	        a->before_server_hello, (unsigned long long)a->offset);
}

static void show_tunnel(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct tunnel_message *m = event_tunnel_message(ev);
	put_head(x, ev);
	fprintf(x->out, " protocol=%d step=%d\n", m->protocol, m->step);
}

static void show_command(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct command *c = event_command(ev);
	put_head(x, ev);
	fprintf(x->out, " kind=%d word=%.*s\n", c->kind, (int)c->word.len, (const char *)c->word.ptr);
}

static void show_quic_initial(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct quic_initial *q = event_quic_initial(ev);
	const struct tls_client_hello *h = &q->hello;
	put_head(x, ev);
	fprintf(x->out, " version=%08x packets=%u length=%u retry=%d partial=%d", q->version, q->packets, q->hello_len,
	        q->after_retry, h->partial);
	put_span(x, "dcid", span_of(q->dcid.bytes, q->dcid.len));
	put_span(x, "sni", h->sni);
	show_numbers(x, "ciphers", h->ciphers, h->cipher_count);
	show_numbers(x, "extensions", h->extensions, h->extension_count);
	put_span(x, "body", h->body);
	fputc('\n', x->out);
}

static void show_quic_side(struct dissect *x, const char *name, const struct quic_side *s)
{
	fprintf(x->out, " %s=%u:%u,%u,%u,%u,%u,%u", name, s->datagrams, s->initial, s->zero_rtt, s->handshake,
	        s->one_rtt, s->other, s->one_rtt_first);
}

static void show_quic_flow(void *context, const struct event *ev)
{
	struct dissect *x = context;
	const struct quic_flow *f = event_quic_flow(ev);
	if (ev->version > 0)
		return; /* datagrams have one version only */
	put_head(x, ev);
	fprintf(x->out, " version=%08x hellos=%u verified=%d retry=%d negotiation=%d cut=%d limited=%d first=%u",
	        f->version, f->hellos, f->verified, f->retry, f->version_negotiation, f->cut, f->limited, f->first_len);
	show_quic_side(x, "up", &f->side[DIR_UP]);
	show_quic_side(x, "down", &f->side[DIR_DOWN]);
	fprintf(x->out, " rtt=%lld finished=%llu after=%u answered=%u repeated=%u unanswered=%u\n",
	        (long long)f->round_trip_ns, (unsigned long long)f->finished.number, f->after_finished, f->answered,
	        f->repeated, f->unanswered);
}

static void subscribe(struct dissect *x)
{
	bus_subscribe(&x->bus, EV_DNS_MESSAGE, show_dns, x);
	bus_subscribe(&x->bus, EV_HTTP_REQUEST, show_request, x);
	bus_subscribe(&x->bus, EV_HTTP_RESPONSE, show_response, x);
	bus_subscribe(&x->bus, EV_HTTP_BODY, show_body, x);
	bus_subscribe(&x->bus, EV_TLS_CLIENT_HELLO, show_client_hello, x);
	bus_subscribe(&x->bus, EV_TLS_SERVER_HELLO, show_server_hello, x);
	bus_subscribe(&x->bus, EV_TLS_CERTIFICATE, show_certificate, x);
	bus_subscribe(&x->bus, EV_TLS_ALERT, show_alert, x);
	bus_subscribe(&x->bus, EV_TUNNEL_MESSAGE, show_tunnel, x);
	bus_subscribe(&x->bus, EV_COMMAND, show_command, x);
	bus_subscribe(&x->bus, EV_QUIC_INITIAL, show_quic_initial, x);
	bus_subscribe(&x->bus, EV_QUIC_FLOW, show_quic_flow, x);
}

struct dissect *dissect_new(const struct dissector *dissector, uint16_t client_port, uint16_t server_port)
{
	struct dissect *x = checked(calloc(1, sizeof(*x)));
	x->dissector = dissector;
	x->flow = checked(calloc(1, sizeof(*x->flow)));
	x->flow->client_port = client_port;
	x->flow->server_port = server_port;
	x->flow->l4_proto = dissector->l4_proto;
	for (int version = 0; version < 2; version++)
		x->flow->app_state[version] = checked(calloc(1, dissector->flow_size + 1));
	arena_init(&x->scratch, 0);
	if (dissector->large_size > 0)
		pool_init(&x->large, dissector->large_size, dissector->large_cap);
	x->guard = guard_new(SHOW_MAX);
	x->out = checked(open_memstream(&x->text, &x->text_len));
	subscribe(x);
	return x;
}

void dissect_restart(struct dissect *x)
{
	x->flow->app = NULL;
	for (int version = 0; version < 2; version++) {
		memset(x->flow->app_state[version], 0, x->dissector->flow_size);
		x->given_up[version] = false;
		x->body_len[version] = x->side[version][DIR_UP].len = x->side[version][DIR_DOWN].len = 0;
	}
	x->closed = false;
	x->frames = 0;
	pool_free(&x->large);
	if (x->dissector->large_size > 0)
		pool_init(&x->large, x->dissector->large_size, x->dissector->large_cap);
	fclose(x->out);
	free(x->text);
	x->out = checked(open_memstream(&x->text, &x->text_len));
	memset(x->shown, 0, sizeof(x->shown));
}

void dissect_free(struct dissect *x)
{
	fclose(x->out);
	free(x->text);
	guard_free(&x->guard);
	pool_free(&x->large);
	arena_free(&x->scratch);
	for (int version = 0; version < 2; version++)
		free(x->flow->app_state[version]);
	free(x->flow);
	free(x);
}

static struct dissection dissection_of(struct dissect *x, enum dir dir, unsigned version)
{
	return (struct dissection){.flow = x->flow,
	                           .dir = dir,
	                           .state = x->dissector->flow_size ? x->flow->app_state[version] : NULL,
	                           .version = (uint8_t)version,
	                           .scratch = &x->scratch,
	                           .large = x->dissector->large_size ? &x->large : NULL,
	                           .bus = &x->bus};
}

static void close_version(struct dissect *x, unsigned version)
{
	struct dissection d = dissection_of(x, DIR_UP, version);
	if (x->dissector->close == NULL)
		return;
	for (int dir = 0; dir < 2; dir++) {
		struct side_buffer *side = &x->side[version][dir];
		d.held[dir] = span_of(side->bytes, side->len);
	}
	x->dissector->close(&d);
	arena_reset(&x->scratch);
}

static void give_up(struct dissect *x, unsigned version, const char *why)
{
	fprintf(x->out, "GIVEN UP %u %s\n", version, why);
	close_version(x, version);
	x->given_up[version] = true;
}

static void show(struct dissect *x, enum dir dir, unsigned version, bool fin)
{
	struct side_buffer *side = &x->side[version][dir];
	struct dissection d = dissection_of(x, dir, version);
	if (side->len == 0 && !fin)
		return;
	size_t used = x->dissector->stream(&d, guard_place(&x->guard, span_of(side->bytes, side->len)), fin);
	arena_reset(&x->scratch);
	if (used == DISSECT_GIVE_UP) {
		give_up(x, version, "");
		return;
	}
	if (used > side->len)
		abort();
	memmove(side->bytes, side->bytes + used, side->len - used);
	side->len -= used;
	if (side->len > DISSECT_HOLD_MAX)
		give_up(x, version, "too much held");
}

static void hold(struct dissect *x, enum dir dir, unsigned version, struct span bytes)
{
	struct side_buffer *side = &x->side[version][dir];
	if (bytes.len > HELD_MAX - side->len)
		abort();
	if (bytes.len > 0)
		memcpy(side->bytes + side->len, bytes.ptr, bytes.len);
	side->len += bytes.len;
}

/* False while nobody has claimed the flow. */
static bool claim(struct dissect *x, enum dir dir)
{
	struct side_buffer *side = &x->side[0][dir];
	if (x->flow->app != NULL)
		return true;
	if (side->len == 0)
		return false;
	enum probe probe = x->dissector->probe(x->flow, dir, guard_place(&x->guard, span_of(side->bytes, side->len)));
	if (probe != PROBE_YES) {
		if (probe == PROBE_NO)
			side->len = 0;
		return false;
	}
	x->flow->app = x->dissector;
	show(x, dir_other(dir), 0, false);
	return true;
}

void dissect_feed(struct dissect *x, enum dir dir, struct span bytes, bool fin)
{
	if (x->given_up[0])
		return;
	hold(x, dir, 0, bytes);
	if (claim(x, dir))
		show(x, dir, 0, fin);
}

void dissect_feed_rival(struct dissect *x, enum dir dir, struct span bytes, bool fin)
{
	if (x->given_up[1])
		return;
	hold(x, dir, 1, bytes);
	show(x, dir, 1, fin);
}

void dissect_gap(struct dissect *x, enum dir dir, uint64_t missing)
{
	struct side_buffer *side = &x->side[0][dir];
	if (x->given_up[0] || x->flow->app == NULL || x->dissector->gap == NULL)
		return;
	struct dissection d = dissection_of(x, dir, 0);
	d.held[dir] = guard_place(&x->guard, span_of(side->bytes, side->len));
	x->dissector->gap(&d, missing);
	arena_reset(&x->scratch);
	side->len = 0;
}

void dissect_datagram(struct dissect *x, enum dir dir, struct span bytes, size_t wire_len)
{
	struct frame frame = {.number = ++x->frames, .ts_ns = x->now_ns, .wire_len = (uint32_t)wire_len};
	struct packet pkt = {.frame = &frame,
	                     .clock_ns = x->now_ns,
	                     .payload_len = (uint32_t)wire_len,
	                     .payload = bytes};
	struct dissection d = dissection_of(x, dir, 0);
	d.pkt = &pkt;
	if (x->given_up[0])
		return;
	struct span shown = guard_place(&x->guard, bytes);
	if (x->flow->app == NULL && x->dissector->probe(x->flow, dir, shown) != PROBE_YES)
		return;
	x->flow->app = x->dissector;
	if (!x->dissector->datagram(&d, shown))
		give_up(x, 0, "");
	arena_reset(&x->scratch);
}

void dissect_wait(struct dissect *x, int64_t ns)
{
	x->now_ns += ns;
}

void dissect_close(struct dissect *x)
{
	if (x->closed)
		return;
	x->closed = true;
	for (unsigned version = 0; version < 2; version++) {
		if (x->flow->app != NULL && !x->given_up[version])
			close_version(x, version);
	}
}

const char *dissect_transcript(struct dissect *x)
{
	fflush(x->out);
	return x->text;
}

uint64_t dissect_count(const struct dissect *x, enum event_type type)
{
	return x->shown[type];
}

struct flow *dissect_flow(struct dissect *x)
{
	return x->flow;
}

size_t dissect_large_alive(const struct dissect *x)
{
	return x->large.alive;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* One step in pieces. */
static void play_step(struct dissect *x, const struct dissect_step *step, struct span bytes, size_t max_piece,
                      uint32_t *seed)
{
	bool fin = step->fin && bytes.len == step->bytes.len;
	do {
		size_t n = max_piece > 0 ? 1 + next_random(seed) % max_piece : bytes.len;
		struct span piece = span_first(bytes, n);
		bytes = span_after(bytes, n);
		dissect_feed(x, step->dir, piece, fin && bytes.len == 0);
	} while (bytes.len > 0);
}

const char *dissect_replay(struct dissect *x, const struct dissect_step *steps, size_t count, size_t max_piece,
                           uint32_t seed, size_t limit)
{
	dissect_restart(x);
	for (size_t i = 0; i < count; i++) {
		struct span bytes = span_first(steps[i].bytes, limit);
		limit -= bytes.len;
		play_step(x, &steps[i], bytes, max_piece, &seed);
		if (bytes.len < steps[i].bytes.len)
			break;
		if (steps[i].gap > 0)
			dissect_gap(x, steps[i].dir, steps[i].gap);
	}
	dissect_close(x);
	fprintf(x->out, "LARGE %zu\n", x->large.alive);
	return dissect_transcript(x);
}

char *dissect_play(const struct dissector *dissector, uint16_t server_port, const struct dissect_step *steps,
                   size_t count, size_t max_piece, uint32_t seed, size_t limit)
{
	struct dissect *x = dissect_new(dissector, 40000, server_port);
	char *copy = checked(strdup(dissect_replay(x, steps, count, max_piece, seed, limit)));
	dissect_free(x);
	return copy;
}
