/*
 * IP reassembly (RFC 791, 815, 8200 4.5). All pieces stand in one ring of bytes, in order of arrival, each chained to the
 * others of its packet by offset. Room is made at the ring's tail, which gives up the packet whose first piece is the
 * oldest: what goes depends on the order of arrival and nothing else.
 *
 * Pieces that overlap with other bytes make a packet that no two hosts read alike; it is not joined, nor is what comes of
 * it later (RFC 5722). Equal bytes twice are a retransmission or a mirror port, and harmless.
 */
#include "analyzer/net/fragment.h"

#include "analyzer/base/list.h"
#include "analyzer/base/pool.h"

#include <stdlib.h>

enum {
	FRAGMENT_PIECES_MAX = 256, /* a packet of 64 KiB in pieces of 256 bytes: no link is so narrow */
	PACKET_BYTES_MAX = 65535,
	RING_BYTES_MAX = 1 << 30,
	RECORD_ALIGN = 32, /* a record header fills one such unit, so that one fits wherever another ends */
};

#define FRAGMENT_AGE_MAX_NS INT64_C(30000000000) /* Linux, ipfrag_time */

struct fragment_key {
	uint8_t src[16], dst[16];
	uint64_t shared, way;
	uint32_t id;
	uint8_t version, protocol; /* protocol: IPv4 alone (RFC 791); IPv6 takes the first fragment's word */
	uint8_t zero[2];
};

struct waiting {
	struct list age;
	struct waiting *chain; /* of the bucket */
	uint64_t hash;
	struct fragment_key key;
	int64_t since_ns;
	struct record *first, *last; /* by offset */
	uint32_t pieces, bytes;      /* bytes: sum of lengths, overlaps counted twice */
	uint32_t end, total;         /* end: highest byte seen; total: 0 until the last fragment is here */
	uint8_t protocol, ttl;
	bool conflicting;
};

/* In the ring, followed by the captured bytes. */
struct record {
	struct waiting *owner; /* NULL: not needed any more, or filler before the ring's end */
	struct record *next;
	uint32_t size; /* in the ring */
	uint32_t offset, length, captured;
};
_Static_assert(sizeof(struct record) <= RECORD_ALIGN, "a record header fits the ring's unit");

struct fragment_table {
	struct decoder_counts *counts;
	struct pool pool;
	struct list by_age;
	struct hash_key hash_key;
	struct waiting **buckets;
	size_t bucket_mask;
	uint8_t *ring; /* NULL until the first fragment; PACKET_BYTES_MAX bytes for the joined packet follow */
	size_t ring_size, head, tail, used;
};

struct fragment_table *fragment_table_new(const struct decoder_limits *limits, struct decoder_counts *counts)
{
	struct fragment_table *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	size_t buckets = 1;
	while (buckets < limits->fragment_packets && buckets < (size_t)1 << 20)
		buckets *= 2;
	t->buckets = calloc(buckets, sizeof(struct waiting *));
	if (!t->buckets) {
		free(t);
		return NULL;
	}
	t->bucket_mask = buckets - 1;
	t->counts = counts;
	t->hash_key = hash_key_random();
	size_t bytes = limits->fragment_bytes < RING_BYTES_MAX ? limits->fragment_bytes : RING_BYTES_MAX;
	t->ring_size = bytes / RECORD_ALIGN * RECORD_ALIGN;
	pool_init(&t->pool, sizeof(struct waiting), limits->fragment_packets);
	list_init(&t->by_age);
	return t;
}

void fragment_table_free(struct fragment_table *t)
{
	if (!t)
		return;
	pool_free(&t->pool);
	free(t->buckets);
	free(t->ring);
	free(t);
}

static struct record *ring_record(const struct fragment_table *t, size_t at)
{
	return (struct record *)(void *)(t->ring + at);
}

static uint8_t *record_bytes(struct record *r)
{
	return (uint8_t *)r + sizeof *r;
}

static void waiting_forget(struct fragment_table *t, struct waiting *v)
{
	for (struct record *r = v->first; r; r = r->next)
		r->owner = NULL;
	struct waiting **link = &t->buckets[v->hash & t->bucket_mask];
	while (*link != v)
		link = &(*link)->chain;
	*link = v->chain;
	list_remove(&v->age);
	pool_put(&t->pool, v);
}

