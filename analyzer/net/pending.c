/* Segments that came before their turn: kept in order of sequence numbers, first come first served where they overlap. */
#include "analyzer/net/stream_parts.h"

const uint32_t piece_bytes[PIECE_CLASSES] = {1536, 16 * 1024, 64 * 1024};

void pending_drop(struct stream_pools *pools, struct stream *s, struct piece **link)
{
	struct piece *gone = *link;
	*link = gone->next;
	s->pending_count--;
	s->pending_total -= gone->len;
	pool_put(&pools->pieces[gone->size_class], gone);
}

/* Hands on what has become contiguous. */
void pending_drain(struct feed *fd)
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
			delivery_bytes(fd, span_after(span_of(first->bytes, first->len), skip), wire_left, first->fin,
			               &first->sample);
		pending_drop(fd->pools, s, &s->pending);
	}
}

/* What a packet of the past looked like, for those who are told of bytes that waited for a hole until it was given up. */
void pending_packet(const struct flow *f, enum dir d, const struct piece *piece, struct frame *frame, struct packet *p)
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
void pending_skip_hole(struct feed *fd, bool acknowledged)
{
	struct stream *s = fd->stream;
	const struct packet *shows = fd->pkt;
	struct frame frame;
	struct packet past;
	pending_packet(fd->flow, fd->dir, s->pending, &frame, &past);
	if (!shows)
		fd->pkt = &past;
	delivery_gap(fd, (uint32_t)seq_diff(s->pending->seq, s->next), acknowledged);
	fd->pkt = &past;
	pending_drain(fd);
	fd->pkt = shows;
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
	delivery_conflict(fd, &c, sample->tcp_flags & TCP_FIN);
}

struct piece *pending_new(struct stream_pools *pools, struct span bytes)
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
	struct piece *p = pending_new(fd->pools, kept);
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
void pending_wait(struct feed *fd, uint32_t seq, struct span bytes, uint32_t wire_len, bool fin,
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
		pending_skip_hole(fd, false);
}

/* Segments that wait came first: they are handed on where they lie, and what this one says there is compared. */
void pending_deliver_around(struct feed *fd, struct span bytes, uint32_t wire_len, bool fin,
                            const struct sample *sample)
{
	struct stream *s = fd->stream;
	uint32_t seq = s->next;
	for (struct piece *p = s->pending; p && seq_diff(p->seq, seq) < (int32_t)wire_len; p = p->next)
		compare_pending(fd, p, seq, bytes, sample);
	do {
		bool cut = s->pending && seq_diff(s->pending->seq, seq) < (int32_t)wire_len;
		uint32_t part = cut ? s->pending->seq - seq : wire_len;
		delivery_bytes(fd, span_first(bytes, part), part, fin && !cut, sample);
		pending_drain(fd);
		uint32_t done = s->next - seq < wire_len ? s->next - seq : wire_len;
		seq += done;
		wire_len -= done;
		bytes = span_after(bytes, done);
	} while (wire_len > 0 && !s->finished);
	if (fin && !s->finished && seq == s->next)
		delivery_bytes(fd, span_of(NULL, 0), 0, true, sample);
}
