/*
 * D4: somebody else ends the TLS connection (Raman et al., Kazakhstan, IMC 2020; Durumeric et al., NDSS 2017).
 *   tls_mitm_cert   issuer, subject or key of the leaf, or a certificate of the chain, equals a row of the signatures; or one issuer signed for several unrelated names
 *                   alike, and for one of them another issuer was seen too (certificates.h)
 *   mitm_client_fp  at a server: the hello of the visitor is that of a known interceptor
 * TLS 1.2 and before: later versions encrypt certificates. Antivirus software and company proxies do the same on purpose:
 * rows of products become local_interference. Private authorities, home devices and new roots are only unknown, which says
 * nothing; that a certificate is hours old says little, beside one of these.
 *
 * An interceptor speaks for the server from the first packet on, or from the hello on, so that all packets of the server's side
 * from there on are suspects.
 */
#include "analyzer/detect/census.h"
#include "analyzer/detect/certificates.h"
#include "analyzer/detect/detector.h"
#include "analyzer/detect/suspect.h"
#include "dissectors/ja4.h"

enum {
	INTERCEPTED_CAP = 4096, /* flows of a shard with a signature that matched */
	TEXT_KEPT = 160,        /* bytes of an issuer or subject */
	CONFIDENCE_LEAST = 7,
	PATTERN_LEAST = 16,
	TLS_SHA256 = sizeof((struct tls_certificate *)0)->spki_sha256,
};

struct kept_text {
	uint8_t bytes[TEXT_KEPT];
	uint8_t len;
};

/* What matched in one direction of a flow, kept until it closes. */
struct intercepted {
	struct intercepted *next; /* of the flow's other direction */
	enum dir dir;             /* who spoke */
	struct sig_hits hits;
	struct sample packet;
	struct frame_ref trigger;
	struct kept_text issuer, subject; /* of a certificate */
	uint8_t key[TLS_SHA256];
	int64_t not_before;
	char ja4[JA4_TEXT_SIZE], ja3[JA3_TEXT_SIZE]; /* of a hello */
};

struct run {
	struct pool pool;
	struct certificates certificates;
};

struct state {
	struct intercepted *first; /* NULL: nothing matched */
};

static int start(struct detection *d, struct err *e)
{
	struct run *run = d->run;
	(void)e;
	pool_init(&run->pool, sizeof(struct intercepted), INTERCEPTED_CAP);
	return 0;
}

static void finish(struct detection *d)
{
	struct run *run = d->run;
	pool_free(&run->pool);
	certificates_free(&run->certificates);
}

static bool is_kept(const struct state *state, enum dir dir)
{
	const struct intercepted *k = state->first;
	while (k && k->dir != dir)
		k = k->next;
	return k != NULL;
}

static struct intercepted *intercepted_keep(struct detection *d, const struct event *ev, const struct sig_hits *hits)
{
	struct run *run = d->run;
	struct state *state = d->state;
	struct intercepted *kept = pool_get(&run->pool);
	if (!kept) {
		d->candidates->dropped++;
		return NULL;
	}
	kept->hits = *hits;
	kept->packet = sample_of(ev->pkt);
	kept->trigger = ev->flow->trigger.sample.frame;
	kept->dir = ev->dir;
	kept->next = state->first;
	state->first = kept;
	ev->flow->flags |= ev->dir == DIR_UP ? FLOW_ROLL_UP : FLOW_ROLL_DOWN;
	return kept;
}

static void keep_text(struct kept_text *out, struct span s)
{
	s = span_first(s, TEXT_KEPT);
	memcpy(out->bytes, s.ptr ? s.ptr : (const uint8_t *)"", s.len);
	out->len = (uint8_t)s.len;
}

static void on_certificate(struct detection *d, const struct event *ev)
{
	const struct tls_certificate *c = event_tls_certificate(ev);
	struct run *run = d->run;
	struct state *state = d->state;
	struct sig_hits hits = {0};
	if (!ev->flow->tcp || ev->dir != DIR_DOWN || ev->version != 0 || !ev->pkt ||
	    census_vantage(ev->flow) == VANTAGE_SERVER)
		return;
	detection_tested(d, mechanism_find("tls_mitm_cert"));
	if (ev->flow->trigger.name && c->issuer.len > 0 &&
	    !certificates_note(&run->certificates, ev->flow, c, frame_ref_of(ev->pkt)))
		d->candidates->dropped++;
	if (!d->signatures || is_kept(state, DIR_DOWN))
		return;
	certificate_match(d->signatures, c, &hits);
	struct intercepted *kept = hits.count ? intercepted_keep(d, ev, &hits) : NULL;
	if (!kept)
		return;
	keep_text(&kept->issuer, c->issuer);
	keep_text(&kept->subject, c->subject);
	memcpy(kept->key, c->spki_sha256, sizeof kept->key);
	kept->not_before = c->not_before;
}

