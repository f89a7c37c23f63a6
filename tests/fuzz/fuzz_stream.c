/*
 * Tracker and streams on any sequence of segments of one connection. Each segment is four bytes of orders and, in half of
 * them, payload taken from the input; the other half says what a fixed text has there, so that both equal and different
 * repeats come often.
 */
#include <stdlib.h>

#include "analyzer/base/cursor.h"
#include "analyzer/net/track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
	uint64_t bytes, fed; /* handed on of version 0; captured payload of this direction so far */
	uint64_t missing, second;
	bool finished;
};

struct ear {
	struct heard heard[2];
};

static void hear_bytes(void *context, struct flow *f, enum dir d, uint8_t version, bool restart, struct span bytes,
                       bool fin, const struct packet *p)
{
	struct heard *h = &((struct ear *)context)->heard[d];
	uint64_t sum = 0;
	for (size_t i = 0; i < bytes.len; i++)
		sum += bytes.ptr[i];
	if (!f || !p || sum > 255 * bytes.len || (version == 0 && (h->finished || restart)))
		abort();
	if (version == 0) {
		h->bytes += bytes.len;
		h->finished = fin;
	} else {
		h->second = (restart ? 0 : h->second) + bytes.len;
	}
	if (h->bytes > h->fed || h->second > STREAM_SECOND_BYTES)
		abort();
}

static void hear_gap(void *context, struct flow *f, enum dir d, const struct stream_gap *gap, const struct packet *p)
{
	struct heard *h = &((struct ear *)context)->heard[d];
	h->missing += gap->missing;
	if (!f || !p || gap->missing == 0 || gap->missing > INT32_MAX || h->finished)
		abort();
}

static void hear_conflict(void *context, struct flow *f, enum dir d, const struct stream_conflict *c,
                          const struct packet *p)
{
	(void)context, (void)d;
	if (!f || !p || c->winner_bytes.len != c->loser_bytes.len || c->diff_offset >= c->winner_bytes.len ||
	    c->winner_bytes.ptr[c->diff_offset] == c->loser_bytes.ptr[c->diff_offset] ||
	    memcmp(c->winner_bytes.ptr, c->loser_bytes.ptr, c->diff_offset) != 0)
		abort();
	/* The overlap lies within both, and the rivals' payload is where they say it is. */
	int32_t in_loser = seq_diff(c->seq, c->loser.seq), in_winner = seq_diff(c->seq, c->winner.seq);
	if (in_loser < 0 || in_winner < 0 || (uint32_t)in_loser + c->loser_bytes.len > c->loser.len ||
	    (uint32_t)in_winner + c->winner_bytes.len > c->winner.len ||
	    c->loser.payload.ptr + in_loser != c->loser_bytes.ptr)
		abort();
}

static void hear_synack(void *context, struct flow *f, const struct tcp_synack *s, const struct packet *p)
{
	(void)context;
	if (!f || !p || s->sample.frame.number != p->frame->number)
		abort();
}

enum { TEXT_MAX = 2048, LENGTHS = 8 };

struct player {
	struct tracker tracker;
	struct flow *flow;
	struct ear *ear;
	uint32_t isn[2];
	struct frame frame;
	int64_t now_ns;
	uint8_t text[TEXT_MAX];
};

static struct packet packet_next(struct player *x, struct cursor *c, enum dir *d)
{
	static const uint32_t lengths[LENGTHS] = {0, 1, 1, 7, 40, 200, 1460, 2000};
	uint8_t order = cursor_u8(c), kind = cursor_u8(c);
	uint32_t at = cursor_be16(c), len = lengths[kind & 7];
	*d = order & 1 ? DIR_DOWN : DIR_UP;
	uint32_t flags = order & 2 ? (order & 4 ? TCP_SYN : TCP_FIN) : order & 4 ? TCP_RST : 0;
	uint32_t offset = (order & 0x60) == 0x60 ? at << 16 : at & 0x7ff;
	x->now_ns += order & 8 ? 100000 : -200000;
	x->frame.number++;
	x->frame.ts_ns = (order & 0x90) == 0x90 ? FRAME_NO_TIME : x->now_ns;
	struct packet p = {
	    .frame = &x->frame,
	    .clock_ns = x->now_ns,
	    .src = *d == DIR_UP ? x->flow->client : x->flow->server,
	    .dst = *d == DIR_UP ? x->flow->server : x->flow->client,
	    .l4_proto = IPPROTO_TCP,
	    .has_l4 = true,
	    .ttl = 64,
	    .ip_id = order,
	    .tcp_flags = (uint16_t)(flags | (kind & 0x80 ? 0 : TCP_ACK)),
	    .tcp_window = kind & 0x40 ? 0 : 0xffff,
	    .tcp_seq = x->isn[*d] + 1 + offset,
	    .tcp_ack = x->isn[dir_other(*d)] + 1 + (at >> (kind & 0x20 ? 0 : 5)),
	    .payload_len = len,
	    .payload = kind & 8 ? span_first(cursor_rest(c), len) : span_of(NULL, 0),
	};
	if (kind & 8)
		cursor_seek(c, cursor_offset(c) < 1 ? 0 : (size_t)(p.payload.ptr + p.payload.len - c->base));
	else if (offset < TEXT_MAX)
		p.payload = span_first(span_of(x->text + offset, TEXT_MAX - offset), len);
	if (kind & 0x10)
		p.payload.len /= 2;
	if (p.payload.len < len)
		p.anomalies = PKT_SNAPPED;
	return p;
}

static void play(struct player *x, struct span input)
{
	struct cursor c = cursor_over(input);
	x->isn[DIR_UP] = cursor_u8(&c) & 1 ? 0xfffffe00 : 5000;
	x->isn[DIR_DOWN] = 0U - cursor_u8(&c);
	while (cursor_left(&c) > 0) {
		enum dir d;
		struct packet p = packet_next(x, &c, &d);
		x->ear->heard[d].fed += p.tcp_flags & TCP_RST ? 0 : p.payload.len;
		track_packet(&x->tracker, x->flow, d, &p, false);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ear ear = {0};
	struct stream_observer hear = {&ear, hear_bytes, hear_gap, hear_conflict};
	struct track_observer synacks = {&ear, hear_synack, NULL};
	/* Little room in every other input. */
	size_t budget = size % 2 ? 8 << 20 : 8 << 10;
	struct stream_pools *pools = stream_pools_new(1, budget, budget, &hear);
	struct flow *flow = calloc(1, sizeof *flow);
	struct tcp_flow *tcp = calloc(1, sizeof *tcp);
	if (!pools || !flow || !tcp)
		abort();
	*flow = (struct flow){.id = 1, .l4_proto = IPPROTO_TCP, .tcp = tcp, .client.version = 4, .server.version = 4};
	tcp->timed[DIR_UP].sent_ns = tcp->timed[DIR_DOWN].sent_ns = FRAME_NO_TIME;
	struct player x = {.flow = flow, .ear = &ear, .now_ns = INT64_C(1600000000000000000)};
	tracker_init(&x.tracker, pools, 1, &synacks);
	for (unsigned i = 0; i < TEXT_MAX; i++)
		x.text[i] = (uint8_t)(i * 7 + i / 256);
	play(&x, span_of(data, size));
	stream_close(pools, flow);
	track_close(&x.tracker, flow);
	if (stream_pools_alive(pools) != 0 || x.tracker.resets.alive != 0)
		abort();
	stream_pools_free(pools);
	tracker_free(&x.tracker);
	free(flow);
	free(tcp);
	return 0;
}