static void waiting_give_up(struct fragment_table *t, struct waiting *v)
{
	if (!v->conflicting)
		t->counts->fragments_dropped++;
	waiting_forget(t, v);
}

static void waiting_expire(struct fragment_table *t, int64_t clock_ns)
{
	while (!list_empty(&t->by_age)) {
		struct waiting *oldest = LIST_ENTRY(t->by_age.next, struct waiting, age);
		/* The clock may start anew at an earlier date: what waits from before that is as dead. */
		bool in_time = clock_ns >= oldest->since_ns
		                   ? (uint64_t)clock_ns - (uint64_t)oldest->since_ns <= FRAGMENT_AGE_MAX_NS
		                   : (uint64_t)oldest->since_ns - (uint64_t)clock_ns <= FRAGMENT_AGE_MAX_NS;
		if (in_time)
			return;
		waiting_give_up(t, oldest);
	}
}

static void ring_make_room(struct fragment_table *t, size_t size)
{
	while (t->ring_size - t->used < size) {
		struct record *oldest = ring_record(t, t->tail);
		if (oldest->owner)
			waiting_give_up(t, oldest->owner);
		t->used -= oldest->size;
		t->tail = (t->tail + oldest->size) % t->ring_size;
	}
}

/* Room for a record at the head, which stays there until ring_commit; NULL: it is larger than the ring, or no memory. */
static struct record *ring_reserve(struct fragment_table *t, size_t size)
{
	if (size > t->ring_size)
		return NULL;
	if (!t->ring)
		t->ring = malloc(t->ring_size + PACKET_BYTES_MAX);
	if (!t->ring)
		return NULL;
	size_t to_end = t->ring_size - t->head;
	if (to_end < size) {
		ring_make_room(t, to_end);
		*ring_record(t, t->head) = (struct record){.size = (uint32_t)to_end};
		t->used += to_end;
		t->head = 0;
	}
	ring_make_room(t, size);
	return ring_record(t, t->head);
}

static void ring_commit(struct fragment_table *t, const struct record *r)
{
	t->used += r->size;
	t->head = (t->head + r->size) % t->ring_size;
}

static struct fragment_key key_of(const struct packet *p, const struct fragment *piece)
{
	struct fragment_key key = {
	    .shared = p->tunnel_shared,
	    .way = p->tunnel_way,
	    .id = piece->id,
	    .version = p->src.version,
	    .protocol = p->src.version == 4 ? piece->protocol : 0,
	};
	memcpy(key.src, p->src.bytes, sizeof key.src);
	memcpy(key.dst, p->dst.bytes, sizeof key.dst);
	return key;
}

/* The packet that the fragment belongs to, a new one if need be; NULL: none may wait. */
static struct waiting *waiting_find(struct fragment_table *t, const struct packet *p, const struct fragment *piece)
{
	struct fragment_key key = key_of(p, piece);
	uint64_t hash = hash_bytes(t->hash_key, &key, sizeof key);
	struct waiting **bucket = &t->buckets[hash & t->bucket_mask];
	for (struct waiting *v = *bucket; v; v = v->chain)
		if (v->hash == hash && memcmp(&v->key, &key, sizeof key) == 0)
			return v;
	if (t->pool.alive == t->pool.cap && !list_empty(&t->by_age))
		waiting_give_up(t, LIST_ENTRY(t->by_age.next, struct waiting, age));
	struct waiting *v = pool_get(&t->pool);
	if (!v)
		return NULL;
	v->hash = hash;
	v->key = key;
	v->since_ns = p->clock_ns;
	v->chain = *bucket;
	*bucket = v;
	list_append(&t->by_age, &v->age);
	return v;
}

/* Whether the captured bytes of two overlapping pieces say the same where both have them. */
static bool piece_agrees(struct record *r, const struct fragment *piece)
{
	uint32_t from = r->offset > piece->offset ? r->offset : piece->offset;
	uint32_t r_end = r->offset + r->captured;
	uint32_t piece_end = piece->offset + (uint32_t)piece->bytes.len;
	uint32_t to = r_end < piece_end ? r_end : piece_end;
	if (from >= to)
		return true;
	struct span old = span_after(span_of(record_bytes(r), r->captured), from - r->offset);
	struct span new = span_after(piece->bytes, from - piece->offset);
	return span_equal(span_first(old, to - from), span_first(new, to - from));
}

