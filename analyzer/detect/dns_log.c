/*
 * The log is sorted by resolver and time when it is judged, so that an answer's neighbours stand beside it. When it is full,
 * its older half is judged, and of what is plain every fourth stays, as the background for the rest.
 */
#include "analyzer/detect/dns_log.h"

#include <stdlib.h>
#include <strings.h>

#include "analyzer/detect/dns_rules.h"

enum {
	FIRST_ROOM = 64,
	NEIGHBOURS_MAX = 64, /* looked at on either side */
	THIN = 4,
	TTL_STEP = 2,
	TTL_FAR = 6,
	MAJORITY_OF = 3,      /* two of three have the usual TTL */
	RTT_LEAST = 5,        /* answers behind a minimum */
	COUNTER_LEAST = 3,    /* answers that show a counter */
	COUNTER_STEP = 2048,  /* most that it goes on from one to the next */
	COUNTER_SLACK = 16,   /* answers overtake each other */
	COUNTER_BEYOND = 4096 /* before the first and after the last */
};

/* "The same server port and client over the last 10 min", to both sides. */
#define NEAR_NS INT64_C(600000000000)

/* Twice the resolution of a microsecond capture, and 200 us of jitter. */
#define HASTE_EPSILON_NS INT64_C(202000)

void dns_log_init(struct dns_log *l, size_t bytes)
{
	size_t cap = bytes ? bytes / sizeof(struct dns_outcome) : DNS_LOG_MOST;
	cap = cap > DNS_LOG_MOST ? DNS_LOG_MOST : cap;
	*l = (struct dns_log){.cap = cap < DNS_LOG_LEAST ? DNS_LOG_LEAST : cap};
}

void dns_log_free(struct dns_log *l)
{
	free(l->items);
	*l = (struct dns_log){0};
}

bool dns_outcome_is_plain(const struct dns_outcome *r)
{
	return !r->silent && !r->disputed && !r->bogon && !r->known && r->trailing == 0;
}

static int compare_place(const struct dns_outcome *a, const struct dns_outcome *b)
{
	int order = addr_compare(&a->client, &b->client);
	if (!order)
		order = addr_compare(&a->server, &b->server);
	return order ? order : a->server_port - b->server_port;
}

bool dns_outcome_same_place(const struct dns_outcome *a, const struct dns_outcome *b)
{
	return compare_place(a, b) == 0;
}

static int compare(const void *x, const void *y)
{
	const struct dns_outcome *a = x, *b = y;
	int order = compare_place(a, b);
	if (order)
		return order;
	if (a->clock_ns != b->clock_ns)
		return a->clock_ns < b->clock_ns ? -1 : 1;
	if (a->first.number != b->first.number)
		return a->first.number < b->first.number ? -1 : 1;
	return (a->frames[0].number > b->frames[0].number) - (a->frames[0].number < b->frames[0].number);
}

/* The resolver's plain answers to other names around one answer, in order of time. */
struct others {
	const struct dns_outcome *at[2 * NEIGHBOURS_MAX];
	size_t count, before;
};

static bool is_other(const struct dns_outcome *r, const struct dns_outcome *o)
{
	int64_t apart = o->clock_ns - r->clock_ns;
	return dns_outcome_is_plain(o) && apart <= NEAR_NS && apart >= -NEAR_NS && strcasecmp(r->name, o->name) != 0;
}

static void others_find(struct others *out, const struct dns_log *l, size_t at)
{
	const struct dns_outcome *r = &l->items[at], *kept[NEIGHBOURS_MAX];
	size_t before = 0;
	out->count = 0;
	for (size_t k = 1; k <= NEIGHBOURS_MAX && k <= at && dns_outcome_same_place(r, &l->items[at - k]); k++)
		if (is_other(r, &l->items[at - k]))
			kept[before++] = &l->items[at - k];
	while (before > 0)
		out->at[out->count++] = kept[--before];
	out->before = out->count;
	for (size_t k = 1; k <= NEIGHBOURS_MAX && at + k < l->count; k++) {
		const struct dns_outcome *o = &l->items[at + k];
		if (!dns_outcome_same_place(r, o))
			break;
		if (is_other(r, o))
			out->at[out->count++] = o;
	}
}

/* Do as many of the others as MAJORITY_OF asks agree? */
static bool most(size_t agree, size_t of)
{
	return of > 0 && agree * MAJORITY_OF >= of * (MAJORITY_OF - 1);
}

