/*
 * DN2, dns_bogon_answer: a public name answered with addresses that no public name has (Pearce et al., 2017); and DN3,
 * dns_known_forged_ip: an address known from forged answers, for a name that does not belong there (Hoang et al.,
 * 2021).
 *
 * What else could explain the bytes: a filtering resolver that the client chose, a private view of the name, a block
 * list whose answers are data, a login portal, a machine of the own network; or the name is really served from there.
 * So an odd address by itself is a symptom, and one that the own network gave accuses nobody.
 */
#include "analyzer/detect/dns_address.h"
#include "analyzer/detect/dns_name.h"
#include "analyzer/detect/dns_rules.h"

static bool asks_address(const struct dns_exchange *x)
{
	return x->key.qtype == DNS_TYPE_A || x->key.qtype == DNS_TYPE_AAAA;
}

static const struct dns_answer *first_bogon(const struct dns_exchange *x)
{
	for (size_t i = 0; i < x->answer_count; i++)
		if (dns_answer_is_bogon(x->answers[i]) && !x->answers[i]->false_positive)
			return x->answers[i];
	return NULL;
}

static bool all_sinks(const struct dns_answer *a)
{
	for (size_t i = 0; i < a->address_count; i++)
		if (!dns_address_is_sink(&a->addresses[i]))
			return false;
	return true;
}

static void bogon_portal(const struct dns_case *c, const struct dns_answer *a)
{
	if (c->resolver)
		dns_resolver_odd(c->resolver, &a->addresses[0], dns_name_probes_portal(dns_exchange_name(c->x)),
		                 a->clock_ns);
}

/*
 * A machine of the own network answers out of what it was told as often as by itself. So with a known address it is no
 * innocent explanation: the resolver is shown as local, and the guard is not named.
 */
static void resolver_place(struct finding *f, const struct dns_case *c, const struct dns_answer *a)
{
	if (!dns_answer_is_local(c, a))
		return;
	finding_detail(f, "resolver", "local");
	if (!dns_answer_is_known(a))
		f->guards_named |= 1U << GUARD_LOCAL_BOX;
}

/* Who is accused, if anybody: sets mechanism, kind and what is not ruled out. */
static void bogon_reading(struct finding *f, const struct dns_case *c, const struct dns_answer *a)
{
	bool known = dns_answer_is_known(a), local = dns_answer_is_local(c, a), sink = all_sinks(a);
	f->kind = known ? KIND_MATCH : KIND_SYMPTOM;
	f->alternatives |= 1U << (sink ? ALT_AD_BLOCKER : ALT_SPLIT_DNS);
	resolver_place(f, c, a);
	if (!local)
		finding_term(f, c->d->weights, sink ? "E12b_sink" : "E12b", false);
	if (known)
		return;
	if (c->resolver && c->resolver->odd_portal) {
		f->mechanism = mechanism_find("captive_portal");
		f->kind = KIND_INFORMATIONAL;
	} else if (local) {
		f->mechanism = mechanism_find("local_interference");
		f->kind = KIND_INFORMATIONAL;
	}
}

bool dns_bogon_judge(const struct dns_case *c)
{
	const struct dns_exchange *x = c->x;
	if (!asks_address(x) || x->answer_count == 0 || !dns_name_is_public(dns_exchange_name(x)))
		return false;
	detection_tested(c->d, mechanism_find("dns_bogon_answer"));
	const struct dns_answer *a = first_bogon(x);
	if (!a)
		return false;
	struct finding f;
	char addresses[256], target[ADDR_TEXT_SIZE];
	struct text t = text_over(addresses, sizeof addresses);
	bogon_portal(c, a);
	dns_finding_open(&f, c, "dns_bogon_answer");
	dns_finding_suspect(&f, c, a);
	bogon_reading(&f, c, a);
	dns_finding_signature(&f, c, a, true);
	dns_answer_text(&t, a);
	finding_detail(&f, "addr", addresses);
	finding_detail(&f, "bogon_class", dns_bogon_class(&a->addresses[0]));
	if (!all_sinks(a)) /* the capture pass looks for names that share one (G21) */
		finding_detail(&f, "private_target", addr_text(&a->addresses[0], target));
	(void)detection_propose(c->d, x->flow, &f);
	return true;
}

static bool says_something(const struct dns_answer *a)
{
	return a->address_count > 0 || a->cname || a->foreign_type;
}

bool dns_forged_judge(const struct dns_case *c)
{
	const struct dns_exchange *x = c->x;
	const struct dns_answer *first = NULL;
	struct finding f;
	char addresses[256];
	struct text t = text_over(addresses, sizeof addresses);
	bool judged = false;
	dns_finding_open(&f, c, "dns_known_forged_ip");
	f.kind = KIND_MATCH;
	f.alternatives = 1U << ALT_REAL_HOST;
	for (size_t i = x->answer_count; i-- > 0;) {
		const struct dns_answer *a = x->answers[i];
		judged |= says_something(a);
		if (!dns_answer_is_known(a))
			continue;
		dns_finding_suspect(&f, c, a);
		dns_finding_signature(&f, c, a, false);
		resolver_place(&f, c, a);
		first = a;
	}
	if (judged)
		detection_tested(c->d, f.mechanism);
	if (!first)
		return false;
	dns_answer_text(&t, first);
	finding_detail(&f, "addr", addresses);
	(void)detection_propose(c->d, x->flow, &f);
	return true;
}
