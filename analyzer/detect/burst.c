/* Reading bursts. */
#include "analyzer/detect/burst.h"

#include "analyzer/detect/attempt.h"
#include "signatures/burst.h"

#define BURST_NS    (INT64_C(100) * 1000000)   /* suspects of one burst, for E02c */
#define LIVES_ON_NS (INT64_C(60) * 1000000000) /* a socket whose counters go on, after its own RST */

enum {
	COUNTER_STEP = 16, /* between two packets of one socket, some lost */
	OVERTAKEN_TICKS =
	    2000, /* of a timestamp clock, by which a packet may be late; more is another machine's clock */
};

int64_t samples_apart(const struct sample *a, const struct sample *b)
{
	if (a->frame.ts_ns == FRAME_NO_TIME || b->frame.ts_ns == FRAME_NO_TIME)
		return INT64_MAX;
	int64_t ns = b->frame.ts_ns - a->frame.ts_ns;
	return ns < 0 ? -ns : ns;
}

/* G13: behind the start of this connection, for the one that had its ports before: its late packets are still answered. */
static bool is_of_the_one_before(const struct flow *flow, const struct side *own, const struct sample *rst)
{
	bool bare = !(rst->tcp_flags & TCP_ACK);
	return (flow->flags & FLOW_PORT_REUSED) && own->have_syn && bare && side_relative(own, rst->seq) < 0;
}

bool burst_of(struct burst *b, struct flow *flow, enum dir dir)
{
	const struct reset_side *r = &flow->tcp->resets->side[dir];
	const struct side *own = &flow->tcp->side[dir], *other = &flow->tcp->side[dir_other(dir)];
	*b = (struct burst){.flow = flow, .dir = dir, .r = r};
	if (r->rst_count == 0 || !r->own.have_seq)
		return false;
	b->own_ended = side_ended(&r->own, &r->other, own);
	b->other_ended = side_ended(&r->other, &r->own, other);
	unsigned n = r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	for (unsigned i = 0; i < n; i++)
		if (!side_checksum_drops(own, &r->rst[i]) && !is_of_the_one_before(flow, &r->own, &r->rst[i]))
			b->at[b->kept++] = i;
	return b->kept > 0;
}

bool burst_begin(struct burst *b, struct flow *flow, enum dir dir)
{
	const struct reset_side *r = &flow->tcp->resets->side[dir];
	*b = (struct burst){.flow = flow, .dir = dir, .r = r};
	unsigned n = r->rst_count < RESETS_KEPT ? r->rst_count : RESETS_KEPT;
	for (unsigned i = 0; i < n && b->kept < BURST_PACKETS_MAX; i++) {
		int64_t apart = b->kept > 0 ? samples_apart(burst_rst(b, 0), &r->rst[i]) : 0;
		bool late = apart != INT64_MAX && apart > PAIR_WINDOW_NS;
		if (!late && !side_checksum_drops(&flow->tcp->side[dir], &r->rst[i]))
			b->at[b->kept++] = i;
	}
	return b->kept > 0;
}

/* Did `later` leave their sender before `earlier`, by its own clock or counter? A retransmission has a newer timestamp. */
static bool overtaken(const struct sample *earlier, const struct sample *later, bool counts)
{
	if (earlier->options_seen & later->options_seen & TCPOPT_SEEN_TIMESTAMPS) {
		int32_t ticks = seq_diff(later->tsval, earlier->tsval);
		bool data = (earlier->payload_len > 0 || (earlier->tcp_flags & TCP_RST)) && later->payload_len > 0;
		return (ticks < 0 && ticks > -OVERTAKEN_TICKS) ||
		       (ticks == 0 && data && seq_diff(later->seq, earlier->seq) < 0);
	}
	int16_t step = (int16_t)(uint16_t)(later->ip_id - earlier->ip_id);
	return counts && step < 0 && step > -COUNTER_STEP;
}

/* The most by which packets of the sender overtook one another just before and after its first reset; 0: none did. */
static int64_t overtaken_ns(const struct burst *b)
{
	const struct sample *seen[SIDE_RECENT + RESETS_KEPT + RESETS_AFTER];
	const struct reset_side *r = b->r;
	bool counts = ipid_classify(&b->flow->tcp->side[b->dir], 0) == IPID_LOCAL;
	unsigned n = 0, after = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	int64_t most = 0;
	for (unsigned k = r->own.recent_count; k-- > 0;)
		seen[n++] = side_recent(&r->own, k);
	for (unsigned k = 0; k < b->kept; k++) /* an abort's, of the socket that sent the data */
		if (burst_rst(b, k)->options_seen & TCPOPT_SEEN_TIMESTAMPS)
			seen[n++] = burst_rst(b, k);
	for (unsigned k = 0; k < after; k++)
		seen[n++] = &r->after[k];
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < n; k++) {
			int64_t apart = samples_apart(seen[i], seen[k]);
			if (seen[i]->frame.number < seen[k]->frame.number && apart > most && apart < PAIR_WINDOW_NS &&
			    overtaken(seen[i], seen[k], counts))
				most = apart;
		}
	return most;
}