/* Whether the piece can be part of the packet as known so far; *covered: nothing in it is new. */
static bool waiting_fits(struct waiting *v, const struct fragment *piece, bool *covered)
{
	uint32_t end = piece->offset + piece->length;
	if (v->total && (end > v->total || (!piece->more && end != v->total)))
		return false;
	if (!piece->more && end < v->end)
		return false;
	uint32_t reach = piece->offset;
	if (v->last && piece->offset >= v->last->offset + v->last->length)
		return true;
	for (struct record *r = v->first; r && r->offset < end; r = r->next) {
		if (!piece_agrees(r, piece))
			return false;
		/* A piece cut short does not stand in for one that is whole. */
		if (r->offset <= reach && r->offset + r->captured > reach)
			reach = r->offset + r->captured;
	}
	*covered = reach >= end;
	return true;
}

/* Puts the record into the chain, by offset. */
static void waiting_insert(struct waiting *v, struct record *r)
{
	struct record **link = &v->first;
	if (v->last && v->last->offset <= r->offset)
		link = &v->last->next;
	while (*link && (*link)->offset <= r->offset)
		link = &(*link)->next;
	r->next = *link;
	*link = r;
	if (!r->next)
		v->last = r;
	v->pieces++;
	v->bytes += r->length;
}

static bool waiting_complete(const struct waiting *v)
{
	if (v->total == 0 || v->bytes < v->total)
		return false;
	uint32_t reach = 0;
	for (const struct record *r = v->first; r && r->offset <= reach; r = r->next)
		if (r->offset + r->length > reach)
			reach = r->offset + r->length;
	return reach == v->total;
}

static void waiting_conflict(struct fragment_table *t, struct waiting *v)
{
	for (struct record *r = v->first; r; r = r->next)
		r->owner = NULL;
	v->first = v->last = NULL;
	v->conflicting = true;
	t->counts->fragments_conflicting++;
}

static void waiting_join(struct fragment_table *t, struct waiting *v, struct fragment_joined *out)
{
	uint8_t *bytes = t->ring + t->ring_size;
	uint32_t reach = 0;
	for (struct record *r = v->first; r && r->offset <= reach; r = r->next) {
		uint32_t end = r->offset + r->captured;
		if (end <= reach)
			continue;
		memcpy(bytes + reach, record_bytes(r) + (reach - r->offset), end - reach);
		reach = end;
	}
	*out = (struct fragment_joined){.bytes = span_of(bytes, reach),
	                                .length = v->total,
	                                .protocol = v->protocol,
	                                .ttl = v->ttl};
	t->counts->fragments_joined++;
	waiting_forget(t, v);
}

/* A fragment that no packet can have: it runs over the largest size, or ends between two offsets. */
static bool piece_possible(const struct fragment *piece)
{
	return piece->length > 0 && piece->offset + piece->length <= PACKET_BYTES_MAX &&
	       (!piece->more || piece->length % 8 == 0);
}

bool fragment_add(struct fragment_table *t, const struct packet *p, const struct fragment *piece,
                  struct fragment_joined *out)
{
	waiting_expire(t, p->clock_ns);
	if (!piece_possible(piece))
		return false;
	size_t size = sizeof(struct record) + piece->bytes.len;
	size = (size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
	struct record *r = ring_reserve(t, size);
	struct waiting *v = r ? waiting_find(t, p, piece) : NULL;
	if (!v) {
		t->counts->fragments_dropped++;
		return false;
	}
	bool covered = false;
	if (v->conflicting)
		return false;
	if (!waiting_fits(v, piece, &covered)) {
		waiting_conflict(t, v);
		return false;
	}
	if (!covered) {
		if (v->pieces == FRAGMENT_PIECES_MAX) {
			waiting_give_up(t, v);
			return false;
		}
		*r = (struct record){.owner = v,
		                     .size = (uint32_t)size,
		                     .offset = piece->offset,
		                     .length = piece->length,
		                     .captured = (uint32_t)piece->bytes.len};
		memcpy(record_bytes(r), piece->bytes.ptr, piece->bytes.len);
		ring_commit(t, r);
		waiting_insert(v, r);
	}
	uint32_t end = piece->offset + piece->length;
	v->end = end > v->end ? end : v->end;
	if (!piece->more)
		v->total = end;
	if (piece->offset == 0) {
		v->protocol = piece->protocol;
		v->ttl = p->ttl;
	}
	if (!waiting_complete(v))
		return false;
	waiting_join(t, v, out);
	return true;
}
