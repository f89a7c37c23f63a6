/* Packets into tracker and streams; observers that write down. */
#include "tests/support/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void on_bytes(void *context, struct flow *f, enum dir d, uint8_t version, bool restart, struct span data,
                     bool fin, const struct packet *p)
{
	struct segments *s = context;
	struct told_bytes *t = s->told[version][d];
	assert_non_null(f);
	assert_non_null(p);
	assert_true(version == 1 || !restart);
	if (restart)
		t->len = 0;
	t->calls++;
	t->restarts += restart;
	t->after_fin += t->fins > 0 && !restart;
	t->fins += fin;
	assert_true(data.len <= SEGMENTS_BYTES_MAX - t->len);
	if (data.len)
		memcpy(t->bytes + t->len, data.ptr, data.len);
	t->len += data.len;
	s->wrong_dir |= p->sport != (d == DIR_UP ? f->client_port : f->server_port);
}

static void on_gap(void *context, struct flow *f, enum dir d, const struct stream_gap *gap, const struct packet *p)
{
	struct segments *s = context;
	assert_non_null(f);
	assert_true(gap->missing > 0);
	if (s->gap_count < SEGMENTS_TOLD_MAX)
		s->gaps[s->gap_count] = (struct told_gap){.dir = d,
		                                          .gap = *gap,
		                                          .after = s->told[0][d]->len,
		                                          .frame = p ? p->frame->number : 0};
	s->gap_count++;
}

static size_t copy_some(uint8_t *to, struct span s)
{
	struct span some = span_first(s, 64);
	if (some.len)
		memcpy(to, some.ptr, some.len);
	return some.len;
}

static void on_conflict(void *context, struct flow *f, enum dir d, const struct stream_conflict *c,
                        const struct packet *p)
{
	struct segments *s = context;
	assert_non_null(f);
	assert_non_null(p);
	assert_int_equal(c->winner_bytes.len, c->loser_bytes.len);
	assert_true(c->diff_offset < c->winner_bytes.len);
	assert_true(c->winner_bytes.ptr[c->diff_offset] != c->loser_bytes.ptr[c->diff_offset]);
	assert_true(c->diff_offset == 0 || memcmp(c->winner_bytes.ptr, c->loser_bytes.ptr, c->diff_offset) == 0);
	if (s->conflict_count < SEGMENTS_TOLD_MAX) {
		struct told_conflict *t = &s->conflicts[s->conflict_count];
		*t = (struct told_conflict){.dir = d, .c = *c};
		copy_some(t->winner, c->winner_bytes);
		copy_some(t->loser, c->loser_bytes);
		t->loser_payload_len = copy_some(t->loser_payload, c->loser.payload);
	}
	s->conflict_count++;
}

static void on_synack(void *context, struct flow *f, const struct tcp_synack *synack, const struct packet *p)
{
	struct segments *s = context;
	assert_true(f && p && synack->sample.frame.number == p->frame->number);
	s->synack_count++;
}

static void on_closing(void *context, struct flow *f, enum flow_end why)
{
	struct segments *s = context;
	s->closed[why]++;
	if (s->closed_count < SEGMENTS_TOLD_MAX)
		s->closed_ids[s->closed_count++] = f->id;
	if (s->flow == f)
		s->flow = NULL;
	if (!f->tcp)
		return;
	stream_close(s->streams, f);
	track_close(&s->tracker, f);
	assert_null(f->tcp->streams);
	assert_null(f->tcp->resets);
}

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

struct segments *segments_new(size_t flows, size_t budget, size_t overlap_budget)
{
	struct segments *s = checked(calloc(1, sizeof *s));
	struct flow_limits limits = {.flows = flows,
	                             .tcp_idle_ns = MILLISECONDS(600000),
	                             .closed_idle_ns = MILLISECONDS(60000),
	                             .other_idle_ns = MILLISECONDS(60000)};
	struct stream_observer streams = {s, on_bytes, on_gap, on_conflict};
	struct track_observer track = {s, on_synack, NULL};
	s->table = checked(flow_table_new(&limits, 16, on_closing, s));
	s->streams = checked(stream_pools_new(flows, budget, overlap_budget, &streams));
	tracker_init(&s->tracker, s->streams, flows, &track);
	s->now_ns = SEGMENTS_START_NS;
	for (int version = 0; version < 2; version++)
		for (int d = 0; d < 2; d++)
			s->told[version][d] = checked(calloc(1, sizeof(struct told_bytes)));
	return s;
}

void segments_close(struct segments *s)
{
	flow_table_close_all(s->table);
}

void segments_free(struct segments *s)
{
	segments_close(s);
	assert_int_equal(stream_pools_alive(s->streams), 0);
	assert_int_equal(s->tracker.resets.alive, 0);
	flow_table_free(s->table);
	stream_pools_free(s->streams);
	tracker_free(&s->tracker);
	for (int version = 0; version < 2; version++)
		for (int d = 0; d < 2; d++)
			free(s->told[version][d]);
	free(s);
}

