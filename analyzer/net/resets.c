/* Taking resets apart: near and far, what was true when they came, what followed. */
#include "analyzer/net/resets.h"

/*
 * The two forms in which a closed socket answers a packet (RFC 9293, 3.10.7.1): <SEQ=SEG.ACK><CTL=RST>, and
 * <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> to a packet without ACK, in practice a SYN.
 */
static bool answers_packet(const struct side *other, const struct sample *rst)
{
	if (!(rst->tcp_flags & TCP_ACK))
		return side_acked(other, rst->seq);
	return rst->seq == 0 && other->have_syn && rst->ack == sample_seq_end(&other->syn);
}

static bool near(uint32_t a, uint32_t b)
{
	int32_t off = seq_diff(a, b);
	return off > -SIDE_NEAR && off < SIDE_NEAR;
}

/* Could a receiver take it, or is it the answer of a closed socket to what it was sent? */
static bool near_stream(const struct side *own, const struct side *other, const struct sample *rst)
{
	if (!own->have_seq || answers_packet(other, rst))
		return true;
	return near(rst->seq, own->max_seq_end) || (other->have_ack && near(rst->seq, other->max_ack));
}

/* Has the other side acknowledged this side's SYN? Without a SYN in the capture that was before. */
static bool syn_acknowledged(const struct side *own, const struct side *other)
{
	bool known = !own->have_syn;
	for (unsigned i = 0; i < other->ack_count; i++)
		known |= seq_diff(other->acks[i], own->isn) > 0 && seq_diff(other->acks[i], own->max_seq_end) <= 0;
	return known;
}

static void keep_last(struct sample *out, const struct side *s)
{
	const struct sample *last = side_recent(s, 0);
	if (last)
		*out = *last;
}

static void far_add(struct far_resets *far, const struct side *own, const struct side *other, const struct sample *rst)
{
	if (far->count == 0) {
		far->own_end = own->max_seq_end;
		keep_last(&far->own_last, own);
		keep_last(&far->other_last, other);
	}
	if (far->count < RESETS_FAR) {
		bool ack = (rst->tcp_flags & TCP_ACK) && other->have_seq;
		uint32_t first = other->have_syn ? other->isn : other->first_seq;
		far->rst[far->count] = *rst;
		far->ack_known[far->count] =
		    ack && seq_diff(rst->ack, first) > 0 && seq_diff(rst->ack, other->max_seq_end) <= 0;
	}
	far->count++;
}

void reset_add(struct resets *r, enum dir d, const struct side sides[2], const struct sample *rst, struct span payload)
{
	struct reset_side *own = &r->side[d];
	const struct side *other = &sides[dir_other(d)];
	if (!near_stream(&sides[d], other, rst)) {
		far_add(&own->far, &sides[d], other, rst);
		return;
	}
	if (own->rst_count == 0) {
		own->own = sides[d];
		own->other = *other;
		own->other_rst_before = r->side[dir_other(d)].rst_count > 0;
		own->max_seq_end_after = sides[d].max_seq_end;
		keep_last(&own->other_last, other);
	}
	if (own->rst_count < RESETS_KEPT) {
		own->rst[own->rst_count] = *rst;
		payload = span_first(payload, RESETS_PAYLOAD);
		if (payload.len)
			memcpy(own->payload[own->rst_count], payload.ptr, payload.len);
		own->payload_kept[own->rst_count] = (uint8_t)payload.len;
		own->at[own->rst_count] = (struct reset_moment){
		    .answers_packet = answers_packet(other, rst),
		    .early = !syn_acknowledged(&sides[d], other),
		    .other_syns = other->syn_count,
		    .other_packets = other->packets,
		    .other_end = other->max_seq_end,
		};
	}
	own->rst_count++;
}

static void far_after(struct far_resets *far, const struct sample *sample)
{
	bool beyond = sample->payload_len > 0 && seq_diff(sample_seq_end(sample), far->own_end) > 0;
	if (far->count > 0 && far->after.frame.number == 0 && beyond)
		far->after = *sample;
}

void reset_after(struct resets *r, enum dir d, const struct sample *sample)
{
	struct reset_side *own = &r->side[d];
	uint32_t end = sample_seq_end(sample);
	far_after(&own->far, sample);
	if (own->rst_count == 0)
		return;
	if (own->after_count < RESETS_AFTER)
		own->after[own->after_count] = *sample;
	own->after_count++;
	if (seq_diff(end, own->max_seq_end_after) > 0)
		own->max_seq_end_after = end;
}
