/*
 * QUIC over UDP (RFC 8999, 9000, 9001, 9369): tells each ClientHello that Initial packets carry, and at the end what the flow
 * showed from outside. The keys of Initial packets follow from the client's first connection id, or the one that a Retry gave
 * it; a packet that neither opens begins a connection of its own. Leaves headers and decryption to quic_packet.c, frames to
 * quic_crypto.c, the hello to tls_hello.c; what the server says is not decrypted.
 */
#include "dissectors/quic.h"

#include "dissectors/dissector.h"
#include "dissectors/quic_crypto.h"
#include "dissectors/quic_keys.h"
#include "dissectors/quic_packet.h"
#include "dissectors/tls_hello.h"

enum {
	DCID_MIN = 8,          /* of a client's first packet (RFC 9000, section 7.2) */
	COALESCED_MAX = 8,     /* packets of a datagram that are looked at: four kinds exist, twice */
	OPENED_MAX = 32,       /* packets of a flow that are decrypted: a hello of QUIC_CRYPTO_MAX needs 8 */
	STALLED_LEAST = 3,     /* datagrams that nothing answers */
	REASSEMBLED_MAX = 128, /* hellos over several packets at once, a shard */
};

/* A 0.5-RTT packet that the server sent together with its handshake may come so late. */
#define STRAGGLER_NS (INT64_C(10) * 1000000)
#define FLIGHT_NS    (INT64_C(50) * 1000000)

struct quic_state {
	struct quic_flow flow;
	struct quic_crypto *crypto; /* a hello that the packets so far left incomplete */
	struct quic_cid keyed;      /* the keys of the connection at hand are made of it */
	struct quic_cid server;     /* that the server chose last */
	uint8_t opened;
	bool has_keys;
	bool told; /* the hello of the connection at hand */
	bool after_retry;
};

static struct quic_cid cid_of(struct span s)
{
	struct quic_cid cid = {.len = (uint8_t)(s.len < QUIC_CID_MAX ? s.len : QUIC_CID_MAX)};
	if (cid.len)
		memcpy(cid.bytes, s.ptr, cid.len);
	return cid;
}

static struct span cid_span(const struct quic_cid *cid)
{
	return span_of(cid->bytes, cid->len);
}

static void crypto_release(struct dissection *d, struct quic_state *s)
{
	if (s->crypto)
		pool_put(d->large, s->crypto);
	s->crypto = NULL;
}

/* Tells the hello, or as much of it as stands at the start. */
static void hello_tell(struct dissection *d, struct quic_state *s, uint32_t version, const struct quic_crypto *crypto)
{
	struct quic_initial initial = {.version = version,
	                               .dcid = s->keyed,
	                               .packets = crypto->pieces,
	                               .after_retry = s->after_retry};
	struct span body;
	s->told = true;
	if (!quic_crypto_hello(crypto, &body, &initial.hello_len) ||
	    !tls_client_hello_read(&initial.hello, body, body.len < initial.hello_len))
		return;
	s->flow.hellos += body.len == initial.hello_len;
	s->flow.has_ech = initial.hello.has_ech;
	struct dissection up = *d;
	up.dir = DIR_UP;
	dissection_emit(&up, EV_QUIC_INITIAL, &initial);
}

/* Nothing more will come of it. */
static void hello_abandon(struct dissection *d, struct quic_state *s)
{
	if (s->crypto && !s->told)
		hello_tell(d, s, s->flow.version, s->crypto);
	crypto_release(d, s);
}

static bool hello_complete(const struct quic_crypto *crypto)
{
	struct span body;
	uint32_t len;
	if (!quic_crypto_hello(crypto, &body, &len))
		return crypto->whole >= 4; /* no hello: nothing to wait for */
	return body.len == len || crypto->whole == QUIC_CRYPTO_MAX;
}

