/* Updating and reading the facts of side.h. */
#include "analyzer/net/side.h"

struct sample sample_of(const struct packet *p)
{
	return (struct sample){
	    .frame = frame_ref_of(p),
	    .payload_len = p->payload_len,
	    .seq = p->tcp_seq,
	    .ack = p->tcp_ack,
	    .tsval = p->tcp_options.tsval,
	    .ip_id = p->ip_id,
	    .window = p->tcp_window,
	    .tcp_flags = p->tcp_flags,
	    .options_seen = p->tcp_options.seen,
	    .ttl = p->ttl,
	    .options_len = p->tcp_options.length,
	    .ip_df = p->ip_df,
	    .ipv4 = p->src.version == 4,
	    .checksum = CHECKSUM_UNKNOWN,
	};
}

uint32_t sample_seq_end(const struct sample *s)
{
	return s->seq + s->payload_len + !!(s->tcp_flags & TCP_SYN) + !!(s->tcp_flags & TCP_FIN);
}

static void count_up(uint16_t *counter)
{
	if (*counter < UINT16_MAX)
		(*counter)++;
}

void tally_add(struct tally *t, uint8_t value)
{
	for (int i = 0; i < TALLY_VALUES; i++) {
		if (t->count[i] != 0 && t->value[i] != value)
			continue;
		t->value[i] = value;
		count_up(&t->count[i]);
		return;
	}
	count_up(&t->others);
}

uint16_t tally_mode(const struct tally *t, uint8_t without, uint16_t without_n, uint8_t *mode)
{
	uint16_t best = 0;
	for (int i = 0; i < TALLY_VALUES; i++) {
		uint16_t n = t->count[i];
		if (n != 0 && t->value[i] == without)
			n = n > without_n ? (uint16_t)(n - without_n) : 0;
		if (n > best || (n != 0 && n == best && t->value[i] < *mode)) {
			best = n;
			*mode = t->value[i];
		}
	}
	return best;
}

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

/* One captured super-packet stands for many wire packets, each with an id of its own; the capture shows the first. */
static unsigned segments_of(const struct sample *s)
{
	enum { USUAL_MSS = 1460 };
	return s && s->payload_len > USUAL_MSS ? (s->payload_len + USUAL_MSS - 1) / USUAL_MSS : 1;
}

static void ipid_update(struct side *s, const struct sample *sample)
{
	if (!sample->ipv4)
		return;
	count_up(&s->ipid_count);
	if (sample->ip_id == 0)
		count_up(&s->ipid_zero);
	if (s->ipid_count > 1) {
		uint16_t step = (uint16_t)(sample->ip_id - s->last_ip_id);
		uint16_t other_order = (uint16_t)(swapped(sample->ip_id) - swapped(s->last_ip_id));
		unsigned near = 15 + segments_of(side_recent(s, 0));
		if (step == 0 && sample->ip_id != 0)
			count_up(&s->ipid_same);
		if ((step >= 1 && step <= near) || (other_order >= 1 && other_order <= near))
			count_up(&s->ipid_near);
		if (step >= 1 && step < 2048)
			count_up(&s->ipid_forward);
	}
	s->last_ip_id = sample->ip_id;
}

static void syn_update(struct side *s, const struct packet *p, const struct sample *sample)
{
	count_up(&s->syn_count);
	if (s->have_syn)
		return;
	s->have_syn = true;
	s->isn = sample->seq;
	s->syn = *sample;
	s->syn_wscale = p->tcp_options.seen & TCPOPT_SEEN_WSCALE;
	s->wscale = s->syn_wscale ? p->tcp_options.wscale : 0;
}

static void options_update(struct side *s, const struct sample *sample)
{
	if (sample->options_seen & TCPOPT_SEEN_TIMESTAMPS)
		s->with_ts++;
	else
		s->without_ts++;
	bool first = s->with_ts + s->without_ts == 1;
	if (first || sample->window < s->min_window)
		s->min_window = sample->window;
	if (first || sample->window > s->max_window)
		s->max_window = sample->window;
	if (sample->payload_len > 0)
		tally_add(&s->data_ttl, sample->ttl);
	if (sample->payload_len > 0 || !(sample->tcp_flags & TCP_FIN))
		tally_add(&s->ttl, sample->ttl);
}

static void ack_update(struct side *s, uint32_t ack)
{
	unsigned last = (s->ack_next + SIDE_ACKS - 1U) % SIDE_ACKS;
	if (s->ack_count == 0 || s->acks[last] != ack) {
		s->acks[s->ack_next] = ack;
		s->ack_next = (uint8_t)((s->ack_next + 1) % SIDE_ACKS);
		if (s->ack_count < SIDE_ACKS)
			s->ack_count++;
	}
	if (!s->have_ack || seq_diff(ack, s->max_ack) > 0)
		s->max_ack = ack;
	s->have_ack = true;
}

