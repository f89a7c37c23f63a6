/*
 * TLS records and the plaintext part of the handshake (RFC 8446, section 5; RFC 5246, section 6.2). Handshake messages are
 * put together over segments and records; encrypted records are skipped by their length. Leaves the messages themselves to
 * tls_hello.c.
 *
 *   record:     type 1 | version 2 | length 2 | ...          handshake message:  type 1 | length 3 | ...
 *
 * What is encrypted shows by itself: application data is, and after ChangeCipherSpec everything is but a hello that fills
 * its record exactly (TLS 1.3 sends one in the clear after HelloRetryRequest); an alert of two bytes cannot be.
 */
#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/tls_hello.h"

enum {
	RECORD_CHANGE_CIPHER_SPEC = 20,
	RECORD_ALERT = 21,
	RECORD_HANDSHAKE = 22,
	RECORD_HEARTBEAT = 24,
	RECORD_HEADER = 5,
	RECORD_MAX = 16384 + 2048, /* RFC 5246, section 6.2.3 */
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	CERTIFICATE = 11,
	MESSAGE_HEADER = 4,
	MESSAGE_MAX = DISSECT_HOLD_MAX - MESSAGE_HEADER - RECORD_HEADER,
	ALERT_LEN = 2,
};

struct record {
	uint8_t type;
	uint16_t version, len;
};

/* How far an unfinished message that is held was gathered: each call goes on there, or many small records would cost
 * their square. */
struct gathered {
	uint32_t at, left, got; /* bytes from its start; of the record there; of its body */
};

struct tls_side {
	uint64_t pos;          /* of the next byte in the stream */
	uint64_t record_at;    /* of the record at hand */
	uint32_t left;         /* payload of the record at hand still to come */
	uint32_t message_left; /* of a handshake message that is of no interest */
	struct gathered gathered;
	uint32_t held; /* bytes left unconsumed by the last call */
	struct record record;
	bool skip_record;   /* the rest of the record at hand is of no interest */
	bool ciphered;      /* ChangeCipherSpec was sent */
	bool messages_lost; /* no message boundary is known */
	bool lost;          /* no record boundary is known */
	bool resync;        /* a record may begin at the next byte */
	bool client;        /* sent a ClientHello */
};

struct tls_state {
	struct tls_side side[2];
	bool server_hello;
};

/* One call's work. */
struct tls_feed {
	struct dissection *d;
	struct tls_state *state;
	struct tls_side *side;
	struct cursor c;
	uint64_t base; /* stream offset of the first byte of c */
	bool fin;
};

/* A message being gathered: handshake bytes from here on, across record headers, within the bytes that may be held. */
struct gathering {
	struct cursor c;
	uint32_t left;
	bool full;   /* as many bytes as may be held did not complete it */
	bool broken; /* a record of another kind stands inside it */
};

static struct record record_read(struct cursor *c)
{
	return (struct record){.type = cursor_u8(c), .version = cursor_be16(c), .len = cursor_be16(c)};
}

static bool record_plausible(const struct record *r)
{
	return r->type >= RECORD_CHANGE_CIPHER_SPEC && r->type <= RECORD_HEARTBEAT && r->version >= 0x0300 &&
	       r->version <= 0x0304 && r->len <= RECORD_MAX;
}

/* The next handshake bytes, at most `want`; empty when there are none. */
static struct span gather(struct gathering *g, size_t want)
{
	while (g->left == 0) {
		if (cursor_left(&g->c) < RECORD_HEADER)
			return span_of(NULL, 0);
		struct record r = record_read(&g->c);
		g->broken = !record_plausible(&r) || r.type != RECORD_HANDSHAKE || r.len == 0;
		if (g->broken)
			return span_of(NULL, 0);
		g->left = r.len;
	}
	size_t n = want < g->left ? want : g->left;
	n = n < cursor_left(&g->c) ? n : cursor_left(&g->c);
	g->left -= (uint32_t)n;
	return cursor_take(&g->c, n);
}

/* Up to len bytes into out, or counted only when out is NULL. */
static size_t gather_copy(struct gathering *g, uint8_t *out, size_t len)
{
	size_t got = 0;
	while (got < len) {
		struct span s = gather(g, len - got);
		if (s.len == 0)
			break;
		if (out != NULL)
			memcpy(out + got, s.ptr, s.len);
		got += s.len;
	}
	return got;
}

