/*
 * What a page is, once its flow is over: the words and weights of http_page.h's findings. A signature alone is a
 * match; a contradiction needs a packet that a single server does not send: other bytes for the same range, a second
 * answer, an answer sooner than the path allows, an IP-ID copied from the request.
 */
#include "analyzer/detect/dns_name.h"
#include "analyzer/detect/http_page.h"
#include "analyzer/detect/rule_evidence.h"
#include "analyzer/detect/suspect.h"

enum { STATUS_FORBIDDEN = 403, STATUS_LEGAL = 451, CONFIDENCE_LEAST = 7, PATTERN_LEAST = 16, NEAR_US = 1000 };

static const struct signature *accusing(const struct sig_hits *hits)
{
	const struct signature *s = sig_hits_best(hits);
	return s && s->scope != SIG_BENIGN ? s : NULL;
}

static const struct signature *excusing(const struct http_page *p)
{
	const struct sig_hits *both[] = {&p->page, &p->lead};
	for (size_t i = 0; i < 2; i++)
		for (size_t k = 0; k < both[i]->count; k++)
			if (both[i]->hit[k]->action == SIG_ACTION_FP)
				return both[i]->hit[k];
	return NULL;
}

static bool server_refuses(const struct http_page *p)
{
	return p->status == STATUS_FORBIDDEN || p->status == STATUS_LEGAL;
}

/* A probe that is led elsewhere. Microsoft's own host redirects to its portal pages. */
static bool portal_answers(const struct http_page *p)
{
	struct span host = http_url_host(span_of(p->target, p->target_len));
	if (!p->portal_probe)
		return false;
	if (accusing(&p->page) || accusing(&p->lead) || p->lead_private)
		return true;
	return p->has_location && host.len && !dns_name_below(host, span_text("microsoft.com")) &&
	       !dns_name_below(host, span_text("msn.com"));
}

/* A row that is too common to accuse by itself. */
static const struct signature *hinting(const struct sig_hits *hits)
{
	for (size_t i = 0; i < hits->count; i++)
		if (hits->hit[i]->action == SIG_ACTION_HINT && hits->hit[i]->scope != SIG_BENIGN)
			return hits->hit[i];
	return NULL;
}

struct http_details {
	char host[HTTP_HOST_MAX + 1], status[FINDING_NUMBER_SIZE], sha256[65], private_target[ADDR_TEXT_SIZE];
	char location[4 * TEXT_OUTSIDE_MAX + 4], title[4 * TEXT_OUTSIDE_MAX + 4];
};

static const char *lead_word(enum http_lead kind)
{
	static const char *const words[] = {"", "location", "meta_refresh", "frame", "script"};
	return words[kind];
}

static void describe_target(struct finding *f, const struct http_page *p, struct http_details *out)
{
	struct span target = span_of(p->target, p->target_len);
	struct text t = text_over(out->location, sizeof out->location);
	if (target.len == 0)
		return;
	text_escape(&t, target, TEXT_LIST);
	finding_detail(f, "location", out->location);
	finding_detail(f, "location_from", lead_word(p->lead_kind));
	struct addr address = http_host_address(http_url_host(target));
	if (p->lead_private && address.version)
		finding_detail(f, "private_target", addr_text(&address, out->private_target));
}

static void describe(struct finding *f, const struct http_page *p, struct http_details *out)
{
	if (p->status)
		finding_number(f, out->status, "http_status", p->status);
	struct text title = text_over(out->title, sizeof out->title);
	if (p->title_len) {
		text_escape(&title, span_of(p->title, p->title_len), TEXT_LIST);
		finding_detail(f, "title", out->title);
	}
	struct text sha256 = text_over(out->sha256, sizeof out->sha256);
	if (p->body_len && p->scanning) {
		text_hex(&sha256, span_of(p->body_sha256, sizeof p->body_sha256));
		finding_detail(f, "body_sha256", out->sha256);
	}
	describe_target(f, p, out);
	if (f->signature_count) {
		finding_detail(f, "sig_id", f->signatures[0]->id);
		finding_detail(f, "scope", sig_scope_name(f->signatures[0]->scope));
	}
}

static const char *signature_term(const struct signature *s)
{
	bool national = s->scope == SIG_NATIONAL || s->scope == SIG_ISP;
	bool telling = s->pattern.len >= PATTERN_LEAST && s->confidence >= CONFIDENCE_LEAST;
	return s->action == SIG_ACTION_HINT ? "E09_hint" : national && telling ? "E09" : "E09b";
}

