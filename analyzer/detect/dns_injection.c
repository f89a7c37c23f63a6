/*
 * False DNS answers: dns_dual_answer, dns_bogon_answer and dns_known_forged_ip. This file pairs queries with answers
 * and decides when a query is judged: after 15 s, when its flow closes, or when there are too many. The rules are in
 * dns_dual.c and dns_forged.c.
 *
 * Left out: multicast and local name services (mDNS, LLMNR, NetBIOS), where many hosts answer one question honestly.
 */
#include "analyzer/detect/dns_name.h"
#include "analyzer/detect/dns_rules.h"

enum { PORT_MDNS = 5353, PORT_LLMNR = 5355, PORT_NETBIOS = 137, OPCODE_QUERY = 0 };

struct dns_run {
	struct dns_exchanges exchanges;
	struct dns_resolvers resolvers;
};

struct dns_slot {
	struct list queries;
};

static int start(struct detection *d, struct err *e)
{
	struct dns_run *run = d->run;
	int code = dns_exchanges_init(&run->exchanges, e);
	if (code == 0)
		code = dns_resolvers_init(&run->resolvers, e);
	return code;
}

static void finish(struct detection *d)
{
	struct dns_run *run = d->run;
	dns_exchanges_free(&run->exchanges);
	dns_resolvers_free(&run->resolvers);
}

static void note_baseline(const struct dns_case *c)
{
	const struct dns_exchange *x = c->x;
	const struct dns_answer *a = x->answers[0];
	bool timed = a->transmissions == 1 && a->frame.ts_ns != FRAME_NO_TIME && a->asked.ts_ns != FRAME_NO_TIME &&
	             !(x->flow->flags & FLOW_TS_DISORDER);
	if (c->resolver && x->answer_count == 1 && !x->over_tcp && !a->signature)
		dns_resolver_note(c->resolver, a->ip_ttl, timed ? a->frame.ts_ns - a->asked.ts_ns : -1);
}

static void judge(struct detection *d, struct dns_exchange *x)
{
	struct dns_run *run = d->run;
	struct dns_case c = {.d = d, .x = x};
	if (x->answer_count == 0)
		return;
	c.resolver = dns_resolver_of(&run->resolvers, &x->client, &x->server, x->server_port, x->clock_ns);
	bool odd = dns_dual_judge(&c);
	odd |= dns_bogon_judge(&c);
	odd |= dns_forged_judge(&c);
	if (!odd)
		note_baseline(&c);
}

static void judge_and_drop(struct detection *d, struct dns_exchange *x)
{
	struct dns_run *run = d->run;
	judge(d, x);
	d->candidates->dropped += x->answers_beyond;
	dns_exchange_drop(&run->exchanges, x);
}

static void judge_due(struct detection *d)
{
	struct dns_run *run = d->run;
	struct dns_exchange *x;
	while ((x = dns_exchanges_due(&run->exchanges, d->now_ns)))
		judge_and_drop(d, x);
}

/* What comes after is missed. */
static void judge_early(struct detection *d)
{
	struct dns_run *run = d->run;
	struct dns_exchange *x;
	while ((x = dns_exchanges_crowded(&run->exchanges))) {
		d->candidates->dropped++;
		judge_and_drop(d, x);
	}
}

static bool is_local_service(const struct flow *f)
{
	static const uint16_t ports[] = {PORT_MDNS, PORT_LLMNR, PORT_NETBIOS};
	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
		if (f->client_port == ports[i] || f->server_port == ports[i])
			return true;
	return addr_is_multicast(&f->client) || addr_is_multicast(&f->server);
}

static void match_answer(const struct detection *d, struct dns_answer *a, const struct dns_message *m)
{
	struct sig_hits hits = {0};
	if (!d->signatures)
		return;
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->records[i];
		if (r->section != DNS_ANSWER)
			continue;
		if ((r->type == DNS_TYPE_A && r->rdata.len == 4) || (r->type == DNS_TYPE_AAAA && r->rdata.len == 16))
			sigdb_match_address(d->signatures, r->rdata, m->qname, &hits);
		else if (r->type == DNS_TYPE_CNAME && r->target.len)
			sigdb_match(d->signatures, SIG_DNS_CNAME, span_of(NULL, 0), r->target, &hits);
	}
	a->false_positive = sig_hits_false_positive(&hits);
	a->signature = sig_hits_best(&hits);
	if (!a->signature && hits.count && hits.hit[0]->action == SIG_ACTION_HINT)
		a->signature = hits.hit[0];
	if (a->signature && a->signature->scope == SIG_BENIGN)
		a->signature = NULL;
}

static void on_message(struct detection *d, const struct event *ev)
{
	struct dns_run *run = d->run;
	struct dns_slot *slot = d->state;
	const struct dns_message *m = event_dns_message(ev);
	judge_due(d);
	if (is_local_service(ev->flow) || m->opcode != OPCODE_QUERY)
		return;
	if (!m->response) {
		if (!slot->queries.next)
			list_init(&slot->queries);
		judge_early(d);
		(void)dns_exchange_query(&run->exchanges, &slot->queries, ev, m);
		return;
	}
	struct dns_exchange *x = dns_exchange_find(&run->exchanges, ev, m);
	struct dns_answer *a = x ? dns_exchange_answer(&run->exchanges, x, ev, m) : NULL;
	if (a)
		match_answer(d, a, m);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct dns_slot *slot = d->state;
	(void)ev;
	while (slot->queries.next && !list_empty(&slot->queries))
		judge_and_drop(d, LIST_ENTRY(slot->queries.next, struct dns_exchange, by_flow));
}

const struct detector detector_dns_injection = {
    .name = "dns_injection",
    .summary = "answers to one DNS query that contradict each other, or that are known to be false",
    .run_size = sizeof(struct dns_run),
    .flow_size = sizeof(struct dns_slot),
    .on = {[EV_DNS_MESSAGE] = on_message, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
