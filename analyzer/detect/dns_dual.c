/*
 * DN1, dns_dual_answer, and DN5, dns_rcode_injected, by a second answer: two answers to one query that contradict each other. A resolver answers once; an injector that
 * cannot stop the query adds its own answer, and the genuine one comes too (Duan et al., SATIN 2012; Anonymous et al.,
 * FOCI 2020; Hoang et al., 2021). In 26.9 million transactions at two network borders two benign servers did so, one
 * with two addresses of one /24, one with SERVFAIL.
 *
 * What else could explain the bytes: a second capture of one packet, a repeated query (also one that the capture lost)
 * that a content network answered differently, a truncated answer before the whole one, a forwarder that asks several
 * resolvers.
 */
#include "analyzer/detect/dns_address.h"
#include "analyzer/detect/dns_rules.h"
#include "analyzer/detect/suspect.h"

enum { RCODE_SERVFAIL = 2, BURST_LEAST = 3, NEXT_IDS = 8 };

#define APART_NS       INT64_C(5000000000) /* more than this between two answers: no race */
#define FIRST_RETRY_NS INT64_C(1000000000) /* no client repeats a query sooner */
#define BURST_NS       INT64_C(100000000)

enum mark {
	MARK_KNOWN = 1 << 0, /* a signature of forged answers */
	MARK_HASTY = 1 << 1, /* sooner than the resolver can */
	MARK_BOGON = 1 << 2,
	MARK_FIELDS = 1 << 3, /* of a known injector */
	MARK_TTL = 1 << 4,    /* not the resolver's */
	MARKS_HARD = MARK_KNOWN | MARK_HASTY | MARK_BOGON,
};

static bool addresses_meet(const struct dns_answer *a, const struct dns_answer *b, bool near)
{
	for (size_t i = 0; i < a->address_count; i++)
		for (size_t k = 0; k < b->address_count; k++)
			if (near ? dns_address_near(&a->addresses[i], &b->addresses[k])
			         : addr_equal(&a->addresses[i], &b->addresses[k]))
				return true;
	return false;
}

static bool all_dns64(const struct dns_answer *a)
{
	for (size_t i = 0; i < a->address_count; i++)
		if (!dns_address_is_dns64(&a->addresses[i]))
			return false;
	return a->address_count > 0;
}

/* Both are whole answers without an error. */
static bool addresses_differ(const struct dns_answer *a, const struct dns_answer *b)
{
	if (a->address_count == 0 && b->address_count == 0)
		return false;
	if (a->address_count == 0 || b->address_count == 0)
		return !all_dns64(a) && !all_dns64(b);
	if (addresses_meet(a, b, false))
		return false;
	return a->cname != b->cname || !addresses_meet(a, b, true);
}

static bool answers_conflict(const struct dns_exchange *x, const struct dns_answer *a, const struct dns_answer *b)
{
	int64_t apart = b->clock_ns - a->clock_ns;
	if (a->tc || b->tc || apart > APART_NS || apart < -APART_NS)
		return false;
	if (a->rcode != b->rcode)
		return true;
	if (a->rcode != 0 || a->incomplete || b->incomplete)
		return false;
	if (x->key.qtype == DNS_TYPE_A || x->key.qtype == DNS_TYPE_AAAA)
		return a->foreign_type != b->foreign_type || addresses_differ(a, b);
	return x->key.qtype != DNS_TYPE_ANY && a->foreign_type != b->foreign_type;
}

struct dispute {
	const struct dns_answer *sides[DNS_ANSWERS_MAX]; /* each contradicts every other, in order of arrival */
	size_t count;
	bool surplus; /* at some moment more of them had come than queries had gone out */
};

static struct dispute dispute_of(const struct dns_exchange *x)
{
	struct dispute d = {0};
	for (size_t i = 0; i < x->answer_count; i++) {
		const struct dns_answer *a = x->answers[i];
		size_t against = 0;
		while (against < d.count && answers_conflict(x, d.sides[against], a))
			against++;
		if (against < d.count)
			continue;
		d.sides[d.count++] = a;
		d.surplus |= d.count >= 2 && d.count > a->transmissions;
	}
	return d;
}

static unsigned marks_of(const struct dns_case *c, const struct dns_answer *a)
{
	uint8_t usual;
	unsigned marks = 0;
	if (dns_answer_is_known(a))
		marks |= MARK_KNOWN;
	if (dns_answer_haste(c, a) == 2)
		marks |= MARK_HASTY;
	if (dns_answer_is_bogon(a))
		marks |= MARK_BOGON;
	if (dns_answer_injector(c, a))
		marks |= MARK_FIELDS;
	if (c->resolver && dns_resolver_ttl(c->resolver, &usual) && (a->ip_ttl > usual + 1 || a->ip_ttl < usual - 1))
		marks |= MARK_TTL;
	return marks;
}

/* The answer to believe: the last that nothing speaks against, since the path to the resolver is the longer one.
 * NULL: none is free of a hard mark. */
