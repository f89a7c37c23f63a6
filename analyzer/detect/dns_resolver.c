/* Baselines of resolvers: two epochs that take turns, so that what is old goes without being listed. */
#include "analyzer/detect/dns_resolver.h"

#include <stdlib.h>

enum { BUCKETS = 1024 };

int dns_resolvers_init(struct dns_resolvers *t, struct err *e)
{
	*t = (struct dns_resolvers){.hash = hash_key_random()};
	pool_init(&t->pool, sizeof(struct dns_resolver), DNS_RESOLVERS_MAX);
	list_init(&t->by_use);
	t->buckets = calloc(BUCKETS, sizeof(struct dns_resolver *));
	return t->buckets ? 0 : err_set(e, ERR_NOMEM, "no memory for DNS resolvers");
}

void dns_resolvers_free(struct dns_resolvers *t)
{
	free(t->buckets);
	t->buckets = NULL;
	pool_free(&t->pool);
}

static struct dns_resolver **bucket_of(const struct dns_resolvers *t, const struct dns_resolver *r)
{
	return &t->buckets[hash_bytes(t->hash, &r->key, sizeof r->key) & (BUCKETS - 1)];
}

static void resolver_drop(struct dns_resolvers *t, struct dns_resolver *r)
{
	struct dns_resolver **link = bucket_of(t, r);
	while (*link != r)
		link = &(*link)->chain;
	*link = r->chain;
	list_remove(&r->by_use);
	pool_put(&t->pool, r);
}

static struct dns_resolver *resolver_new(struct dns_resolvers *t, const struct dns_resolver *wanted)
{
	if (t->pool.alive == t->pool.cap)
		resolver_drop(t, LIST_ENTRY(t->by_use.next, struct dns_resolver, by_use));
	struct dns_resolver *r = pool_get(&t->pool);
	if (!r)
		return NULL;
	r->key = wanted->key;
	r->epoch_ns = wanted->epoch_ns;
	struct dns_resolver **bucket = bucket_of(t, r);
	r->chain = *bucket;
	*bucket = r;
	list_append(&t->by_use, &r->by_use);
	return r;
}

static void epoch_turn(struct dns_resolver *r, int64_t now_ns)
{
	int64_t age = now_ns - r->epoch_ns;
	if (age >= 0 && age < DNS_EPOCH_NS)
		return;
	bool next = age >= 0 && age < 2 * DNS_EPOCH_NS;
	r->epoch[1] = next ? r->epoch[0] : (struct dns_epoch){0};
	r->epoch[0] = (struct dns_epoch){0};
	r->epoch_ns = now_ns;
}

struct dns_resolver *dns_resolver_of(struct dns_resolvers *t, const struct addr *client, const struct addr *server,
                                     uint16_t port, int64_t now_ns)
{
	struct dns_resolver wanted;
	memset(&wanted, 0, sizeof wanted);
	wanted.key.client = *client;
	wanted.key.server = *server;
	wanted.key.port = port;
	wanted.epoch_ns = now_ns;
	struct dns_resolver *r = *bucket_of(t, &wanted);
	while (r && memcmp(&r->key, &wanted.key, sizeof r->key) != 0)
		r = r->chain;
	if (!r)
		return resolver_new(t, &wanted);
	list_remove(&r->by_use);
	list_append(&t->by_use, &r->by_use);
	epoch_turn(r, now_ns);
	return r;
}

bool dns_resolver_counts(const struct dns_resolver *r)
{
	return r->epoch[0].ids + r->epoch[1].ids >= DNS_TTL_LEAST && r->epoch[0].no_id + r->epoch[1].no_id == 0;
}

bool dns_resolver_marks(const struct dns_resolver *r)
{
	uint32_t noted = r->epoch[0].noted + r->epoch[1].noted, marked = r->epoch[0].marked + r->epoch[1].marked;
	return marked > noted / 3;
}

void dns_resolver_note(struct dns_resolver *r, uint8_t ttl, int32_t ip_id, int64_t rtt_ns, bool marked)
{
	struct dns_epoch *epoch = &r->epoch[0];
	epoch->noted++;
	epoch->marked += marked;
	tally_add(&epoch->ttl, ttl);
	epoch->ids += ip_id > 0;
	epoch->no_id += ip_id == 0;
	if (rtt_ns < 0)
		return;
	if (epoch->answers == 0 || rtt_ns < epoch->rtt_min_ns)
		epoch->rtt_min_ns = rtt_ns;
	epoch->answers++;
}

bool dns_resolver_ttl(const struct dns_resolver *r, uint8_t *ttl)
{
	unsigned count = 0, least = UINT8_MAX, most = 0;
	for (size_t i = 0; i < 2; i++) {
		const struct tally *t = &r->epoch[i].ttl;
		for (size_t v = 0; v < TALLY_VALUES && t->count[v]; v++) {
			count += t->count[v];
			least = t->value[v] < least ? t->value[v] : least;
			most = t->value[v] > most ? t->value[v] : most;
		}
		if (t->others)
			return false;
	}
	if (count < DNS_TTL_LEAST || most - least > 1)
		return false;
	bool current = tally_mode(&r->epoch[0].ttl, 0, 0, ttl) > 0;
	return current || tally_mode(&r->epoch[1].ttl, 0, 0, ttl) > 0;
}

int64_t dns_resolver_rtt_ns(const struct dns_resolver *r, uint32_t *samples)
{
	const struct dns_epoch *now = &r->epoch[0], *before = &r->epoch[1];
	*samples = now->answers + before->answers;
	if (*samples < DNS_RTT_LEAST)
		return -1;
	if (now->answers == 0)
		return before->rtt_min_ns;
	if (before->answers == 0)
		return now->rtt_min_ns;
	return now->rtt_min_ns < before->rtt_min_ns ? now->rtt_min_ns : before->rtt_min_ns;
}

void dns_resolver_odd(struct dns_resolver *r, const struct addr *a, bool portal_probe, int64_t now_ns)
{
	int64_t age = now_ns - r->odd_ns;
	if (!addr_equal(&r->odd, a) || age < 0 || age > DNS_EPOCH_NS) {
		r->odd = *a;
		r->odd_portal = false;
	}
	r->odd_ns = now_ns;
	r->odd_portal |= portal_probe;
}