/* Counts the body on from where the last call stopped; g stands behind its first `got` bytes. Returns how much is there. */
static size_t gather_on(struct gathered *last, struct gathering *g, size_t got, size_t len)
{
	if (last->got > got && cursor_seek(&g->c, last->at)) {
		g->left = last->left;
		got = last->got;
	}
	got += gather_copy(g, NULL, len - got);
	*last = (struct gathered){.at = (uint32_t)cursor_offset(&g->c), .left = g->left, .got = (uint32_t)got};
	return got;
}

static struct gathering gathering_at(const struct tls_feed *f)
{
	struct cursor look = f->c;
	struct span rest = cursor_rest(&look);
	return (struct gathering){.c = cursor_over(span_first(rest, DISSECT_HOLD_MAX)),
	                          .left = f->side->left,
	                          .full = rest.len >= DISSECT_HOLD_MAX};
}

/* Moves the feed behind what was gathered. */
static void gathering_commit(struct tls_feed *f, const struct gathering *g)
{
	cursor_skip(&f->c, cursor_offset(&g->c));
	f->side->left = g->left;
}

static void client_hello_emit(struct tls_feed *f, struct span body, bool partial)
{
	struct tls_client_hello hello;
	if (!tls_client_hello_read(&hello, body, partial))
		return;
	hello.record_version = f->side->record.version;
	hello.offset = f->side->record_at;
	f->side->client = true;
	dissection_emit(f->d, EV_TLS_CLIENT_HELLO, &hello);
}

static void server_hello_emit(struct tls_feed *f, struct span body)
{
	struct tls_server_hello hello;
	if (!tls_server_hello_read(&hello, body))
		return;
	hello.offset = f->side->record_at;
	f->state->server_hello = true;
	dissection_emit(f->d, EV_TLS_SERVER_HELLO, &hello);
}

static void certificate_emit(struct tls_feed *f, struct span body)
{
	struct tls_certificate certificate;
	if (!bus_wanted(f->d->bus, EV_TLS_CERTIFICATE))
		return;
	if (tls_certificate_read(&certificate, body, f->d->scratch))
		dissection_emit(f->d, EV_TLS_CERTIFICATE, &certificate);
}

static void message_emit(struct tls_feed *f, uint8_t type, struct span body)
{
	if (type == CLIENT_HELLO)
		client_hello_emit(f, body, false);
	else if (type == SERVER_HELLO)
		server_hello_emit(f, body);
	else
		certificate_emit(f, body);
}

/* The certificates of clients are no business of ours. */
static bool message_wanted(const struct tls_feed *f, uint8_t type, uint32_t len)
{
	if (len > MESSAGE_MAX)
		return false;
	return type == CLIENT_HELLO || type == SERVER_HELLO || (type == CERTIFICATE && !f->side->client);
}

/* The message will not become whole: says what can be said, and leaves the handshake of this direction. */
static void message_cut(struct tls_feed *f, uint8_t type, struct gathering body, size_t len)
{
	f->side->messages_lost = true;
	uint8_t *copy = type == CLIENT_HELLO && len > 0 ? arena_alloc(f->d->scratch, len) : NULL;
	if (copy != NULL)
		client_hello_emit(f, span_of(copy, gather_copy(&body, copy, len)), true);
}

/* The body of a message of which the header was read. False: wait for more. */
static bool body_step(struct tls_feed *f, uint8_t type, uint32_t len, struct gathering g)
{
	struct gathering start = g;
	struct span body = gather(&g, len);
	if (body.len == len) {
		f->side->gathered = (struct gathered){0};
		gathering_commit(f, &g);
		message_emit(f, type, body);
		return true;
	}
	size_t got = gather_on(&f->side->gathered, &g, body.len, len);
	if (got < len && !f->fin && !g.broken && !g.full)
		return false;
	f->side->gathered = (struct gathered){0};
	if (got < len) {
		message_cut(f, type, start, got);
		return true;
	}
	uint8_t *copy = arena_alloc(f->d->scratch, len);
	if (copy != NULL)
		(void)gather_copy(&start, copy, len);
	gathering_commit(f, &g);
	if (copy != NULL)
		message_emit(f, type, span_of(copy, len));
	return true;
}

