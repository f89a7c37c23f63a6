/*
 * For the fuzz targets of stream dissectors: plays fuzzer bytes as a conversation, twice, in the segments given and with
 * neighbours joined, and aborts when the events differ or a contract of dissectors/dissector.h is broken.
 *
 * Input, repeated: flags 1 | length 2 | bytes.  Flags: 1 server speaks, 2 a gap follows, 4 FIN, 8 version 1 of the stream;
 * the upper four bits are the size of the gap.
 */
#pragma once

#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/dns.h"
#include "dissectors/http.h"
#include "dissectors/tls.h"

#include <stdlib.h>

enum { FEED_DOWN = 1, FEED_GAP = 2, FEED_FIN = 4, FEED_RIVAL = 8, FEED_INPUT_MAX = 256 * 1024 };

/* One play of the conversation. */
struct feed {
	const struct dissector *dissector;
	struct flow *flow;
	struct bus bus;
	struct arena scratch;
	struct pool large;
	uint8_t *held[2][2]; /* version, direction; allocated to size, so that a sanitizer sees one byte too many */
	size_t held_len[2][2];
	bool gone[2];
	uint64_t digest[2]; /* of the events, by version */
	int open_bodies[2];
};

static inline void feed_number(struct feed *f, const struct event *ev, uint64_t n)
{
	f->digest[ev->version] = (f->digest[ev->version] ^ n) * UINT64_C(0x100000001b3);
}

static inline void feed_span(struct feed *f, const struct event *ev, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		feed_number(f, ev, s.ptr[i]);
}

static inline void feed_dns(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct dns_message *m = event_dns_message(ev);
	feed_number(f, ev, m->length);
	feed_number(f, ev, m->flaws);
	feed_span(f, ev, m->qname);
	feed_span(f, ev, m->wire);
	for (size_t i = 0; i < m->record_count; i++) {
		feed_span(f, ev, m->records[i].name);
		feed_span(f, ev, m->records[i].rdata);
		feed_span(f, ev, m->records[i].target);
	}
}

static inline void feed_headers(struct feed *f, const struct event *ev, const struct http_header *headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		feed_span(f, ev, headers[i].name);
		feed_span(f, ev, headers[i].value);
	}
}

static inline void feed_request(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct http_request *r = event_http_request(ev);
	feed_number(f, ev, r->index);
	feed_number(f, ev, r->offset);
	feed_number(f, ev, r->head_len);
	feed_number(f, ev, r->flaws);
	feed_span(f, ev, r->method);
	feed_span(f, ev, r->target);
	feed_span(f, ev, r->host);
	feed_headers(f, ev, r->headers, r->header_count);
}

static inline void feed_response(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct http_response *r = event_http_response(ev);
	if (f->open_bodies[ev->version]++ != 0)
		abort();
	feed_number(f, ev, r->index);
	feed_number(f, ev, r->offset);
	feed_number(f, ev, r->head_len);
	feed_number(f, ev, r->flaws);
	feed_number(f, ev, r->status);
	feed_headers(f, ev, r->headers, r->header_count);
}

static inline void feed_body(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct http_body *b = event_http_body(ev);
	if (f->open_bodies[ev->version] != 1 || b->offset + b->piece.len > HTTP_BODY_MAX)
		abort();
	feed_span(f, ev, b->piece);
	if (!b->end)
		return;
	f->open_bodies[ev->version] = 0;
	feed_number(f, ev, b->index);
	feed_number(f, ev, b->offset);
	feed_number(f, ev, b->complete);
	feed_number(f, ev, b->flaws & ~(uint32_t)HTTP_CODING_LIMIT); /* zlib's read-ahead moves the ratio a little */
}

static inline void feed_client_hello(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct tls_client_hello *h = event_tls_client_hello(ev);
	feed_number(f, ev, h->offset);
	feed_number(f, ev, h->partial);
	feed_number(f, ev, h->extension_count);
	feed_span(f, ev, h->sni);
	feed_span(f, ev, h->session_id);
	feed_span(f, ev, h->body);
	for (size_t i = 0; i < h->alpn_count; i++)
		feed_span(f, ev, h->alpn[i]);
}

