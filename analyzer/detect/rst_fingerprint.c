/*
 * Resets that look like those of a known injector:
 *   B7 rst_fingerprint   the fields of a reset, or how they change within a burst, are as a row of kind `rst` says
 *   B8 rst_with_payload  a reset carries bytes
 * Judged at flow close from the facts in net/side.h. Rows for what ordinary closes look like too are hints, which make no
 * finding. Sources: Weaver, Sommer, Paxson, NDSS 2009; Wang et al., IMC 2017; the source of each row.
 *
 * What else could explain the packets: storms of answers from a closed socket (facts `answers`), a mirror port's copies (G4: the
 * capture pass withdraws what rests on them), padding of short frames, stacks that put a reason into a reset (RFC 1122).
 */
#include "analyzer/detect/burst.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/rule_evidence.h"
#include "analyzer/detect/suspect.h"

enum {
	PADDING_MAX = 6, /* zero bytes that fill a short Ethernet frame up */
};

/* What rows said of a run of resets. */
struct match {
	struct sig_hits hits;
	const struct signature *best;
	unsigned first, count;
	bool rests_on_copies;
};

struct words {
	char ttl[64], window[64], seq[128], n[FINDING_NUMBER_SIZE], hex[2 * RESETS_PAYLOAD + 1],
	    ascii[4 * RESETS_PAYLOAD + 4];
};

static bool match_run(const struct detection *d, const struct burst *b, struct match *m, unsigned first, unsigned count)
{
	struct burst_facts facts;
	rule_burst(b, first, count, &facts);
	m->hits = (struct sig_hits){0};
	sigdb_match_burst(d->signatures, SIG_RST_RULE, &facts, &m->hits);
	m->best = sig_hits_best(&m->hits);
	m->first = first;
	m->count = count;
	return m->best != NULL;
}

/*
 * Everything first, then shorter runs: a burst may be followed by another one, or by answers of the real host. A run in the
 * middle of others says nothing of how many there were, which rules about TTL, window and numbers do not need.
 */
static bool match_runs(const struct detection *d, const struct burst *b, struct match *m)
{
	for (unsigned count = b->kept; count > 0; count--)
		for (unsigned first = 0; first + count <= b->kept; first++)
			if (match_run(d, b, m, first, count))
				return true;
	return false;
}

/* What of a burst is looked at. */
enum part { PART_SURE, PART_ONCE, PART_ALL, PART_COUNT };

/* Without what may be copies of a mirror port (G4), and without what may be the host's own answers. */
static struct burst part_of(const struct burst *b, enum part part)
{
	struct burst rest = *b;
	rest.kept = 0;
	for (unsigned i = 0; i < b->kept; i++) {
		if ((part != PART_ALL && burst_rst(b, i)->copy) || (part == PART_SURE && burst_looks_genuine(b, i)))
			continue;
		rest.at[rest.kept++] = b->at[i];
	}
	return rest;
}

/* Hints are not named: what an ordinary close looks like too says nothing of who made this one. */
static void add_signatures(struct detection *d, struct finding *f, const struct match *m)
{
	f->signatures[f->signature_count++] = m->best;
	for (size_t i = 0; i < m->hits.count && f->signature_count < FINDING_SIGNATURES_MAX; i++)
		if (m->hits.hit[i] != m->best && m->hits.hit[i]->action == SIG_ACTION_HIT)
			f->signatures[f->signature_count++] = m->hits.hit[i];
	rule_term(f, d->weights, d->signatures, m->best);
	if (m->best->scope == SIG_PRODUCT || m->best->scope == SIG_INSTITUTION)
		f->alternatives |= 1U << ALT_CORPORATE_FILTER;
}

static void list_fields(struct finding *f, const struct burst *b, unsigned first, unsigned count, struct words *w)
{
	const struct side *own = &b->r->own;
	struct text ttl = text_over(w->ttl, sizeof w->ttl), window = text_over(w->window, sizeof w->window);
	struct text seq = text_over(w->seq, sizeof w->seq);
	for (unsigned i = first; i < first + count; i++) {
		const char *comma = i > first ? "," : "";
		text_printf(&ttl, "%s%u", comma, burst_rst(b, i)->ttl);
		text_printf(&window, "%s%u", comma, burst_rst(b, i)->window);
		text_printf(&seq, "%s%lld", comma, (long long)side_relative(own, burst_rst(b, i)->seq));
	}
	finding_number(f, w->n, "n_rst", b->r->rst_count);
	finding_detail(f, "ttl_list", w->ttl);
	finding_detail(f, "win_list", w->window);
	finding_detail(f, "seq_list", w->seq);
}

/* What the resets answer: a packet that asks for something, or closes. */
static const struct sample *trigger_of(const struct burst *b)
{
	const struct sample *last = &b->r->other_last;
	bool asks = last->payload_len > 0 || (last->tcp_flags & (TCP_FIN | TCP_SYN));
	return b->at[0] == 0 && last->frame.number && asks ? last : rule_request(b);
}

