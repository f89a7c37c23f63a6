/*
 * C5: a FIN whose purported sender goes on with payload in the FIN's place or beyond (Bock et al. 2021; Tai et al. 2025).
 * Acknowledgements that stand before the FIN are evidence beside that, and prove nothing alone: some stacks send them.
 *
 * Guards as for data_seq_rst: pairs within 2 s, no RST of the other side before, wrong checksums (G10). The numbers exclude each other
 * in whatever order the two were sent, so reordering explains nothing; but the forged one may be the payload: a FIN that
 * comes from where the sender's other packets come, before payload that does not, is the genuine one. A FIN with payload
 * that other payload contradicts is tcp_overlap_conflict's.
 */
#include "analyzer/detect/attempt.h"
#include "analyzer/detect/burst.h"
#include "analyzer/detect/census.h"

struct state {
	bool conflict[2]; /* of bytes, by direction */
};

static void on_conflict(struct detection *d, const struct event *ev)
{
	((struct state *)d->state)->conflict[ev->dir] = true;
}

/* Is the packet of the side two or more in raw TTL from its others? */
static bool odd_ttl(const struct side *s, const struct sample *p)
{
	uint8_t usual = 0;
	uint16_t n = tally_mode(&s->ttl, 0, 0, &usual);
	int off = p->ttl - usual;
	return n >= 2 && (off >= 2 || off <= -2);
}

static bool reset_before(const struct flow *flow, enum dir dir, const struct sample *fin)
{
	const struct resets *r = flow->tcp->resets;
	return r && r->side[dir].rst_count > 0 && r->side[dir].rst[0].frame.number < fin->frame.number;
}

/* What the sender went on with; NULL: nothing in time. */
static const struct sample *goes_on(const struct closing *c)
{
	bool in_time = c->data.frame.number && samples_apart(&c->fin[0], &c->data) <= PAIR_WINDOW_NS;
	return in_time ? &c->data : NULL;
}

/* The capturing end's own packets are nobody else's. */
static bool is_own(const struct flow *flow, enum dir dir)
{
	return census_vantage(flow) == (dir == DIR_UP ? VANTAGE_CLIENT : VANTAGE_SERVER);
}

static void judge(struct detection *d, struct flow *flow, enum dir dir)
{
	const struct closing *c = flow->tcp->closing[dir];
	const struct side *own = &flow->tcp->side[dir];
	const struct sample *fin = &c->fin[0], *after = goes_on(c);
	const struct trigger *t = &flow->trigger;
	if (!after || side_checksum_drops(own, fin) || reset_before(flow, dir_other(dir), fin) ||
	    reset_before(flow, dir, fin) || is_own(flow, dir) || (!odd_ttl(own, fin) && odd_ttl(own, after)))
		return;
	bool asked = dir == DIR_DOWN && t->kind != TRIGGER_NONE && t->sample.frame.number < fin->frame.number;
	struct finding f = {.mechanism = mechanism_find("fin_injected"), .kind = KIND_CONTRADICTION};
	struct suspect s = {.flow = flow,
	                    .sender = dir,
	                    .packet = fin,
	                    .genuine = c->before.frame.number ? &c->before : after,
	                    .trigger = asked ? &t->sample : NULL,
	                    .others = c->fin + 1,
	                    .other_count = c->fins - 1U};
	suspect_compare(&f, d->weights, &s);
	for (unsigned i = 0; i < c->fins; i++)
		finding_suspect(&f, c->fin[i].frame);
	finding_evidence(&f, asked ? t->sample.frame : c->before.frame);
	finding_evidence(&f, c->ack.frame);
	finding_evidence(&f, after->frame);
	finding_term(&f, d->weights, "E05", false);
	f.contrast = dir == DIR_DOWN ? 1U << ATTEMPT_CLOSED | 1U << ATTEMPT_RESET : 0;
	f.copies = c->fins;
	char text[2][FINDING_NUMBER_SIZE];
	finding_number(&f, text[0], "after_bytes", after->payload_len);
	finding_number(&f, text[1], "after_fin_us", samples_apart(fin, after) / 1000);
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	const struct state *state = d->state;
	struct flow *flow = ev->flow;
	if (!flow->tcp)
		return;
	if (flow->tcp->side[DIR_UP].have_fin || flow->tcp->side[DIR_DOWN].have_fin)
		detection_tested(d, mechanism_find("fin_injected"));
	for (enum dir dir = DIR_UP; dir <= DIR_DOWN; dir++) {
		const struct closing *c = flow->tcp->closing[dir];
		/* Cut packets cannot be compared (G8), so whether they contradict each other is not known. */
		bool others = state->conflict[dir] || (flow->flags & FLOW_SNAPPED);
		if (c && !(others && c->fin[0].payload_len > 0))
			judge(d, flow, dir);
	}
}

const struct detector detector_fin_injected = {
    .name = "fin_injected",
    .summary = "a FIN whose purported sender goes on",
    .flow_size = sizeof(struct state),
    .on = {[EV_STREAM_CONFLICT] = on_conflict, [EV_FLOW_CLOSE] = on_close},
};
