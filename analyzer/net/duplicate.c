/* Recognition of second captures by a digest of the fields that a router leaves alone. */
#include "analyzer/net/duplicate.h"

void duplicate_init(struct duplicate_filter *f)
{
	f->key = hash_key_random();
}

/* What two captures of one packet have in common, packed: fewer bytes to hash. */
struct identity {
	uint8_t bytes[96];
	size_t len;
};

static void add(struct identity *id, const void *bytes, size_t len)
{
	memcpy(id->bytes + id->len, bytes, len);
	id->len += len;
}

static struct identity identity_of(const struct packet *p)
{
	enum { HEAD = 16 }; /* of the payload of anything but TCP, where checksums may be missing */
	struct identity id = {.len = 0};
	size_t address = p->src.version == 4 ? 4 : 16;
	const uint16_t small[] = {p->sport, p->dport, p->ip_id, p->l4_checksum, p->tcp_flags, p->l4_proto};
	const uint32_t large[] = {p->tcp_seq, p->tcp_ack, p->payload_len};
	add(&id, p->src.bytes, address);
	add(&id, p->dst.bytes, address);
	add(&id, small, sizeof small);
	add(&id, large, sizeof large);
	if (p->l4_proto != IPPROTO_TCP && p->payload.len)
		add(&id, p->payload.ptr, p->payload.len < HEAD ? p->payload.len : HEAD);
	return id;
}

static size_t bucket_of(uint64_t digest)
{
	return digest % DUPLICATE_KEPT;
}

static void forget(struct duplicate_filter *f, size_t index)
{
	uint16_t *link = &f->buckets[bucket_of(f->seen[index].digest)];
	while (*link != index + 1)
		link = &f->seen[*link - 1].next;
	*link = f->seen[index].next;
}

static void remember(struct duplicate_filter *f, uint64_t digest, int64_t ts_ns, uint8_t ttl)
{
	size_t index = f->remembered % DUPLICATE_KEPT;
	uint16_t *bucket = &f->buckets[bucket_of(digest)];
	if (f->remembered++ >= DUPLICATE_KEPT)
		forget(f, index);
	f->seen[index].digest = digest;
	f->seen[index].ts_ns = ts_ns;
	f->seen[index].ttl = ttl;
	f->seen[index].next = *bucket;
	*bucket = (uint16_t)(index + 1);
}

/* Was an equal packet seen just now, as it looked before or behind one router? */
static bool seen_before(const struct duplicate_filter *f, uint64_t digest, int64_t ts_ns, uint8_t ttl)
{
	for (uint16_t at = f->buckets[bucket_of(digest)]; at != 0; at = f->seen[at - 1].next) {
		int64_t apart = ts_ns - f->seen[at - 1].ts_ns;
		int hops = ttl - f->seen[at - 1].ttl;
		if (f->seen[at - 1].digest == digest && apart <= DUPLICATE_WINDOW_NS && apart >= -DUPLICATE_WINDOW_NS &&
		    hops >= -1 && hops <= 1)
			return true;
	}
	return false;
}

bool duplicate_check(struct duplicate_filter *f, const struct packet *p)
{
	bool tells = p->ip_id != 0 || p->payload_len > 0 || (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
	int64_t ts = p->frame->ts_ns;
	if (!tells || ts == FRAME_NO_TIME)
		return false;
	struct identity id = identity_of(p);
	uint64_t digest = hash_bytes(f->key, id.bytes, id.len);
	bool copy = seen_before(f, digest, ts, p->ttl);
	if (!copy)
		remember(f, digest, ts, p->ttl);
	if (!(p->tcp_flags & TCP_RST)) {
		f->eligible++;
		f->copies += copy;
	}
	return copy;
}
