/* A chained hash table over the question and the flow, and a list by age that decides who leaves. */
#include "analyzer/detect/dns_exchange.h"

#include <stdlib.h>

#include "analyzer/detect/dns_address.h"

enum { BUCKETS_LEAST = 64 }; /* a power of two */

/* A second capture of one packet comes at once; nobody repeats a query so soon (guard G4). */
#define COPY_NS INT64_C(5000000)

int dns_exchanges_init(struct dns_exchanges *t, size_t bytes, struct err *e)
{
	size_t fit =
	    bytes / (sizeof(struct dns_exchange) + sizeof(struct dns_answer) + 2 * sizeof(struct dns_exchange *));
	size_t cap = bytes && fit < DNS_EXCHANGES_MAX ? fit : DNS_EXCHANGES_MAX;
	*t = (struct dns_exchanges){.hash = hash_key_random(), .bucket_mask = BUCKETS_LEAST - 1};
	cap = cap < DNS_EXCHANGES_LEAST ? DNS_EXCHANGES_LEAST : cap;
	pool_init(&t->exchanges, sizeof(struct dns_exchange), cap);
	pool_init(&t->answers, sizeof(struct dns_answer), cap);
	list_init(&t->by_age);
	while (t->bucket_mask < cap)
		t->bucket_mask = t->bucket_mask * 2 + 1;
	t->buckets = calloc(t->bucket_mask + 1, sizeof(struct dns_exchange *));
	return t->buckets ? 0 : err_set(e, ERR_NOMEM, "no memory for DNS queries");
}

void dns_exchanges_free(struct dns_exchanges *t)
{
	free(t->buckets);
	t->buckets = NULL;
	pool_free(&t->exchanges);
	pool_free(&t->answers);
}