/* The best signature that may stand alone leads, whatever the order of the others. */
static void add_signatures(struct finding *f, const struct weights *w, const struct sig_hits *hits)
{
	const struct signature *best = accusing(hits);
	if (!best)
		return;
	f->signatures[f->signature_count++] = best;
	for (size_t i = 0; i < hits->count; i++) {
		const struct signature *s = hits->hit[i];
		if (s->scope == SIG_BENIGN)
			continue;
		finding_term(f, w, signature_term(s), false);
		if (s != best && f->signature_count < FINDING_SIGNATURES_MAX)
			f->signatures[f->signature_count++] = s;
	}
	if (best->scope == SIG_PRODUCT || best->scope == SIG_INSTITUTION)
		f->alternatives |= 1U << ALT_CORPORATE_FILTER;
}

static bool brought(const struct http_page *p, const struct sample *s)
{
	for (size_t i = 0; i < p->packet_count; i++)
		if (p->packets[i].frame.number == s->frame.number)
			return true;
	return false;
}

static const struct sample *genuine_of(const struct http_page *p, const struct flow *flow)
{
	if (p->rival.frame.number)
		return &p->rival;
	if (p->before.frame.number)
		return &p->before;
	for (unsigned i = 0; i < SIDE_RECENT; i++) {
		const struct sample *s = side_recent(&flow->tcp->side[p->sender], i);
		if (s && !(s->tcp_flags & TCP_SYN) && !brought(p, s))
			return s;
	}
	return NULL;
}

/* The row of an injector whose marks the packets that brought the page have, or NULL. */
static const struct signature *injector_of(const struct http_page *p, const struct sigdb *db, const struct flow *flow)
{
	struct sig_hits hits = {0};
	if (!db || !flow->tcp || p->packet_count == 0)
		return NULL;
	const struct side *sender = &flow->tcp->side[p->sender], *other = &flow->tcp->side[dir_other(p->sender)];
	struct burst_facts b = {
	    .own = rule_packet(&p->before),
	    .other = rule_packet(&p->trigger),
	    .request = rule_packet(&p->trigger),
	    .counter = rule_counter(sender),
	    .other_counter = rule_counter(other),
	    .front_end = rule_front_end(sender, other),
	    .asked = BURST_ASKED_HTTP,
	    .way = p->sender == DIR_DOWN ? BURST_TO_CLIENT : BURST_TO_SERVER,
	    .port = flow->server_port,
	    .http = true,
	    .http_status = p->status,
	};
	for (; b.packets < p->packet_count && b.packets < BURST_PACKETS_MAX; b.packets++)
		b.packet[b.packets] = rule_packet(&p->packets[b.packets]);
	sigdb_match_burst(db, SIG_HTTP_RULE, &b, &hits);
	return sig_hits_best(&hits);
}

bool http_page_is_odd(const struct http_page *p, const struct sigdb *db, const struct flow *flow)
{
	if (excusing(p))
		return server_refuses(p);
	return injector_of(p, db, flow) || hinting(&p->page) || accusing(&p->page) || accusing(&p->lead) ||
	       p->lead_private || portal_answers(p);
}

static void add_injector(struct finding *f, const struct http_page *p, const struct detection *d,
                         const struct flow *flow)
{
	const struct signature *best = injector_of(p, d->signatures, flow);
	if (!best)
		return;
	rule_term(f, d->weights, d->signatures, best);
	if (f->signature_count < FINDING_SIGNATURES_MAX)
		f->signatures[f->signature_count++] = best;
	finding_detail(f, "injector", best->id);
}

static void compare(struct finding *f, const struct http_page *p, const struct detection *d, const struct flow *flow)
{
	f->to_client = p->sender == DIR_DOWN;
	if (p->rival.frame.number)
		finding_term(f, d->weights, p->rival_first ? "E06" : "E06b", false);
	else if (p->second.number)
		finding_term(f, d->weights, "E05b", false);
	finding_evidence(f, p->rival.frame);
	finding_evidence(f, p->second);
	if (!flow->tcp || p->packet_count == 0)
		return;
	struct suspect s = {
	    .flow = flow,
	    .sender = p->sender,
	    .packet = &p->packets[0],
	    .genuine = genuine_of(p, flow),
	    .trigger = &p->trigger,
	    .others = p->packets + 1,
	    .other_count = p->packet_count - 1,
	};
	(void)suspect_compare(f, d->weights, &s);
	if (f->kind != KIND_INFORMATIONAL)
		add_injector(f, p, d, flow);
	const struct addr *sender = p->sender == DIR_DOWN ? &flow->server : &flow->client;
	bool near = (f->facts.known & FACT_RTT) && f->facts.rtt_min_us < NEAR_US;
	if (near && !addr_is_private(sender) && !addr_is_loopback(sender))
		f->guards_named |= 1U << GUARD_LOCAL_BOX;
	static const char *const proofs[] = {"E06", "E06b", "E05b", "E01", "E03b"};
	for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++)
		if (finding_has_term(f, proofs[i]) && f->kind != KIND_INFORMATIONAL)
			f->kind = KIND_CONTRADICTION;
}

