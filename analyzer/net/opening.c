/* Counting the client's first packets. */
#include "analyzer/net/opening.h"

static void reset_packet(struct opening *o, const struct sample *rst)
{
	if (rst->tcp_flags & TCP_ACK) {
		o->with_ack++;
		o->copies[1] += rst->copy;
		return;
	}
	if (o->bare == 0)
		o->ack_first = rst->ack;
	o->ack_differs |= rst->ack != o->ack_first;
	o->ack_zero |= rst->ack == 0;
	o->bare++;
	o->copies[0] += rst->copy;
}

static void data_packet(struct opening *o, const struct side *client, const struct sample *s)
{
	bool again = client->have_seq && seq_diff(sample_seq_end(s), client->max_seq_end) <= 0;
	bool push = s->tcp_flags & TCP_PSH;
	if (!again && (o->data == 0 || o->pushed))
		o->data++;
	o->pushed |= push;
}

void opening_add(struct opening *o, const struct side *client, const struct sample *sample)
{
	bool syn_again = (sample->tcp_flags & TCP_SYN) && client->have_syn && sample->seq == client->isn;
	if (o->packets == OPENING_PACKETS || (o->packets == 0 && !(sample->tcp_flags & TCP_SYN)))
		return;
	bool rst = sample->tcp_flags & TCP_RST;
	if (!rst)
		o->last = sample->frame;
	if (syn_again)
		return;
	o->packets++;
	if (rst) {
		reset_packet(o, sample);
		return;
	}
	if (o->bare + o->with_ack > 0)
		return;
	o->fin |= (sample->tcp_flags & TCP_FIN) != 0;
	o->acked |= !(sample->tcp_flags & TCP_SYN) && (sample->tcp_flags & TCP_ACK);
	o->data_last = sample->payload_len > 0;
	if (sample->payload_len > 0)
		data_packet(o, client, sample);
}
