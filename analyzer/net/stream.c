/* Reassembly of both directions; comparison itself is overlap.c's. */
#include "analyzer/net/stream.h"

#include "analyzer/net/overlap.h"

#include <stdlib.h>

/* An out-of-order segment, in order of sequence numbers; pieces of one direction never overlap. */
struct piece {
	struct piece *next;
	uint32_t seq, len; /* of the captured bytes kept */
	uint32_t wire_len; /* what the headers say; more than len when the capture cut it */
	bool fin;
	uint8_t size_class;
	struct sample sample;
	uint8_t bytes[];
};

enum { PIECE_CLASSES = 3 };
static const uint32_t piece_bytes[PIECE_CLASSES] = {1536, 16 * 1024, 64 * 1024};

struct stream {
	uint32_t next; /* sequence number of the reading position */
	bool started, finished, second_active;
	uint64_t offset;      /* bytes handed on, gaps included */
	uint64_t turn_start;  /* offset where the turn began */
	uint64_t other_heard; /* offset of the other direction then */
	struct overlap *ring;
	struct piece *pending;
	struct piece *doubtful; /* a segment with a wrong checksum that nothing else said: the receiver decides */
	uint32_t pending_count, pending_total;
	uint32_t conflicts;
	uint32_t second_next; /* sequence number where the second version goes on */
	uint32_t second_bytes;
};

struct stream_pair {
	struct stream dir[2];
};

struct stream_pools {
	struct pool pairs;
	struct pool pieces[PIECE_CLASSES];
	struct overlap_pool rings;
	struct stream_observer observer;
	struct stream_counts counts;
};

struct stream_pools *stream_pools_new(size_t flows, size_t budget, size_t overlap_budget,
                                      const struct stream_observer *observer)
{
	struct stream_pools *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	pool_init(&s->pairs, sizeof(struct stream_pair), flows);
	for (int i = 0; i < PIECE_CLASSES; i++) {
		size_t size = sizeof(struct piece) + piece_bytes[i];
		size_t cap = budget / PIECE_CLASSES / size;
		pool_init(&s->pieces[i], size, cap ? cap : 1);
	}
	overlap_pool_init(&s->rings, overlap_budget);
	s->observer = *observer;
	return s;
}

void stream_pools_free(struct stream_pools *s)
{
	if (!s)
		return;
	pool_free(&s->pairs);
	for (int i = 0; i < PIECE_CLASSES; i++)
		pool_free(&s->pieces[i]);
	overlap_pool_free(&s->rings);
	free(s);
}

const struct stream_counts *stream_counts(const struct stream_pools *s)
{
	return &s->counts;
}

size_t stream_pools_alive(const struct stream_pools *s)
{
	size_t alive = s->pairs.alive + s->rings.pool.alive;
	for (int i = 0; i < PIECE_CLASSES; i++)
		alive += s->pieces[i].alive;
	return alive;
}

/* One call's context. */
struct feed {
	struct stream_pools *pools;
	struct flow *flow;
	enum dir dir;
	struct stream *stream, *other;
	const struct packet *pkt;
};

static struct feed feed_of(struct stream_pools *s, struct flow *f, enum dir d, const struct packet *p)
{
	struct stream_pair *pair = f->tcp->streams;
	return (struct feed){
	    .pools = s, .flow = f, .dir = d, .stream = &pair->dir[d], .other = &pair->dir[dir_other(d)], .pkt = p};
}

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
static void second_follows(struct feed *fd, uint32_t seq, struct span data)
{
	struct stream *s = fd->stream;
	if (!s->second_active)
		return;
	int32_t skip = seq_diff(s->second_next, seq);
	if (skip < 0 || (size_t)skip >= data.len)
		return;
	second_version(fd, false, span_after(data, (size_t)skip), false);
}

