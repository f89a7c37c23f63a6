/*
 * Forged resets, by contradictions in the packets of one connection (Weaver, Sommer, Paxson, NDSS 2009):
 *   B1 rst_seq_data    a RST whose sequence number its sender had passed with data before
 *   B2 data_seq_rst    the "sender" goes on with new data after its own RST
 *   B3 rst_seq_change  a second RST beyond every sequence number sent and every acknowledgement seen
 *   B4 rst_ack_change  RST+ACKs that acknowledge what was never sent
 * Judged at flow close from the facts in net/side.h. Guards: no FIN before; for all but B2 no RST of the other side before (its
 * socket may be gone and answer what still arrives, but not go on); for B2 no RST that answers a packet before the handshake
 * is done (RFC 9293, 3.10.7.3 and 3.10.7.4: the connection goes on); wrong checksums (G10), answers to packets (G3, for B1), capture loss (G2, for B3 and B4),
 * reordering (G5).
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/track.h"

#define PAIR_WINDOW_NS   (INT64_C(2) * 1000000000) /* between paired packets [Khattak's implementation] */
#define REORDER_LEAST_NS (INT64_C(3) * 1000000)    /* G5 */
#define BURST_NS         (INT64_C(100) * 1000000)  /* suspects of one burst, for E02c */

enum {
	SEQ_SLACK = 2,          /* FIN and SYN counting differs between implementations */
	DATA_PACKETS_LEAST = 1, /* a flow without payload was not tested */
};

/* One side's resets, with what the rules need of them. */
struct burst {
	struct flow *flow;
	enum dir dir; /* who the resets claim to be from */
	const struct reset_side *r;
	unsigned kept; /* of r->rst that remain, in `at` */
	unsigned at[RESETS_KEPT];
};

static int64_t apart(const struct sample *a, const struct sample *b)
{
	if (a->frame.ts_ns == FRAME_NO_TIME || b->frame.ts_ns == FRAME_NO_TIME)
		return INT64_MAX;
	int64_t ns = b->frame.ts_ns - a->frame.ts_ns;
	return ns < 0 ? -ns : ns;
}

/* The resets that a receiver would have looked at, if the common guards let the rules speak at all. */
static bool burst_of(struct burst *b, struct flow *flow, enum dir dir)
{
	const struct reset_side *r = &flow->tcp->resets->side[dir];
	*b = (struct burst){.flow = flow, .dir = dir, .r = r};
	if (r->rst_count == 0 || !r->own.have_seq || side_ended(&r->own, &r->other, &flow->tcp->side[dir]) ||
	    side_ended(&r->other, &r->own, &flow->tcp->side[dir_other(dir)]))
		return false;
	unsigned n = r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	for (unsigned i = 0; i < n; i++)
		if (!side_checksum_drops(&flow->tcp->side[dir], &r->rst[i]))
			b->at[b->kept++] = i;
	return b->kept > 0;
}

static const struct sample *rst_at(const struct burst *b, unsigned i)
{
	return &b->r->rst[b->at[i]];
}

/* In the sequence space of this connection, or from another one (G13)? */
static bool same_space(const struct burst *b, const struct sample *rst)
{
	int32_t off = seq_diff(rst->seq, b->r->own.max_seq_end);
	return off > -RESETS_NEAR && off < RESETS_NEAR;
}

/* G5: the closest packets may only have been swapped. 1: they were; 0: they were not; -1: nothing tells. */
static int swapped_order(const struct burst *b, const struct sample *rst, const struct sample *packet)
{
	uint32_t samples;
	int64_t rtt = rtt_min_ns(&b->flow->tcp->rtt[dir_other(b->dir)], NULL, 0, &samples);
	int64_t near = rtt / 4 > REORDER_LEAST_NS ? rtt / 4 : REORDER_LEAST_NS;
	bool both_ts = rst->options_seen & packet->options_seen & TCPOPT_SEEN_TIMESTAMPS;
	bool rst_later = rst->frame.number > packet->frame.number;
	if (apart(rst, packet) > near)
		return 0;
	if (both_ts && rst->tsval != packet->tsval)
		return (seq_diff(rst->tsval, packet->tsval) > 0) != rst_later;
	bool counts = ipid_classify(&b->flow->tcp->side[b->dir], 0) == IPID_LOCAL && rst->ip_id != 0;
	int16_t step = (int16_t)(uint16_t)(rst->ip_id - packet->ip_id);
	if (counts && step > -16 && step < 16 && step != 0)
		return (step > 0) != rst_later;
	return counts ? 0 : -1;
}

