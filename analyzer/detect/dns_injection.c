/*
 * DNS answers that are false, and names that get none. This file pairs queries with answers and decides when a query is
 * judged: after 15 s, when its flow closes, or when there are too many. Each query becomes an attempt, and a record in
 * a log that is judged when the capture is over. The rules are in dns_dual.c and dns_forged.c (one query), dns_lone.c
 * (one answer beside the resolver's others) and dns_names.c (one name beside others).
 *
 * Left out: multicast and local name services (mDNS, LLMNR, NetBIOS), where many hosts answer one question honestly.
 */
#include <stdlib.h>

#include "analyzer/detect/dns_log.h"
#include "analyzer/detect/dns_lone.h"
#include "analyzer/detect/dns_name.h"
#include "analyzer/detect/dns_names.h"
#include "analyzer/detect/dns_rules.h"

/* Of the detector's memory, for the log; the rest is for queries that wait. */
enum { LOG_SHARE_PERCENT = 40, RCODE_NXDOMAIN = 3, RCODE_SERVFAIL = 2, RCODE_REFUSED = 5 };

/* A query that got less time before the capture, or the room, ended is no silence (G14). */
#define SILENCE_NS INT64_C(5000000000)

enum { PORT_MDNS = 5353, PORT_LLMNR = 5355, PORT_NETBIOS = 137, OPCODE_QUERY = 0 };

struct dns_run {
	struct dns_exchanges exchanges;
	struct dns_resolvers resolvers;
	struct dns_log log;
	uint64_t refused; /* records that the log refused, and are counted in candidates->dropped */
};

struct dns_slot {
	struct list queries;
};

static int start(struct detection *d, struct err *e)
{
	struct dns_run *run = d->run;
	size_t log = d->memory / 100 * LOG_SHARE_PERCENT;
	dns_log_init(&run->log, log);
	int code = dns_exchanges_init(&run->exchanges, d->memory - log, e);
	if (code == 0)
		code = dns_resolvers_init(&run->resolvers, e);
	return code;
}

static void finish(struct detection *d)
{
	struct dns_run *run = d->run;
	dns_exchanges_free(&run->exchanges);
	dns_resolvers_free(&run->resolvers);
	dns_log_free(&run->log);
}

static void note_baseline(const struct dns_case *c)
{
	const struct dns_exchange *x = c->x;
	const struct dns_answer *a = x->answers[0];
	bool timed = a->transmissions == 1 && a->frame.ts_ns != FRAME_NO_TIME && a->asked.ts_ns != FRAME_NO_TIME &&
	             !(x->flow->flags & FLOW_TS_DISORDER);
	if (c->resolver && x->answer_count == 1 && !x->over_tcp && !a->signature)
		dns_resolver_note(c->resolver, a->ip_ttl, a->ipv4 ? a->ip_id : -1,
		                  timed ? a->frame.ts_ns - a->asked.ts_ns : -1,
		                  a->injectors.count && a->injectors.row[0]->action == SIG_ACTION_HIT);
}

/* What the client made of it: an address or none, whatever came first. */
static enum attempt_outcome outcome_of(const struct detection *d, const struct dns_exchange *x)
{
	if (x->answer_count == 0)
		return d->now_ns - x->clock_ns < SILENCE_NS ? ATTEMPT_UNKNOWN : ATTEMPT_SILENCE;
	uint16_t rcode = x->answers[0]->rcode;
	bool denied = rcode == RCODE_NXDOMAIN || rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED;
	return denied ? ATTEMPT_TURNED_AWAY : ATTEMPT_ANSWERED;
}

static void note_attempt(struct detection *d, const struct dns_exchange *x, const char *name)
{
	const struct dns_answer *first = x->answer_count ? x->answers[0] : NULL;
	struct attempt a = {
	    .client = x->client,
	    .server = x->server,
	    .client_port = x->query_dir == DIR_UP ? x->flow->client_port : x->flow->server_port,
	    .server_port = x->server_port,
	    .l4_proto = x->flow->l4_proto,
	    .outcome = (uint8_t)outcome_of(d, x),
	    .trigger = TRIGGER_DNS,
	    .flags = ATTEMPT_DNS_QUERY,
	    .rcode = first ? first->rcode : 0,
	    .name = name,
	    .first_ns = x->clock_ns,
	    .last_ns = first ? x->answers[x->answer_count - 1]->clock_ns : x->last_clock_ns,
	    .asked_ns = x->clock_ns,
	    .frame = x->first,
	    .flow_id = x->flow->id,
	    .unanswered = first ? 0 : x->transmissions,
	    .rtt_min_ns = first && first->transmissions == 1 ? first->clock_ns - first->asked_clock_ns : -1,
	};
	if (a.outcome == ATTEMPT_UNKNOWN)
		a.flags |= ATTEMPT_CUT_SHORT;
	if (x->flow->candidates > 0)
		a.flags |= ATTEMPT_SUSPECT;
	attempts_add(d->attempts, &a);
}