static const struct dns_answer *genuine_of(const struct dns_case *c)
{
	const struct dns_answer *best = NULL;
	bool best_clean = false;
	for (size_t i = 0; i < c->x->answer_count; i++) {
		const struct dns_answer *a = c->x->answers[i];
		unsigned marks = marks_of(c, a);
		if ((marks & MARKS_HARD) || a->tc || (best_clean && marks))
			continue;
		best = a;
		best_clean = marks == 0;
	}
	return best;
}

static bool is_suspect(const struct dns_case *c, const struct dns_answer *a, const struct dns_answer *genuine)
{
	if (a == genuine || a->tc)
		return false;
	return !genuine || (marks_of(c, a) & MARKS_HARD) || answers_conflict(c->x, a, genuine);
}

static bool servfail_alone(const struct dispute *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->sides[i]->rcode == RCODE_SERVFAIL)
			return d->count == 2;
	return false;
}

/* A side is known to be false, by its content or its time: then no second query explains it. */
static bool surely_forged(const struct dns_case *c, const struct dispute *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (marks_of(c, d->sides[i]) & MARKS_HARD)
			return true;
	return false;
}

/* An answer came so late that the client may have asked again, which the capture lost. */
static bool retry_fits(const struct dispute *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->sides[i]->clock_ns - d->sides[i]->asked_clock_ns > FIRST_RETRY_NS)
			return true;
	return false;
}

static bool all_are_answers(const struct dispute *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->sides[i]->rcode != 0)
			return false;
	return true;
}

/* A packet that looked like a copy may have been the query once more (G4). */
static bool repeat_may_be_dropped(const struct dns_exchange *x)
{
	return x->repeated_at_once || (x->flow->flags & FLOW_COPIES);
}

/* A resolver answers once, so one query more than the capture has explains one answer more. */
static bool one_query_explains(const struct dns_exchange *x)
{
	return x->answer_count + x->answers_beyond <= x->transmissions + 1U;
}

/*
 * Two answers alike in every header field, the second with the next IP-ID: one machine sent both. A forger that copies the
 * TTL does not know where the resolver's counter is.
 */
static bool one_sender(const struct dispute *d)
{
	const struct dns_answer *a = d->sides[0], *b = d->sides[1];
	uint16_t step = (uint16_t)(b->ip_id - a->ip_id);
	return d->count == 2 && a->ipv4 && b->ipv4 && a->ip_id != 0 && step >= 1 && step <= NEXT_IDS &&
	       a->ip_ttl == b->ip_ttl && a->ip_df == b->ip_df && a->aa == b->aa && a->ra == b->ra &&
	       a->has_opt == b->has_opt && a->rcode == b->rcode;
}

/*
 * Two queries with an answer each, one of them not in the capture: a content network answers differently each time. It
 * is named where it fits and no side is surely forged, and lowers the label where something speaks for it.
 */
static void weigh_second_query(struct finding *f, const struct dns_case *c, const struct dispute *d)
{
	bool forged = surely_forged(c, d), dropped = repeat_may_be_dropped(c->x) && !forged;
	bool same = one_sender(d) && !forged;
	finding_term(f, c->d->weights, "E12", dropped || same || servfail_alone(d));
	if (same)
		finding_term(f, c->d->weights, "E03c", false);
	bool likely = dropped || same || retry_fits(d);
	if (forged || (!likely && !one_query_explains(c->x)))
		return;
	f->alternatives |= 1U << ALT_LOST_RETRY;
	if (all_are_answers(d))
		f->alternatives |= 1U << ALT_CDN_ROTATION;
	if (likely)
		f->guards_failed |= 1U << GUARD_CAPTURE_LOSS;
}

/* E02c: a burst of three or more with three TTLs. */
static bool burst_varies(const struct dns_answer *const *suspects, size_t count)
{
	size_t distinct = 0;
	for (size_t i = 0; i < count; i++) {
		bool again = suspects[i]->clock_ns - suspects[0]->clock_ns > BURST_NS;
		for (size_t k = 0; k < i; k++)
			again |= suspects[k]->ip_ttl == suspects[i]->ip_ttl;
		distinct += !again;
	}
	return distinct >= BURST_LEAST;
}

/* E03b: the id of the query, or the next, and no property of the resolver. */
static bool id_mirrors_query(const struct dns_exchange *x, const struct dns_answer *suspect,
                             const struct dns_answer *genuine)
{
	uint16_t ahead = (uint16_t)(suspect->ip_id - x->ip_id);
	uint16_t genuine_ahead = genuine ? (uint16_t)(genuine->ip_id - x->ip_id) : UINT16_MAX;
	return x->ipv4 && genuine && suspect->ip_id != 0 && ahead <= 1 && genuine_ahead > 1 &&
	       suspect->transmissions == 1;
}

struct details {
	char answers[512], rcodes[96];
	char n_answers[FINDING_NUMBER_SIZE], first_us[FINDING_NUMBER_SIZE], gap_us[FINDING_NUMBER_SIZE];
};

