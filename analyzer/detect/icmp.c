/*
 * F6: ICMP errors that a client was sent about its own packets (Niaki et al., ICLab, S&P 2020):
 *   icmp_reject  a filter says so: administratively prohibited (type 3 codes 9, 10, 13; ICMPv6 type 1 codes 1, 5, 6)
 *   icmp_forged  "unreachable", about a packet that was sent once and that its receiver acknowledged
 * Judged at flow close, when a genuine answer has had its time. Codes 0, 1 and 3 are everyday answers and speak only as icmp_forged; so is
 * anything about UDP, where a forged answer and a genuine "no such port" come together. Time exceeded is traceroute's or a loop, and accuses nobody.
 * Innocent: a policy of the client's own network (G20; private destinations have no least label), a firewall of the server itself (its own address, no least label), a
 * packet that was sent more than once, or captured twice (G4).
 */
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "analyzer/net/icmp_error.h"

enum {
	ERRORS_KEPT = 4,
	ERRORS_CAP = 4096, /* flows with an error; the rest is counted */
	LOCAL_HOPS = 1,    /* G20 */
};

/* What reached the client of one flow. */
struct errors {
	struct icmp_error kept[ERRORS_KEPT];
	uint32_t count;
};

struct run {
	struct pool pool;
};

struct state {
	struct errors *errors;
};

static int start(struct detection *d, struct err *e)
{
	(void)e;
	pool_init(&((struct run *)d->run)->pool, sizeof(struct errors), ERRORS_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	pool_free(&((struct run *)d->run)->pool);
}

static void on_error(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	const struct icmp_error *e = event_icmp_error(ev);
	if (e->quoted != DIR_UP || !e->fits || !icmp_error_is_final(e))
		return;
	if (!state->errors)
		state->errors = pool_get(&((struct run *)d->run)->pool);
	if (!state->errors) {
		d->candidates->dropped++;
		return;
	}
	if (state->errors->count < ERRORS_KEPT)
		state->errors->kept[state->errors->count] = *e;
	state->errors->count++;
}

static bool is_policy(const struct icmp_error *e)
{
	enum { NETWORK_PROHIBITED = 9, HOST_PROHIBITED = 10, PROHIBITED = 13 };
	enum { PROHIBITED_V6 = 1, SOURCE_POLICY_V6 = 5, REJECTED_V6 = 6 };
	if (e->source.version == 4)
		return e->code == NETWORK_PROHIBITED || e->code == HOST_PROHIBITED || e->code == PROHIBITED;
	return e->code == PROHIBITED_V6 || e->code == SOURCE_POLICY_V6 || e->code == REJECTED_V6;
}

/* "Communication administratively prohibited": an explicit statement, which no router makes for want of a route. */
static bool is_explicit(const struct icmp_error *e)
{
	return e->code == (e->source.version == 4 ? 13 : 1);
}

/*
 * The genuine answer to the very packet that the error is about: it was sent once, so it cannot both have been stopped and have
 * arrived.
 */
static bool is_contradicted(const struct flow *f, const struct icmp_error *e)
{
	if (!f->tcp || (f->flags & (FLOW_MIDSTREAM | FLOW_COPIES)))
		return false;
	const struct side *client = &f->tcp->side[DIR_UP], *server = &f->tcp->side[DIR_DOWN];
	bool about_syn = client->have_syn && e->seq == client->isn;
	return about_syn && client->syn_count == 1 && server->have_syn && server->syn.ack == client->isn + 1;
}

static void propose(struct detection *d, struct flow *flow, const struct errors *errors, const struct icmp_error *e,
                    const char *mechanism)
{
	char source[ADDR_TEXT_SIZE], text[5][FINDING_NUMBER_SIZE];
	struct finding f = {.mechanism = mechanism_find(mechanism), .kind = KIND_SYMPTOM, .to_client = true};
	uint32_t kept = errors->count < ERRORS_KEPT ? errors->count : ERRORS_KEPT;
	for (uint32_t i = 0; i < kept; i++)
		if (addr_equal(&errors->kept[i].source, &e->source) && errors->kept[i].code == e->code)
			finding_suspect(&f, errors->kept[i].frame);
	if (flow->tcp)
		f.stage = suspect_stage(&flow->tcp->side[DIR_UP], &flow->tcp->side[DIR_DOWN]);
	finding_evidence(&f, flow->first);
	f.facts = (struct facts){.known = FACT_TTL, .ttl = e->ttl};
	f.copies = errors->count;
	finding_detail(&f, "icmp_source", addr_text(&e->source, source));
	finding_number(&f, text[0], "icmp_type", e->type);
	finding_number(&f, text[1], "icmp_code", e->code);
	finding_number(&f, text[2], "icmp_hops", (uint32_t)hops_of(e->ttl));
	finding_number(&f, text[3], "quoted_ttl", e->quoted_ttl);
	if (hops_of(e->ttl) <= LOCAL_HOPS)
		f.guards_named |= 1U << GUARD_LOCAL_BOX;
	if (strcmp(mechanism, "icmp_forged") == 0) {
		f.kind = KIND_CONTRADICTION;
		finding_evidence(&f, flow->tcp->side[DIR_DOWN].syn.frame);
		finding_term(&f, d->weights, "E05b", false);
	} else {
		finding_term(&f, d->weights, "E11", false);
		if (is_explicit(e) && !addr_equal(&e->source, &flow->server) && !addr_is_private(&flow->server))
			f.least = LABEL_MODERATE;
	}
	detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct flow *flow = ev->flow;
	const struct errors *errors = state->errors;
	if (!errors)
		return;
	detection_tested(d, mechanism_find("icmp_reject"));
	detection_tested(d, mechanism_find("icmp_forged"));
	for (uint32_t i = 0; i < errors->count && i < ERRORS_KEPT; i++) {
		const struct icmp_error *e = &errors->kept[i];
		const char *mechanism = is_contradicted(flow, e) ? "icmp_forged" : is_policy(e) ? "icmp_reject" : NULL;
		if (!mechanism)
			continue;
		propose(d, flow, errors, e, mechanism);
		break;
	}
	pool_put(&((struct run *)d->run)->pool, state->errors);
	state->errors = NULL;
}

const struct detector detector_icmp = {
    .name = "icmp",
    .summary = "ICMP errors that reject a client's packets",
    .run_size = sizeof(struct run),
    .flow_size = sizeof(struct state),
    .on = {[EV_ICMP_ERROR] = on_error, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .finish = finish,
};