static struct dns_outcome record_of(const struct dns_exchange *x, const char *name)
{
	return (struct dns_outcome){
	    .client = x->client,
	    .server = x->server,
	    .client_port = x->query_dir == DIR_UP ? x->flow->client_port : x->flow->server_port,
	    .server_port = x->server_port,
	    .flow_id = x->flow->id,
	    .name = name,
	    .clock_ns = x->clock_ns,
	    .last_clock_ns = x->last_clock_ns,
	    .first = x->first,
	    .asked = x->last,
	    .delta_ns = -1,
	    .qtype = x->key.qtype,
	    .transmissions = x->transmissions,
	    .query_opt = x->has_opt,
	    .to_client = x->query_dir == DIR_UP,
	    .public_name = dns_name_is_public(dns_exchange_name(x)),
	};
}

static void record_silence(struct detection *d, const struct dns_exchange *x, const char *name)
{
	struct dns_run *run = d->run;
	struct dns_outcome r = record_of(x, name);
	r.silent = true;
	r.to_client = !r.to_client; /* what is shown is the query */
	r.frames[0] = x->first;
	for (size_t i = 0; i < DNS_LOG_FRAMES; i++)
		r.frames[i + 1] = x->repeats[i];
	dns_log_add(&run->log, &r);
}

static void record_answer(const struct dns_case *c, size_t i, const char *name)
{
	const struct dns_exchange *x = c->x;
	const struct dns_answer *a = x->answers[i];
	struct dns_run *run = c->d->run;
	struct dns_outcome r = record_of(x, name);
	bool timed = a->transmissions == 1 && a->frame.ts_ns != FRAME_NO_TIME && a->asked.ts_ns != FRAME_NO_TIME &&
	             !(x->flow->flags & FLOW_TS_DISORDER);
	r.asked = a->asked;
	r.frames[0] = a->frame;
	for (size_t k = 0; k < DNS_LOG_FRAMES && k < a->copies; k++)
		r.frames[k + 1] = a->copy_frames[k];
	r.delta_ns = timed ? a->frame.ts_ns - a->asked.ts_ns : -1;
	r.signature = a->signature;
	r.injectors = a->injectors;
	r.address = a->addresses[0];
	r.address_count = (uint8_t)a->address_count;
	r.record_ttl = a->record_ttl;
	r.length = a->length;
	r.trailing = x->trailing ? 0 : a->trailing;
	r.ip_id = a->ip_id;
	r.rcode = a->rcode;
	r.ip_ttl = a->ip_ttl;
	r.ipv4 = a->ipv4;
	r.ip_df = a->ip_df;
	r.aa = a->aa;
	r.ra = a->ra;
	r.has_opt = a->has_opt;
	r.bogon = dns_answer_is_bogon(a);
	r.known = dns_answer_is_known(a);
	r.local = dns_answer_is_local(c, a);
	r.disputed = c->disputed & 1U << i;
	r.accused = c->accused & 1U << i;
	dns_log_add(&run->log, &r);
}

static void note(const struct dns_case *c)
{
	struct detection *d = c->d;
	const struct dns_exchange *x = c->x;
	const char *name = names_keep(d->names, dns_exchange_name(x));
	note_attempt(d, x, name);
	if (x->over_tcp || !name)
		return;
	if (x->answer_count == 0 && d->now_ns - x->clock_ns >= SILENCE_NS)
		record_silence(d, x, name);
	for (size_t i = 0; i < x->answer_count; i++)
		record_answer(c, i, name);
}

static void judge(struct detection *d, struct dns_exchange *x)
{
	struct dns_run *run = d->run;
	struct dns_case c = {.d = d, .x = x};
	if (x->answer_count == 0) {
		note(&c);
		return;
	}
	c.resolver = dns_resolver_of(&run->resolvers, &x->client, &x->server, x->server_port, x->clock_ns);
	bool odd = dns_dual_judge(&c);
	odd |= dns_bogon_judge(&c);
	odd |= dns_forged_judge(&c);
	note(&c);
	if (!odd)
		note_baseline(&c);
}

static void judge_and_drop(struct detection *d, struct dns_exchange *x)
{
	struct dns_run *run = d->run;
	judge(d, x);
	d->candidates->dropped += x->answers_beyond + run->log.dropped - run->refused;
	run->refused = run->log.dropped;
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
	if (!a)
		return;
	match_answer(d, a, m);
	dns_injectors_match(&a->injectors, d->signatures, x, a, ev, m);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct dns_slot *slot = d->state;
	(void)ev;
	while (slot->queries.next && !list_empty(&slot->queries))
		judge_and_drop(d, LIST_ENTRY(slot->queries.next, struct dns_exchange, by_flow));
}

static void conclude(struct conclusion *c)
{
	struct dns_log **logs = calloc(c->run_count + 1, sizeof *logs);
	for (size_t i = 0; i < c->run_count; i++) {
		struct dns_run *run = c->runs[i];
		if (logs)
			logs[i] = &run->log;
		dns_log_settle(&run->log);
		dns_lone_conclude(c, &run->log);
	}
	if (logs)
		dns_names_conclude(c, logs, c->run_count);
	free(logs);
}

const struct detector detector_dns_injection = {
    .name = "dns_injection",
    .summary = "DNS answers that contradict each other, are known to be false, or differ from the resolver's; silence",
    .run_size = sizeof(struct dns_run),
    .flow_size = sizeof(struct dns_slot),
    .on = {[EV_DNS_MESSAGE] = on_message, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .conclude = conclude,
    .finish = finish,
};
