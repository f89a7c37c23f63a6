/* See dns_injector.h. */
#include "analyzer/detect/dns_injector.h"

#include "analyzer/detect/dns_exchange.h"
#include "signatures/rule.h"

enum { CONFIDENCE_LEAST = 7 };

static void packet_facts(struct burst_packet *out, const struct packet *p, const struct dns_message *m)
{
	*out = (struct burst_packet){.present = true,
	                             .ipv4 = p->src.version == 4,
	                             .df = p->ip_df,
	                             .timed = p->frame->ts_ns != FRAME_NO_TIME,
	                             .ttl = p->ttl,
	                             .ip_id = p->ip_id,
	                             .payload_len = m->length,
	                             .ns = p->frame->ts_ns};
	struct span kept = span_first(m->wire, BURST_PAYLOAD_MAX);
	out->payload_kept = (uint8_t)kept.len;
	if (kept.len)
		memcpy(out->payload, kept.ptr, kept.len);
}

static void answer_records(struct burst_dns *d, const struct dns_message *m)
{
	for (size_t i = 0; i < m->record_count; i++) {
		if (m->records[i].section != DNS_ANSWER)
			continue;
		if (d->answers++ == 0)
			d->ttl = m->records[i].ttl;
	}
	d->has_ttl = d->answers > 0;
	const struct dns_record *last = m->record_count ? &m->records[m->record_count - 1] : NULL;
	bool points = last && last->name.ptr == m->qname.ptr && last->name.len == m->qname.len;
	d->pointer = burst_fact_of(points && m->trailing == 0);
}

static void facts_of(struct burst_facts *b, const struct dns_exchange *x, const struct dns_answer *a,
                     const struct event *ev, const struct dns_message *m)
{
	*b = (struct burst_facts){.packets = 1,
	                          .request = {.present = true,
	                                      .ipv4 = x->ipv4,
	                                      .df = x->ip_df,
	                                      .ttl = x->ip_ttl,
	                                      .ip_id = x->ip_id,
	                                      .payload_len = x->length},
	                          .asked = BURST_ASKED_DNS,
	                          .way = x->query_dir == DIR_UP ? BURST_TO_CLIENT : BURST_TO_SERVER,
	                          .port = x->server_port,
	                          .dns = {.aa = burst_fact_of(a->aa),
	                                  .ra = burst_fact_of(a->ra),
	                                  .rd = burst_fact_of(x->rd),
	                                  .query_opt = burst_fact_of(x->has_opt)}};
	packet_facts(&b->packet[0], ev->pkt, m);
	if (a->incomplete)
		return;
	b->dns.present = true;
	b->dns.opt = burst_fact_of(a->has_opt);
	b->dns.rcode = a->rcode;
	b->dns.trailing = x->trailing ? 0 : a->trailing;
	answer_records(&b->dns, m);
}

static bool more_telling(const struct signature *a, const struct signature *b)
{
	if (a->action != b->action)
		return a->action == SIG_ACTION_HIT;
	return a->confidence > b->confidence;
}

static void rows_add(struct dns_injectors *out, const struct signature *s)
{
	size_t at = out->count;
	while (at > 0 && more_telling(s, out->row[at - 1]))
		at--;
	if (at == DNS_INJECTORS_MAX)
		return;
	if (out->count < DNS_INJECTORS_MAX)
		out->count++;
	memmove(&out->row[at + 1], &out->row[at], (out->count - 1U - at) * sizeof out->row[0]);
	out->row[at] = s;
}

void dns_injectors_match(struct dns_injectors *out, const struct sigdb *db, const struct dns_exchange *x,
                         const struct dns_answer *a, const struct event *ev, const struct dns_message *m)
{
	struct burst_facts facts;
	struct sig_hits hits = {0}, without = {0};
	*out = (struct dns_injectors){0};
	if (!db || x->over_tcp)
		return;
	facts_of(&facts, x, a, ev, m);
	sigdb_match_burst(db, SIG_DNS_RULE, &facts, &hits);
	if (hits.count == 0 || sig_hits_false_positive(&hits))
		return;
	bool stray = facts.dns.trailing > 0;
	facts.dns.trailing = 0;
	if (stray)
		sigdb_match_burst(db, SIG_DNS_RULE, &facts, &without);
	for (size_t i = 0; i < hits.count; i++)
		if (hits.hit[i]->scope != SIG_BENIGN)
			rows_add(out, hits.hit[i]);
	for (size_t i = 0; i < out->count; i++) {
		const struct packet_rule *rule = sigdb_rule(db, out->row[i]);
		if (rule && (rule->groups & RULE_GROUP_IPID))
			out->by_id |= (uint8_t)(1U << i);
		if (stray && !sig_hits_hold(&without, out->row[i]))
			out->by_trailing |= (uint8_t)(1U << i);
	}
}

bool dns_injectors_hold(const struct dns_injectors *set, const struct signature *row)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->row[i] == row)
			return true;
	return false;
}

void dns_injector_term(struct finding *f, const struct weights *w, const struct signature *row)
{
	if (row->action == SIG_ACTION_HIT)
		finding_term(f, w, "E12d", row->confidence < CONFIDENCE_LEAST);
	else
		finding_term(f, w, "E09_hint", false);
}

void dns_injector_list(struct finding *f, const struct signature *row, bool in_front)
{
	for (size_t i = 0; i < f->signature_count; i++)
		if (f->signatures[i] == row)
			return;
	if (f->signature_count == FINDING_SIGNATURES_MAX)
		return;
	size_t at = in_front ? 0 : f->signature_count;
	memmove(&f->signatures[at + 1], &f->signatures[at], (f->signature_count - at) * sizeof f->signatures[0]);
	f->signatures[at] = row;
	f->signature_count++;
}
