/*
 * Forged resets, by contradictions in the packets of one connection (Weaver, Sommer, Paxson, NDSS 2009):
 *   B1 rst_seq_data    a RST whose sequence number its sender had passed with data before
 *   B2 data_seq_rst    the "sender" goes on with new data after its own RST
 *   B3 rst_seq_change  a second RST beyond every sequence number sent and every acknowledgement seen
 *   B4 rst_ack_change  RST+ACKs that acknowledge what was never sent
 * Guards: no FIN before; for all but B2 no RST of the other side before (its socket may be gone and answer what still arrives,
 * but not go on); for B2 no RST that answers a packet before the handshake is done (RFC 9293, 3.10.7.3 and 3.10.7.4: the
 * connection goes on); wrong checksums (G10), answers to packets (G3, for B1), capture loss (G2, for B3 and B4), reordering
 * (G5). What bursts are: burst.h. B10 and F2, about the same bursts, are called from here.
 */
#include "analyzer/detect/burst.h"

enum { DATA_PACKETS_LEAST = 1 /* a flow without payload was not tested */ };

/* In the sequence space of this connection, or from another one (G13)? */
static bool same_space(const struct burst *b, const struct sample *rst)
{
	int32_t off = seq_diff(rst->seq, b->r->own.max_seq_end);
	return off > -SIDE_NEAR && off < SIDE_NEAR;
}

/* A term that a header feature gave. */
static bool has_feature(const struct finding *f)
{
	static const char *const ids[] = {"E01", "E02", "E03", "E03b"};
	for (size_t k = 0; k < sizeof ids / sizeof *ids; k++)
		if (finding_has_term(f, ids[k]))
			return true;
	return false;
}

/* B1 */
static bool rst_seq_data(struct detection *d, const struct burst *b)
{
	const struct side *own = &b->r->own;
	for (unsigned i = 0; i < b->kept; i++) {
		const struct sample *rst = burst_rst(b, i), *data = NULL;
		for (unsigned k = 0; !data && k < SIDE_RECENT; k++) {
			const struct sample *p = side_recent(own, k);
			if (p && p->payload_len > 0 && samples_apart(p, rst) < PAIR_WINDOW_NS &&
			    seq_diff(sample_seq_end(p), rst->seq) > SEQ_SLACK)
				data = p;
		}
		int32_t stale = seq_diff(own->max_seq_end, rst->seq);
		bool plausible =
		    stale < SIDE_NEAR && side_relative(own, rst->seq) >= 0 && rst->seq != burst_window_edge(b);
		if (!data || stale <= SEQ_SLACK || !plausible || burst_moment(b, i)->answers_packet)
			continue;
		int swapped = burst_swapped(b, rst, data);
		if (swapped == 1)
			continue;
		struct finding f;
		char text[FINDING_NUMBER_SIZE];
		burst_describe(d, &f, b, "rst_seq_data", i, burst_goes_on(b, rst, false));
		if (burst_may_answer(b, rst) && !has_feature(&f))
			continue;
		finding_term(&f, d->weights, "E04b", false);
		finding_evidence(&f, data->frame);
		if (swapped < 0)
			f.guards_failed |= 1U << GUARD_REORDERED;
		finding_number(&f, text, "stale_by_bytes", stale);
		detection_propose(d, b->flow, &f);
		return true;
	}
	return false;
}

/* B2: any of the resets will do; the first ones may be decoys that no receiver takes. */
static bool data_seq_rst(struct detection *d, const struct burst *b)
{
	const struct sample *rst = NULL, *after = NULL;
	unsigned i;
	for (i = 0; i < b->kept; i++) {
		bool legitimate = burst_moment(b, i)->answers_packet && burst_moment(b, i)->early;
		rst = burst_rst(b, i);
		after = legitimate ? NULL : burst_goes_on(b, rst, true);
		if (after)
			break;
	}
	if (!after)
		return false;
	struct finding f;
	char text[2][FINDING_NUMBER_SIZE];
	burst_describe(d, &f, b, "data_seq_rst", i, after);
	/* One host of several behind the address may not know the connection of another. */
	if (burst_moment(b, i)->answers_packet)
		f.alternatives |= 1U << ALT_LOAD_BALANCER;
	if (burst_swapped(b, rst, after) < 0)
		f.guards_failed |= 1U << GUARD_REORDERED;
	finding_number(&f, text[0], "after_bytes", after->payload_len);
	finding_number(&f, text[1], "after_rst_us", samples_apart(rst, after) / 1000);
	detection_propose(d, b->flow, &f);
	return true;
}