static void frames_add(struct dissection *d, struct quic_state *s, uint32_t version, struct span frames)
{
	struct quic_crypto *crypto = s->crypto ? s->crypto : arena_alloc(d->scratch, sizeof(*crypto));
	if (!crypto) {
		s->flow.limited = true;
		return;
	}
	struct quic_frames said = quic_crypto_add(crypto, frames);
	if (hello_complete(crypto)) {
		hello_tell(d, s, version, crypto);
		crypto_release(d, s);
	} else if (said.fresh && !s->crypto) {
		s->crypto = d->large ? pool_take(d->large) : NULL;
		s->flow.limited |= !s->crypto;
		if (s->crypto)
			*s->crypto = *crypto;
	}
}

/* Another connection, or this one behind a Retry: keys from the id that the packet itself names. */
static void connection_start(struct dissection *d, struct quic_state *s, const struct quic_cid *own)
{
	bool goes_on = s->has_keys && span_equal(cid_span(own), cid_span(&s->server));
	if (!goes_on) {
		hello_abandon(d, s);
		s->told = false;
	}
	s->after_retry = goes_on;
	s->keyed = *own;
	s->has_keys = true;
}

static void initial_read(struct dissection *d, struct quic_state *s, const struct quic_packet *p)
{
	struct quic_cid own = cid_of(p->dcid);
	struct span frames;
	bool known = s->has_keys && span_equal(p->dcid, cid_span(&s->keyed));
	if (s->told && (known || span_equal(p->dcid, cid_span(&s->server))))
		return;
	if (s->opened == OPENED_MAX) {
		s->flow.limited = true;
		return;
	}
	s->opened++;
	bool opens = s->has_keys && quic_initial_open(p, cid_span(&s->keyed), true, d->scratch, &frames);
	if (!opens && !known && quic_initial_open(p, p->dcid, true, d->scratch, &frames)) {
		connection_start(d, s, &own);
		opens = true;
	}
	if (!opens)
		return;
	s->flow.verified = true;
	if (!s->told)
		frames_add(d, s, p->version, frames);
}

/* The client begins anew in another version, if it can: with a hello of its own, and perhaps with the same id. */
static void version_negotiated(struct dissection *d, struct quic_state *s)
{
	s->flow.version_negotiation = true;
	if (s->told)
		return;
	crypto_release(d, s);
	s->has_keys = false;
}

static void packet_see(struct dissection *d, struct quic_state *s, const struct quic_packet *p)
{
	struct quic_flow *f = &s->flow;
	bool long_header = p->kind != QUIC_PACKET_SHORT;
	f->cut |= p->cut;
	if (!f->version && d->dir == DIR_UP && long_header)
		f->version = p->version;
	if (d->dir == DIR_DOWN) {
		f->retry |= p->kind == QUIC_PACKET_RETRY;
		if (p->kind == QUIC_PACKET_VERSION_NEGOTIATION)
			version_negotiated(d, s);
		if (long_header && p->kind <= QUIC_PACKET_RETRY)
			s->server = cid_of(p->scid);
	} else if (p->kind == QUIC_PACKET_INITIAL) {
		if (!f->first_len) {
			f->dcid = cid_of(p->dcid);
			f->first_len = d->pkt->payload_len;
		}
		initial_read(d, s, p);
	}
}

static void side_count(struct quic_side *side, unsigned kinds, bool short_first, const struct packet *p)
{
	if (side->datagrams++ == 0) {
		side->first = frame_ref_of(p);
		side->first_ns = p->clock_ns;
	}
	side->last = frame_ref_of(p);
	side->last_ns = p->clock_ns;
	side->initial += kinds >> QUIC_PACKET_INITIAL & 1;
	side->zero_rtt += kinds >> QUIC_PACKET_ZERO_RTT & 1;
	side->handshake += kinds >> QUIC_PACKET_HANDSHAKE & 1;
	side->one_rtt += kinds >> QUIC_PACKET_SHORT & 1;
	side->one_rtt_first += short_first;
	side->other += (kinds & ~(1U << QUIC_PACKET_INITIAL | 1U << QUIC_PACKET_ZERO_RTT | 1U << QUIC_PACKET_HANDSHAKE |
	                          1U << QUIC_PACKET_SHORT)) != 0;
}