/* ASCII letters of a name come in any case (RFC 4343). */
static uint64_t name_hash(const struct dns_exchanges *t, struct span name)
{
	uint8_t lower[DNS_NAME_MAX];
	name = span_first(name, sizeof lower);
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		lower[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	return hash_bytes(t->hash, lower, name.len);
}

static void key_of(const struct dns_exchanges *t, struct dns_exchange *x, const struct event *ev,
                   const struct dns_message *m)
{
	x->key.flow_id = ev->flow->id;
	x->key.name_hash = name_hash(t, m->qname);
	x->key.id = m->id;
	x->key.qtype = m->qtype;
	x->key.qclass = m->qclass;
}

static struct dns_exchange **bucket_of(const struct dns_exchanges *t, const struct dns_exchange *x)
{
	return &t->buckets[hash_bytes(t->hash, &x->key, sizeof x->key) & t->bucket_mask];
}

static struct dns_exchange *lookup(struct dns_exchanges *t, const struct event *ev, const struct dns_message *m)
{
	struct dns_exchange wanted = {0};
	key_of(t, &wanted, ev, m);
	struct dns_exchange *x = *bucket_of(t, &wanted);
	while (x && memcmp(&x->key, &wanted.key, sizeof x->key) != 0)
		x = x->chain;
	return x;
}

static struct dns_exchange *oldest(struct dns_exchanges *t)
{
	return list_empty(&t->by_age) ? NULL : LIST_ENTRY(t->by_age.next, struct dns_exchange, by_age);
}

struct dns_exchange *dns_exchanges_due(struct dns_exchanges *t, int64_t now_ns)
{
	struct dns_exchange *x = oldest(t);
	/* A clock that went back started anew: what is from before has no time left. */
	return x && (now_ns < x->clock_ns || now_ns - x->clock_ns > DNS_EXCHANGE_NS) ? x : NULL;
}

struct dns_exchange *dns_exchanges_crowded(struct dns_exchanges *t)
{
	bool full = t->exchanges.alive == t->exchanges.cap || t->answers.alive == t->answers.cap;
	return full ? oldest(t) : NULL;
}

static void transmission_note(struct dns_exchange *x, const struct packet *p)
{
	bool soon = x->transmissions && p->clock_ns - x->last_clock_ns <= COPY_NS;
	if (soon && p->ip_id == x->ip_id && p->ip_id != 0) {
		x->repeated_at_once = true;
		return;
	}
	if (x->transmissions > 0 && x->transmissions <= DNS_REPEATS_MAX)
		x->repeats[x->transmissions - 1] = frame_ref_of(p);
	x->last = frame_ref_of(p);
	x->last_clock_ns = p->clock_ns;
	x->ip_id = p->ip_id;
	x->ip_ttl = p->ttl;
	x->ip_df = p->ip_df;
	if (x->transmissions < UINT16_MAX)
		x->transmissions++;
}

struct dns_exchange *dns_exchange_query(struct dns_exchanges *t, struct list *of_flow, const struct event *ev,
                                        const struct dns_message *m)
{
	if (m->qname.len == 0)
		return NULL;
	struct dns_exchange *x = lookup(t, ev, m);
	if (x) {
		if (x->query_dir == ev->dir)
			transmission_note(x, ev->pkt);
		return x;
	}
	x = pool_get(&t->exchanges);
	if (!x)
		return NULL;
	const struct packet *p = ev->pkt;
	key_of(t, x, ev, m);
	x->flow = ev->flow;
	x->query_dir = ev->dir;
	x->client = p->src;
	x->server = p->dst;
	x->server_port = p->dport;
	x->clock_ns = p->clock_ns;
	x->first = frame_ref_of(p);
	x->ipv4 = p->src.version == 4;
	x->length = m->length;
	x->has_opt = m->has_opt;
	x->over_tcp = m->over_tcp;
	x->trailing = m->trailing > 0;
	x->rd = m->rd;
	struct span name = span_first(m->qname, DNS_QUERY_NAME_MAX);
	memcpy(x->name, name.ptr, name.len);
	x->name_len = name.len;
	transmission_note(x, p);
	struct dns_exchange **bucket = bucket_of(t, x);
	x->chain = *bucket;
	*bucket = x;
	list_append(&t->by_age, &x->by_age);
	list_append(of_flow, &x->by_flow);
	return x;
}

struct dns_exchange *dns_exchange_find(struct dns_exchanges *t, const struct event *ev, const struct dns_message *m)
{
	struct dns_exchange *x = m->qname.len ? lookup(t, ev, m) : NULL;
	return x && x->query_dir != ev->dir ? x : NULL;
}

static void read_records(struct dns_answer *a, const struct dns_exchange *x, const struct dns_message *m)
{
	for (size_t i = 0; i < m->record_count; i++) {
		const struct dns_record *r = &m->records[i];
		if (r->section != DNS_ANSWER)
			continue;
		a->cname |= r->type == DNS_TYPE_CNAME;
		if (r->type != DNS_TYPE_A && r->type != DNS_TYPE_AAAA)
			continue;
		a->foreign_type |= r->type != x->key.qtype;
		struct addr address = dns_address(r->rdata);
		if (r->type != x->key.qtype || !address.version || a->address_count == DNS_ADDRESSES_MAX)
			continue;
		if (a->address_count == 0)
			a->record_ttl = r->ttl;
		a->addresses[a->address_count++] = address;
	}
}

static void note_copy(struct dns_answer *a, const struct packet *p)
{
	if (a->copies < DNS_COPIES_MAX)
		a->copy_frames[a->copies] = frame_ref_of(p);
	if (a->copies < UINT16_MAX)
		a->copies++;
}

/* Bytes behind the message, unless they are padding. */
static uint32_t stray_bytes(const struct dns_message *m)
{
	if (!(m->flaws & DNS_TRAILING) || m->trailing > m->wire.len)
		return 0;
	for (size_t i = m->wire.len - m->trailing; i < m->wire.len; i++)
		if (m->wire.ptr[i] != 0)
			return m->trailing;
	return 0;
}

static bool holds_addresses(const struct dns_answer *a, const struct dns_answer *of)
{
	for (size_t i = 0; i < of->address_count; i++) {
		size_t k = 0;
		while (k < a->address_count && !addr_equal(&a->addresses[k], &of->addresses[i]))
			k++;
		if (k == a->address_count)
			return false;
	}
	return true;
}

/* Both give the same answer, whatever their headers say. */
static bool says_the_same(const struct dns_answer *a, const struct dns_answer *b)
{
	return a->rcode == b->rcode && a->tc == b->tc && a->cname == b->cname && a->foreign_type == b->foreign_type &&
	       a->incomplete == b->incomplete && holds_addresses(a, b) && holds_addresses(b, a);
}

static bool said_before(const struct dns_exchange *x, size_t before, const struct dns_answer *a)
{
	for (size_t i = 0; i < before; i++)
		if (says_the_same(x->answers[i], a))
			return true;
	return false;
}

/* All places are taken: takes the answer out that is missed least. */
static void answer_make_room(struct dns_exchanges *t, struct dns_exchange *x)
{
	size_t at = x->answer_count - 1;
	while (at > 0 && !said_before(x, at, x->answers[at]))
		at--;
	if (at == 0)
		at = x->answer_count - 1;
	pool_put(&t->answers, x->answers[at]);
	x->answer_count--;
	memmove(x->answers + at, x->answers + at + 1, (x->answer_count - at) * sizeof x->answers[0]);
}

/* NULL: there is no room, or it says nothing new and room is short. */
static struct dns_answer *answer_keep(struct dns_exchanges *t, struct dns_exchange *x, const struct dns_answer *a)
{
	bool full = x->answer_count == DNS_ANSWERS_MAX;
	x->answers_beyond += full;
	if (full && said_before(x, x->answer_count, a))
		return NULL;
	if (full)
		answer_make_room(t, x);
	struct dns_answer *kept = pool_get(&t->answers);
	if (!kept) {
		x->answers_beyond++;
		return NULL;
	}
	*kept = *a;
	x->answers[x->answer_count++] = kept;
	return kept;
}

struct dns_answer *dns_exchange_answer(struct dns_exchanges *t, struct dns_exchange *x, const struct event *ev,
                                       const struct dns_message *m)
{
	const struct packet *p = ev->pkt;
	uint64_t digest = hash_bytes(t->hash, m->wire.ptr, m->wire.len);
	for (size_t i = 0; i < x->answer_count; i++) {
		struct dns_answer *same = x->answers[i];
		if (same->digest == digest && same->length == m->length) {
			note_copy(same, p);
			return NULL;
		}
	}
	struct dns_answer a = {
	    .frame = frame_ref_of(p),
	    .clock_ns = p->clock_ns,
	    .digest = digest,
	    .asked = x->last,
	    .asked_clock_ns = x->last_clock_ns,
	    .transmissions = x->transmissions,
	    .length = m->length,
	    .trailing = stray_bytes(m),
	    .rcode = m->rcode,
	    .ip_id = p->ip_id,
	    .ip_ttl = p->ttl,
	    .version = ev->version,
	    .ipv4 = p->src.version == 4,
	    .ip_df = p->ip_df,
	    .aa = m->aa,
	    .ra = m->ra,
	    .tc = m->tc,
	    .has_opt = m->has_opt,
	    .incomplete = m->flaws & (DNS_CUT | DNS_BROKEN | DNS_RECORDS_DROPPED),
	};
	read_records(&a, x, m);
	return answer_keep(t, x, &a);
}

void dns_exchange_drop(struct dns_exchanges *t, struct dns_exchange *x)
{
	struct dns_exchange **link = bucket_of(t, x);
	while (*link != x)
		link = &(*link)->chain;
	*link = x->chain;
	list_remove(&x->by_age);
	list_remove(&x->by_flow);
	for (size_t i = 0; i < x->answer_count; i++)
		pool_put(&t->answers, x->answers[i]);
	pool_put(&t->exchanges, x);
}