static void put_be(uint8_t *to, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

struct packet *segments_make(struct segments *s, enum dir d, unsigned flags, uint32_t seq, uint32_t ack,
                             struct span payload)
{
	static const uint8_t client[4] = {10, 0, 0, 1}, server[4] = {192, 0, 2, 80};
	struct segment *g = &s->last;
	assert_true(payload.len <= SEGMENT_PAYLOAD_MAX);
	s->now_ns += MILLISECONDS(1);
	g->frame = (struct frame){.number = ++s->frames,
	                          .ts_ns = s->now_ns,
	                          .wire_len = (uint32_t)payload.len + 54,
	                          .linktype = LINKTYPE_ETHERNET};
	g->packet = (struct packet){
	    .frame = &g->frame,
	    .clock_ns = s->now_ns,
	    .sport = d == DIR_UP ? 40000 : 80,
	    .dport = d == DIR_UP ? 80 : 40000,
	    .l4_proto = IPPROTO_TCP,
	    .ttl = d == DIR_UP ? 64 : 50,
	    .ip_df = true,
	    .has_l4 = true,
	    .ip_id = ++s->ip_id[d],
	    .tcp_flags = (uint16_t)flags,
	    .tcp_window = 0xfff0,
	    .tcp_seq = seq,
	    .tcp_ack = ack,
	    .payload_len = (uint32_t)payload.len,
	};
	g->packet.src.version = g->packet.dst.version = 4;
	memcpy(g->packet.src.bytes, d == DIR_UP ? client : server, 4);
	memcpy(g->packet.dst.bytes, d == DIR_UP ? server : client, 4);
	if (payload.len)
		memcpy(g->l4 + 20, payload.ptr, payload.len);
	g->packet.payload = span_of(g->l4 + 20, payload.len);
	g->packet.l4 = span_of(g->l4, 20 + payload.len);
	return &g->packet;
}

static uint64_t sum_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint64_t)bytes[i] << 8;
	return sum;
}

static void fill_in(struct segments *s)
{
	struct packet *p = &s->last.packet;
	uint8_t *h = s->last.l4;
	put_be(h, p->sport, 2);
	put_be(h + 2, p->dport, 2);
	put_be(h + 4, p->tcp_seq, 4);
	put_be(h + 8, p->tcp_ack, 4);
	put_be(h + 12, 5U << 12 | p->tcp_flags, 2);
	put_be(h + 14, p->tcp_window, 2);
	put_be(h + 16, 0, 4);
	uint64_t sum = IPPROTO_TCP + p->l4.len + sum_bytes(p->src.bytes, 16) + sum_bytes(p->dst.bytes, 16) +
	               sum_bytes(h, p->l4.len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p->l4_checksum = (uint16_t)~sum;
	if (s->bad_checksum)
		p->l4_checksum ^= 0x1111;
	put_be(h + 16, p->l4_checksum, 2);
}

struct flow *segments_send(struct segments *s)
{
	enum dir d;
	if (s->last.packet.l4_proto == IPPROTO_TCP)
		fill_in(s);
	s->flow = flow_touch(s->table, &s->last.packet, &d);
	assert_non_null(s->flow);
	if (s->flow->tcp) {
		track_packet(&s->tracker, s->flow, d, &s->last.packet, false);
		flow_reclass(s->table, s->flow);
	}
	return s->flow;
}

void segments_handshake(struct segments *s, uint32_t client_isn, uint32_t server_isn)
{
	s->isn[DIR_UP] = client_isn;
	s->isn[DIR_DOWN] = server_isn;
	s->next[DIR_UP] = s->next[DIR_DOWN] = 0;
	segments_make(s, DIR_UP, TCP_SYN, client_isn, 0, span_of(NULL, 0));
	segments_send(s);
	segments_make(s, DIR_DOWN, TCP_SYN | TCP_ACK, server_isn, client_isn + 1, span_of(NULL, 0));
	segments_send(s);
	segments_ack(s, DIR_UP, 0);
}

void segments_bytes(struct segments *s, enum dir d, uint32_t offset, struct span bytes, unsigned more_flags)
{
	enum dir other = dir_other(d);
	segments_make(s, d, TCP_ACK | more_flags, s->isn[d] + 1 + offset, s->isn[other] + 1 + s->next[other], bytes);
	segments_send(s);
}

void segments_data(struct segments *s, enum dir d, uint32_t offset, const char *text)
{
	segments_bytes(s, d, offset, span_text(text), TCP_PSH);
}

void segments_say(struct segments *s, enum dir d, const char *text)
{
	segments_data(s, d, s->next[d], text);
	s->next[d] += (uint32_t)strlen(text);
}

void segments_ack(struct segments *s, enum dir d, uint32_t offset)
{
	segments_make(s, d, TCP_ACK, s->isn[d] + 1 + s->next[d], s->isn[dir_other(d)] + 1 + offset, span_of(NULL, 0));
	segments_send(s);
}

void assert_told_bytes(const struct segments *s, uint8_t version, enum dir d, struct span bytes)
{
	const struct told_bytes *t = s->told[version][d];
	if (!span_equal(span_of(t->bytes, t->len), bytes))
		fail_msg("version %u, direction %d: %zu bytes '%.*s', not %zu '%.*s'", version, (int)d, t->len,
		         t->len < 80 ? (int)t->len : 80, (const char *)t->bytes, bytes.len,
		         bytes.len < 80 ? (int)bytes.len : 80, (const char *)bytes.ptr);
}

void assert_told(const struct segments *s, uint8_t version, enum dir d, const char *text)
{
	assert_told_bytes(s, version, d, span_text(text));
}

uint32_t segments_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}