static inline void feed_server_hello(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct tls_server_hello *h = event_tls_server_hello(ev);
	feed_number(f, ev, h->offset);
	feed_number(f, ev, h->version);
	feed_span(f, ev, h->alpn);
}

static inline void feed_certificate(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct tls_certificate *c = event_tls_certificate(ev);
	feed_span(f, ev, c->leaf);
	feed_span(f, ev, c->issuer);
	feed_span(f, ev, c->subject);
	for (size_t i = 0; i < c->name_count; i++)
		feed_span(f, ev, c->names[i]);
}

static inline void feed_alert(void *context, const struct event *ev)
{
	struct feed *f = context;
	const struct tls_alert *a = event_tls_alert(ev);
	feed_number(f, ev, a->offset);
	feed_number(f, ev, a->description);
	feed_number(f, ev, a->before_server_hello);
}

static inline void feed_open(struct feed *f, const struct dissector *dissector, uint16_t port)
{
	*f = (struct feed){.dissector = dissector, .flow = calloc(1, sizeof(struct flow))};
	f->flow->server_port = port;
	for (int v = 0; v < 2; v++)
		f->flow->app_state[v] = calloc(1, dissector->flow_size);
	if (dissector->large_size)
		pool_init(&f->large, dissector->large_size, dissector->large_cap);
	bus_subscribe(&f->bus, EV_DNS_MESSAGE, feed_dns, f);
	bus_subscribe(&f->bus, EV_HTTP_REQUEST, feed_request, f);
	bus_subscribe(&f->bus, EV_HTTP_RESPONSE, feed_response, f);
	bus_subscribe(&f->bus, EV_HTTP_BODY, feed_body, f);
	bus_subscribe(&f->bus, EV_TLS_CLIENT_HELLO, feed_client_hello, f);
	bus_subscribe(&f->bus, EV_TLS_SERVER_HELLO, feed_server_hello, f);
	bus_subscribe(&f->bus, EV_TLS_CERTIFICATE, feed_certificate, f);
	bus_subscribe(&f->bus, EV_TLS_ALERT, feed_alert, f);
}

static inline struct dissection feed_call(struct feed *f, int version, enum dir dir)
{
	return (struct dissection){.flow = f->flow,
	                           .dir = dir,
	                           .state = f->flow->app_state[version],
	                           .version = (uint8_t)version,
	                           .scratch = &f->scratch,
	                           .large = f->dissector->large_size ? &f->large : NULL,
	                           .bus = &f->bus};
}

/* Keeps a copy of the bytes instead of what was held. */
static inline void feed_hold(struct feed *f, int version, enum dir dir, struct span old, struct span bytes)
{
	uint8_t *joined = malloc(old.len + bytes.len + 1);
	if (old.len)
		memcpy(joined + 1, old.ptr, old.len);
	if (bytes.len)
		memcpy(joined + 1 + old.len, bytes.ptr, bytes.len);
	free(f->held[version][dir]);
	f->held[version][dir] = joined;
	f->held_len[version][dir] = old.len + bytes.len;
}

static inline struct span feed_held(const struct feed *f, int version, enum dir dir)
{
	const uint8_t *held = f->held[version][dir];
	return held ? span_of(held + 1, f->held_len[version][dir]) : span_of(NULL, 0);
}

static inline void feed_close_version(struct feed *f, int version)
{
	struct dissection d = feed_call(f, version, DIR_UP);
	if (f->gone[version] || !f->flow->app)
		return;
	for (int dir = 0; dir < 2; dir++)
		d.held[dir] = feed_held(f, version, (enum dir)dir);
	if (f->dissector->close)
		f->dissector->close(&d);
	f->gone[version] = true;
	arena_reset(&f->scratch);
	if (f->open_bodies[version])
		abort();
}