int burst_swapped(const struct burst *b, const struct sample *rst, const struct sample *packet)
{
	uint32_t samples;
	int64_t rtt = rtt_min_ns(&b->flow->tcp->rtt[dir_other(b->dir)], NULL, 0, &samples);
	int64_t near = rtt / 4 > REORDER_LEAST_NS ? rtt / 4 : REORDER_LEAST_NS, seen = 2 * overtaken_ns(b);
	near = seen > near ? seen : near;
	bool both_ts = rst->options_seen & packet->options_seen & TCPOPT_SEEN_TIMESTAMPS;
	bool rst_later = rst->frame.number > packet->frame.number;
	if (samples_apart(rst, packet) > near)
		return 0;
	if (both_ts && rst->tsval != packet->tsval)
		return (seq_diff(rst->tsval, packet->tsval) > 0) != rst_later;
	/* What a live sender says next never lies before what it said. */
	if (both_ts && !rst_later && seq_diff(sample_seq_end(packet), rst->seq) <= 0)
		return 1;
	bool counts = ipid_classify(&b->flow->tcp->side[b->dir], 0) == IPID_LOCAL && rst->ip_id != 0;
	int16_t step = (int16_t)(uint16_t)(rst->ip_id - packet->ip_id);
	if (counts && step > -16 && step < 16 && step != 0)
		return (step > 0) != rst_later;
	return counts ? 0 : -1;
}

bool burst_may_answer(const struct burst *b, const struct sample *rst)
{
	const struct side *own = &b->r->own, *other = &b->r->other;
	bool bare = !(rst->tcp_flags & TCP_ACK) && rst->ack == 0 && rst->window == 0 && rst->payload_len == 0;
	bool passed = !other->have_ack || seq_diff(rst->seq, other->max_ack) <= 0;
	return b->r->at[rst - b->r->rst].answers_packet || (bare && passed && side_relative(own, rst->seq) > 0);
}

/* burst_looks_genuine, for a reset of the side's list. */
static bool answers_as_host(const struct burst *b, const struct sample *rst)
{
	uint8_t usual = 0;
	uint16_t n = tally_mode(&b->flow->tcp->side[b->dir].ttl, 0, 0, &usual);
	bool copy = rst->copy && (b->flow->flags & FLOW_COPIES); /* G4: a hop before or behind */
	int off = rst->ttl - usual;
	return n > 0 && burst_may_answer(b, rst) && (off == 0 || (copy && (off == 1 || off == -1)));
}

/* G4: a RST that the mirror port shows twice, in a flow whose other packets it shows twice. */
static bool is_copy(const struct burst *b, unsigned i)
{
	return burst_rst(b, i)->copy && (b->flow->flags & FLOW_COPIES);
}

bool burst_steps(const struct burst *b, unsigned first, unsigned count)
{
	unsigned distinct = 0, rising = 0, n = 0;
	const struct sample *before = NULL;
	for (unsigned i = first; i < first + count && samples_apart(burst_rst(b, first), burst_rst(b, i)) <= BURST_NS;
	     i++) {
		const struct sample *rst = burst_rst(b, i);
		bool seen = false;
		if (is_copy(b, i))
			continue;
		for (unsigned j = first; j < i; j++)
			seen |= burst_rst(b, j)->ttl == rst->ttl;
		distinct += !seen;
		rising += before && rst->ttl == before->ttl + 1 && rst->window == before->window + 1;
		before = rst;
		n++;
	}
	return n >= 3 && (distinct >= 3 || rising >= 2);
}

uint32_t burst_shown_before(const struct burst *b, const struct sample *packet)
{
	uint32_t end = b->r->own.max_seq_end;
	unsigned n = b->r->after_count < RESETS_AFTER ? b->r->after_count : RESETS_AFTER;
	for (unsigned i = 0; i < n; i++)
		if (b->r->after[i].frame.number < packet->frame.number &&
		    seq_diff(sample_seq_end(&b->r->after[i]), end) > 0)
			end = sample_seq_end(&b->r->after[i]);
	return end;
}