/* The handshake message that begins here, or a step through one of no interest. False: wait for more. */
static bool handshake_step(struct tls_feed *f)
{
	struct tls_side *side = f->side;
	if (side->message_left > 0) {
		size_t n = side->message_left < side->left ? side->message_left : side->left;
		n = cursor_take(&f->c, n < cursor_left(&f->c) ? n : cursor_left(&f->c)).len;
		side->message_left -= (uint32_t)n;
		side->left -= (uint32_t)n;
		return true;
	}
	struct gathering g = gathering_at(f);
	uint8_t header[MESSAGE_HEADER];
	if (gather_copy(&g, header, MESSAGE_HEADER) < MESSAGE_HEADER) {
		if (!f->fin && !g.broken && !g.full)
			return false;
		side->messages_lost = true;
		return true;
	}
	struct cursor c = cursor_over(span_of(header, MESSAGE_HEADER));
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_be24(&c);
	if (message_wanted(f, type, len))
		return body_step(f, type, len, g);
	gathering_commit(f, &g);
	side->message_left = len;
	return true;
}

/* At the start of a handshake record after ChangeCipherSpec: is it a hello in the clear? False: wait for more. */
static bool ciphered_step(struct tls_feed *f)
{
	struct cursor look = f->c;
	uint8_t type = cursor_u8(&look);
	uint32_t len = cursor_be24(&look);
	if (look.failed && !f->fin && f->side->left >= MESSAGE_HEADER)
		return false;
	bool hello = !look.failed && (type == CLIENT_HELLO || type == SERVER_HELLO);
	f->side->skip_record = !hello || len + MESSAGE_HEADER != f->side->record.len;
	return true;
}

/* False: wait for more. */
static bool alert_step(struct tls_feed *f)
{
	if (cursor_left(&f->c) < ALERT_LEN && !f->fin)
		return false;
	struct tls_alert alert = {.level = cursor_u8(&f->c),
	                          .description = cursor_u8(&f->c),
	                          .before_server_hello = !f->state->server_hello,
	                          .offset = f->side->record_at};
	f->side->left = 0;
	if (!f->c.failed && (alert.level == 1 || alert.level == 2))
		dissection_emit(f->d, EV_TLS_ALERT, &alert);
	return true;
}

/* A record header. False: wait for more. */
static bool record_step(struct tls_feed *f)
{
	struct tls_side *side = f->side;
	if (cursor_left(&f->c) < RECORD_HEADER && !f->fin)
		return false;
	uint64_t at = f->base + cursor_offset(&f->c);
	struct record r = record_read(&f->c);
	if (f->c.failed || !record_plausible(&r)) {
		side->lost = true;
		return true;
	}
	side->record = r;
	side->record_at = at;
	side->left = r.len;
	side->ciphered = side->ciphered || r.type == RECORD_CHANGE_CIPHER_SPEC;
	bool interesting =
	    (r.type == RECORD_HANDSHAKE && !side->messages_lost) || (r.type == RECORD_ALERT && r.len == ALERT_LEN);
	side->skip_record = !interesting;
	return true;
}

/* A record may begin here after a gap, and a message in it. False: wait for more. */
static bool resync_step(struct tls_feed *f)
{
	struct cursor look = f->c;
	if (cursor_left(&look) < RECORD_HEADER + MESSAGE_HEADER && !f->fin)
		return false;
	struct record r = record_read(&look);
	f->side->resync = false;
	f->side->lost = look.failed || !record_plausible(&r) || r.len == 0;
	uint8_t type = cursor_u8(&look);
	uint32_t len = cursor_be24(&look);
	bool message = type == CLIENT_HELLO || type == SERVER_HELLO || type == CERTIFICATE;
	f->side->messages_lost = look.failed || !message || len > MESSAGE_MAX;
	return true;
}

static void skip_step(struct tls_feed *f)
{
	struct tls_side *side = f->side;
	size_t n = side->left < cursor_left(&f->c) ? side->left : cursor_left(&f->c);
	cursor_skip(&f->c, n);
	side->left -= (uint32_t)n;
}