static inline void feed_close(struct feed *f)
{
	feed_close_version(f, 1);
	feed_close_version(f, 0);
	if (f->large.alive)
		abort();
	for (int v = 0; v < 2; v++) {
		free(f->flow->app_state[v]);
		free(f->held[v][0]);
		free(f->held[v][1]);
	}
	pool_free(&f->large);
	arena_free(&f->scratch);
	free(f->flow);
}

static inline void feed_bytes(struct feed *f, int version, enum dir dir, struct span bytes, bool fin)
{
	if (f->gone[version])
		return;
	feed_hold(f, version, dir, feed_held(f, version, dir), bytes);
	struct dissection d = feed_call(f, version, dir);
	struct span shown = feed_held(f, version, dir);
	size_t used = f->dissector->stream(&d, shown, fin);
	arena_reset(&f->scratch);
	if (used == DISSECT_GIVE_UP || shown.len - used > DISSECT_HOLD_MAX) {
		feed_close_version(f, version);
		return;
	}
	if (used > shown.len || (fin && used < shown.len))
		abort();
	feed_hold(f, version, dir, span_after(shown, used), span_of(NULL, 0));
}

static inline void feed_gap(struct feed *f, enum dir dir, uint64_t missing)
{
	struct dissection d = feed_call(f, 0, dir);
	if (f->gone[0])
		return;
	d.held[dir] = feed_held(f, 0, dir);
	if (f->dissector->gap)
		f->dissector->gap(&d, missing);
	f->held_len[0][dir] = 0;
	arena_reset(&f->scratch);
}

/* Plays the input; joined: neighbours that differ in nothing are one segment. Returns the digest of both versions. */
static inline uint64_t feed_play(const struct dissector *dissector, uint16_t port, struct span input, bool joined,
                                 bool *gaps)
{
	struct feed f;
	struct cursor c = cursor_over(input);
	uint8_t *segment = malloc(input.len + 1);
	size_t len = 0;
	bool ended[2][2] = {{false}};

	feed_open(&f, dissector, port);
	f.flow->app = dissector; /* as if probed: strange starts are what this is for */
	while (cursor_left(&c) > 0) {
		uint8_t flags = cursor_u8(&c);
		uint16_t want = cursor_be16(&c);
		struct span bytes = cursor_take(&c, want < cursor_left(&c) ? want : cursor_left(&c));
		int version = flags & FEED_RIVAL ? 1 : 0;
		enum dir dir = flags & FEED_DOWN ? DIR_DOWN : DIR_UP;
		if (bytes.len)
			memcpy(segment + len, bytes.ptr, bytes.len);
		len += bytes.len;
		struct cursor look = c;
		bool plain = !(flags & (FEED_GAP | FEED_FIN)) && cursor_left(&c) > 0;
		if (joined && plain &&
		    (cursor_u8(&look) & (FEED_RIVAL | FEED_DOWN)) == (flags & (FEED_RIVAL | FEED_DOWN)))
			continue;
		if (!ended[version][dir] && (len > 0 || flags & FEED_FIN))
			feed_bytes(&f, version, dir, span_of(segment, len), flags & FEED_FIN);
		ended[version][dir] = ended[version][dir] || flags & FEED_FIN;
		len = 0;
		if (flags & FEED_GAP && version == 0 && !ended[version][dir]) {
			feed_gap(&f, dir, (uint64_t)1 << (flags >> 4));
			*gaps = true;
		}
	}
	feed_close(&f);
	free(segment);
	return f.digest[0] * 31 + f.digest[1];
}

/* Both plays, compared; gaps_differ: this dissector may read on behind a gap depending on the segments. */
static inline void feed_compare(const struct dissector *dissector, uint16_t port, struct span input, bool gaps_differ)
{
	bool gaps = false;
	if (input.len > FEED_INPUT_MAX)
		return;
	uint64_t apart = feed_play(dissector, port, input, false, &gaps);
	uint64_t joined = feed_play(dissector, port, input, true, &gaps);
	if (apart != joined && !(gaps && gaps_differ))
		abort();
}