/*
 * B2 with resets that no receiver could take, so that the sender goes on unharmed. A reset left over from another connection
 * of these ports looks so, but acknowledges nothing of this one; without an acknowledgement a header feature must speak.
 */
static void data_seq_rst_far(struct detection *d, struct flow *flow, enum dir dir)
{
	const struct far_resets *far = &flow->tcp->resets->side[dir].far;
	const struct sample *rst = &far->rst[0], *after = &far->after;
	unsigned n = far->count < RESETS_FAR ? far->count : RESETS_FAR;
	int64_t apart = samples_apart(rst, after);
	bool known = far->ack_known[0];
	if (n == 0 || after->frame.number == 0 || apart > PAIR_WINDOW_NS || apart <= REORDER_LEAST_NS ||
	    side_checksum_drops(&flow->tcp->side[dir], rst) || (!known && (flow->flags & FLOW_PORT_REUSED)))
		return;
	struct finding f = {.mechanism = mechanism_find("data_seq_rst"), .kind = KIND_CONTRADICTION};
	struct suspect s = {.flow = flow,
	                    .sender = dir,
	                    .packet = rst,
	                    .genuine = &far->own_last,
	                    .trigger = far->other_last.payload_len ? &far->other_last : NULL,
	                    .before = &far->other_last,
	                    .others = far->rst + 1,
	                    .other_count = n - 1};
	suspect_compare(&f, d->weights, &s);
	if (!known && !has_feature(&f))
		return;
	char text[3][FINDING_NUMBER_SIZE];
	for (unsigned i = 0; i < n; i++)
		finding_suspect(&f, far->rst[i].frame);
	finding_evidence(&f, far->own_last.frame);
	finding_evidence(&f, far->other_last.frame);
	finding_evidence(&f, after->frame);
	finding_term(&f, d->weights, "E05", false);
	f.stage = suspect_stage(&flow->tcp->side[DIR_UP], &flow->tcp->side[DIR_DOWN]);
	f.protocol = trigger_protocol(flow->trigger.kind);
	f.copies = far->count;
	finding_number(&f, text[0], "after_bytes", after->payload_len);
	finding_number(&f, text[1], "after_rst_us", apart / 1000);
	finding_number(&f, text[2], "off_by_bytes", seq_diff(rst->seq, far->own_end));
	detection_propose(d, flow, &f);
}

/* B3 */
static bool rst_seq_change(struct detection *d, const struct burst *b)
{
	const struct side *other = &b->r->other;
	if (b->flow->flags & FLOW_LOSS)
		return false;
	for (unsigned i = 1; i < b->kept; i++) {
		const struct sample *one = burst_rst(b, i - 1), *two = burst_rst(b, i);
		bool beyond_own = seq_diff(two->seq, burst_shown_before(b, two)) > 0;
		bool beyond_acks = !other->have_ack || seq_diff(two->seq, other->max_ack) > SEQ_SLACK;
		int32_t step = seq_diff(two->seq, one->seq);
		if (samples_apart(one, two) >= PAIR_WINDOW_NS || step <= SEQ_SLACK || !beyond_own || !beyond_acks ||
		    !same_space(b, one) || !same_space(b, two))
			continue;
		struct finding f;
		char text[FINDING_NUMBER_SIZE];
		burst_describe(d, &f, b, "rst_seq_change", i, burst_goes_on(b, one, false));
		finding_term(&f, d->weights, "E04", false);
		finding_number(&f, text, "seq_step", step);
		detection_propose(d, b->flow, &f);
		return true;
	}
	return false;
}