static void describe(struct finding *f, const struct dns_exchange *x, struct details *out)
{
	struct text answers = text_over(out->answers, sizeof out->answers);
	struct text rcodes = text_over(out->rcodes, sizeof out->rcodes);
	for (size_t i = 0; i < x->answer_count; i++) {
		text_printf(&answers, "%s", i ? "|" : "");
		dns_answer_text(&answers, x->answers[i]);
		text_printf(&rcodes, "%s%s", i ? "|" : "", dns_rcode_name(x->answers[i]->rcode));
	}
	finding_detail(f, "answers", out->answers);
	finding_detail(f, "rcodes", out->rcodes);
	size_t all = x->answer_count + x->answers_beyond;
	finding_number(f, out->n_answers, "n_answers", (long long)all);
	const struct dns_answer *first = x->answers[0], *last = x->answers[x->answer_count - 1];
	if (first->frame.ts_ns == FRAME_NO_TIME || last->frame.ts_ns == FRAME_NO_TIME ||
	    first->asked.ts_ns == FRAME_NO_TIME)
		return;
	finding_number(f, out->first_us, "first_us", (first->frame.ts_ns - first->asked.ts_ns) / 1000);
	finding_number(f, out->gap_us, "gap_us", (last->frame.ts_ns - first->frame.ts_ns) / 1000);
}

/* Bits of the answers that are taken for false ones. */
static unsigned accused_of(const struct dns_case *c, const struct dispute *dispute)
{
	const struct dns_answer *genuine = genuine_of(c);
	unsigned accused = 0;
	for (size_t i = 0; i < c->x->answer_count; i++)
		accused |= (unsigned)is_suspect(c, c->x->answers[i], genuine) << i;
	for (size_t i = 0; i < c->x->answer_count && !accused; i++)
		accused |= (unsigned)(c->x->answers[i] == dispute->sides[0]) << i;
	return accused;
}

static void add_suspects(struct finding *f, const struct dns_case *c)
{
	const struct dns_answer *genuine = genuine_of(c), *suspects[DNS_ANSWERS_MAX] = {0};
	size_t count = 0;
	for (size_t i = 0; i < c->x->answer_count; i++)
		if (c->accused & 1U << i)
			suspects[count++] = c->x->answers[i];
	/* The facts shown are those of the first, so it comes last. */
	for (size_t i = count; i-- > 0;) {
		const struct dns_answer *a = suspects[i];
		dns_finding_suspect(f, c, a);
		dns_finding_signature(f, c, a, true);
		f->copies += 1U + a->copies;
		if (dns_answer_is_bogon(a) && !dns_answer_is_local(c, a))
			finding_term(f, c->d->weights, dns_address_is_sink(&a->addresses[0]) ? "E12b_sink" : "E12b",
			             false);
		if (id_mirrors_query(c->x, a, genuine))
			finding_term(f, c->d->weights, "E03b", false);
		if (hops_of(a->ip_ttl) == 0 && genuine && hops_of(genuine->ip_ttl) >= 3)
			f->guards_named |= 1U << GUARD_LOCAL_BOX;
	}
	if (burst_varies(suspects, count))
		finding_term(f, c->d->weights, "E02c", false);
	for (size_t i = 0; i < c->x->answer_count; i++)
		finding_evidence(f, c->x->answers[i]->frame);
}

/* DN5: among the false ones is an error code, and another answer has addresses. */
static bool rcode_contradicted(const struct dns_case *c)
{
	bool denied = false, answered = false;
	for (size_t i = 0; i < c->x->answer_count; i++) {
		const struct dns_answer *a = c->x->answers[i];
		denied |= (c->accused & 1U << i) && a->rcode != 0;
		answered |= !(c->accused & 1U << i) && a->rcode == 0 && (a->address_count > 0 || a->cname);
	}
	return denied && answered;
}

bool dns_dual_judge(struct dns_case *c)
{
	const struct dns_exchange *x = c->x;
	if (x->over_tcp || x->answer_count == 0)
		return false;
	detection_tested(c->d, mechanism_find("dns_dual_answer"));
	struct dispute dispute = dispute_of(x);
	if (dispute.count < 2 || !dispute.surplus)
		return dispute.count >= 2;
	struct finding f;
	struct details details;
	c->disputed = (1U << x->answer_count) - 1;
	c->accused = accused_of(c, &dispute);
	dns_finding_open(&f, c, "dns_dual_answer");
	f.kind = KIND_CONTRADICTION;
	weigh_second_query(&f, c, &dispute);
	add_suspects(&f, c);
	describe(&f, x, &details);
	if (servfail_alone(&dispute))
		f.alternatives |= 1U << ALT_LOAD_BALANCER;
	if (addr_is_private(&x->server) || addr_is_loopback(&x->server))
		f.guards_named |= 1U << GUARD_LOCAL_BOX;
	(void)detection_propose(c->d, x->flow, &f);
	if (rcode_contradicted(c)) {
		f.mechanism = mechanism_find("dns_rcode_injected");
		(void)detection_propose(c->d, x->flow, &f);
	}
	return true;
}
