/*
 * DN4, dns_injector_fingerprint and dns_trailing_garbage; and DN5, dns_rcode_injected, by the headers. An injector that
 * stops the query leaves one answer alone, so there is no second one to contradict it. But the resolver has answered other
 * names, and its answers agree in what its machine and its path set: TTL, DF, IP-ID counter, AA, RA, OPT. One that claims the
 * same sender and differs was sent by another (Anonymous et al., "Triplet Censors", FOCI 2020; Fan et al., "Wallbleed",
 * NDSS 2025; Duan et al., "Hold-On", SATIN 2012 for TTL and time).
 *
 * What else could explain the bytes: several machines behind the resolver's address (anycast, a balancer), a path that
 * changed, a resolver that has zones of its own (AA), an answer too large for the path (DF). A sister machine has another
 * path and another counter, and may have cached an answer, but the same settings. Therefore TTL, IP-ID and time are not
 * enough, with DF, AA, RA or OPT they are; and most of the others must agree. A TTL far away is a symptom.
 */
#include "analyzer/detect/dns_lone.h"

#include "analyzer/detect/dns_rules.h"
#include "analyzer/detect/suspect.h"

enum {
	SMALL_ANSWER = 512, /* bytes that every path carries whole */
	ALONE_LEAST = 2,    /* answers that agree, for one difference alone */
	FULL_LEAST = 2,     /* answers behind a full weight */
	COUNTER_FULL = 4,
	HASTE_FULL = 10,
	STRAY_MOST = 125, /* bytes of memory that one answer showed */
};

static const struct {
	unsigned bit;
	const char *word;
} words[] = {{DNS_ODD_TTL, "ttl"}, {DNS_ODD_DF, "df"},   {DNS_ODD_ID, "ip_id"},   {DNS_ODD_AA, "aa"},
             {DNS_ODD_RA, "ra"},   {DNS_ODD_OPT, "opt"}, {DNS_ODD_HASTE, "time"}, {DNS_ODD_HASTE2, "time"}};

/* What counts against this answer: DF says nothing about one that the path may have cut. */
static unsigned odd_of(const struct dns_outcome *r)
{
	unsigned odd = r->verdict.odd;
	return r->length > SMALL_ANSWER ? odd & ~(unsigned)DNS_ODD_DF : odd;
}

static unsigned header_count(unsigned odd)
{
	return ((odd & DNS_ODD_TTL) != 0) + 0U + ((odd & DNS_ODD_DF) != 0) + ((odd & DNS_ODD_ID) != 0);
}

static bool has_fields(const struct dns_outcome *r)
{
	return r->verdict.odd & DNS_ODD_FIELDS;
}

/* By its own content there is a reason to look at it and not at the others. */
static bool stands_out(const struct dns_outcome *r)
{
	enum { RCODE_SERVFAIL = 2 };
	return has_fields(r) || (r->rcode != 0 && r->rcode != RCODE_SERVFAIL) || r->known || r->bogon;
}

/* A machine of the own network made this one answer (G20): a router with a page of its own, a portal. */
static bool near_box(const struct dns_outcome *r)
{
	return hops_of(r->ip_ttl) == 0 && r->verdict.others > 0 && hops_of(r->verdict.ttl) >= 3;
}

/* Or it made the others, and this one comes from where it should. */
static bool usually_near(const struct dns_outcome *r)
{
	return r->verdict.others > 0 && hops_of(r->verdict.ttl) == 0 && hops_of(r->ip_ttl) > 0;
}

enum reading { PLAIN, FIELDS, CONTRADICTION, SYMPTOM };

