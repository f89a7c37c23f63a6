/*
 * One answer seen by itself: what its header, its time and its addresses tell, and how a finding shows it. The time
 * test: Duan et al., "Hold-On", SATIN 2012; rules about headers are rows of the signature set (dns_injector.h).
 */
#include "analyzer/detect/dns_address.h"
#include "analyzer/detect/dns_rules.h"
#include "analyzer/detect/suspect.h"

enum {
	CONFIDENCE_LEAST = 7, /* of a signature, for its full weight */
	PATTERN_LEAST = 16,   /* bytes of a name's pattern, likewise */
	ADDRESSES_SHOWN = 4,
	TTL_STEP = 2, /* what no changed path explains */
};

/* Twice the resolution of a microsecond capture, and 200 us of jitter. */
#define HASTE_EPSILON_NS INT64_C(202000)

static const char *const rcode_names[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                          "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

const char *dns_rcode_name(uint16_t rcode)
{
	return rcode < sizeof rcode_names / sizeof rcode_names[0] ? rcode_names[rcode] : "OTHER";
}

void dns_answer_text(struct text *t, const struct dns_answer *a)
{
	char buffer[ADDR_TEXT_SIZE];
	if (a->rcode != 0 || a->address_count == 0)
		text_printf(t, "%s",
		            a->rcode   ? dns_rcode_name(a->rcode)
		            : a->tc    ? "TC"
		            : a->cname ? "CNAME"
		                       : "NODATA");
	for (size_t i = 0; i < a->address_count && i < ADDRESSES_SHOWN && a->rcode == 0; i++)
		text_printf(t, "%s%s", i ? "," : "", addr_text(&a->addresses[i], buffer));
	if (a->rcode == 0 && a->address_count > ADDRESSES_SHOWN)
		text_printf(t, ",...");
}

bool dns_answer_is_bogon(const struct dns_answer *a)
{
	for (size_t i = 0; i < a->address_count; i++)
		if (!dns_bogon_class(&a->addresses[i]))
			return false;
	return a->address_count > 0 && a->rcode == 0;
}

bool dns_answer_is_known(const struct dns_answer *a)
{
	return a->signature && a->signature->action == SIG_ACTION_HIT && !a->false_positive;
}

bool dns_answer_is_local(const struct dns_case *c, const struct dns_answer *a)
{
	const struct addr *server = &c->x->server;
	return addr_is_private(server) || addr_is_loopback(server) || hops_of(a->ip_ttl) == 0;
}

static bool all_answers_hold(const struct dns_exchange *x, const struct signature *row)
{
	for (size_t i = 0; i < x->answer_count; i++)
		if (!dns_injectors_hold(&x->answers[i]->injectors, row))
			return false;
	return true;
}

const struct signature *dns_answer_injector(const struct dns_case *c, const struct dns_answer *a)
{
	bool counts = c->resolver && dns_resolver_counts(c->resolver);
	if (c->resolver && dns_resolver_marks(c->resolver))
		return NULL;
	for (size_t i = 0; i < a->injectors.count; i++) {
		const struct signature *row = a->injectors.row[i];
		bool by_id = a->injectors.by_id & 1U << i, stray = a->injectors.by_trailing & 1U << i;
		if (row->action != SIG_ACTION_HIT || stray || (by_id && !counts))
			continue;
		if (c->x->answer_count < 2 || !all_answers_hold(c->x, row))
			return row;
	}
	return NULL;
}

static bool answer_delta(const struct dns_answer *a, int64_t *ns)
{
	if (a->frame.ts_ns == FRAME_NO_TIME || a->asked.ts_ns == FRAME_NO_TIME)
		return false;
	*ns = a->frame.ts_ns - a->asked.ts_ns;
	return true;
}

int dns_answer_haste(const struct dns_case *c, const struct dns_answer *a)
{
	int64_t delta;
	uint32_t samples;
	int64_t least = c->resolver ? dns_resolver_rtt_ns(c->resolver, &samples) : -1;
	/* After a repeated query nobody knows which one was answered (Karn and Partridge, 1987). */
	bool testable = !c->x->over_tcp && a->transmissions == 1 && !(c->x->flow->flags & FLOW_TS_DISORDER);
	if (least < 0 || !testable || !answer_delta(a, &delta) || delta < 0)
		return 0;
	if (delta < least / 2 - HASTE_EPSILON_NS)
		return 2;
	return delta < least / 5 * 4 - HASTE_EPSILON_NS;
}

void dns_finding_open(struct finding *f, const struct dns_case *c, const char *mechanism)
{
	*f = (struct finding){
	    .mechanism = mechanism_find(mechanism),
	    .name = c->x->name,
	    .name_source = NAME_DNS,
	    .trigger = c->x->first,
	    .to_client = c->x->query_dir == DIR_UP,
	};
	finding_evidence(f, c->x->first);
	finding_evidence(f, c->x->last);
}

static void compare_ttl(struct finding *f, const struct dns_case *c, const struct dns_answer *a)
{
	uint8_t usual;
	if (!c->resolver || !dns_resolver_ttl(c->resolver, &usual))
		return;
	int raw = a->ip_ttl - usual;
	f->facts.known |= FACT_TTL_BASELINE;
	f->facts.ttl_baseline = usual;
	f->facts.hop_delta = (int16_t)(hops_of(a->ip_ttl) - hops_of(usual));
	if (raw >= TTL_STEP || raw <= -TTL_STEP)
		finding_term(f, c->d->weights, "E02b", false);
}

static void compare_time(struct finding *f, const struct dns_case *c, const struct dns_answer *a)
{
	int64_t delta;
	uint32_t samples;
	if (!answer_delta(a, &delta))
		return;
	f->facts.known |= FACT_DELTA;
	f->facts.delta_us = delta / 1000;
	f->trigger = a->asked;
	int64_t least = c->resolver ? dns_resolver_rtt_ns(c->resolver, &samples) : -1;
	if (least < 0)
		return;
	f->facts.known |= FACT_RTT;
	f->facts.rtt_min_us = least / 1000;
	f->facts.rtt_samples = samples;
	int haste = dns_answer_haste(c, a);
	/* A resolver has its own names at hand, also those of a private view: a little sooner than others says nothing there. */
	bool own_name = haste == 1 && f->mechanism == mechanism_find("dns_bogon_answer");
	if (haste && !own_name)
		finding_term(f, c->d->weights, haste == 2 ? "E01" : "E01b", false);
}

void dns_finding_suspect(struct finding *f, const struct dns_case *c, const struct dns_answer *a)
{
	f->facts =
	    (struct facts){.known = FACT_TTL | FACT_PAYLOAD_LENGTH, .ttl = a->ip_ttl, .payload_length = a->length};
	if (a->ipv4) {
		f->facts.known |= FACT_IP_ID | FACT_DF;
		f->facts.ip_id = a->ip_id;
		f->facts.df = a->ip_df;
	}
	finding_suspect(f, a->frame);
	for (size_t i = 0; i < a->copies && i < DNS_COPIES_MAX; i++)
		finding_suspect(f, a->copy_frames[i]);
	finding_evidence(f, a->asked);
	if (c->x->over_tcp)
		return;
	compare_ttl(f, c, a);
	compare_time(f, c, a);
	const struct signature *injector = dns_answer_injector(c, a);
	if (injector) {
		dns_injector_term(f, c->d->weights, injector);
		finding_detail(f, "injector", injector->id);
	}
}

/*
 * An address that no public host has stands for the one system that gives it. A public one is somebody's host, however
 * often it was forged.
 */
static const char *signature_term(const struct signature *s, const struct dns_answer *a)
{
	bool national = s->scope == SIG_NATIONAL || s->scope == SIG_ISP;
	if (s->action != SIG_ACTION_HIT)
		return "E09_hint";
	if (s->confidence < CONFIDENCE_LEAST || !(national || s->scope == SIG_INJECTED))
		return "E09b";
	if (s->location == SIG_DNS_ANSWER)
		return national && dns_answer_is_bogon(a) ? "E09" : "E12c";
	return s->pattern.len >= PATTERN_LEAST ? "E09" : "E09b";
}

static void answer_signature(struct finding *f, const struct dns_case *c, const struct dns_answer *a, bool with_hint)
{
	const struct signature *s = a->signature;
	if (!s || a->false_positive)
		return;
	if (s->action == SIG_ACTION_HIT || with_hint)
		finding_term(f, c->d->weights, signature_term(s, a), false);
	dns_injector_list(f, s, false);
}

void dns_finding_signature(struct finding *f, const struct dns_case *c, const struct dns_answer *a, bool with_hint)
{
	const struct signature *injector = dns_answer_injector(c, a);
	answer_signature(f, c, a, with_hint);
	if (injector && (f->kind == KIND_MATCH || f->kind == KIND_CONTRADICTION))
		dns_injector_list(f, injector, false);
}
