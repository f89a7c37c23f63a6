/* Comparison of TCP payload with what was handed on before for the same sequence numbers. */
#include "analyzer/net/overlap.h"

struct kept_segment {
	uint32_t seq, len; /* of the kept bytes */
	struct sample sample;
};

struct overlap {
	struct list lru;
	struct overlap **owner;
	int64_t used_ns;
	uint32_t base, len; /* range of bytes[] */
	uint8_t count;
	struct kept_segment segment[OVERLAP_SEGMENTS];
	uint8_t bytes[OVERLAP_BYTES];
};

void overlap_pool_init(struct overlap_pool *p, size_t budget)
{
	size_t cap = budget / sizeof(struct overlap);
	pool_init(&p->pool, sizeof(struct overlap), cap ? cap : 1);
	list_init(&p->lru);
	p->evicted_young = 0;
}

void overlap_pool_free(struct overlap_pool *p)
{
	pool_free(&p->pool);
}

/* A ring that nobody used for a while is cheaper to take over than a fresh one is to touch. */
static struct overlap *take_over(struct overlap_pool *p, int64_t now_ns, bool only_old)
{
	if (list_empty(&p->lru))
		return NULL;
	struct overlap *o = LIST_ENTRY(p->lru.next, struct overlap, lru);
	bool old = now_ns - o->used_ns > OVERLAP_YOUNG_NS || now_ns < o->used_ns;
	if (only_old && !old)
		return NULL;
	if (!old)
		p->evicted_young++;
	*o->owner = NULL;
	list_remove(&o->lru);
	return o;
}

void overlap_start(struct overlap_pool *p, struct overlap **ring, uint32_t seq, int64_t now_ns)
{
	struct overlap *o = *ring;
	if (o)
		list_remove(&o->lru);
	if (!o)
		o = take_over(p, now_ns, true);
	if (!o)
		o = pool_take(&p->pool);
	if (!o)
		o = take_over(p, now_ns, false);
	*ring = o;
	if (!o)
		return;
	o->owner = ring;
	o->used_ns = now_ns;
	o->base = seq;
	o->len = 0;
	o->count = 0;
	list_append(&p->lru, &o->lru);
}

void overlap_release(struct overlap_pool *p, struct overlap **ring)
{
	if (!*ring)
		return;
	list_remove(&(*ring)->lru);
	pool_put(&p->pool, *ring);
	*ring = NULL;
}

bool overlap_wants(const struct overlap *o, uint32_t seq)
{
	return o && o->count < OVERLAP_SEGMENTS && o->len < OVERLAP_BYTES && seq == o->base + o->len;
}

void overlap_keep(struct overlap *o, uint32_t seq, struct span bytes, const struct sample *sample)
{
	if (!overlap_wants(o, seq) || bytes.len == 0)
		return;
	struct span kept = span_first(bytes, OVERLAP_BYTES - o->len);
	memcpy(o->bytes + o->len, kept.ptr, kept.len);
	o->segment[o->count++] = (struct kept_segment){.seq = seq, .len = (uint32_t)kept.len, .sample = *sample};
	o->len += (uint32_t)kept.len;
}

static uint32_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint32_t i = 0;
	while (i < len && a[i] == b[i])
		i++;
	return i;
}

static bool segment_differs(struct overlap *o, const struct kept_segment *k, uint32_t seq, struct span bytes,
                            struct stream_conflict *c)
{
	int32_t ahead = seq_diff(seq, k->seq);
	uint32_t skip_kept = ahead > 0 ? (uint32_t)ahead : 0;
	uint32_t skip_new = ahead < 0 ? 0U - (uint32_t)ahead : 0;
	if (skip_kept >= k->len || skip_new >= bytes.len)
		return false;
	uint32_t left = (uint32_t)bytes.len - skip_new;
	uint32_t len = k->len - skip_kept < left ? k->len - skip_kept : left;
	const uint8_t *old = o->bytes + (k->seq - o->base) + skip_kept;
	uint32_t diff = first_difference(old, bytes.ptr + skip_new, len);
	if (diff == len)
		return false;
	c->seq = k->seq + skip_kept;
	c->diff_offset = diff;
	c->winner_bytes = span_of(old, len);
	c->loser_bytes = span_of(bytes.ptr + skip_new, len);
	c->winner = (struct rival){
	    .sample = k->sample,
	    .payload = span_of(o->bytes + (k->seq - o->base), k->len),
	    .seq = sample_data_seq(&k->sample),
	    .len = k->sample.payload_len,
	};
	return true;
}

bool overlap_differs(struct overlap *o, uint32_t seq, struct span bytes, const struct sample *sample, int64_t now_ns,
                     struct stream_conflict *c)
{
	if (!o || seq_diff(seq, o->base + o->len) >= 0 || seq_diff(seq + (uint32_t)bytes.len, o->base) <= 0)
		return false;
	o->used_ns = now_ns;
	for (unsigned i = 0; i < o->count; i++) {
		if (!segment_differs(o, &o->segment[i], seq, bytes, c))
			continue;
		c->loser = (struct rival){.sample = *sample,
		                          .payload = bytes,
		                          .seq = sample_data_seq(sample),
		                          .len = sample->payload_len};
		return true;
	}
	return false;
}