static void propose(const struct http_page *p, struct detection *d, struct flow *flow, struct finding *f)
{
	struct http_details details;
	struct text host = text_over(details.host, sizeof details.host);
	if (p->host_len) {
		text_add(&host, span_of(p->host, p->host_len));
		f->name = details.host;
		f->name_source = NAME_HOST;
	}
	f->trigger = p->trigger.frame;
	for (size_t i = 0; i < p->packet_count; i++)
		finding_suspect(f, p->packets[i].frame);
	finding_evidence(f, p->trigger.frame);
	compare(f, p, d, flow);
	if (f->kind == KIND_MATCH && server_refuses(p))
		f->alternatives |= 1U << ALT_SERVER_REFUSES;
	if (p->asks_block_host)
		f->alternatives |= 1U << ALT_REAL_HOST;
	if (p->repeats)
		f->copies = p->repeats + 1;
	if (flow->tcp)
		finding_party(f, flow, p->sender);
	describe(f, p, &details);
	(void)detection_propose(d, flow, f);
}

static void propose_informational(const struct http_page *p, struct detection *d, struct flow *flow,
                                  const char *mechanism, const struct signature *s)
{
	struct finding f = {.mechanism = mechanism_find(mechanism), .kind = KIND_INFORMATIONAL};
	if (s)
		f.signatures[f.signature_count++] = s;
	propose(p, d, flow, &f);
}

/* An address that is not public, given by a server that is: no row is needed to wonder. Servers whose own network has
 * such addresses do it by mistake, so it weighs as a hint. */
static bool leads_inside(const struct http_page *p, const struct flow *flow)
{
	const struct addr *sender = p->sender == DIR_DOWN ? &flow->server : &flow->client;
	struct addr asked = http_host_address(span_of(p->host, p->host_len));
	return p->lead_private && !addr_is_private(sender) && !addr_is_loopback(sender) &&
	       !(asked.version && (addr_is_private(&asked) || addr_is_loopback(&asked)));
}

static void propose_redirect(const struct http_page *p, struct detection *d, struct flow *flow)
{
	struct finding f = {.mechanism = mechanism_find("http_redirect_block"), .kind = KIND_MATCH};
	add_signatures(&f, d->weights, &p->lead);
	if (f.signature_count == 0) {
		f.kind = KIND_SYMPTOM;
		f.alternatives |= 1U << ALT_CORPORATE_FILTER;
		f.guards_named |= 1U << GUARD_CAPTIVE_PORTAL;
		finding_term(&f, d->weights, "E09_private", false);
	}
	propose(p, d, flow, &f);
}

/* An answer that no row knows, in a packet that only one kind of box makes: what it says is new, who says it is not. */
static void propose_injected(const struct http_page *p, struct detection *d, struct flow *flow)
{
	bool redirect = p->has_location || p->lead_kind != HTTP_LEAD_NONE;
	struct finding f = {.mechanism = mechanism_find(redirect ? "http_redirect_block" : "http_blockpage"),
	                    .kind = KIND_MATCH};
	propose(p, d, flow, &f);
}

void http_page_judge(const struct http_page *p, struct detection *d, struct flow *flow)
{
	const struct signature *excuse = excusing(p);
	if (portal_answers(p)) {
		propose_informational(p, d, flow, "captive_portal", NULL);
		return;
	}
	if (excuse) {
		if (server_refuses(p) && !p->rival.frame.number && !p->second.number)
			propose_informational(p, d, flow, "server_side_geoblock", excuse);
		return;
	}
	if (accusing(&p->page)) {
		struct finding f = {.mechanism = mechanism_find("http_blockpage"), .kind = KIND_MATCH};
		add_signatures(&f, d->weights, &p->page);
		propose(p, d, flow, &f);
	} else if (hinting(&p->page)) {
		struct finding f = {.mechanism = mechanism_find("http_blockpage"), .kind = KIND_SYMPTOM};
		f.signatures[f.signature_count++] = hinting(&p->page);
		f.alternatives |= 1U << ALT_SERVER_REFUSES;
		finding_term(&f, d->weights, "E09_hint", false);
		propose(p, d, flow, &f);
	}
	if (accusing(&p->lead) || leads_inside(p, flow))
		propose_redirect(p, d, flow);
	else if (!accusing(&p->page) && injector_of(p, d->signatures, flow))
		propose_injected(p, d, flow);
}
