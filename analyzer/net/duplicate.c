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

bool duplicate_check(struct duplicate_filter *f, const struct packet *p)
{
	bool tells = p->ip_id != 0 || p->payload_len > 0 || (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
	int64_t ts = p->frame->ts_ns;
	if (!tells || ts == FRAME_NO_TIME)
		return false;
	struct identity id = identity_of(p);
	uint64_t digest = hash_bytes(f->key, id.bytes, id.len) | 1;
	size_t slot = digest / 2 & (DUPLICATE_SLOTS - 1);
	bool equal = f->seen[slot].digest == digest;
	int64_t apart = equal ? ts - f->seen[slot].ts_ns : 0;
	bool copy = equal && apart <= DUPLICATE_WINDOW_NS && apart >= -DUPLICATE_WINDOW_NS;
	if (!copy) {
		f->seen[slot].digest = digest;
		f->seen[slot].ts_ns = ts;
	}
	if (!(p->tcp_flags & TCP_RST)) {
		f->eligible++;
		f->copies += copy;
	}
	return copy;
}