/* One difference in the header, or fields of an injector without one: little, but more than nothing. */
static enum reading read_faint(const struct dns_outcome *r)
{
	unsigned odd = odd_of(r);
	bool agreed = r->verdict.unanimous && r->verdict.others >= ALONE_LEAST;
	if (!r->public_name || r->local)
		return PLAIN;
	if ((odd & DNS_ODD_FAR) && agreed)
		return SYMPTOM;
	if (r->rcode != 0 && (odd & DNS_ODD_DF) && agreed)
		return SYMPTOM;
	if (r->verdict.others == 0)
		return has_fields(r) ? SYMPTOM : PLAIN;
	/* IPv6 has no DF flag, so what is known of injectors is at most hinted at. */
	bool marked = has_fields(r) || (!r->ipv4 && (odd & DNS_ODD_HINT));
	return marked && (odd & DNS_ODD_MESSAGE) ? SYMPTOM : PLAIN;
}

static enum reading read_outcome(const struct dns_outcome *r)
{
	unsigned odd = odd_of(r), headers = header_count(odd);
	bool several = r->verdict.others >= FULL_LEAST;
	if (r->silent || usually_near(r))
		return PLAIN;
	if (has_fields(r) && r->disputed && r->accused)
		return FIELDS;
	if (r->verdict.others == 0 || headers == 0)
		return read_faint(r);
	if (has_fields(r))
		return FIELDS;
	bool path = odd & (DNS_ODD_TTL | DNS_ODD_ID), message = odd & DNS_ODD_MESSAGE, hasty = odd & DNS_ODD_HASTE;
	if ((odd & DNS_ODD_DF) && path && (several || stands_out(r)))
		return CONTRADICTION;
	if (several && (message || ((odd & DNS_ODD_DF) && hasty)))
		return CONTRADICTION;
	return read_faint(r);
}

/* One cause, another machine, explains TTL, IP-ID and time together, so a symptom has one of their terms. */
static void add_terms(struct finding *f, const struct weights *w, const struct dns_outcome *r)
{
	unsigned odd = odd_of(r), others = r->verdict.others;
	if (f->kind == KIND_SYMPTOM)
		odd &= ~(unsigned)(odd & DNS_ODD_TTL ? DNS_ODD_ID | DNS_ODD_DF | DNS_ODD_HASTE | DNS_ODD_HASTE2
		                                     : DNS_ODD_ID | DNS_ODD_HASTE | DNS_ODD_HASTE2);
	if (odd & DNS_ODD_TTL)
		finding_term(f, w, "E02b", others < FULL_LEAST);
	if (odd & DNS_ODD_ID)
		finding_term(f, w, "E03", others < COUNTER_FULL);
	if (odd & DNS_ODD_DF)
		finding_term(f, w, "E12e", others < FULL_LEAST);
	if (odd & DNS_ODD_MESSAGE)
		finding_term(f, w, "E12f", false);
	if (odd & (DNS_ODD_HASTE | DNS_ODD_HASTE2))
		finding_term(f, w, odd & DNS_ODD_HASTE ? "E01" : "E01b", others < HASTE_FULL);
	if (r->verdict.injector)
		dns_injector_term(f, w, r->verdict.injector);
}

static void add_facts(struct finding *f, const struct dns_outcome *r)
{
	f->facts =
	    (struct facts){.known = FACT_TTL | FACT_PAYLOAD_LENGTH, .ttl = r->ip_ttl, .payload_length = r->length};
	if (r->ipv4) {
		f->facts.known |= FACT_IP_ID | FACT_DF;
		f->facts.ip_id = r->ip_id;
		f->facts.df = r->ip_df;
	}
	if (r->verdict.others > 0) {
		f->facts.known |= FACT_TTL_BASELINE;
		f->facts.ttl_baseline = r->verdict.ttl;
		f->facts.hop_delta = (int16_t)(hops_of(r->ip_ttl) - hops_of(r->verdict.ttl));
	}
	if (r->delta_ns >= 0) {
		f->facts.known |= FACT_DELTA;
		f->facts.delta_us = r->delta_ns / 1000;
	}
	if (r->delta_ns >= 0 && r->verdict.rtt_min_ns >= 0) {
		f->facts.known |= FACT_RTT;
		f->facts.rtt_min_us = r->verdict.rtt_min_ns / 1000;
		f->facts.rtt_samples = r->verdict.rtt_samples;
	}
}