uint32_t burst_window_edge(const struct burst *b)
{
	const struct side *other = &b->r->other;
	uint8_t scale = b->r->own.syn_wscale && other->syn_wscale ? other->wscale : 0;
	return other->max_ack + ((uint32_t)other->last_window << scale);
}

/* Beyond everything that its sender ever showed, also later, and no answer to anything. */
static bool is_ahead(const struct burst *b, const struct sample *rst)
{
	return seq_diff(rst->seq, b->r->own.max_seq_end) > SEQ_SLACK &&
	       seq_diff(rst->seq, b->r->max_seq_end_after) > SEQ_SLACK && !side_acked(&b->r->other, rst->seq) &&
	       rst->seq != burst_window_edge(b);
}

/*
 * Cannot be the sender's last word though it lies ahead of what it sent: its stream ended before that number, or other hands
 * sent it. (Else lost or overtaken packets may have filled the hole.)
 */
static bool is_ahead_of_the_end(const struct burst *b, const struct sample *rst)
{
	const struct side *own = &b->flow->tcp->side[b->dir];
	uint8_t usual = 0;
	uint16_t n = tally_mode(&own->ttl, 0, 0, &usual);
	int hops = n >= 2 ? hops_of(rst->ttl) - hops_of(usual) : 0;
	bool ended = own->have_fin && seq_diff(rst->seq, own->fin_end) > 0;
	return is_ahead(b, rst) && (ended || hops >= 2 || hops <= -2);
}

/* Its timestamps and its IP-ID go on from the last packet before all resets: one socket sent both, and lives. */
static bool counters_go_on(const struct burst *b, const struct sample *p)
{
	const struct sample *last = side_recent(&b->r->own, 0);
	if (!last || !(p->options_seen & last->options_seen & TCPOPT_SEEN_TIMESTAMPS))
		return false;
	uint16_t step = (uint16_t)(p->ip_id - last->ip_id);
	bool counts = !p->ipv4 || (p->ip_id != 0 && step >= 1 && step <= COUNTER_STEP);
	return counts && seq_diff(p->tsval, last->tsval) > 0;
}

static bool is_new_data(const struct burst *b, const struct sample *rst, const struct sample *p, uint32_t shown)
{
	const struct sample *last = side_recent(&b->r->own, 0);
	bool newer = last;
	for (unsigned k = 0; k < SIDE_RECENT && (last = side_recent(&b->r->own, k)); k++)
		newer &= (p->options_seen & last->options_seen & TCPOPT_SEEN_TIMESTAMPS) &&
		         seq_diff(p->tsval, last->tsval) > 0;
	uint32_t end = sample_seq_end(p);
	bool beyond =
	    seq_diff(end, rst->seq) > 0 || (is_ahead_of_the_end(b, rst) && samples_apart(rst, p) > REORDER_LEAST_NS);
	return p->payload_len > 0 && (seq_diff(end, shown) > 0 || newer) && beyond;
}

/*
 * Was the packet sent before the reset, and overtaken by it? So it is where the order tells. Where nothing does, so it may be
 * when the reset is what a closed socket answers, and this path was seen to let packets overtake one another.
 */
static bool may_be_late(const struct burst *b, const struct sample *rst, const struct sample *p)
{
	int swapped = burst_swapped(b, rst, p);
	return swapped == 1 || (swapped < 0 && answers_as_host(b, rst) && overtaken_ns(b) > 0);
}

const struct sample *burst_goes_on(const struct burst *b, const struct sample *rst, bool need_data)
{
	const struct reset_side *r = b->r;
	uint32_t shown = burst_shown_before(b, rst);
	unsigned n = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	for (unsigned i = 0; i < n; i++) {
		const struct sample *p = &r->after[i];
		int64_t apart = samples_apart(rst, p);
		bool ack = p->payload_len == 0 && !(p->tcp_flags & TCP_SYN) && (p->tcp_flags & TCP_ACK);
		bool in_time = apart <= PAIR_WINDOW_NS || (!need_data && apart <= LIVES_ON_NS && counters_go_on(b, p));
		if (p->frame.number < rst->frame.number || !in_time || may_be_late(b, rst, p))
			continue;
		if (is_new_data(b, rst, p, shown) || (!need_data && ack && apart > REORDER_LEAST_NS))
			return p;
	}
	return NULL;
}