static void judge_ttl(struct dns_verdict *v, const struct dns_outcome *r, const struct others *o)
{
	uint8_t seen[UINT8_MAX + 1] = {0};
	size_t usual = 0, agree = 0;
	for (size_t i = 0; i < o->count; i++)
		seen[o->at[i]->ip_ttl]++;
	for (size_t t = 1; t <= UINT8_MAX; t++)
		if (seen[t] > seen[usual])
			usual = t;
	for (size_t i = 0; i < o->count; i++)
		agree += o->at[i]->ip_ttl + 1U >= usual && o->at[i]->ip_ttl <= usual + 1;
	v->ttl = (uint8_t)usual;
	v->unanimous = agree == o->count;
	int raw = r->ip_ttl - (int)usual;
	if (!most(agree, o->count))
		return;
	if (raw >= TTL_STEP || raw <= -TTL_STEP)
		v->odd |= DNS_ODD_TTL;
	if (raw >= TTL_FAR || raw <= -TTL_FAR)
		v->odd |= DNS_ODD_FAR;
}

/* The others' IP-IDs run upwards, and this one is not between its neighbours'. */
static bool outside_counter(const struct dns_outcome *r, const struct others *o)
{
	if (o->count < COUNTER_LEAST)
		return false;
	for (size_t i = 1; i < o->count; i++) {
		uint16_t step = (uint16_t)(o->at[i]->ip_id - o->at[i - 1]->ip_id);
		if (step == 0 || step > COUNTER_STEP)
			return false;
	}
	const struct dns_outcome *before = o->before ? o->at[o->before - 1] : NULL;
	const struct dns_outcome *after = o->before < o->count ? o->at[o->before] : NULL;
	uint16_t ahead = before ? (uint16_t)(r->ip_id - before->ip_id + COUNTER_SLACK) : 0;
	uint16_t behind = after ? (uint16_t)(after->ip_id - r->ip_id + COUNTER_SLACK) : 0;
	if (before && after)
		return ahead > (uint16_t)(after->ip_id - before->ip_id) + 2 * COUNTER_SLACK;
	return (before ? ahead : behind) > COUNTER_BEYOND;
}

static void judge_ip(struct dns_verdict *v, const struct dns_outcome *r, const struct others *o)
{
	size_t df = 0, zero = 0;
	for (size_t i = 0; i < o->count; i++) {
		if (!o->at[i]->ipv4)
			return;
		df += o->at[i]->ip_df;
		zero += o->at[i]->ip_id == 0;
	}
	if (!r->ipv4 || o->count == 0)
		return;
	if (r->ip_df ? most(o->count - df, o->count) : most(df, o->count))
		v->odd |= DNS_ODD_DF;
	v->unanimous = v->unanimous && (df == 0 || df == o->count);
	bool broke = o->count >= COUNTER_LEAST && (zero == o->count ? r->ip_id != 0 : zero == 0 && r->ip_id == 0);
	if (broke || (r->ip_id != 0 && zero == 0 && outside_counter(r, o)))
		v->odd |= DNS_ODD_ID;
}

static void judge_message(struct dns_verdict *v, const struct dns_outcome *r, const struct others *o)
{
	size_t aa = 0, ra = 0, opt = 0, asked_opt = 0;
	for (size_t i = 0; i < o->count; i++) {
		aa += o->at[i]->aa;
		ra += o->at[i]->ra;
		asked_opt += o->at[i]->query_opt;
		opt += o->at[i]->query_opt && o->at[i]->has_opt;
	}
	if (r->aa && aa == 0 && o->count > 0)
		v->odd |= DNS_ODD_AA;
	if (!r->ra && ra == o->count && o->count > 0)
		v->odd |= DNS_ODD_RA;
	if (r->query_opt && !r->has_opt && asked_opt > 0 && opt == asked_opt)
		v->odd |= DNS_ODD_OPT;
}

/* Fields that the resolver's machine sets itself say nothing, nor does an IP-ID where it may not set any. */
static bool row_tells(const struct dns_outcome *r, size_t at, const struct others *o)
{
	size_t same = 0, no_id = 0;
	for (size_t i = 0; i < o->count; i++) {
		same += dns_injectors_hold(&o->at[i]->injectors, r->injectors.row[at]);
		no_id += o->at[i]->ipv4 && o->at[i]->ip_id == 0;
	}
	bool by_id = r->injectors.by_id & 1U << at;
	return !(by_id && (o->count == 0 || no_id > 0)) && same * MAJORITY_OF <= o->count;
}

static void judge_fields(struct dns_verdict *v, const struct dns_outcome *r, const struct others *o)
{
	for (size_t i = 0; i < r->injectors.count; i++) {
		const struct signature *row = r->injectors.row[i];
		bool stray = r->injectors.by_trailing & 1U << i;
		if ((stray ? v->stray : v->injector) || !row_tells(r, i, o))
			continue;
		if (stray) {
			v->stray = row;
			continue;
		}
		v->injector = row;
		v->odd |= row->action == SIG_ACTION_HIT ? DNS_ODD_FIELDS : DNS_ODD_HINT;
	}
}