/* TTLs all different over a burst of three, or TTL and window rising together: no host's stack does that. */
static bool ttl_steps(const struct burst *b)
{
	unsigned distinct = 0, rising = 0, n = 0;
	for (unsigned i = 0; i < b->kept && apart(rst_at(b, 0), rst_at(b, i)) <= BURST_NS; i++, n++) {
		bool seen = false;
		for (unsigned j = 0; j < i; j++)
			seen |= rst_at(b, j)->ttl == rst_at(b, i)->ttl;
		distinct += !seen;
		if (i > 0)
			rising += rst_at(b, i)->ttl == rst_at(b, i - 1)->ttl + 1 &&
			          rst_at(b, i)->window == rst_at(b, i - 1)->window + 1;
	}
	return n >= 3 && (distinct >= 3 || rising >= 2);
}

/* Highest sequence number that the side itself had shown before this packet. */
static uint32_t shown_before(const struct burst *b, const struct sample *packet)
{
	uint32_t end = b->r->own.max_seq_end;
	unsigned n = b->r->after_count < RESETS_AFTER ? b->r->after_count : RESETS_AFTER;
	for (unsigned i = 0; i < n; i++)
		if (b->r->after[i].frame.number < packet->frame.number &&
		    seq_diff(sample_seq_end(&b->r->after[i]), end) > 0)
			end = sample_seq_end(&b->r->after[i]);
	return end;
}

/* A packet of the sender after its own RST which no closed socket would send, and that was not merely overtaken. */
static const struct sample *goes_on(const struct burst *b, const struct sample *rst, bool need_data)
{
	const struct reset_side *r = b->r;
	uint32_t shown = shown_before(b, rst);
	unsigned n = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	for (unsigned i = 0; i < n; i++) {
		const struct sample *p = &r->after[i];
		const struct sample *last = &r->own.recent[(r->own.recent_next + SIDE_RECENT - 1U) % SIDE_RECENT];
		bool newer = (p->options_seen & last->options_seen & TCPOPT_SEEN_TIMESTAMPS) &&
		             seq_diff(p->tsval, last->tsval) > 0;
		uint32_t end = sample_seq_end(p);
		bool data = p->payload_len > 0 && (seq_diff(end, shown) > 0 || newer) && seq_diff(end, rst->seq) > 0;
		bool ack = p->payload_len == 0 && !(p->tcp_flags & TCP_SYN) && (p->tcp_flags & TCP_ACK);
		if (p->frame.number < rst->frame.number || apart(rst, p) > PAIR_WINDOW_NS ||
		    swapped_order(b, rst, p) == 1)
			continue;
		if (data || (!need_data && ack && apart(rst, p) > REORDER_LEAST_NS))
			return p;
	}
	return NULL;
}

/* The trigger, when this side's first RST came after it and within the time in which a box reacts. */
static const struct sample *trigger_of(const struct burst *b)
{
	const struct trigger *t = &b->flow->trigger;
	if (b->dir != DIR_DOWN || t->kind == TRIGGER_NONE || t->sample.frame.number > rst_at(b, 0)->frame.number)
		return b->r->other_last.payload_len ? &b->r->other_last : NULL;
	return &t->sample;
}

/*
 * A RST that may be the real host's own: it answers a packet (G3), with the TTL of that host's other packets. After a forged
 * reset to the other end, the genuine end answers what still arrives with resets like that.
 */
static bool looks_genuine(const struct burst *b, unsigned i)
{
	uint8_t usual = 0;
	uint16_t n = tally_mode(&b->flow->tcp->side[b->dir].ttl, 0, 0, &usual);
	return n > 0 && b->r->answers_packet[b->at[i]] && rst_at(b, i)->ttl == usual;
}

/* Is reset i a suspect when this one is? */
static bool is_of_burst(const struct burst *b, unsigned suspect, unsigned i)
{
	return i == suspect || (apart(rst_at(b, suspect), rst_at(b, i)) <= PAIR_WINDOW_NS && !looks_genuine(b, i));
}