/* What both mechanisms say of the resets from `first` on: header features of the first, and of all together. */
static void describe(struct detection *d, struct finding *f, const struct burst *b, unsigned first, unsigned count)
{
	struct sample others[RESETS_KEPT];
	const struct side *own = &b->r->own, *other = &b->r->other;
	const struct sample *last = side_recent(own, 0);
	struct suspect s = {
	    .flow = b->flow, .sender = b->dir, .packet = burst_rst(b, first), .genuine = last, .others = others};
	for (unsigned i = 0; i < b->kept; i++)
		if (i != first)
			others[s.other_count++] = *burst_rst(b, i);
	s.trigger = trigger_of(b);
	suspect_compare(f, d->weights, &s);
	f->stage = b->dir == DIR_DOWN ? suspect_stage(other, own) : suspect_stage(own, other);
	for (unsigned i = 0; i < b->kept; i++)
		if ((i >= first && i < first + count) || !burst_looks_genuine(b, i))
			finding_suspect(f, burst_rst(b, i)->frame);
	if (s.trigger)
		finding_evidence(f, s.trigger->frame);
	if (last)
		finding_evidence(f, last->frame);
	if (burst_steps(b, first, count))
		finding_term(f, d->weights, "E02c", false);
	f->copies = b->r->rst_count;
	if (b->flow->flags & FLOW_LOSS)
		f->guards_named |= 1U << GUARD_CAPTURE_LOSS;
	if (b->flow->trigger.kind == TRIGGER_TLS)
		f->protocol = "tls";
	else if (b->flow->trigger.kind == TRIGGER_HTTP)
		f->protocol = "http";
}

/* New data of the purported sender behind all it had sent and behind the reset, later than a reordering; or NULL. */
static const struct sample *goes_on(const struct burst *b, const struct sample *rst)
{
	const struct reset_side *r = b->r;
	size_t n = r->after_count < RESETS_AFTER ? r->after_count : RESETS_AFTER;
	for (size_t k = 0; k < n; k++) {
		const struct sample *p = &r->after[k];
		uint32_t end = sample_seq_end(p);
		int64_t ns = samples_apart(rst, p);
		if (p->frame.number > rst->frame.number && p->payload_len > 0 && ns > REORDER_LEAST_NS &&
		    ns <= PAIR_WINDOW_NS && seq_diff(end, r->own.max_seq_end) > 0 && seq_diff(end, rst->seq) > 0)
			return p;
	}
	return NULL;
}

/* B7 */
static void fingerprint(struct detection *d, struct flow *flow, const struct burst *b, const struct match *m)
{
	struct finding f = {.mechanism = mechanism_find("rst_fingerprint"), .kind = KIND_MATCH};
	struct words words;
	const struct sample *after = goes_on(b, burst_rst(b, m->first));
	describe(d, &f, b, m->first, m->count);
	if (after) {
		finding_evidence(&f, after->frame);
		finding_term(&f, d->weights, "E05", false);
	}
	add_signatures(d, &f, m);
	f.rests_on_copies = m->rests_on_copies;
	finding_detail(&f, "sig_id", m->best->id);
	finding_detail(&f, "scope", sig_scope_name(m->best->scope));
	list_fields(&f, b, m->first, m->count, &words);
	detection_propose(d, flow, &f);
}

static struct span payload_of(const struct burst *b, unsigned i)
{
	return span_of(b->r->payload[b->at[i]], b->r->payload_kept[b->at[i]]);
}

static bool is_padding(const struct burst *b, unsigned i)
{
	bool zero = true;
	struct span payload = payload_of(b, i);
	for (size_t k = 0; k < payload.len; k++)
		zero &= payload.ptr[k] == 0;
	return zero && burst_rst(b, i)->payload_len <= PADDING_MAX;
}

/* B8: m is NULL when no row knows the burst. */
static void with_payload(struct detection *d, struct flow *flow, const struct burst *b, const struct match *m)
{
	unsigned i = 0;
	while (i < b->kept && (burst_rst(b, i)->payload_len == 0 || is_padding(b, i)))
		i++;
	if (i == b->kept)
		return;
	struct finding f = {.mechanism = mechanism_find("rst_with_payload"), .kind = m ? KIND_MATCH : KIND_SYMPTOM};
	struct words words;
	struct span payload = payload_of(b, i);
	struct text hex = text_over(words.hex, sizeof words.hex), ascii = text_over(words.ascii, sizeof words.ascii);
	describe(d, &f, b, i, 1);
	if (m)
		add_signatures(d, &f, m);
	else
		finding_term(&f, d->weights, "E11", false);
	text_hex(&hex, payload);
	text_escape(&ascii, payload, TEXT_LIST);
	finding_detail(&f, "payload_hex", words.hex);
	finding_detail(&f, "payload_text", words.ascii);
	list_fields(&f, b, i, 1, &words);
	if (!m)
		f.alternatives |= 1U << ALT_OTHER_CLOSE;
	detection_propose(d, flow, &f);
}

static void judge_burst(struct detection *d, struct flow *flow, const struct burst *all)
{
	struct burst b = {0};
	struct match m = {0};
	bool known = false;
	for (enum part part = PART_SURE; d->signatures && !known && part < PART_COUNT; part++) {
		b = part_of(all, part);
		known = match_runs(d, &b, &m);
		m.rests_on_copies = part == PART_ALL;
	}
	if (known)
		fingerprint(d, flow, &b, &m);
	with_payload(d, flow, known ? &b : all, known ? &m : NULL);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct flow *flow = ev->flow;
	if (!flow->tcp || !flow->tcp->resets)
		return;
	detection_tested(d, mechanism_find("rst_fingerprint"));
	detection_tested(d, mechanism_find("rst_with_payload"));
	for (enum dir dir = DIR_UP; dir <= DIR_DOWN; dir++) {
		struct burst all;
		if (burst_begin(&all, flow, dir))
			judge_burst(d, flow, &all);
	}
}

const struct detector detector_rst_fingerprint = {
    .name = "rst_fingerprint",
    .summary = "resets with the marks of a known injector, or with a payload",
    .on = {[EV_FLOW_CLOSE] = on_close},
};
