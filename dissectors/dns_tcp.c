/*
 * DNS over TCP: messages behind a two-byte length (RFC 1035, section 4.2.2; RFC 7766), several a segment or split over
 * segments. A gap costs the messages it touches; where the next one starts is known as long as the gap ends within one.
 *
 *   +--------+--------+----------------------+--------+--
 *   | length (2)      | message              | length ..
 *   +--------+--------+----------------------+--------+--
 */
#include "analyzer/base/cursor.h"
#include "dissectors/dissector.h"
#include "dissectors/dns_message.h"

enum {
	FRAME_LEN = 2,
	PROBE_QUERY_MAX = 512, /* a longer first message on a port of another protocol is not waited for */
};

struct dns_tcp_side {
	uint32_t skip;    /* bytes of a damaged message still to come */
	uint32_t missing; /* of the message that is held, after the last call; 0: its length is not known */
	bool lost;        /* no message boundary is known */
};

struct dns_tcp_state {
	struct dns_tcp_side side[2];
	bool given_up; /* what close() is shown was read before, or is not DNS */
};

static void message_emit(struct dissection *d, struct span wire, size_t wire_len)
{
	struct dns_message m;
	if (!dns_message_read(&m, wire, wire_len, d->scratch))
		return;
	m.over_tcp = true;
	dissection_emit(d, EV_DNS_MESSAGE, &m);
}

/* False: what is there so far does not look like a framed message. */
static bool frame_plausible(struct cursor c)
{
	uint16_t len = cursor_be16(&c);
	if (c.failed)
		return true;
	if (len < DNS_HEADER_LEN)
		return false;
	struct span head = span_first(cursor_rest(&c), len);
	return head.len < DNS_HEADER_LEN || dns_message_plausible(head, len);
}

/* One message from the front; false when it is not all there. */
static bool frame_read(struct dissection *d, struct dns_tcp_side *side, struct cursor *c)
{
	struct cursor look = *c;
	uint16_t len = cursor_be16(&look);
	if (look.failed)
		return false;
	struct span wire = cursor_take(&look, len);
	if (look.failed) {
		side->missing = (uint32_t)(len + FRAME_LEN - cursor_left(c));
		return false;
	}
	*c = look;
	message_emit(d, wire, len);
	return true;
}

/* The part of an unfinished message that is there. */
static void frame_cut(struct dissection *d, struct span data)
{
	struct cursor c = cursor_over(data);
	uint16_t len = cursor_be16(&c);
	if (!c.failed && len >= DNS_HEADER_LEN)
		message_emit(d, span_first(cursor_rest(&c), len), len);
}

static size_t dns_stream(struct dissection *d, struct span data, bool fin)
{
	struct dns_tcp_state *state = d->state;
	struct dns_tcp_side *side = &state->side[d->dir];
	struct cursor c = cursor_over(data);

	size_t skipped = side->skip < data.len ? side->skip : data.len;
	cursor_skip(&c, skipped);
	side->skip -= (uint32_t)skipped;
	side->missing = 0;
	if (side->lost && !fin && cursor_left(&c) < FRAME_LEN + DNS_HEADER_LEN)
		return skipped;
	if (side->lost && !frame_plausible(c))
		return data.len;
	side->lost = false;

	while (cursor_left(&c) > 0) {
		if (!frame_plausible(c)) {
			state->given_up = true;
			return DISSECT_GIVE_UP;
		}
		if (!frame_read(d, side, &c))
			break;
	}
	if (!fin)
		return cursor_offset(&c);
	frame_cut(d, cursor_rest(&c));
	return data.len;
}

static void dns_gap(struct dissection *d, uint64_t missing)
{
	struct dns_tcp_state *state = d->state;
	struct dns_tcp_side *side = &state->side[d->dir];

	frame_cut(d, d->held[d->dir]);
	uint64_t open = side->skip > 0 ? side->skip : side->missing;
	side->missing = 0;
	side->skip = missing < open ? (uint32_t)(open - missing) : 0;
	side->lost = missing > open;
}

static void dns_close(struct dissection *d)
{
	const struct dns_tcp_state *state = d->state;
	for (int dir = DIR_UP; dir <= DIR_DOWN && !state->given_up; dir++) {
		d->dir = (enum dir)dir;
		frame_cut(d, d->held[dir]);
	}
}

static enum probe dns_probe(const struct flow *f, enum dir dir, struct span head)
{
	struct cursor c = cursor_over(head);
	bool expected = dns_port(f->client_port, f->server_port);
	uint16_t len = cursor_be16(&c);

	if (!frame_plausible(cursor_over(head)) || dns_port_netbios(f->client_port, f->server_port))
		return PROBE_NO;
	if (expected)
		return head.len < FRAME_LEN + DNS_HEADER_LEN ? PROBE_MAYBE : PROBE_YES;
	if (head.len < FRAME_LEN)
		return PROBE_MAYBE;
	if (cursor_left(&c) < len)
		return len <= PROBE_QUERY_MAX ? PROBE_MAYBE : PROBE_NO;
	bool response;
	if (!dns_message_certain(cursor_take(&c, len), &response))
		return PROBE_NO;
	return dir == DIR_UP && !response ? PROBE_YES : PROBE_MAYBE;
}

const struct dissector dissector_dns_tcp = {
    .name = "dns",
    .l4_proto = IPPROTO_TCP,
    .flow_size = sizeof(struct dns_tcp_state),
    .probe = dns_probe,
    .stream = dns_stream,
    .gap = dns_gap,
    .close = dns_close,
};
