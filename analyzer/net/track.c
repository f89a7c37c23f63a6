/* The order of things for one TCP packet. */
#include "analyzer/net/track.h"

enum { ROLLS_MAX = 1024, CLOSINGS_MAX = 4096 };

void tracker_init(struct tracker *t, struct stream_pools *streams, size_t resets_cap,
                  const struct track_observer *observer)
{
	*t = (struct tracker){.streams = streams, .observer = *observer};
	pool_init(&t->resets, sizeof(struct resets), resets_cap);
	pool_init(&t->rolls, sizeof(struct roll), ROLLS_MAX);
	pool_init(&t->closings, sizeof(struct closing), CLOSINGS_MAX);
}

void tracker_free(struct tracker *t)
{
	pool_free(&t->resets);
	pool_free(&t->rolls);
	pool_free(&t->closings);
}

static void flags_update(struct flow *f, enum dir d, const struct packet *p)
{
	enum { USUAL_MSS = 1460 };
	if (p->anomalies & PKT_SNAPPED)
		f->flags |= FLOW_SNAPPED;
	if ((p->anomalies & PKT_LENGTH_ZERO) || p->payload_len > USUAL_MSS)
		f->flags |= FLOW_SUPER_PACKET;
	if (p->tcp_flags & TCP_FIN)
		f->flags |= d == DIR_UP ? FLOW_FIN_UP : FLOW_FIN_DOWN;
	if (p->tcp_flags & TCP_RST)
		f->flags |= FLOW_RESET;
}

/* The client's ACK of the SYN/ACK completes the handshake. */
static void handshake_update(struct flow *f, enum dir d, const struct packet *p)
{
	const struct side *server = &f->tcp->side[DIR_DOWN];
	bool ack = (p->tcp_flags & (TCP_ACK | TCP_SYN | TCP_RST)) == TCP_ACK;
	if (d == DIR_UP && ack && server->have_syn && seq_diff(p->tcp_ack, server->isn + 1) >= 0)
		f->flags |= FLOW_HANDSHAKE;
}

/* Karn's rule: a segment that is sent again, or overtaken by a retransmission, is not timed. */
static void rtt_send(struct tcp_flow *tcp, enum dir d, const struct packet *p, const struct sample *sample)
{
	uint32_t end = sample_seq_end(sample);
	const struct side *s = &tcp->side[d];
	if (end == sample->seq || p->frame->ts_ns == FRAME_NO_TIME)
		return;
	bool again = s->have_seq && seq_diff(sample->seq, s->max_seq_end) < 0;
	if (again) {
		tcp->timed[d].sent_ns = FRAME_NO_TIME;
	} else if (tcp->timed[d].sent_ns == FRAME_NO_TIME) {
		tcp->timed[d].seq_end = end;
		tcp->timed[d].sent_ns = p->frame->ts_ns;
	}
}

static void rtt_acknowledge(struct tcp_flow *tcp, enum dir d, const struct packet *p, const struct sample *sample)
{
	enum dir sent = dir_other(d);
	int64_t sent_ns = tcp->timed[sent].sent_ns;
	if (!(p->tcp_flags & TCP_ACK) || sent_ns == FRAME_NO_TIME || p->frame->ts_ns == FRAME_NO_TIME)
		return;
	if (seq_diff(p->tcp_ack, tcp->timed[sent].seq_end) < 0)
		return;
	if (p->frame->ts_ns >= sent_ns) {
		rtt_add(&tcp->rtt[sent], p->frame->ts_ns - sent_ns, sample->frame);
		pace_rtt(&tcp->pace[sent], p->frame->ts_ns - sent_ns);
	}
	tcp->timed[sent].sent_ns = FRAME_NO_TIME;
}

/* G2: an acknowledgement of bytes that the capture does not hold. */
static void loss_update(struct tracker *t, struct flow *f, enum dir d, const struct packet *p)
{
	enum { PLAUSIBLE = 1 << 30 };
	enum dir sent = dir_other(d);
	const struct side *sender = &f->tcp->side[sent];
	if (!(p->tcp_flags & TCP_ACK) || !sender->have_seq)
		return;
	uint32_t known = sender->max_seq_end;
	if (f->tcp->unseen_end[sent] && seq_diff(f->tcp->unseen_end[sent], known) > 0)
		known = f->tcp->unseen_end[sent];
	int32_t unseen = seq_diff(p->tcp_ack, known);
	if (unseen <= 0 || unseen > PLAUSIBLE)
		return;
	f->tcp->unseen_end[sent] = p->tcp_ack;
	f->flags |= FLOW_LOSS;
	t->counts.lost_bytes += (uint64_t)unseen;
}

static void reset_packet(struct tracker *t, struct flow *f, enum dir d, struct sample *sample, struct span payload)
{
	struct tcp_flow *tcp = f->tcp;
	if (!tcp->resets)
		tcp->resets = pool_get(&t->resets);
	if (!tcp->resets) {
		t->counts.resets_refused++;
		return;
	}
	reset_add(tcp->resets, d, tcp->side, sample, payload);
}