static void on_client_hello(struct detection *d, const struct event *ev)
{
	const struct tls_client_hello *hello = event_tls_client_hello(ev);
	struct state *state = d->state;
	struct sig_hits hits = {0};
	struct ja4 ja4;
	char text[JA4_TEXT_SIZE];
	bool asked = ev->dir == DIR_UP && ev->version == 0 && ev->pkt && !is_kept(state, DIR_UP);
	if (!ev->flow->tcp || !asked || !d->signatures || census_vantage(ev->flow) == VANTAGE_CLIENT ||
	    !ja4_of(&ja4, hello, JA4_TCP))
		return;
	sigdb_match(d->signatures, SIG_TLS_JA4, span_of(NULL, 0), span_text(ja4_text(&ja4, text)), &hits);
	struct intercepted *kept = sig_hits_best(&hits) ? intercepted_keep(d, ev, &hits) : NULL;
	if (!kept)
		return;
	memcpy(kept->ja4, text, sizeof kept->ja4);
	(void)ja3_of(kept->ja3, hello);
}

static const char *signature_term(const struct signature *s)
{
	bool national = s->scope == SIG_NATIONAL || s->scope == SIG_ISP;
	bool telling = s->pattern.len >= PATTERN_LEAST && s->confidence >= CONFIDENCE_LEAST;
	return s->action == SIG_ACTION_HINT ? "E09_hint" : national && telling ? "E09" : "E09b";
}

static bool is_product(const struct signature *s)
{
	return s->scope == SIG_PRODUCT || s->scope == SIG_INSTITUTION;
}

/* The row that the finding is about: the best hit, else a product's hint, since products accuse nobody. NULL: none. */
static const struct signature *leading(const struct sig_hits *hits)
{
	const struct signature *best = sig_hits_best(hits);
	for (size_t i = 0; !best && i < hits->count && !sig_hits_false_positive(hits); i++)
		if (is_product(hits->hit[i]) && hits->hit[i]->action == SIG_ACTION_HINT)
			best = hits->hit[i];
	return best && best->scope != SIG_BENIGN ? best : NULL;
}

static void add_signatures(struct finding *f, const struct weights *w, const struct sig_hits *hits,
                           const struct signature *best)
{
	f->signatures[f->signature_count++] = best;
	for (size_t i = 0; i < hits->count; i++) {
		const struct signature *s = hits->hit[i];
		if (s->scope == SIG_BENIGN)
			continue;
		if (f->kind == KIND_MATCH)
			finding_term(f, w, signature_term(s), false);
		if (s != best && f->signature_count < FINDING_SIGNATURES_MAX)
			f->signatures[f->signature_count++] = s;
	}
}

struct certificate_details {
	char issuer[4 * TEXT_KEPT + 4], subject[4 * TEXT_KEPT + 4], key[2 * TLS_SHA256 + 1], not_before[40];
};

static void add_text(struct finding *f, const char *key, const struct kept_text *kept, char *room, size_t size)
{
	struct text t = text_over(room, size);
	if (kept->len == 0)
		return;
	text_escape(&t, span_of(kept->bytes, kept->len), TEXT_LIST);
	finding_detail(f, key, room);
}

/* 1970 to 2262, what nanoseconds hold. */
static void add_time(struct finding *f, int64_t seconds, char *room, size_t size)
{
	struct text t = text_over(room, size);
	if (seconds < 0 || seconds > INT64_MAX / 1000000000)
		return;
	text_time(&t, seconds * 1000000000);
	finding_detail(f, "not_before", room);
}

static void describe(struct finding *f, const struct intercepted *k, struct certificate_details *out)
{
	struct text key = text_over(out->key, sizeof out->key);
	add_text(f, "issuer", &k->issuer, out->issuer, sizeof out->issuer);
	add_text(f, "subject", &k->subject, out->subject, sizeof out->subject);
	if (k->issuer.len) {
		text_hex(&key, span_of(k->key, sizeof k->key));
		finding_detail(f, "spki_sha256", out->key);
		add_time(f, k->not_before, out->not_before, sizeof out->not_before);
	}
	if (k->ja4[0])
		finding_detail(f, "ja4", k->ja4);
	if (k->ja3[0])
		finding_detail(f, "ja3", k->ja3);
	finding_detail(f, "scope", sig_scope_name(f->signatures[0]->scope));
	finding_detail(f, "sig_id", f->signatures[0]->id);
}

static void compare(struct finding *f, const struct detection *d, const struct flow *flow, enum dir dir,
                    const struct intercepted *k)
{
	const struct suspect s = {.flow = flow, .sender = dir, .packet = &k->packet};
	struct finding facts = {0};
	(void)suspect_compare(&facts, d->weights, &s);
	f->facts = facts.facts;
	f->guards_named |= facts.guards_named;
	f->to_client = dir == DIR_DOWN;
	finding_suspect(f, k->packet.frame);
	finding_party(f, flow, dir);
	/* Who accepted the connection may be the genuine server, if the interceptor steps in at the hello. */
	bool from_the_start = flow->tcp->side[dir].syn.ttl == k->packet.ttl;
	for (size_t i = 0; i < f->party_count; i++)
		if (from_the_start || f->party[i].number > k->trigger.number)
			finding_suspect(f, f->party[i]);
	finding_evidence(f, k->trigger);
}