static void gap_declare(struct feed *fd, uint32_t missing, bool acknowledged)
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
static void deliver(struct feed *fd, struct span data, uint32_t wire_len, bool fin, const struct sample *sample)
{
	struct stream *s = fd->stream;
	if (wire_len > 0 && (s->offset == 0 || s->other_heard != fd->other->offset))
		turn_begin(fd);
	overlap_keep(s->ring, s->next, data, sample);
	second_follows(fd, s->next, data);
	bool whole = data.len >= wire_len;
	s->next += (uint32_t)data.len;
	s->offset += data.len;
	if (data.len > 0 || (fin && whole))
		hand_on(fd, 0, false, data, fin && whole);
	if (!whole)
		gap_declare(fd, wire_len - (uint32_t)data.len, false);
	if (fin) {
		s->finished = true;
		s->next++;
		if (!whole)
			hand_on(fd, 0, false, span_of(NULL, 0), true);
	}
}

static void piece_drop(struct stream_pools *pools, struct stream *s, struct piece **link)
{
	struct piece *gone = *link;
	*link = gone->next;
	s->pending_count--;
	s->pending_total -= gone->len;
	pool_put(&pools->pieces[gone->size_class], gone);
}

/* Hands on what has become contiguous. */
static void drain(struct feed *fd)
{
	struct stream *s = fd->stream;
	while (s->pending && !s->finished) {
		struct piece *first = s->pending;
		int32_t ahead = seq_diff(first->seq, s->next);
		if (ahead > 0)
			return;
		uint32_t skip = 0U - (uint32_t)ahead;
		uint32_t wire_left = first->wire_len > skip ? first->wire_len - skip : 0;
		if (wire_left > 0 || first->fin)
			deliver(fd, span_after(span_of(first->bytes, first->len), skip), wire_left, first->fin,
			        &first->sample);
		piece_drop(fd->pools, s, &s->pending);
	}
}

/* What a packet of the past looked like, for those who are told of bytes that waited for a hole until it was given up. */
static void packet_from(const struct flow *f, enum dir d, const struct piece *piece, struct frame *frame,
                        struct packet *p)
{
	const struct sample *s = &piece->sample;
	bool up = d == DIR_UP;
	*frame = (struct frame){.number = s->frame.number, .ts_ns = s->frame.ts_ns, .wire_len = s->frame.wire_len};
	*p = (struct packet){
	    .frame = frame,
	    .clock_ns = s->frame.ts_ns == FRAME_NO_TIME ? f->last_ns : s->frame.ts_ns,
	    .src = up ? f->client : f->server,
	    .dst = up ? f->server : f->client,
	    .sport = up ? f->client_port : f->server_port,
	    .dport = up ? f->server_port : f->client_port,
	    .l4_proto = IPPROTO_TCP,
	    .has_l4 = true,
	    .ttl = s->ttl,
	    .ip_df = s->ip_df,
	    .ip_id = s->ip_id,
	    .tcp_flags = s->tcp_flags,
	    .tcp_window = s->window,
	    .tcp_seq = s->seq,
	    .tcp_ack = s->ack,
	    .tcp_options = {.seen = s->options_seen, .length = s->options_len, .tsval = s->tsval},
	    .payload_len = s->payload_len,
	};
}

/* Gives the hole before the first piece up. The packet that shows the gap may be of the other side, or none. */
static void skip_to_pending(struct feed *fd, bool acknowledged)
{
	struct stream *s = fd->stream;
	const struct packet *shows = fd->pkt;
	struct frame frame;
	struct packet past;
	packet_from(fd->flow, fd->dir, s->pending, &frame, &past);
	if (!shows)
		fd->pkt = &past;
	gap_declare(fd, (uint32_t)seq_diff(s->pending->seq, s->next), acknowledged);
	fd->pkt = &past;
	drain(fd);
	fd->pkt = shows;
}

/* The receiver's window as last stated, or "unknown" (true) without its scale. */
static bool starts_in_window(const struct tcp_flow *tcp, enum dir d, uint32_t seq)
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
	c->in_window = starts_in_window(fd->flow->tcp, fd->dir, c->loser.seq);
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
static void compare_delivered(struct feed *fd, uint32_t seq, uint32_t old, const struct sample *sample)
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
	conflict_report(fd, &c);
	second_take(fd, &c, sample->tcp_flags & TCP_FIN);
}

