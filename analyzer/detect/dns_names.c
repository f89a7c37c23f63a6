/*
 * Rules over all queries of a capture. DN5, dns_rcode_injected: an error code for a name that another resolver has an
 * address for (OONI's comparison). DN6, dns_sinkhole_ip: one address for eleven unrelated names, where the connection then
 * fails (Niaki et al., ICLab, IEEE S&P 2020). DN7, dns_name_drop: a name that gets no answer while others do (Hoang et al.,
 * 2022). DN8, dns_answer_from_silent_host: a host that answers one name alone (OONI, ts-012).
 *
 * All are symptoms. What else could explain the bytes: a private view of the name (only public names, and no private
 * resolver or address), a filtering resolver that the client chose, a zone whose servers are down (SERVFAIL is left out, a
 * silent resolver is not), lost packets (three transmissions over five seconds), a resolver that refuses strangers
 * (it must have answered another name), a content network (the connection must fail), a server of one zone.
 */
#include "analyzer/detect/dns_names.h"

#include <stdlib.h>
#include <strings.h>

#include "analyzer/detect/dns_rules.h"

enum {
	RCODE_NXDOMAIN = 3,
	RCODE_REFUSED = 5,
	DROP_TRANSMISSIONS = 3,
	CONTROLS_FEW = 1,   /* other names answered, when none of them was silent */
	CONTROLS_MANY = 3,  /* otherwise */
	SILENT_NAMES = 3,   /* that a host left unanswered */
	SINK_DOMAINS = 11,  /* unrelated ones at one address */
	CONTROL_NAMES = 16, /* distinct names counted */
	LOOK_MAX = 512      /* records looked at on either side */
};

#define SECOND_NS  INT64_C(1000000000)
#define WAIT_NS    (5 * SECOND_NS)   /* from the first transmission on */
#define CONTROL_NS (10 * SECOND_NS)  /* "in the same 10 s" */
#define AGAIN_NS   (30 * SECOND_NS)  /* a client that tries on */
#define SAME_NS    (600 * SECOND_NS) /* one answer and another of one resolver */

struct book {
	struct conclusion *c;
	const struct dns_outcome **at; /* by place and time, shard by shard */
	const struct dns_outcome **by_name;
	const struct dns_outcome **by_address;
	size_t count;
	bool complete; /* no log had to drop anything */
};

/* A few distinct names. */
struct name_set {
	const char *name[CONTROL_NAMES];
	size_t count;
};

static void name_set_add(struct name_set *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcasecmp(s->name[i], name) == 0)
			return;
	if (s->count < CONTROL_NAMES)
		s->name[s->count++] = name;
}

static bool has_answer(const struct dns_outcome *r)
{
	return !r->silent && r->rcode == 0 && r->address_count > 0;
}

/* The records of one resolver's name around `at` that belong to one attempt to get it: from..to in b->at. */
struct attempt_span {
	size_t from, to; /* indices of records at the same place, whatever their name */
	int64_t begin_ns, end_ns;
	uint32_t transmissions, queries;
	bool answered;
};

static void span_widen(const struct book *b, size_t at, struct attempt_span *s)
{
	const struct dns_outcome *r = b->at[at];
	size_t looked = 0;
	*s = (struct attempt_span){.from = at, .to = at + 1, .begin_ns = r->clock_ns, .end_ns = r->last_clock_ns};
	while (s->from > 0 && looked++ < LOOK_MAX && dns_outcome_same_place(r, b->at[s->from - 1]) &&
	       r->clock_ns - b->at[s->from - 1]->clock_ns <= AGAIN_NS)
		s->from--;
	looked = 0;
	while (s->to < b->count && looked++ < LOOK_MAX && dns_outcome_same_place(r, b->at[s->to]) &&
	       b->at[s->to]->clock_ns - r->clock_ns <= 2 * AGAIN_NS)
		s->to++;
	for (size_t i = s->from; i < s->to; i++) {
		const struct dns_outcome *o = b->at[i];
		if (strcasecmp(o->name, r->name) != 0)
			continue;
		s->answered |= !o->silent;
		if (!o->silent || i < at || o->clock_ns - r->clock_ns > AGAIN_NS)
			continue;
		s->transmissions += o->transmissions;
		s->queries++;
		s->end_ns = o->last_clock_ns > s->end_ns ? o->last_clock_ns : s->end_ns;
	}
}