/* Does a packet that the other side sent explain this acknowledgement? A zero field is an unset one. */
static bool ack_explained(const struct burst *b, unsigned i)
{
	const struct sample *rst = burst_rst(b, i);
	const struct side *other = &b->r->other;
	if (!other->have_seq || rst->ack == 0)
		return true;
	uint32_t first = other->have_syn ? other->isn : other->first_seq;
	return seq_diff(rst->ack, first) >= 0 && seq_diff(rst->ack, burst_moment(b, i)->other_end) <= 0;
}

/* B4 */
static bool rst_ack_change(struct detection *d, const struct burst *b)
{
	if (b->flow->flags & (FLOW_LOSS | FLOW_MIDSTREAM))
		return false;
	for (unsigned i = 1; i < b->kept; i++) {
		const struct sample *one = burst_rst(b, i - 1), *two = burst_rst(b, i);
		bool both_ack = one->tcp_flags & two->tcp_flags & TCP_ACK;
		if (!both_ack || one->ack == two->ack || samples_apart(one, two) >= PAIR_WINDOW_NS)
			continue;
		bool explained[2] = {ack_explained(b, i - 1), ack_explained(b, i)};
		if (explained[0] && explained[1])
			continue;
		struct finding f;
		char text[2][FINDING_NUMBER_SIZE];
		const struct side *other = &b->r->other;
		burst_describe(d, &f, b, "rst_ack_change", explained[1] ? i - 1 : i, burst_goes_on(b, one, false));
		finding_term(&f, d->weights, "E04c", false);
		finding_number(&f, text[0], "ack1", side_relative(other, one->ack));
		finding_number(&f, text[1], "ack2", side_relative(other, two->ack));
		detection_propose(d, b->flow, &f);
		return true;
	}
	return false;
}

static void tested(struct detection *d, const struct flow *flow)
{
	static const char *const ids[] = {"rst_seq_data", "data_seq_rst", "rst_seq_change", "rst_ack_change",
	                                  "rst_rewritten_in_place"};
	const char *trigger = rst_after_trigger_id(flow->trigger.kind);
	if (flow->tcp->side[DIR_UP].have_syn)
		detection_tested(d, mechanism_find("synack_rewritten"));
	if (flow->tcp->side[DIR_UP].data_packets + flow->tcp->side[DIR_DOWN].data_packets < DATA_PACKETS_LEAST)
		return;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		detection_tested(d, mechanism_find(ids[i]));
	if (trigger)
		detection_tested(d, mechanism_find(trigger));
}

/* The B rules on one side's resets. Returns a set of enum burst_rule. */
static unsigned broken_rules(struct detection *d, const struct burst *b)
{
	if (b->own_ended || b->other_ended)
		return 0;
	unsigned broken = data_seq_rst(d, b) ? BURST_DATA_SEQ : 0;
	if (b->r->other_rst_before)
		return broken;
	broken |= rst_seq_data(d, b) ? BURST_SEQ_DATA : 0;
	broken |= rst_seq_change(d, b) ? BURST_SEQ_CHANGE : 0;
	broken |= rst_ack_change(d, b) ? BURST_ACK_CHANGE : 0;
	return broken;
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *flow = ev->flow;
	if (!flow->tcp)
		return;
	tested(d, flow);
	synack_rewritten(d, flow);
	rst_both_ways(d, flow);
	for (enum dir dir = DIR_UP; flow->tcp->resets && dir <= DIR_DOWN; dir++) {
		struct burst b;
		unsigned broken = 0;
		if (burst_of(&b, flow, dir)) {
			broken = broken_rules(d, &b);
			broken |= rst_rewritten(d, &b) ? BURST_REWRITTEN : 0;
			rst_after_trigger(d, &b, broken);
		}
		if (!(broken & BURST_DATA_SEQ))
			data_seq_rst_far(d, flow, dir);
	}
}

const struct detector detector_rst_injection = {
    .name = "rst_injection",
    .summary = "resets that their purported sender cannot have sent",
    .on = {[EV_FLOW_CLOSE] = on_close},
};