static void judge_time(struct dns_verdict *v, const struct dns_outcome *r, const struct others *o)
{
	v->rtt_min_ns = -1;
	for (size_t i = 0; i < o->count; i++) {
		int64_t ns = o->at[i]->delta_ns;
		if (ns < 0)
			continue;
		v->rtt_samples++;
		if (v->rtt_min_ns < 0 || ns < v->rtt_min_ns)
			v->rtt_min_ns = ns;
	}
	if (v->rtt_samples < RTT_LEAST || r->delta_ns < 0)
		return;
	if (r->delta_ns < v->rtt_min_ns / 2 - HASTE_EPSILON_NS)
		v->odd |= DNS_ODD_HASTE;
	else if (r->delta_ns < v->rtt_min_ns / 5 * 4 - HASTE_EPSILON_NS)
		v->odd |= DNS_ODD_HASTE2;
}

static void judge(struct dns_log *l, size_t at)
{
	struct dns_outcome *r = &l->items[at];
	struct dns_verdict v = {0};
	struct others o;
	if (r->judged)
		return;
	r->judged = true;
	if (!r->silent) {
		others_find(&o, l, at);
		v.others = (uint16_t)o.count;
		if (o.count > 0) {
			judge_ttl(&v, r, &o);
			judge_ip(&v, r, &o);
			judge_message(&v, r, &o);
		}
		judge_fields(&v, r, &o);
		judge_time(&v, r, &o);
	}
	r->verdict = v;
}

void dns_log_settle(struct dns_log *l)
{
	if (l->count == 0)
		return;
	qsort(l->items, l->count, sizeof *l->items, compare);
	for (size_t i = 0; i < l->count; i++)
		judge(l, i);
}

static int compare_clock(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The time that half of the records are older than. */
static bool middle_clock(const struct dns_log *l, int64_t *out)
{
	int64_t *clocks = malloc(l->count * sizeof *clocks);
	if (!clocks)
		return false;
	for (size_t i = 0; i < l->count; i++)
		clocks[i] = l->items[i].clock_ns;
	qsort(clocks, l->count, sizeof *clocks, compare_clock);
	*out = clocks[l->count / 2];
	free(clocks);
	return true;
}

static bool says_nothing(const struct dns_outcome *r)
{
	return dns_outcome_is_plain(r) && r->rcode == 0 && !(r->verdict.odd & DNS_ODD_HEADER);
}

static void make_room(struct dns_log *l)
{
	int64_t middle;
	size_t kept = 0, plain = 0;
	if (!middle_clock(l, &middle))
		return;
	qsort(l->items, l->count, sizeof *l->items, compare);
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].clock_ns < middle)
			judge(l, i);
	for (size_t i = 0; i < l->count; i++) {
		const struct dns_outcome *r = &l->items[i];
		bool gone = r->judged && says_nothing(r) && plain++ % THIN != 0;
		l->thinned += gone;
		if (!gone)
			l->items[kept++] = *r;
	}
	l->count = kept;
	if (kept <= l->cap / 4 * 3)
		return;
	kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		bool gone = l->items[i].clock_ns < middle;
		l->dropped += gone;
		if (!gone)
			l->items[kept++] = l->items[i];
	}
	l->count = kept;
}

void dns_log_add(struct dns_log *l, const struct dns_outcome *r)
{
	if (l->count == l->cap)
		make_room(l);
	if (l->count == l->cap) {
		l->dropped++;
		return;
	}
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : FIRST_ROOM;
		room = room < l->cap ? room : l->cap;
		struct dns_outcome *items = realloc(l->items, room * sizeof *items);
		if (!items) {
			l->dropped++;
			return;
		}
		l->items = items;
		l->room = room;
	}
	l->items[l->count++] = *r;
}

static bool is_registry_label(const char *from, const char *to)
{
	static const char *const labels[] = {"co", "com", "net", "org", "gov", "edu",
	                                     "ac", "or",  "ne",  "go",  "gob", "gouv"};
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strlen(labels[i]) == (size_t)(to - from) && strncasecmp(labels[i], from, (size_t)(to - from)) == 0)
			return true;
	return false;
}

/* Where the label that ends before `end` begins. */
static const char *label_before(const char *name, const char *end)
{
	const char *p = end;
	while (p > name && p[-1] != '.')
		p--;
	return p;
}

const char *dns_registrable(const char *name)
{
	const char *end = name + strlen(name), *top = label_before(name, end);
	if (top == name)
		return name;
	const char *second = label_before(name, top - 1);
	bool country = end - top == 2;
	if (second == name || !country || !is_registry_label(second, top - 1))
		return second;
	return label_before(name, second - 1);
}

void dns_outcome_finding(struct finding *f, const struct dns_outcome *r, const char *mechanism)
{
	*f = (struct finding){
	    .mechanism = mechanism_find(mechanism),
	    .client = r->client,
	    .server = r->server,
	    .client_port = r->client_port,
	    .server_port = r->server_port,
	    .l4_proto = IPPROTO_UDP,
	    .flow_id = r->flow_id,
	    .to_client = r->to_client,
	    .name = r->name,
	    .name_source = NAME_DNS,
	    .trigger = r->asked,
	};
	finding_evidence(f, r->first);
	finding_evidence(f, r->asked);
}
