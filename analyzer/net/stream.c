/* What a packet means for the streams of its flow, and their memory. */
#include "analyzer/net/stream_parts.h"

#include <stdlib.h>

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

static struct feed feed_of(struct stream_pools *s, struct flow *f, enum dir d, const struct packet *p)
{
	struct stream_pair *pair = f->tcp->streams;
	return (struct feed){
	    .pools = s, .flow = f, .dir = d, .stream = &pair->dir[d], .other = &pair->dir[dir_other(d)], .pkt = p};
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

/* A packet that lies far outside anything the receiver could take is no part of the stream. */
static bool is_stray(const struct tcp_flow *tcp, enum dir d, uint32_t seq, int32_t ahead)
{
	enum { FAR_AHEAD = 1 << 24 };
	return ahead > FAR_AHEAD && !delivery_in_window(tcp, d, seq);
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
	s->doubtful = pending_new(fd->pools, p->payload);
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
	piece->sample.checksum = CHECKSUM_UNKNOWN; /* what the receiver took is a rival like any other */
	pending_packet(fd->flow, fd->dir, piece, &frame, &past);
	fd->pkt = &past;
	struct span bytes = span_of(piece->bytes, piece->len);
	uint32_t skip = seq_diff(s->next, piece->seq) > 0 ? s->next - piece->seq : 0;
	if (!replaced && seq_diff(piece->seq, s->next) > 0)
		pending_wait(fd, piece->seq, bytes, piece->wire_len, piece->fin, &piece->sample);
	else if (!replaced)
		pending_deliver_around(fd, span_after(bytes, skip), piece->wire_len - skip, piece->fin, &piece->sample);
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
		delivery_second_follows(&fd, seq, p->payload);
		return;
	}
	if (ahead > 0) {
		if (!is_stray(tcp, d, seq, ahead))
			pending_wait(&fd, seq, p->payload, p->payload_len, fin, sample);
		return;
	}
	uint32_t old = 0U - (uint32_t)ahead < p->payload_len ? 0U - (uint32_t)ahead : p->payload_len;
	if (old > 0)
		delivery_compare(&fd, seq, old, sample);
	uint32_t left = p->payload_len - old;
	bool ends_here = fin && seq + p->payload_len == s->next;
	if (!s->finished && (left > 0 || ends_here))
		pending_deliver_around(&fd, span_after(p->payload, old), left, fin, sample);
}

void stream_acknowledged(struct stream_pools *pools, struct flow *f, enum dir d, uint32_t ack, const struct packet *p)
{
	if (!f->tcp->streams)
		return;
	struct feed fd = feed_of(pools, f, d, p);
	struct stream *s = fd.stream;
	doubt_settle(&fd, ack);
	while (s->pending && !s->finished && seq_diff(ack, s->pending->seq) > 0)
		pending_skip_hole(&fd, true);
}

static void stream_drop(struct stream_pools *pools, struct stream *s)
{
	while (s->pending)
		pending_drop(pools, s, &s->pending);
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
			pending_skip_hole(&fd, false);
		stream_drop(pools, fd.stream);
	}
	pool_put(&pools->pairs, pair);
	f->tcp->streams = NULL;
}