/* What all four mechanisms say of a burst: header features of the first suspect, and of the burst as a whole. */
static void describe(struct detection *d, struct finding *f, const struct burst *b, const char *mechanism,
                     unsigned suspect, const struct sample *after)
{
	struct sample others[RESETS_KEPT];
	const struct side *own = &b->r->own;
	const struct sample *last = side_recent(own, 0);
	unsigned first = 0;
	while (first < suspect && !is_of_burst(b, suspect, first))
		first++;
	struct suspect s = {.flow = b->flow, .sender = b->dir, .packet = rst_at(b, first), .others = others};
	for (unsigned i = 0; i < b->kept; i++)
		if (i != first)
			others[s.other_count++] = *rst_at(b, i);
	s.genuine = last;
	s.trigger = trigger_of(b);
	*f = (struct finding){.mechanism = mechanism_find(mechanism), .kind = KIND_CONTRADICTION};
	suspect_compare(f, d->weights, &s);
	f->stage = b->dir == DIR_DOWN ? suspect_stage(&b->r->other, own) : suspect_stage(own, &b->r->other);
	for (unsigned i = 0; i < b->kept; i++)
		if (is_of_burst(b, suspect, i))
			finding_suspect(f, rst_at(b, i)->frame);
	if (s.trigger)
		finding_evidence(f, s.trigger->frame);
	if (last)
		finding_evidence(f, last->frame);
	if (after)
		finding_evidence(f, after->frame);
	if (ttl_steps(b))
		finding_term(f, d->weights, "E02c", false);
	if (after)
		finding_term(f, d->weights, "E05", false);
	f->copies = b->r->rst_count;
	if (b->flow->flags & FLOW_LOSS)
		f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	if (b->flow->flags & FLOW_TS_DISORDER)
		f->guards_named |= 1U << GUARD_TS_DISORDER;
	if (b->flow->trigger.kind == TRIGGER_TLS)
		f->protocol = "tls";
	else if (b->flow->trigger.kind == TRIGGER_HTTP)
		f->protocol = "http";
}

static void number(struct finding *f, char buffer[24], const char *key, long long value)
{
	struct text t = text_over(buffer, 24);
	text_printf(&t, "%lld", value);
	finding_detail(f, key, buffer);
}

/* Where the other side's window ends, as a stack would know that resets there. */
static uint32_t window_edge(const struct burst *b)
{
	const struct side *other = &b->r->other;
	uint8_t scale = b->r->own.syn_wscale && other->syn_wscale ? other->wscale : 0;
	return other->max_ack + ((uint32_t)other->last_window << scale);
}

/* B1 */
static void rst_seq_data(struct detection *d, const struct burst *b)
{
	const struct side *own = &b->r->own;
	for (unsigned i = 0; i < b->kept; i++) {
		const struct sample *rst = rst_at(b, i), *data = NULL;
		for (unsigned k = 0; !data && k < SIDE_RECENT; k++) {
			const struct sample *p = side_recent(own, k);
			if (p && p->payload_len > 0 && apart(p, rst) < PAIR_WINDOW_NS &&
			    seq_diff(sample_seq_end(p), rst->seq) > SEQ_SLACK)
				data = p;
		}
		int32_t stale = seq_diff(own->max_seq_end, rst->seq);
		bool plausible = stale < RESETS_NEAR && side_relative(own, rst->seq) >= 0 && rst->seq != window_edge(b);
		if (!data || stale <= SEQ_SLACK || !plausible || b->r->answers_packet[b->at[i]])
			continue;
		int swapped = swapped_order(b, rst, data);
		if (swapped == 1)
			continue;
		struct finding f;
		char text[24];
		describe(d, &f, b, "rst_seq_data", i, goes_on(b, rst, false));
		finding_term(&f, d->weights, "E04b", false);
		finding_evidence(&f, data->frame);
		if (swapped < 0)
			f.guards_failed |= 1U << GUARD_REORDERED;
		number(&f, text, "stale_by_bytes", stale);
		detection_propose(d, b->flow, &f);
		return;
	}
}

/* B2: any of the resets will do; the first ones may be decoys that no receiver takes. */
static void data_seq_rst(struct detection *d, const struct burst *b)
{
	const struct sample *rst = NULL, *after = NULL;
	unsigned i;
	for (i = 0; i < b->kept; i++) {
		bool legitimate = b->r->answers_packet[b->at[i]] && b->r->early[b->at[i]];
		rst = rst_at(b, i);
		after = legitimate ? NULL : goes_on(b, rst, true);
		if (after)
			break;
	}
	if (!after)
		return;
	struct finding f;
	char text[2][24];
	describe(d, &f, b, "data_seq_rst", i, after);
	/* One host of several behind the address may not know the connection of another. */
	if (b->r->answers_packet[b->at[i]])
		f.alternatives |= 1U << ALT_LOAD_BALANCER;
	if (swapped_order(b, rst, after) < 0)
		f.guards_failed |= 1U << GUARD_REORDERED;
	number(&f, text[0], "after_bytes", after->payload_len);
	number(&f, text[1], "after_rst_us", apart(rst, after) / 1000);
	detection_propose(d, b->flow, &f);
}