/* The first silent query of this name within AGAIN_NS. */
static bool is_first_silence(const struct book *b, size_t at)
{
	const struct dns_outcome *r = b->at[at];
	for (size_t k = 1; k <= LOOK_MAX && k <= at; k++) {
		const struct dns_outcome *o = b->at[at - k];
		if (!dns_outcome_same_place(r, o) || r->clock_ns - o->clock_ns > AGAIN_NS)
			return true;
		if (o->silent && strcasecmp(o->name, r->name) == 0)
			return false;
	}
	return true;
}

static bool answered_elsewhere(const struct book *b, const struct dns_outcome *r);

static void propose_drop(const struct book *b, size_t at, const struct attempt_span *s, size_t controls)
{
	const struct dns_outcome *r = b->at[at];
	char sent[FINDING_NUMBER_SIZE], span[FINDING_NUMBER_SIZE], n[FINDING_NUMBER_SIZE];
	struct finding f;
	dns_outcome_finding(&f, r, "dns_name_drop");
	f.kind = KIND_SYMPTOM;
	finding_term(&f, b->c->weights, "E11", false);
	for (size_t i = at; i < s->to; i++) {
		const struct dns_outcome *o = b->at[i];
		bool mine = o->silent && strcasecmp(o->name, r->name) == 0 && o->clock_ns - r->clock_ns <= AGAIN_NS;
		for (size_t k = 0; mine && k < sizeof o->frames / sizeof *o->frames; k++)
			finding_suspect(&f, o->frames[k]);
	}
	/* A zone without servers is as silent, and to every resolver. */
	if (answered_elsewhere(b, r))
		f.contrast = 1U << ATTEMPT_SILENCE;
	finding_number(&f, sent, "transmissions", s->transmissions);
	finding_number(&f, span, "span_ms", (s->end_ns - s->begin_ns) / 1000000);
	finding_number(&f, n, "controls", (long long)controls);
	(void)conclusion_propose(b->c, &f);
}

/* DN7. */
static void search_drops(const struct book *b)
{
	const struct mechanism *m = mechanism_find("dns_name_drop");
	for (size_t i = 0; i < b->count; i++) {
		const struct dns_outcome *r = b->at[i];
		struct attempt_span s;
		struct name_set answered = {0}, silent = {0};
		bool own = false;
		if (!r->silent || !r->public_name || !is_first_silence(b, i))
			continue;
		b->c->tested[m - mechanisms]++;
		span_widen(b, i, &s);
		if (s.answered || s.transmissions < DROP_TRANSMISSIONS || b->c->last_ns - r->clock_ns < WAIT_NS)
			continue;
		for (size_t k = s.from; k < s.to; k++) {
			const struct dns_outcome *o = b->at[k];
			bool other = strcasecmp(o->name, r->name) != 0;
			bool close = o->clock_ns >= s.begin_ns - CONTROL_NS && o->clock_ns <= s.end_ns + CONTROL_NS;
			if (other && close)
				name_set_add(o->silent ? &silent : &answered, o->name);
			own |= !o->silent && o->local;
		}
		/* Where its answers made no hop, the capture shows the resolver's own silence, or a home router's. */
		if (!own && answered.count >= (silent.count > 0 ? CONTROLS_MANY : CONTROLS_FEW))
			propose_drop(b, i, &s, answered.count);
	}
}

static bool only_answer(const struct name_set *answered, const struct name_set *silent)
{
	if (answered->count != 1 || silent->count < SILENT_NAMES)
		return false;
	for (size_t i = 0; i < silent->count; i++)
		if (strcasecmp(silent->name[i], answered->name[0]) == 0 ||
		    strcasecmp(dns_registrable(silent->name[i]), dns_registrable(answered->name[0])) == 0)
			return false;
	return true;
}

/* DN8, over the records from..to of one place. */
static void search_silent_host(const struct book *b, size_t from, size_t to)
{
	struct name_set answered = {0}, silent = {0};
	const struct dns_outcome *first = NULL;
	struct finding f;
	char n[FINDING_NUMBER_SIZE];
	for (size_t i = from; i < to; i++) {
		const struct dns_outcome *r = b->at[i];
		name_set_add(r->silent ? &silent : &answered, r->name);
		if (!r->silent && !first)
			first = r;
	}
	b->c->tested[mechanism_find("dns_answer_from_silent_host") - mechanisms]++;
	if (!first || !first->public_name || !only_answer(&answered, &silent))
		return;
	dns_outcome_finding(&f, first, "dns_answer_from_silent_host");
	f.kind = KIND_SYMPTOM;
	finding_term(&f, b->c->weights, "E11", false);
	for (size_t i = from; i < to; i++) {
		if (b->at[i]->silent)
			finding_evidence(&f, b->at[i]->first);
		else
			for (size_t k = 0; k < sizeof first->frames / sizeof *first->frames; k++)
				finding_suspect(&f, b->at[i]->frames[k]);
	}
	finding_number(&f, n, "silent_names", (long long)silent.count);
	(void)conclusion_propose(b->c, &f);
}