static void judge(struct detection *d, struct flow *flow, enum dir dir, const struct intercepted *k)
{
	const struct signature *best = leading(&k->hits);
	struct certificate_details details;
	if (!best)
		return;
	bool local = dir == DIR_DOWN && is_product(best);
	const char *id = dir == DIR_UP ? "mitm_client_fp" : local ? "local_interference" : "tls_mitm_cert";
	struct finding f = {.mechanism = mechanism_find(id), .kind = local ? KIND_INFORMATIONAL : KIND_MATCH};
	f.stage = "tls_handshake";
	f.protocol = "tls";
	compare(&f, d, flow, dir, k);
	add_signatures(&f, d->weights, &k->hits, best);
	if (dir == DIR_DOWN && f.kind == KIND_MATCH && certificate_is_fresh(k->not_before, k->packet.frame))
		finding_term(&f, d->weights, "E09_fresh", false);
	if (is_product(best))
		f.alternatives |= 1U << ALT_CORPORATE_FILTER;
	describe(&f, k, &details);
	(void)detection_propose(d, flow, &f);
}

static void on_close(struct detection *d, const struct event *ev)
{
	struct state *state = d->state;
	struct run *run = d->run;
	if (ev->flow->tcp && ev->flow->trigger.kind == TRIGGER_TLS && census_vantage(ev->flow) != VANTAGE_CLIENT)
		detection_tested(d, mechanism_find("mitm_client_fp"));
	while (state->first) {
		struct intercepted *k = state->first;
		judge(d, ev->flow, k->dir, k);
		state->first = k->next;
		pool_put(&run->pool, k);
	}
}

/* Has a row of the signatures spoken for this flow already? */
static bool already_found(const struct conclusion *c, const struct certificate *k)
{
	for (size_t i = 0; i < c->finding_count; i++) {
		const struct finding *f = c->findings[i];
		bool same = f->flow_id == k->flow_id && addr_equal(&f->client, &k->client) &&
		            addr_equal(&f->server, &k->server);
		if (same && f->signature_count > 0 && f->protocol && strcmp(f->protocol, "tls") == 0)
			return true;
	}
	return false;
}

static void found(struct conclusion *c, const struct certificate *suspect, const struct certificate *other,
                  unsigned names)
{
	char count[FINDING_NUMBER_SIZE], time[40];
	if (already_found(c, suspect))
		return;
	struct finding f = {
	    .mechanism = mechanism_find("tls_mitm_cert"),
	    .kind = KIND_MATCH,
	    .client = suspect->client,
	    .server = suspect->server,
	    .client_port = suspect->client_port,
	    .server_port = suspect->server_port,
	    .l4_proto = IPPROTO_TCP,
	    .flow_id = suspect->flow_id,
	    .to_client = true,
	    .name = suspect->name,
	    .name_source = NAME_SNI,
	    .trigger = suspect->trigger,
	    .alternatives = 1U << ALT_CORPORATE_FILTER | 1U << ALT_LOAD_BALANCER,
	};
	finding_suspect(&f, suspect->frame);
	finding_evidence(&f, suspect->trigger);
	finding_evidence(&f, other->frame);
	finding_term(&f, c->weights, "E09_issuer", false);
	if (certificate_is_fresh(suspect->not_before, suspect->frame))
		finding_term(&f, c->weights, "E09_fresh", false);
	finding_number(&f, count, "names_same_issuer", names);
	if (suspect->issuer_text)
		finding_detail(&f, "issuer", suspect->issuer_text);
	if (other->issuer_text)
		finding_detail(&f, "other_issuer", other->issuer_text);
	add_time(&f, suspect->not_before, time, sizeof time);
	(void)conclusion_propose(c, &f);
}

static void conclude(struct conclusion *c)
{
	const struct certificates *tables[256];
	size_t count = 0;
	for (size_t i = 0; i < c->run_count && count < sizeof tables / sizeof *tables; i++)
		tables[count++] = &((const struct run *)c->runs[i])->certificates;
	certificates_search(c, tables, count, found);
}

const struct detector detector_tls_mitm = {
    .name = "tls_mitm",
    .summary = "certificates and hellos of interceptors",
    .run_size = sizeof(struct run),
    .flow_size = sizeof(struct state),
    .on = {[EV_TLS_CERTIFICATE] = on_certificate, [EV_TLS_CLIENT_HELLO] = on_client_hello, [EV_FLOW_CLOSE] = on_close},
    .start = start,
    .conclude = conclude,
    .finish = finish,
};
