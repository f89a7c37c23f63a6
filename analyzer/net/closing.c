/* Packets behind a FIN. */
#include "analyzer/net/closing.h"

static bool is_beyond(const struct side *own, const struct sample *s)
{
	return s->payload_len > 0 && seq_diff(sample_data_seq(s) + s->payload_len, own->fin_end) >= 0;
}

static bool is_ack_before(const struct side *own, uint32_t other_end, const struct sample *s)
{
	bool pure = s->payload_len == 0 && (s->tcp_flags & (TCP_ACK | TCP_SYN | TCP_FIN)) == TCP_ACK;
	return pure && seq_diff(s->seq, own->fin_end) < 0 && seq_diff(s->ack, other_end) > 0;
}

static bool plausible(const struct side *own, const struct sample *s)
{
	int32_t off = seq_diff(s->seq, own->fin_end);
	return off > -SIDE_NEAR && off < SIDE_NEAR;
}

bool closing_contradicts(const struct side *own, uint32_t other_end, const struct sample *sample)
{
	return own->have_fin && plausible(own, sample) &&
	       (is_beyond(own, sample) || is_ack_before(own, other_end, sample));
}

/* The FINs with this end among the latest packets, oldest first, and the packet before them. */
static bool find_fins(struct closing *c, const struct side *own)
{
	for (unsigned i = SIDE_RECENT; i-- > 0;) {
		const struct sample *s = side_recent(own, i);
		if (!s)
			continue;
		if ((s->tcp_flags & TCP_FIN) && sample_seq_end(s) == own->fin_end) {
			if (c->fins < CLOSING_FINS)
				c->fin[c->fins++] = *s;
		} else if (c->fins == 0) {
			c->before = *s;
		}
	}
	return c->fins > 0;
}

bool closing_add(struct closing *c, const struct side *own, const struct sample *sample)
{
	if (c->fins == 0 && !find_fins(c, own))
		return false;
	struct sample *place = sample->payload_len > 0 ? &c->data : &c->ack;
	if (place->frame.number == 0)
		*place = *sample;
	return true;
}