static void search_places(const struct book *b)
{
	for (size_t i = 0, end; i < b->count; i = end) {
		for (end = i + 1; end < b->count && dns_outcome_same_place(b->at[i], b->at[end]); end++)
			;
		if (b->complete)
			search_silent_host(b, i, end);
	}
}

static int compare_name(const struct dns_outcome *a, const struct dns_outcome *b)
{
	int order = addr_compare(&a->client, &b->client);
	return order ? order : strcasecmp(a->name, b->name);
}

static int compare_time(const struct dns_outcome *a, const struct dns_outcome *b)
{
	if (a->clock_ns != b->clock_ns)
		return a->clock_ns < b->clock_ns ? -1 : 1;
	if (a->first.number != b->first.number)
		return a->first.number < b->first.number ? -1 : 1;
	return (a->frames[0].number > b->frames[0].number) - (a->frames[0].number < b->frames[0].number);
}

static int by_name(const void *x, const void *y)
{
	const struct dns_outcome *a = *(const struct dns_outcome *const *)x, *b = *(const struct dns_outcome *const *)y;
	int order = compare_name(a, b);
	return order ? order : compare_time(a, b);
}

static int by_address(const void *x, const void *y)
{
	const struct dns_outcome *a = *(const struct dns_outcome *const *)x, *b = *(const struct dns_outcome *const *)y;
	int order = addr_compare(&a->client, &b->client);
	if (!order)
		order = addr_compare(&a->address, &b->address);
	return order ? order : compare_time(a, b);
}

/* The client's records of this name: the first of them, and how many. */
static size_t name_group(const struct book *b, const struct dns_outcome *r, size_t *count)
{
	size_t low = 0, high = b->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_name(b->by_name[middle], r) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (*count < LOOK_MAX && low + *count < b->count && compare_name(b->by_name[low + *count], r) == 0)
		++*count;
	return low;
}

/* Public addresses from a public resolver: no private view of the name. */
static bool is_public_answer(const struct dns_outcome *r)
{
	return has_answer(r) && !r->bogon && !r->known && !r->local && !r->disputed;
}

static bool answered_elsewhere(const struct book *b, const struct dns_outcome *r)
{
	size_t count, first = name_group(b, r, &count);
	for (size_t i = 0; i < count; i++)
		if (is_public_answer(b->by_name[first + i]) && !dns_outcome_same_place(b->by_name[first + i], r))
			return true;
	return false;
}

static bool serves_with(const struct dns_outcome *o, const struct dns_outcome *r)
{
	return has_answer(o) && strcasecmp(o->name, r->name) != 0;
}

/* It gave some other name an address: it serves this client. */
static bool serves(const struct book *b, size_t at)
{
	const struct dns_outcome *r = b->at[at];
	for (size_t k = 1; k <= LOOK_MAX && k <= at && dns_outcome_same_place(b->at[at - k], r); k++)
		if (serves_with(b->at[at - k], r))
			return true;
	for (size_t k = 1; k <= LOOK_MAX && at + k < b->count && dns_outcome_same_place(b->at[at + k], r); k++)
		if (serves_with(b->at[at + k], r))
			return true;
	return false;
}

/* The same resolver had an address before and again after. */
static bool flips(const struct book *b, const struct dns_outcome *r, size_t first, size_t count, size_t *with)
{
	bool before = false, after = false;
	for (size_t i = first; i < first + count; i++) {
		const struct dns_outcome *o = b->by_name[i];
		int64_t apart = o->clock_ns - r->clock_ns;
		if (!dns_outcome_same_place(o, r) || !is_public_answer(o) || apart > SAME_NS || apart < -SAME_NS)
			continue;
		before |= apart < 0;
		after |= apart > 0;
		*with = i;
	}
	return before && after;
}

static bool contradicted(const struct book *b, const struct dns_outcome *r, const struct dns_outcome **by)
{
	size_t count, first = name_group(b, r, &count), with = first;
	for (size_t i = first; i < first + count; i++)
		if (is_public_answer(b->by_name[i]) && !dns_outcome_same_place(b->by_name[i], r)) {
			*by = b->by_name[i];
			return true;
		}
	if (!flips(b, r, first, count, &with))
		return false;
	*by = b->by_name[with];
	return true;
}

