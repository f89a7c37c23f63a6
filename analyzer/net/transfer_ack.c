/* Which packets of a transfer came back, and which were sent again: see transfer.h. Work a packet is bounded. */
#include "analyzer/base/cursor.h"
#include "analyzer/net/transfer_parts.h"

enum {
	SACK_BLOCKS_MAX = 4,
	TCP_HEADER_MIN = 20,
	TCP_OPTION_SACK = 5,
};

static bool covers(const struct transfer_packet *p, uint32_t seq)
{
	if (p->flags & TRANSFER_OPENS)
		return false;
	return p->seq == seq || (seq_diff(seq, p->seq) > 0 && seq_diff(p->seq + p->len, seq) > 0);
}

static void cut(struct transfer_step *s, struct transfer_way *w)
{
	s->all->refused += !w->cut;
	w->cut = true;
}

/* The latest packet that carried the byte at seq; else the latest hole there; else NULL. *in: the chunk that holds it. */
static struct transfer_packet *find_previous(struct transfer_step *s, struct transfer_way *w, uint32_t seq,
                                             struct transfer_chunk **in)
{
	struct transfer_packet *hole = NULL;
	unsigned steps = 0;
	for (struct transfer_chunk *c = w->last; c; c = c->prev) {
		if (++steps > TRANSFER_STEPS_MAX) {
			cut(s, w);
			break;
		}
		if (seq_diff(seq, c->seq_low) < 0 || seq_diff(seq, c->seq_high) > 0)
			continue;
		for (unsigned i = c->count; i-- > 0; steps++) {
			struct transfer_packet *p = &c->packets[i];
			if (!covers(p, seq) || (hole && (p->flags & TRANSFER_HOLE)))
				continue;
			*in = c;
			if (!(p->flags & TRANSFER_HOLE))
				return p;
			hole = p;
		}
	}
	return hole;
}

void transfer_resent(struct transfer_step *s, struct transfer_way *w, uint32_t seq)
{
	struct transfer_chunk *in = NULL;
	struct transfer_packet *p = find_previous(s, w, seq, &in);
	if (w->idle && w->refused) {
		s->all->refused++;
		w->refused = false;
	}
	if (!p)
		return;
	in->repair = frame_ref_of(s->pkt);
	if (!(p->flags & TRANSFER_HOLE)) {
		w->losses += !(p->flags & (TRANSFER_RESENT | TRANSFER_SPURIOUS));
		p->flags |= TRANSFER_RESENT;
	} else if (!(p->flags & TRANSFER_FILLED)) {
		w->losses++;
		p->flags |= TRANSFER_FILLED;
		p->ack_frame = s->frame;
		p->ack_ms = s->now_us > p->time_us ? (int32_t)((s->now_us - p->time_us) / 1000) : 0;
	}
}

struct sacks {
	unsigned count;
	struct {
		uint32_t start, end;
	} block[SACK_BLOCKS_MAX];
};

static void read_blocks(struct sacks *out, struct cursor value)
{
	while (out->count < SACK_BLOCKS_MAX && cursor_left(&value) >= 8) {
		out->block[out->count].start = cursor_be32(&value);
		out->block[out->count++].end = cursor_be32(&value);
	}
}

static struct sacks sacks_of(const struct packet *p)
{
	struct sacks out = {0};
	struct cursor c = cursor_over(p->l4);
	if (!(p->tcp_options.seen & TCPOPT_SEEN_SACK))
		return out;
	cursor_take(&c, TCP_HEADER_MIN);
	struct cursor options = cursor_child(&c, p->tcp_options.length);
	while (cursor_left(&options) > 0) {
		uint8_t kind = cursor_u8(&options);
		if (kind == 0)
			break;
		if (kind == 1)
			continue;
		uint8_t len = cursor_u8(&options);
		struct cursor value = cursor_child(&options, len < 2 ? SIZE_MAX : len - 2U);
		if (value.failed || options.failed)
			break;
		if (kind == TCP_OPTION_SACK && (len - 2U) % 8 == 0) {
			read_blocks(&out, value);
			break;
		}
	}
	return out;
}

/* Is [start, end) inside [outer, outer_end), or equal? By the published code's own comparisons. */
static bool range_inside(uint32_t start, uint32_t end, uint32_t outer, uint32_t outer_end)
{
	bool first = start == outer || (seq_diff(start, outer) > 0 && seq_diff(outer_end, start) > 0);
	bool last = end == outer_end || (seq_diff(end, outer) > 0 && seq_diff(outer_end, end) > 0);
	return first && last;
}