/* The answer's frames; guards that its place asks for. */
static void add_answer(struct finding *f, const struct dns_outcome *r)
{
	for (size_t i = 0; i < sizeof r->frames / sizeof *r->frames; i++)
		finding_suspect(f, r->frames[i]);
	if (r->signature) {
		f->signatures[0] = r->signature;
		f->signature_count = 1;
	}
	add_facts(f, r);
	if (r->local)
		f->guards_named |= 1U << GUARD_LOCAL_BOX;
	f->alternatives |= 1U << ALT_LOAD_BALANCER;
}

struct details {
	char odd[64], said[ADDR_TEXT_SIZE], others[FINDING_NUMBER_SIZE], trailing[FINDING_NUMBER_SIZE];
};

static void describe(struct finding *f, const struct dns_outcome *r, struct details *out)
{
	struct text odd = text_over(out->odd, sizeof out->odd);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (odd_of(r) & words[i].bit)
			text_printf(&odd, "%s%s", odd.len ? "|" : "", words[i].word);
	finding_detail(f, "answer",
	               r->rcode || !r->address_count ? dns_rcode_name(r->rcode) : addr_text(&r->address, out->said));
	finding_detail(f, "differs", out->odd);
	finding_number(f, out->others, "compared", r->verdict.others);
	if (r->verdict.injector)
		finding_detail(f, has_fields(r) ? "injector" : "hint", r->verdict.injector->id);
}

static void propose(struct conclusion *c, const struct dns_outcome *r, enum reading reading)
{
	struct finding f;
	struct details details;
	dns_outcome_finding(&f, r, r->rcode ? "dns_rcode_injected" : "dns_injector_fingerprint");
	f.kind = reading == FIELDS ? KIND_MATCH : reading == SYMPTOM ? KIND_SYMPTOM : KIND_CONTRADICTION;
	add_answer(&f, r);
	add_terms(&f, c->weights, r);
	describe(&f, r, &details);
	if (reading == FIELDS && !near_box(r))
		dns_injector_list(&f, r->verdict.injector, true);
	if (near_box(r)) {
		f.guards_named |= 1U << GUARD_LOCAL_BOX;
		f.mechanism = mechanism_find("local_interference");
		f.kind = KIND_INFORMATIONAL;
	}
	(void)conclusion_propose(c, &f);
}

/*
 * Bytes behind the message. A resolver with a fault may send some, a forger who copies too much of its memory did: a row
 * says who. Only beside other signs of a forged answer is it a match.
 */
static void propose_stray(struct conclusion *c, const struct dns_outcome *r, enum reading reading)
{
	struct finding f;
	struct details details;
	const struct signature *row = r->verdict.stray;
	bool signs = reading == FIELDS || reading == CONTRADICTION || r->known || r->accused, forged = row && signs;
	dns_outcome_finding(&f, r, "dns_trailing_garbage");
	f.kind = forged ? KIND_MATCH : KIND_SYMPTOM;
	add_answer(&f, r);
	if (forged)
		add_terms(&f, c->weights, r);
	if (forged) {
		dns_injector_term(&f, c->weights, row);
		dns_injector_list(&f, row, true);
	} else {
		finding_term(&f, c->weights, "E09_hint", false);
	}
	describe(&f, r, &details);
	finding_number(&f, details.trailing, "trailing", r->trailing);
	(void)conclusion_propose(c, &f);
}

void dns_lone_conclude(struct conclusion *c, const struct dns_log *l)
{
	const struct mechanism *fields = mechanism_find("dns_injector_fingerprint");
	const struct mechanism *code = mechanism_find("dns_rcode_injected");
	for (size_t i = 0; i < l->count; i++) {
		const struct dns_outcome *r = &l->items[i];
		if (r->silent)
			continue;
		c->tested[(r->rcode ? code : fields) - mechanisms] += r->verdict.others > 0;
		enum reading reading = read_outcome(r);
		if (reading != PLAIN)
			propose(c, r, reading);
		if (r->trailing > 0 && r->trailing <= STRAY_MOST && r->public_name)
			propose_stray(c, r, reading);
	}
}