/* DN5 by content. */
static void search_codes(const struct book *b)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct dns_outcome *r = b->at[i], *by;
		bool code = r->rcode == RCODE_NXDOMAIN || r->rcode == RCODE_REFUSED;
		char text[ADDR_TEXT_SIZE];
		struct finding f;
		if (r->silent || !code || !r->public_name || r->disputed || (r->verdict.odd & DNS_ODD_HEADER) ||
		    !contradicted(b, r, &by) || !serves(b, i))
			continue;
		dns_outcome_finding(&f, r, r->local ? "local_interference" : "dns_rcode_injected");
		f.kind = r->local ? KIND_INFORMATIONAL : KIND_SYMPTOM;
		f.alternatives = 1U << ALT_AD_BLOCKER | 1U << ALT_SPLIT_DNS;
		if (r->local)
			f.guards_named |= 1U << GUARD_LOCAL_BOX;
		finding_term(&f, b->c->weights, "E11", false);
		for (size_t k = 0; k < sizeof r->frames / sizeof *r->frames; k++)
			finding_suspect(&f, r->frames[k]);
		finding_evidence(&f, by->frames[0]);
		finding_detail(&f, "rcodes", dns_rcode_name(r->rcode));
		finding_detail(&f, "answered_by", addr_text(&by->server, text));
		(void)conclusion_propose(b->c, &f);
	}
}

/* Every connection that the client tried to the address came to nothing, and there was one. */
static bool leads_nowhere(const struct book *b, const struct dns_outcome *r)
{
	struct attempt_range all = attempts_to(b->c->attempts, &r->client, &r->address);
	size_t failed = 0;
	for (size_t i = 0; i < all.count; i++) {
		if (attempt_succeeded(all.at[i]))
			return false;
		failed += attempt_failed(all.at[i]);
	}
	return failed > 0;
}

static void propose_sink(const struct book *b, const struct dns_outcome *const *group, size_t count, size_t domains)
{
	struct finding f;
	char n[FINDING_NUMBER_SIZE], text[ADDR_TEXT_SIZE];
	dns_outcome_finding(&f, group[0], "dns_sinkhole_ip");
	f.kind = KIND_SYMPTOM;
	finding_term(&f, b->c->weights, "E11", false);
	for (size_t i = 0; i < count; i++)
		finding_suspect(&f, group[i]->frames[0]);
	finding_number(&f, n, "domains", (long long)domains);
	finding_detail(&f, "addr", addr_text(&group[0]->address, text));
	(void)conclusion_propose(b->c, &f);
}

/* DN6. */
static void search_sinks(const struct book *b)
{
	const struct mechanism *m = mechanism_find("dns_sinkhole_ip");
	for (size_t i = 0, end; i < b->count; i = end) {
		const struct dns_outcome *r = b->by_address[i];
		struct name_set domains = {0};
		for (end = i; end < b->count && addr_equal(&b->by_address[end]->client, &r->client) &&
		              addr_equal(&b->by_address[end]->address, &r->address);
		     end++)
			if (has_answer(b->by_address[end]) && b->by_address[end]->public_name)
				name_set_add(&domains, dns_registrable(b->by_address[end]->name));
		if (domains.count < SINK_DOMAINS || r->bogon || r->local)
			continue;
		b->c->tested[m - mechanisms]++;
		if (leads_nowhere(b, r))
			propose_sink(b, b->by_address + i, end - i, domains.count);
	}
}

static bool book_open(struct book *b, struct dns_log *const *logs, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += logs[i]->count;
	b->complete = true;
	b->at = malloc((3 * total + 1) * sizeof *b->at);
	if (!b->at)
		return false;
	b->by_name = b->at + total;
	b->by_address = b->by_name + total;
	for (size_t i = 0; i < count; i++) {
		b->complete = b->complete && logs[i]->dropped == 0 && logs[i]->thinned == 0;
		for (size_t k = 0; k < logs[i]->count; k++)
			b->at[b->count++] = &logs[i]->items[k];
	}
	memcpy(b->by_name, b->at, total * sizeof *b->at);
	memcpy(b->by_address, b->at, total * sizeof *b->at);
	qsort(b->by_name, total, sizeof *b->at, by_name);
	qsort(b->by_address, total, sizeof *b->at, by_address);
	return true;
}

void dns_names_conclude(struct conclusion *c, struct dns_log *const *logs, size_t count)
{
	struct book b = {.c = c};
	if (!book_open(&b, logs, count))
		return;
	search_drops(&b);
	search_places(&b);
	search_codes(&b);
	search_sinks(&b);
	free(b.at);
}