/* B3 */
static void rst_seq_change(struct detection *d, const struct burst *b)
{
	const struct side *other = &b->r->other;
	if (b->flow->flags & FLOW_LOSS)
		return;
	for (unsigned i = 1; i < b->kept; i++) {
		const struct sample *one = rst_at(b, i - 1), *two = rst_at(b, i);
		bool beyond_own = seq_diff(two->seq, shown_before(b, one)) > 0;
		bool beyond_acks = !other->have_ack || seq_diff(two->seq, other->max_ack) > SEQ_SLACK;
		int32_t step = seq_diff(two->seq, one->seq);
		if (apart(one, two) >= PAIR_WINDOW_NS || step <= SEQ_SLACK || !beyond_own || !beyond_acks ||
		    !same_space(b, one) || !same_space(b, two))
			continue;
		struct finding f;
		char text[24];
		describe(d, &f, b, "rst_seq_change", i, goes_on(b, one, false));
		finding_term(&f, d->weights, "E04", false);
		number(&f, text, "seq_step", step);
		detection_propose(d, b->flow, &f);
		return;
	}
}

/* Does a packet that the other side sent explain this acknowledgement? A zero field is an unset one. */
static bool ack_explained(const struct burst *b, unsigned i)
{
	const struct sample *rst = rst_at(b, i);
	const struct side *other = &b->r->other;
	if (!other->have_seq || rst->ack == 0)
		return true;
	uint32_t first = other->have_syn ? other->isn : other->first_seq;
	return seq_diff(rst->ack, first) >= 0 && seq_diff(rst->ack, b->r->other_end[b->at[i]]) <= 0;
}

/* B4 */
static void rst_ack_change(struct detection *d, const struct burst *b)
{
	if (b->flow->flags & (FLOW_LOSS | FLOW_MIDSTREAM))
		return;
	for (unsigned i = 1; i < b->kept; i++) {
		const struct sample *one = rst_at(b, i - 1), *two = rst_at(b, i);
		bool both_ack = one->tcp_flags & two->tcp_flags & TCP_ACK;
		if (!both_ack || one->ack == two->ack || apart(one, two) >= PAIR_WINDOW_NS)
			continue;
		bool explained[2] = {ack_explained(b, i - 1), ack_explained(b, i)};
		if (explained[0] && explained[1])
			continue;
		struct finding f;
		char text[2][24];
		const struct side *other = &b->r->other;
		describe(d, &f, b, "rst_ack_change", explained[1] ? i - 1 : i, goes_on(b, one, false));
		finding_term(&f, d->weights, "E04c", false);
		number(&f, text[0], "ack1", side_relative(other, one->ack));
		number(&f, text[1], "ack2", side_relative(other, two->ack));
		detection_propose(d, b->flow, &f);
		return;
	}
}

static void tested(struct detection *d, const struct flow *flow)
{
	static const char *const ids[] = {"rst_seq_data", "data_seq_rst", "rst_seq_change", "rst_ack_change"};
	if (flow->tcp->side[DIR_UP].data_packets + flow->tcp->side[DIR_DOWN].data_packets < DATA_PACKETS_LEAST)
		return;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		detection_tested(d, mechanism_find(ids[i]));
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *flow = ev->flow;
	if (!flow->tcp)
		return;
	tested(d, flow);
	for (enum dir dir = DIR_UP; flow->tcp->resets && dir <= DIR_DOWN; dir++) {
		struct burst b;
		if (!burst_of(&b, flow, dir))
			continue;
		data_seq_rst(d, &b);
		if (b.r->other_rst_before)
			continue;
		rst_seq_data(d, &b);
		rst_seq_change(d, &b);
		rst_ack_change(d, &b);
	}
}

const struct detector detector_rst_injection = {
    .name = "rst_injection",
    .summary = "resets that their purported sender cannot have sent",
    .on = {[EV_FLOW_CLOSE] = on_close},
};