static bool is_acked(const struct transfer_way *w, const struct transfer_packet *p, const struct sacks *sacks)
{
	uint32_t end = p->seq + p->len;
	if (seq_diff(end, w->acked) <= 0)
		return true;
	for (unsigned i = 0; i < sacks->count; i++)
		if (range_inside(p->seq, end, sacks->block[i].start, sacks->block[i].end))
			return true;
	return false;
}

/* Can nothing in the chunk be acknowledged? */
static bool out_of_reach(const struct transfer_way *w, const struct transfer_chunk *c, const struct sacks *sacks)
{
	if (c->unacked == 0)
		return true;
	bool reach = seq_diff(c->seq_low, w->acked) < 0;
	for (unsigned i = 0; i < sacks->count; i++)
		reach |=
		    seq_diff(c->seq_low, sacks->block[i].end) < 0 && seq_diff(c->seq_high, sacks->block[i].start) > 0;
	return !reach;
}

static void ack_packet(const struct transfer_step *s, struct transfer_way *w, struct transfer_chunk *c, unsigned i)
{
	struct transfer_packet *p = &c->packets[i];
	int64_t us = (int64_t)s->now_us - p->time_us;
	p->ack_frame = s->frame;
	p->ack_ms = (int32_t)(us >= 0 ? us / 1000 : -((999 - us) / 1000));
	if (!(p->flags & TRANSFER_RESENT))
		w->delivered += p->len;
	c->unacked &= (uint16_t) ~(1U << i);
	w->unacked--;
}

static void ack_packets(struct transfer_step *s, struct transfer_way *w, const struct sacks *sacks)
{
	unsigned steps = 0;
	for (struct transfer_chunk *c = w->oldest; c; c = c->next) {
		if (++steps > TRANSFER_STEPS_MAX) {
			cut(s, w);
			break;
		}
		if (out_of_reach(w, c, sacks)) {
			/* In order all the way: nothing behind is acknowledged either. */
			if (c->unacked && !w->unordered && !sacks->count)
				break;
			continue;
		}
		for (unsigned mask = c->unacked; mask; mask &= mask - 1, steps++) {
			unsigned i = (unsigned)__builtin_ctz(mask);
			if (is_acked(w, &c->packets[i], sacks))
				ack_packet(s, w, c, i);
		}
	}
	while (w->oldest && !w->oldest->unacked && w->oldest->next)
		w->oldest = w->oldest->next;
	if (w->unacked == 0)
		w->unordered = 0;
}

/* The latest resent packet that holds the range was not lost. */
static void mark_spurious(struct transfer_step *s, struct transfer_way *w, uint32_t start, uint32_t end)
{
	unsigned steps = 0;
	for (struct transfer_chunk *c = w->last; c; c = c->prev) {
		if (++steps > TRANSFER_STEPS_MAX) {
			cut(s, w);
			return;
		}
		if (seq_diff(start, c->seq_low) < 0 || seq_diff(end, c->seq_high) > 0)
			continue;
		for (unsigned i = c->count; i-- > 0; steps++) {
			struct transfer_packet *p = &c->packets[i];
			if (!(p->flags & TRANSFER_RESENT) || !range_inside(start, end, p->seq, p->seq + p->len))
				continue;
			w->losses -= !(p->flags & TRANSFER_SPURIOUS);
			p->flags |= TRANSFER_SPURIOUS;
			return;
		}
	}
}

void transfer_acknowledged(struct transfer_step *s, struct transfer_way *w)
{
	const struct packet *p = s->pkt;
	struct sacks sacks = sacks_of(p);
	bool further = !w->have_acked || seq_diff(p->tcp_ack, w->acked) > 0;
	if (further) {
		w->acked = p->tcp_ack;
		w->have_acked = true;
	}
	if (!w->first)
		return;
	if (further || sacks.count > 0)
		ack_packets(s, w, &sacks);
	for (unsigned i = 0; i < sacks.count; i++)
		if (seq_diff(sacks.block[i].start, p->tcp_ack) < 0 && seq_diff(sacks.block[i].end, p->tcp_ack) <= 0)
			mark_spurious(s, w, sacks.block[i].start, sacks.block[i].end);
}