/* The same for a segment that waits: the one that came first wins. */
static void compare_pending(struct feed *fd, const struct piece *old, uint32_t seq, struct span bytes,
                            const struct sample *sample)
{
	int32_t ahead = seq_diff(seq, old->seq);
	uint32_t skip_old = ahead > 0 ? (uint32_t)ahead : 0, skip_new = ahead < 0 ? 0U - (uint32_t)ahead : 0;
	if (skip_old >= old->len || skip_new >= bytes.len)
		return;
	size_t len = old->len - skip_old < bytes.len - skip_new ? old->len - skip_old : bytes.len - skip_new;
	struct stream_conflict c = {.seq = old->seq + skip_old};
	while (c.diff_offset < len && old->bytes[skip_old + c.diff_offset] == bytes.ptr[skip_new + c.diff_offset])
		c.diff_offset++;
	if (c.diff_offset == len)
		return;
	c.winner_bytes = span_of(old->bytes + skip_old, len);
	c.loser_bytes = span_of(bytes.ptr + skip_new, len);
	c.winner = (struct rival){.sample = old->sample,
	                          .payload = span_of(old->bytes, old->len),
	                          .seq = sample_data_seq(&old->sample),
	                          .len = old->sample.payload_len};
	c.loser = (struct rival){.sample = *sample,
	                         .payload = fd->pkt->payload,
	                         .seq = sample_data_seq(sample),
	                         .len = sample->payload_len};
	c.beyond_first = seq_diff(sample_seq_end(sample), sample_seq_end(&old->sample)) > 0;
	conflict_report(fd, &c);
	second_take(fd, &c, sample->tcp_flags & TCP_FIN);
}

static struct piece *piece_new(struct stream_pools *pools, struct span bytes)
{
	for (unsigned i = 0; i < PIECE_CLASSES; i++) {
		if (bytes.len > piece_bytes[i])
			continue;
		struct piece *p = pool_take(&pools->pieces[i]);
		if (!p)
			continue;
		p->size_class = (uint8_t)i;
		p->len = (uint32_t)bytes.len;
		if (bytes.len)
			memcpy(p->bytes, bytes.ptr, bytes.len);
		return p;
	}
	return NULL;
}

static void piece_insert(struct feed *fd, struct piece **link, uint32_t seq, struct span bytes, uint32_t wire_len,
                         bool fin, const struct sample *sample)
{
	struct stream *s = fd->stream;
	struct span kept = span_first(bytes, piece_bytes[PIECE_CLASSES - 1]);
	struct piece *p = piece_new(fd->pools, kept);
	if (!p) {
		fd->pools->counts.pending_refused++;
		return;
	}
	p->seq = seq;
	p->wire_len = wire_len;
	p->fin = fin;
	p->sample = *sample;
	p->next = *link;
	*link = p;
	s->pending_count++;
	s->pending_total += p->len;
}

/* Keeps the parts of a segment that nothing waiting covers, and compares the others. */
static void wait_for_hole(struct feed *fd, uint32_t seq, struct span bytes, uint32_t wire_len, bool fin,
                          const struct sample *sample)
{
	struct stream *s = fd->stream;
	struct piece **link = &s->pending;
	for (struct piece *p; (p = *link) != NULL; link = &p->next) {
		int32_t before = seq_diff(p->seq, seq);
		if (wire_len == 0 && (before > 0 || (before == 0 && p->fin)))
			break;
		int32_t behind = seq_diff(p->seq + p->wire_len, seq);
		if (behind <= 0)
			continue;
		if (before >= (int32_t)wire_len)
			break;
		compare_pending(fd, p, seq, bytes, sample);
		if (before > 0)
			piece_insert(fd, link, seq, span_first(bytes, (size_t)before), (uint32_t)before, false, sample);
		uint32_t covered = (uint32_t)behind < wire_len ? (uint32_t)behind : wire_len;
		seq += covered;
		wire_len -= covered;
		bytes = span_after(bytes, covered);
	}
	bool fin_waits = *link && (*link)->fin && (*link)->seq == seq;
	if (wire_len > 0 || (fin && !fin_waits))
		piece_insert(fd, link, seq, bytes, wire_len, fin, sample);
	if (s->pending && (s->pending_count > STREAM_PENDING_MAX || s->pending_total > STREAM_PENDING_BYTES))
		skip_to_pending(fd, false);
}

