/* A hash table of places with a random key; the order within a bucket is the order of arrival, whatever the key. */
#include "analyzer/net/flow_index.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 512 };

bool flow_index_init(struct flow_index *index)
{
	*index = (struct flow_index){.key = hash_key_random(), .bucket_count = FIRST_BUCKETS};
	index->buckets = calloc(index->bucket_count, sizeof *index->buckets);
	for (size_t i = 0; index->buckets && i < index->bucket_count; i++)
		list_init(&index->buckets[i]);
	return index->buckets != NULL;
}

void flow_index_free(struct flow_index *index)
{
	free(index->buckets);
	index->buckets = NULL;
}

/* What a place is found by. */
struct flow_key {
	uint8_t low[16], high[16];
	uint16_t low_port, high_port;
	uint8_t l4_proto, version;
	bool from_low; /* who speaks in the direction of the place */
	bool learnt;
	uint64_t tunnel_shared;
	uint64_t tunnel_way; /* 0 while waiting */
};

static struct flow_key key_of(const struct packet *p)
{
	struct flow_key k;
	int order = memcmp(p->src.bytes, p->dst.bytes, sizeof p->src.bytes);
	bool src_low = order < 0 || (order == 0 && p->sport <= p->dport);
	memset(&k, 0, sizeof k);
	memcpy(k.low, src_low ? p->src.bytes : p->dst.bytes, sizeof k.low);
	memcpy(k.high, src_low ? p->dst.bytes : p->src.bytes, sizeof k.high);
	k.low_port = src_low ? p->sport : p->dport;
	k.high_port = src_low ? p->dport : p->sport;
	k.l4_proto = p->l4_proto;
	k.version = p->src.version;
	k.from_low = src_low;
	k.tunnel_shared = p->tunnel_shared;
	return k;
}

static uint64_t place_hash(const struct flow_index *index, struct flow_key *key, bool learnt, uint64_t way)
{
	key->learnt = learnt;
	key->tunnel_way = way;
	return hash_bytes(index->key, key, sizeof *key);
}

static struct list *bucket_of(const struct flow_index *index, uint64_t hash)
{
	return &index->buckets[hash & (index->bucket_count - 1)];
}

static struct flow *flow_of(struct flow_place *place)
{
	return LIST_ENTRY(place - place->dir, struct flow, place);
}

static bool is_client(const struct flow *f, const struct addr *a, uint16_t port)
{
	return f->client_port == port && addr_equal(&f->client, a);
}

static bool is_server(const struct flow *f, const struct addr *a, uint16_t port)
{
	return f->server_port == port && addr_equal(&f->server, a);
}

/* True when the packet is of this flow as far as addresses go; *dir is who speaks. */
static bool flow_matches(const struct flow *f, const struct packet *p, enum dir *dir)
{
	if (f->l4_proto != p->l4_proto || f->tunnel_shared != p->tunnel_shared)
		return false;
	*dir = is_client(f, &p->src, p->sport) && is_server(f, &p->dst, p->dport) ? DIR_UP : DIR_DOWN;
	return *dir == DIR_UP || (is_client(f, &p->dst, p->dport) && is_server(f, &p->src, p->sport));
}

static bool place_fits(const struct flow *f, enum dir dir, const struct packet *p, bool learnt)
{
	enum dir d;
	if (!flow_matches(f, p, &d) || d != dir || f->place[dir].learnt != learnt)
		return false;
	return !learnt || f->tunnel_way[dir] == p->tunnel_way;
}

/* Most waiting flows of one address pair that are looked at for the one whose other direction has the packet's own identity. */
enum { WAITING_LOOKED_AT = 64 };

static struct flow *find(const struct flow_index *index, const struct packet *p, uint64_t hash, bool learnt,
                         enum dir *dir)
{
	struct list *bucket = bucket_of(index, hash);
	struct flow *oldest = NULL;
	unsigned waiting = 0;
	for (struct list *node = bucket->next; node != bucket && waiting < WAITING_LOOKED_AT; node = node->next) {
		struct flow_place *place = LIST_ENTRY(node, struct flow_place, link);
		struct flow *f = flow_of(place);
		if (place->hash != hash || !place_fits(f, place->dir, p, learnt))
			continue;
		bool agrees = learnt || f->tunnel_way[dir_other(place->dir)] == p->tunnel_way;
		if (agrees || !oldest) {
			oldest = f;
			*dir = place->dir;
		}
		if (agrees)
			break;
		waiting++;
	}
	return oldest;
}

struct flow *flow_index_find(const struct flow_index *index, const struct packet *p, enum dir *dir)
{
	struct flow_key key = key_of(p);
	struct flow *f = find(index, p, place_hash(index, &key, true, p->tunnel_way), true, dir);
	return f ? f : find(index, p, place_hash(index, &key, false, 0), false, dir);
}

static void grow(struct flow_index *index)
{
	struct list *old = index->buckets;
	size_t old_count = index->bucket_count;
	struct list *buckets = calloc(old_count * 2, sizeof *buckets);
	if (!buckets)
		return;
	for (size_t i = 0; i < old_count * 2; i++)
		list_init(&buckets[i]);
	index->buckets = buckets;
	index->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		while (!list_empty(&old[i])) {
			struct list *node = old[i].next;
			list_remove(node);
			list_append(bucket_of(index, LIST_ENTRY(node, struct flow_place, link)->hash), node);
		}
	free(old);
}

static void place_put(struct flow_index *index, struct flow *f, enum dir dir, uint64_t hash, bool learnt)
{
	f->place[dir].dir = dir;
	f->place[dir].hash = hash;
	f->place[dir].learnt = learnt;
	list_append(bucket_of(index, hash), &f->place[dir].link);
}

void flow_index_add(struct flow_index *index, struct flow *f, enum dir dir, const struct packet *p)
{
	struct flow_key key = key_of(p);
	if (++index->flows > index->bucket_count / 2)
		grow(index);
	f->tunnel_way[dir] = p->tunnel_way;
	place_put(index, f, dir, place_hash(index, &key, true, p->tunnel_way), true);
	key.from_low = !key.from_low;
	place_put(index, f, dir_other(dir), place_hash(index, &key, false, 0), false);
}

void flow_index_learn(struct flow_index *index, struct flow *f, enum dir dir, const struct packet *p)
{
	struct flow_key key = key_of(p);
	if (f->place[dir].learnt)
		return;
	list_remove(&f->place[dir].link);
	f->tunnel_way[dir] = p->tunnel_way;
	place_put(index, f, dir, place_hash(index, &key, true, p->tunnel_way), true);
}

void flow_index_remove(struct flow_index *index, struct flow *f)
{
	list_remove(&f->place[DIR_UP].link);
	list_remove(&f->place[DIR_DOWN].link);
	index->flows--;
}