void side_update(struct side *s, const struct packet *p, const struct sample *sample)
{
	uint32_t end = sample_seq_end(sample);
	s->packets++;
	if (sample->tcp_flags & TCP_SYN) {
		syn_update(s, p, sample);
	} else {
		ipid_update(s, sample);
		options_update(s, sample);
	}
	if (sample->payload_len > 0 && s->data_packets++ == 0)
		s->first_payload = sample->payload_len;
	if (!s->have_seq)
		s->first_seq = sample->seq;
	if (!s->have_seq || seq_diff(end, s->max_seq_end) > 0)
		s->max_seq_end = end;
	s->have_seq = true;
	if ((sample->tcp_flags & TCP_FIN) && (!s->have_fin || seq_diff(end, s->fin_end) > 0))
		s->fin_end = end;
	if (sample->tcp_flags & TCP_FIN)
		s->have_fin = true;
	if (sample->tcp_flags & TCP_ACK)
		ack_update(s, sample->ack);
	s->last_window = sample->window;
	s->recent[s->recent_next] = *sample;
	s->recent_next = (uint8_t)((s->recent_next + 1) % SIDE_RECENT);
	if (s->recent_count < SIDE_RECENT)
		s->recent_count++;
}

void side_checksum(struct side *s, const struct packet *p, struct sample *sample)
{
	sample->checksum = (uint8_t)packet_checksum(p);
	if (sample->checksum == CHECKSUM_GOOD)
		count_up(&s->checksum_good);
	if (sample->checksum == CHECKSUM_BAD)
		count_up(&s->checksum_bad);
}

bool side_checksum_drops(const struct side *s, const struct sample *sample)
{
	return sample->checksum == CHECKSUM_BAD && s->checksum_good > 0;
}

const struct sample *side_recent(const struct side *s, unsigned i)
{
	if (i >= s->recent_count)
		return NULL;
	return &s->recent[((unsigned)s->recent_next + SIDE_RECENT - 1U - i) % SIDE_RECENT];
}

int64_t side_relative(const struct side *s, uint32_t seq)
{
	return seq_diff(seq, s->have_syn ? s->isn : s->first_seq);
}

bool side_ended(const struct side *then, const struct side *other, const struct side *now)
{
	if (!then->have_fin || seq_diff(then->fin_end, then->max_seq_end) < 0)
		return false;
	int32_t off = seq_diff(then->fin_end, other->max_ack);
	bool acceptable = !other->have_ack || (off > -SIDE_NEAR && off < SIDE_NEAR);
	return acceptable && seq_diff(now->max_seq_end, then->fin_end) <= 0;
}

bool side_acked(const struct side *s, uint32_t ack)
{
	for (unsigned i = 0; i < s->ack_count; i++)
		if (s->acks[i] == ack)
			return true;
	return false;
}

void rtt_add(struct rtt *r, int64_t ns, struct frame_ref frame)
{
	unsigned at = r->kept;
	count_up(&r->taken);
	while (at > 0 && ns < r->smallest[at - 1].ns)
		at--;
	if (at == RTT_KEPT)
		return;
	if (r->kept < RTT_KEPT)
		r->kept++;
	for (unsigned i = r->kept - 1U; i > at; i--)
		r->smallest[i] = r->smallest[i - 1];
	r->smallest[at].ns = ns;
	r->smallest[at].frame = frame;
}

static bool frame_among(struct frame_ref frame, const struct frame_ref *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].number == frame.number)
			return true;
	return false;
}

int64_t rtt_min_ns(const struct rtt *r, const struct frame_ref *without, size_t without_count, uint32_t *samples)
{
	int64_t least = -1;
	uint32_t left_out = 0;
	for (unsigned i = 0; i < r->kept; i++) {
		if (frame_among(r->smallest[i].frame, without, without_count))
			left_out++;
		else if (least < 0)
			least = r->smallest[i].ns;
	}
	*samples = r->taken - left_out;
	return least;
}

void roll_add(struct roll *r, struct frame_ref frame)
{
	bool there = r->count > 0 && r->frames[r->count - 1].number >= frame.number;
	if (frame.number && !there && r->count < ROLL_FRAMES)
		r->frames[r->count++] = frame;
}

void roll_begin(struct roll *r, const struct side *s)
{
	roll_add(r, s->syn.frame);
	for (unsigned i = SIDE_RECENT; i-- > 0;) {
		const struct sample *p = side_recent(s, i);
		if (p)
			roll_add(r, p->frame);
	}
}