static void client_follow(struct quic_flow *f, unsigned kinds, const struct packet *p)
{
	if (!f->finished.number && f->side[DIR_DOWN].datagrams && kinds >> QUIC_PACKET_HANDSHAKE & 1) {
		f->finished = frame_ref_of(p);
		f->finished_ns = p->clock_ns;
		f->unanswered = 0;
	} else if (f->finished.number) {
		f->after_finished++;
	}
	if (f->unanswered == 0) {
		f->unanswered_first_ns = p->clock_ns;
		f->unanswered_flights = 1;
	} else if (p->clock_ns - f->unanswered_last_ns >= FLIGHT_NS) {
		f->unanswered_flights++;
	}
	if (f->unanswered < QUIC_UNANSWERED_MAX)
		f->unanswered_frames[f->unanswered] = frame_ref_of(p);
	f->unanswered++;
	f->unanswered_last_ns = p->clock_ns;
}

static void server_follow(struct quic_flow *f, bool short_first, const struct packet *p)
{
	const struct quic_side *client = &f->side[DIR_UP];
	if (f->side[DIR_DOWN].datagrams == 1 && client->datagrams)
		f->round_trip_ns = p->clock_ns - client->first_ns;
	if (!f->finished.number) {
		f->unanswered = 0;
		return;
	}
	int64_t early_ns = f->round_trip_ns / 2 < STRAGGLER_NS ? f->round_trip_ns / 2 : STRAGGLER_NS;
	if (p->clock_ns - f->finished_ns < early_ns)
		return;
	if (short_first) {
		f->answered++;
		f->unanswered = 0;
	} else {
		f->repeated++;
	}
}

static bool quic_datagram(struct dissection *d, struct span payload)
{
	struct quic_state *s = d->state;
	struct cursor c = cursor_over(payload);
	struct quic_packet p;
	unsigned kinds = 0;
	bool short_first = false;
	for (int i = 0; i < COALESCED_MAX && quic_packet_read(&p, &c); i++) {
		if (i > 0 && p.kind == QUIC_PACKET_SHORT && !p.fixed)
			break; /* padding behind the last packet */
		short_first |= i == 0 && p.kind == QUIC_PACKET_SHORT;
		kinds |= 1U << p.kind;
		packet_see(d, s, &p);
	}
	side_count(&s->flow.side[d->dir], kinds, short_first, d->pkt);
	if (d->dir == DIR_UP)
		client_follow(&s->flow, kinds, d->pkt);
	else
		server_follow(&s->flow, short_first, d->pkt);
	return true;
}

static void quic_close(struct dissection *d)
{
	struct quic_state *s = d->state;
	hello_abandon(d, s);
	if (s->flow.verified && s->flow.side[DIR_DOWN].datagrams && !quic_flow_established(&s->flow))
		d->flow->flags |=
		    s->flow.unanswered >= STALLED_LEAST ? FLOW_UNFINISHED | FLOW_STALLED : FLOW_UNFINISHED;
	struct dissection up = *d;
	up.dir = DIR_UP;
	dissection_emit(&up, EV_QUIC_FLOW, &s->flow);
}

/* A client's Initial of a version that can be read, its lengths in order. */
static enum probe quic_probe(const struct flow *f, enum dir dir, struct span head)
{
	struct cursor c = cursor_over(head);
	struct quic_packet p;
	(void)f;
	if (!quic_packet_read(&p, &c) || p.kind != QUIC_PACKET_INITIAL || !p.fixed)
		return PROBE_NO;
	return dir == DIR_DOWN || p.dcid.len >= DCID_MIN ? PROBE_YES : PROBE_NO;
}

const struct dissector dissector_quic = {
    .name = "quic",
    .l4_proto = IPPROTO_UDP,
    .flow_size = sizeof(struct quic_state),
    .large_size = sizeof(struct quic_crypto),
    .large_cap = REASSEMBLED_MAX,
    .probe = quic_probe,
    .datagram = quic_datagram,
    .close = quic_close,
};