static void closing_update(struct tracker *t, struct tcp_flow *tcp, enum dir d, struct sample *sample,
                           const struct packet *p)
{
	const struct side *own = &tcp->side[d], *other = &tcp->side[dir_other(d)];
	if (sample->tcp_flags & TCP_FIN) {
		sample->checksum = (uint8_t)packet_checksum(p);
		if (!own->have_fin)
			tcp->other_end_at_fin[d] = other->max_seq_end;
	}
	if (!closing_contradicts(own, tcp->other_end_at_fin[d], sample))
		return;
	bool begun = tcp->closing[d] != NULL;
	if (!begun)
		tcp->closing[d] = pool_get(&t->closings);
	if (!tcp->closing[d]) {
		t->counts.closings_refused++;
	} else if (!closing_add(tcp->closing[d], own, sample) && !begun) {
		pool_put(&t->closings, tcp->closing[d]);
		tcp->closing[d] = NULL;
	}
}

static void roll_update(struct tracker *t, struct flow *f, enum dir d, const struct packet *p)
{
	struct tcp_flow *tcp = f->tcp;
	if (!(f->flags & (d == DIR_UP ? FLOW_ROLL_UP : FLOW_ROLL_DOWN)))
		return;
	if (!tcp->roll[d]) {
		tcp->roll[d] = pool_get(&t->rolls);
		if (!tcp->roll[d]) {
			t->counts.rolls_refused++;
			return;
		}
		roll_begin(tcp->roll[d], &tcp->side[d]);
	}
	roll_add(tcp->roll[d], frame_ref_of(p));
}

void track_packet(struct tracker *t, struct flow *f, enum dir d, const struct packet *p, bool copy)
{
	struct tcp_flow *tcp = f->tcp;
	struct side *own = &tcp->side[d];
	struct sample sample = sample_of(p);
	sample.copy = copy;
	/* A SYN that resets is a damaged or fuzzed header, which opens, ends and proves nothing. */
	if ((p->tcp_flags & (TCP_SYN | TCP_RST)) == (TCP_SYN | TCP_RST))
		return;
	flags_update(f, d, p);
	roll_update(t, f, d, p);
	f->bytes[d] += p->payload_len;
	waiting_heard(&f->waiting[dir_other(d)]);
	if (d == DIR_UP)
		opening_add(&tcp->opening, own, &sample);
	if (p->tcp_flags & TCP_RST) {
		sample.checksum = (uint8_t)packet_checksum(p);
		reset_packet(t, f, d, &sample, p->payload);
		return;
	}
	bool synack = (p->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);
	if (p->tcp_flags & TCP_SYN)
		side_checksum(own, p, &sample);
	if (synack) {
		struct tcp_synack body = {.sample = sample};
		t->observer.synack(t->observer.context, f, &body, p);
	}
	if (t->observer.zero_window && p->tcp_window == 0 && own->have_seq && own->last_window != 0 &&
	    !(p->tcp_flags & TCP_SYN)) {
		struct tcp_zero_window body = {.sample = sample, .window_before = own->last_window};
		t->observer.zero_window(t->observer.context, f, d, &body, p);
	}
	closing_update(t, tcp, d, &sample, p);
	waiting_sent(&f->waiting[d], own, p, &sample);
	unacked_sent(&tcp->unacked[d], own, &tcp->side[dir_other(d)], &sample);
	if (p->tcp_flags & TCP_ACK)
		unacked_acknowledged(&tcp->unacked[dir_other(d)], own, p->tcp_ack);
	if (t->transfers)
		transfer_packet(t->transfers, f, d, p);
	if (t->paces)
		pace_packet(t->paces, f, d, p);
	loss_update(t, f, d, p);
	handshake_update(f, d, p);
	rtt_acknowledge(tcp, d, p, &sample);
	rtt_send(tcp, d, p, &sample);
	if (p->tcp_flags & TCP_ACK)
		stream_acknowledged(t->streams, f, dir_other(d), p->tcp_ack, p);
	if (p->payload_len > 0 || (p->tcp_flags & TCP_FIN))
		stream_segment(t->streams, f, d, p, &sample);
	if (d == DIR_UP && p->payload_len > 0 && own->data_packets == 0)
		tcp->shape = shape_of(p->payload, p->payload_len);
	side_update(own, p, &sample);
	if (tcp->resets)
		reset_after(tcp->resets, d, &sample);
}

void track_close(struct tracker *t, struct flow *f)
{
	if (t->paces)
		pace_close(t->paces, f);
	pool_put(&t->resets, f->tcp->resets);
	f->tcp->resets = NULL;
	for (enum dir d = DIR_UP; d <= DIR_DOWN; d++) {
		pool_put(&t->closings, f->tcp->closing[d]);
		f->tcp->closing[d] = NULL;
		pool_put(&t->rolls, f->tcp->roll[d]);
		f->tcp->roll[d] = NULL;
	}
}