/*
 * G11, G12: a keep-alive repeats one byte that was sent before, often with another value; the probe of a zero window is data
 * that is sent again until it is taken. One byte that fills a hole is neither: some clients send a request's first byte last.
 */
static bool is_probe(const struct stream *s, const struct side *sender, const struct packet *p, int32_t ahead)
{
	if (p->payload_len > 1)
		return false;
	/* A capture that begins in the silence of a connection. */
	bool nothing_yet = !sender->have_syn && s->offset == 0 && !s->pending && !(p->tcp_flags & (TCP_SYN | TCP_PSH));
	if (nothing_yet && p->payload_len == 1)
		return true;
	if (!sender->have_seq)
		return false;
	return ahead < 0 || (ahead > 0 && p->tcp_seq == sender->max_seq_end - 1);
}

/* Segments that wait came first: they are handed on where they lie, and what this one says there is compared. */
static void deliver_around_pending(struct feed *fd, struct span bytes, uint32_t wire_len, bool fin,
                                   const struct sample *sample)
{
	struct stream *s = fd->stream;
	uint32_t seq = s->next;
	for (struct piece *p = s->pending; p && seq_diff(p->seq, seq) < (int32_t)wire_len; p = p->next)
		compare_pending(fd, p, seq, bytes, sample);
	do {
		bool cut = s->pending && seq_diff(s->pending->seq, seq) < (int32_t)wire_len;
		uint32_t part = cut ? s->pending->seq - seq : wire_len;
		deliver(fd, span_first(bytes, part), part, fin && !cut, sample);
		drain(fd);
		uint32_t done = s->next - seq < wire_len ? s->next - seq : wire_len;
		seq += done;
		wire_len -= done;
		bytes = span_after(bytes, done);
	} while (wire_len > 0 && !s->finished);
	if (fin && !s->finished && seq == s->next)
		deliver(fd, span_of(NULL, 0), 0, true, sample);
}

/* A packet that lies far outside anything the receiver could take is no part of the stream. */
static bool is_stray(const struct tcp_flow *tcp, enum dir d, uint32_t seq, int32_t ahead)
{
	enum { FAR_AHEAD = 1 << 24 };
	return ahead > FAR_AHEAD && !starts_in_window(tcp, d, seq);
}

/*
 * A segment that a receiver would drop (G10) is set aside. Should the receiver acknowledge it all the same, with nothing else
 * seen in its place, then it was the capture that changed: an edited or anonymised file with its checksums left as they were.
 */
static void doubt(struct feed *fd, uint32_t seq, bool fin, const struct sample *sample)
{
	const struct packet *p = fd->pkt;
	struct stream *s = fd->stream;
	if (s->doubtful || p->payload.len == 0 || p->payload.len > piece_bytes[PIECE_CLASSES - 1])
		return;
	s->doubtful = piece_new(fd->pools, p->payload);
	if (!s->doubtful)
		return;
	s->doubtful->seq = seq;
	s->doubtful->wire_len = p->payload_len;
	s->doubtful->fin = fin;
	s->doubtful->sample = *sample;
}

static void doubt_settle(struct feed *fd, uint32_t ack)
{
	struct stream *s = fd->stream;
	struct piece *piece = s->doubtful;
	const struct packet *shows = fd->pkt;
	struct frame frame;
	struct packet past;
	if (!piece)
		return;
	uint32_t end = piece->seq + piece->wire_len;
	bool replaced = s->finished || seq_diff(s->next, end) >= 0;
	if (!replaced && seq_diff(ack, end) < 0)
		return;
	s->doubtful = NULL;
	packet_from(fd->flow, fd->dir, piece, &frame, &past);
	fd->pkt = &past;
	struct span bytes = span_of(piece->bytes, piece->len);
	uint32_t skip = seq_diff(s->next, piece->seq) > 0 ? s->next - piece->seq : 0;
	if (!replaced && seq_diff(piece->seq, s->next) > 0)
		wait_for_hole(fd, piece->seq, bytes, piece->wire_len, piece->fin, &piece->sample);
	else if (!replaced)
		deliver_around_pending(fd, span_after(bytes, skip), piece->wire_len - skip, piece->fin, &piece->sample);
	fd->pkt = shows;
	pool_put(&fd->pools->pieces[piece->size_class], piece);
}

