/* Handing bytes on in order, comparing with what was handed on, and the second version of a stream: see stream.h. */
#include "analyzer/net/stream_parts.h"

static void hand_on(struct feed *fd, uint8_t version, bool restart, struct span data, bool fin)
{
	struct stream_observer *o = &fd->pools->observer;
	o->bytes(o->context, fd->flow, fd->dir, version, restart, data, fin, fd->pkt);
}

/* A side that speaks after the other has spoken begins a turn. */
static void turn_begin(struct feed *fd)
{
	struct stream *s = fd->stream;
	s->turn_start = s->offset;
	s->other_heard = fd->other->offset;
	overlap_start(&fd->pools->rings, &s->ring, s->next, fd->pkt->clock_ns);
	fd->pools->counts.rings_evicted = fd->pools->rings.evicted_young;
}

/* Bytes of the contradicting version: from where it stands, at most STREAM_SECOND_BYTES in all. */
static void second_version(struct feed *fd, bool restart, struct span data, bool fin)
{
	struct stream *s = fd->stream;
	if (restart)
		s->second_bytes = 0;
	struct span given = span_first(data, STREAM_SECOND_BYTES - s->second_bytes);
	s->second_active = !fin && given.len == data.len && s->second_bytes + given.len < STREAM_SECOND_BYTES;
	s->second_next += (uint32_t)given.len;
	s->second_bytes += (uint32_t)given.len;
	hand_on(fd, 1, restart, given, fin);
}

/* New data may continue the second version too: the genuine stream goes on behind the segment that lost the race. */
void delivery_second_follows(struct feed *fd, uint32_t seq, struct span data)
{
	struct stream *s = fd->stream;
	if (!s->second_active)
		return;
	int32_t skip = seq_diff(s->second_next, seq);
	if (skip < 0 || (size_t)skip >= data.len)
		return;
	second_version(fd, false, span_after(data, (size_t)skip), false);
}

void delivery_gap(struct feed *fd, uint32_t missing, bool acknowledged)
{
	struct stream *s = fd->stream;
	struct stream_observer *o = &fd->pools->observer;
	struct stream_gap gap = {.missing = missing, .acknowledged = acknowledged};
	fd->pools->counts.gaps++;
	s->next += missing;
	s->offset += missing;
	o->gap(o->context, fd->flow, fd->dir, &gap, fd->pkt);
}

/* Bytes at the reading position. */
void delivery_bytes(struct feed *fd, struct span data, uint32_t wire_len, bool fin, const struct sample *sample)
{
	struct stream *s = fd->stream;
	if (wire_len > 0 && (s->offset == 0 || s->other_heard != fd->other->offset))
		turn_begin(fd);
	overlap_keep(s->ring, s->next, data, sample);
	delivery_second_follows(fd, s->next, data);
	bool whole = data.len >= wire_len;
	s->next += (uint32_t)data.len;
	s->offset += data.len;
	if (data.len > 0 || (fin && whole))
		hand_on(fd, 0, false, data, fin && whole);
	if (!whole)
		delivery_gap(fd, wire_len - (uint32_t)data.len, false);
	if (fin) {
		s->finished = true;
		s->next++;
		if (!whole)
			hand_on(fd, 0, false, span_of(NULL, 0), true);
	}
}

/* The receiver's window as last stated, or "unknown" (true) without its scale. */
bool delivery_in_window(const struct tcp_flow *tcp, enum dir d, uint32_t seq)
{
	const struct side *sender = &tcp->side[d], *receiver = &tcp->side[dir_other(d)];
	if (!receiver->have_ack || !receiver->have_syn || !sender->have_syn)
		return true;
	uint8_t scale = sender->syn_wscale && receiver->syn_wscale ? receiver->wscale : 0;
	uint32_t window = (uint32_t)receiver->last_window << scale;
	return seq_diff(seq, receiver->max_ack + window) < 0;
}

static void conflict_report(struct feed *fd, struct stream_conflict *c)
{
	struct stream *s = fd->stream;
	struct stream_observer *o = &fd->pools->observer;
	int64_t in_turn = (int64_t)(s->offset - s->turn_start) - seq_diff(s->next, c->seq);
	c->turn_offset = in_turn > 0 ? (uint64_t)in_turn : 0;
	c->other_spoke = s->other_heard > 0;
	c->in_window = delivery_in_window(fd->flow->tcp, fd->dir, c->loser.seq);
	c->repeats = s->conflicts++;
	fd->pools->counts.conflicts++;
	o->conflict(o->context, fd->flow, fd->dir, c, fd->pkt);
}

/* A segment that lost the race, wholly or in part, is the beginning or the continuation of the second version. */
static void second_take(struct feed *fd, const struct stream_conflict *c, bool fin)
{
	struct stream *s = fd->stream;
	bool goes_on = s->second_active && c->loser.seq == s->second_next;
	if (!goes_on)
		s->second_next = c->loser.seq;
	second_version(fd, !goes_on, c->loser.payload, fin);
}

/* A segment whose first `old` bytes were handed on before. */
void delivery_compare(struct feed *fd, uint32_t seq, uint32_t old, const struct sample *sample)
{
	struct stream *s = fd->stream;
	struct stream_conflict c = {0};
	struct span bytes = span_first(fd->pkt->payload, old);
	if (!overlap_differs(s->ring, seq, bytes, sample, fd->pkt->clock_ns, &c)) {
		if (s->second_active && seq == s->second_next)
			second_version(fd, false, bytes, false);
		return;
	}
	c.loser.payload = fd->pkt->payload;
	delivery_conflict(fd, &c, sample->tcp_flags & TCP_FIN);
}

void delivery_conflict(struct feed *fd, struct stream_conflict *c, bool fin)
{
	conflict_report(fd, c);
	second_take(fd, c, fin);
}