/* Goes on by one part; false when more bytes are needed. */
static bool feed_step(struct tls_feed *f)
{
	struct tls_side *side = f->side;
	if (side->resync)
		return resync_step(f);
	if (side->lost) {
		cursor_skip(&f->c, cursor_left(&f->c));
		return true;
	}
	if (side->left == 0)
		return record_step(f);
	if (side->skip_record || (side->messages_lost && side->record.type == RECORD_HANDSHAKE)) {
		skip_step(f);
		return true;
	}
	if (side->record.type == RECORD_ALERT)
		return alert_step(f);
	bool record_start = side->left == side->record.len && side->message_left == 0;
	if (side->ciphered && record_start && !ciphered_step(f))
		return false;
	return side->skip_record || handshake_step(f);
}

static size_t tls_feed_bytes(struct dissection *d, struct span data, bool fin)
{
	struct tls_state *state = d->state;
	struct tls_side *side = &state->side[d->dir];
	struct tls_feed f = {
	    .d = d, .state = state, .side = side, .c = cursor_over(data), .base = side->pos, .fin = fin};

	side->held = (uint32_t)data.len;
	while (cursor_left(&f.c) > 0 && feed_step(&f))
		;
	size_t used = fin ? data.len : cursor_offset(&f.c);
	side->held = (uint32_t)(data.len - used);
	side->pos += used;
	return used;
}

static size_t tls_stream(struct dissection *d, struct span data, bool fin)
{
	const struct tls_state *state = d->state;
	size_t used = tls_feed_bytes(d, data, fin);
	/* The other version of a contradiction is worth following only from a record on. */
	return d->version > 0 && state->side[d->dir].lost ? DISSECT_GIVE_UP : used;
}

static void tls_gap(struct dissection *d, uint64_t missing)
{
	struct tls_state *state = d->state;
	struct tls_side *side = &state->side[d->dir];
	uint64_t at = side->pos + side->held;
	bool read = d->held[d->dir].len == side->held;

	/* A last look at what was held; behind it `left` says how much of its record is still to come. */
	(void)tls_feed_bytes(d, d->held[d->dir], true);
	side->pos = at + missing;
	side->held = 0;
	bool inside = read && !side->lost && missing <= side->left;
	bool encrypted = side->skip_record && side->record.type != RECORD_HANDSHAKE;
	side->messages_lost = side->messages_lost || !encrypted;
	side->message_left = 0;
	side->gathered = (struct gathered){0};
	side->resync = !inside;
	side->left = inside ? side->left - (uint32_t)missing : 0;
	side->skip_record = true;
}

static void tls_close(struct dissection *d)
{
	for (int dir = DIR_UP; dir <= DIR_DOWN; dir++) {
		d->dir = (enum dir)dir;
		if (d->held[dir].len > 0)
			(void)tls_feed_bytes(d, d->held[dir], true);
	}
}

/* A hello that begins a record, or a lone alert. */
static enum probe tls_probe(const struct flow *f, enum dir dir, struct span head)
{
	struct cursor c = cursor_over(head);
	(void)f;
	(void)dir;
	uint8_t type = cursor_u8(&c);
	uint8_t major = cursor_u8(&c), minor = cursor_u8(&c);
	if ((type != RECORD_HANDSHAKE && type != RECORD_ALERT) || (head.len >= 2 && major != 3) || minor > 4)
		return PROBE_NO;
	uint16_t len = cursor_be16(&c);
	bool alert = type == RECORD_ALERT;
	if (!c.failed && (alert ? len != ALERT_LEN : len == 0 || len > RECORD_MAX))
		return PROBE_NO;
	uint8_t first = cursor_u8(&c);
	if (c.failed)
		return PROBE_MAYBE;
	return first == 1 || first == 2 ? PROBE_YES : PROBE_NO;
}

const struct dissector dissector_tls = {
    .name = "tls",
    .l4_proto = IPPROTO_TCP,
    .flow_size = sizeof(struct tls_state),
    .probe = tls_probe,
    .stream = tls_stream,
    .gap = tls_gap,
    .close = tls_close,
};