static void stream_begin(struct stream *s, const struct side *sender, uint32_t seq)
{
	if (s->started)
		return;
	s->started = true;
	s->next = sender->have_syn ? sender->isn + 1 : seq;
}

void stream_segment(struct stream_pools *pools, struct flow *f, enum dir d, const struct packet *p,
                    struct sample *sample)
{
	struct tcp_flow *tcp = f->tcp;
	struct side *sender = &tcp->side[d];
	bool fin = p->tcp_flags & TCP_FIN;
	if (!tcp->streams && (p->payload_len == 0 || !(tcp->streams = pool_get(&pools->pairs)))) {
		pools->counts.pairs_refused += p->payload_len > 0;
		return;
	}
	struct feed fd = feed_of(pools, f, d, p);
	struct stream *s = fd.stream;
	uint32_t seq = p->tcp_seq + !!(p->tcp_flags & TCP_SYN);
	stream_begin(s, sender, seq);
	int32_t ahead = seq_diff(seq, s->next);
	if (is_probe(s, sender, p, ahead)) {
		s->started = s->started && s->offset > 0;
		return;
	}
	bool new_turn = s->offset == 0 || s->other_heard != fd.other->offset;
	bool checked = ahead != 0 || new_turn || overlap_wants(s->ring, seq);
	if (checked && p->payload_len > 0)
		side_checksum(sender, p, sample);
	if (side_checksum_drops(sender, sample)) {
		doubt(&fd, seq, fin, sample);
		return;
	}
	if (s->finished && ahead >= -1) {
		second_follows(&fd, seq, p->payload);
		return;
	}
	if (ahead > 0) {
		if (!is_stray(tcp, d, seq, ahead))
			wait_for_hole(&fd, seq, p->payload, p->payload_len, fin, sample);
		return;
	}
	uint32_t old = 0U - (uint32_t)ahead < p->payload_len ? 0U - (uint32_t)ahead : p->payload_len;
	if (old > 0)
		compare_delivered(&fd, seq, old, sample);
	uint32_t left = p->payload_len - old;
	bool ends_here = fin && seq + p->payload_len == s->next;
	if (!s->finished && (left > 0 || ends_here))
		deliver_around_pending(&fd, span_after(p->payload, old), left, fin, sample);
}

void stream_acknowledged(struct stream_pools *pools, struct flow *f, enum dir d, uint32_t ack, const struct packet *p)
{
	if (!f->tcp->streams)
		return;
	struct feed fd = feed_of(pools, f, d, p);
	struct stream *s = fd.stream;
	doubt_settle(&fd, ack);
	while (s->pending && !s->finished && seq_diff(ack, s->pending->seq) > 0)
		skip_to_pending(&fd, true);
}

static void stream_drop(struct stream_pools *pools, struct stream *s)
{
	while (s->pending)
		piece_drop(pools, s, &s->pending);
	if (s->doubtful)
		pool_put(&pools->pieces[s->doubtful->size_class], s->doubtful);
	overlap_release(&pools->rings, &s->ring);
}

void stream_close(struct stream_pools *pools, struct flow *f)
{
	struct stream_pair *pair = f->tcp->streams;
	if (!pair)
		return;
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		struct feed fd = feed_of(pools, f, d, NULL);
		while (fd.stream->pending && !fd.stream->finished)
			skip_to_pending(&fd, false);
		stream_drop(pools, fd.stream);
	}
	pool_put(&pools->pairs, pair);
	f->tcp->streams = NULL;
}
