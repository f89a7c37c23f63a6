/* Counting what stays unanswered. */
#include "analyzer/net/waiting.h"

static void note(struct frame_ref *first, struct frame_ref *last, uint32_t *count, struct frame_ref frame)
{
	if (*count == 0)
		*first = frame;
	*last = frame;
	if (*count < UINT32_MAX)
		(*count)++;
}

/* RFC 9293, 3.8.4: a number below the next one, with one byte or none, asks whether the other end is alive. */
static bool is_keepalive(const struct side *own, const struct sample *s)
{
	return own->have_seq && s->payload_len <= 1 && s->seq == own->max_seq_end - 1 &&
	       !(s->tcp_flags & (TCP_SYN | TCP_FIN));
}

void waiting_sent(struct waiting *w, const struct side *own, const struct packet *p, const struct sample *sample)
{
	bool asks = p->payload_len > 0 || (p->tcp_flags & (TCP_SYN | TCP_FIN)) || is_keepalive(own, sample);
	if (asks && !(p->tcp_flags & TCP_RST))
		note(&w->first, &w->last, &w->sent, sample->frame);
}

void waiting_datagram(struct waiting *w, const struct packet *p)
{
	note(&w->first, &w->last, &w->sent, frame_ref_of(p));
}

void waiting_heard(struct waiting *w)
{
	*w = (struct waiting){0};
}

void unacked_sent(struct unacked *u, const struct side *own, const struct side *other, const struct sample *sample)
{
	uint32_t end = sample_seq_end(sample);
	uint32_t earliest = own->have_syn ? own->isn : own->have_seq ? own->first_seq : sample->seq;
	if (other->have_ack && (!own->have_seq || seq_diff(other->max_ack, own->max_seq_end) <= 0))
		earliest = other->max_ack;
	if (seq_diff(sample->seq, earliest) <= 0 && seq_diff(end, earliest) > 0)
		note(&u->first, &u->last, &u->transmissions, sample->frame);
}

void unacked_acknowledged(struct unacked *u, const struct side *other, uint32_t ack)
{
	if (!other->have_ack || seq_diff(ack, other->max_ack) > 0)
		*u = (struct unacked){0};
}

int64_t frame_span_ns(const struct frame_ref *first, const struct frame_ref *last)
{
	if (!first->number || !last->number || first->ts_ns == FRAME_NO_TIME || last->ts_ns == FRAME_NO_TIME)
		return 0;
	return last->ts_ns > first->ts_ns ? last->ts_ns - first->ts_ns : 0;
}