const struct sample *burst_trigger(const struct burst *b, unsigned i)
{
	const struct trigger *t = &b->flow->trigger;
	if (b->dir == DIR_DOWN && t->kind != TRIGGER_NONE && t->sample.frame.number < burst_rst(b, i)->frame.number)
		return &t->sample;
	return b->r->other_last.payload_len ? &b->r->other_last : NULL;
}

bool burst_looks_genuine(const struct burst *b, unsigned i)
{
	return answers_as_host(b, burst_rst(b, i));
}

/* At least two hops from where the sender's other packets come; of few, its SYN/ACK is one. */
static bool from_elsewhere(const struct burst *b, unsigned i)
{
	uint8_t usual = 0;
	const struct side *own = &b->flow->tcp->side[b->dir];
	if (tally_mode(&own->ttl, 0, 0, &usual) < 2) {
		if (!own->syn.frame.number)
			return false;
		usual = own->syn.ttl;
	}
	int hops = hops_of(burst_rst(b, i)->ttl) - hops_of(usual);
	return hops >= 2 || hops <= -2;
}

uint32_t burst_held(const struct burst *b, unsigned suspect)
{
	uint32_t held = 1U << suspect, before;
	do {
		before = held;
		for (unsigned i = 0; i < b->kept; i++) {
			bool near = i > 0 && (held >> (i - 1) & 1) &&
			            samples_apart(burst_rst(b, i - 1), burst_rst(b, i)) <= PAIR_WINDOW_NS;
			near |= (held >> (i + 1) & 1) &&
			        samples_apart(burst_rst(b, i), burst_rst(b, i + 1)) <= PAIR_WINDOW_NS;
			near |= samples_apart(burst_rst(b, suspect), burst_rst(b, i)) <= PAIR_WINDOW_NS;
			if (!burst_looks_genuine(b, i) && (near || from_elsewhere(b, i)))
				held |= 1U << i;
		}
	} while (held != before);
	return held;
}

void burst_describe(struct detection *d, struct finding *f, const struct burst *b, const char *mechanism,
                    unsigned suspect, const struct sample *after)
{
	struct sample others[RESETS_KEPT];
	const struct side *own = &b->r->own;
	const struct sample *last = side_recent(own, 0);
	uint32_t held = burst_held(b, suspect);
	unsigned first = (unsigned)__builtin_ctz(held);
	struct suspect s = {.flow = b->flow, .sender = b->dir, .packet = burst_rst(b, first), .others = others};
	for (unsigned i = 0; i < b->kept; i++)
		if (i != first)
			others[s.other_count++] = *burst_rst(b, i);
	s.genuine = last;
	s.trigger = burst_trigger(b, suspect);
	s.before = b->r->other_last.frame.number ? &b->r->other_last : NULL;
	*f = (struct finding){.mechanism = mechanism_find(mechanism), .kind = KIND_CONTRADICTION};
	suspect_compare(f, d->weights, &s);
	f->stage = b->dir == DIR_DOWN ? suspect_stage(&b->r->other, own) : suspect_stage(own, &b->r->other);
	for (unsigned i = 0; i < b->kept; i++)
		if (held >> i & 1)
			finding_suspect(f, burst_rst(b, i)->frame);
	finding_evidence(f, s.trigger ? s.trigger->frame : (struct frame_ref){0});
	finding_evidence(f, last ? last->frame : (struct frame_ref){0});
	finding_evidence(f, after ? after->frame : (struct frame_ref){0});
	if (burst_steps(b, 0, b->kept))
		finding_term(f, d->weights, "E02c", false);
	if (after)
		finding_term(f, d->weights, "E05", false);
	f->copies = b->r->rst_count;
	f->contrast = b->dir == DIR_DOWN ? 1U << ATTEMPT_RESET : 0;
	if (b->flow->flags & FLOW_LOSS)
		f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	if (b->flow->flags & FLOW_TS_DISORDER)
		f->guards_named |= 1U << GUARD_TS_DISORDER;
	f->protocol = trigger_protocol(b->flow->trigger.kind);
}

void burst_spare(struct finding *f)
{
	struct frame_ref spared[FINDING_FRAMES_MAX];
	size_t n = f->suspect_count;
	for (size_t i = 0; i < f->term_count; i++)
		if (f->terms[i].db > 0 && strcmp(f->terms[i].id, "E11") != 0)
			return;
	memcpy(spared, f->suspects, n * sizeof *spared);
	f->suspect_count = 0;
	for (size_t i = 0; i < n; i++)
		finding_evidence(f, spared[i]);
	if (n > 0)
		f->last_heard = spared[0];
}
