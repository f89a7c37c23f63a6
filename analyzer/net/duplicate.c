/* Recognition of second captures by a digest of the fields that a router leaves alone. */
#include "analyzer/net/duplicate.h"

void duplicate_init(struct duplicate_filter *f)
{
	f->key = hash_key_random();
}

struct identity {
	struct addr src, dst;
	uint16_t sport, dport, ip_id, l4_checksum, tcp_flags;
	uint8_t l4_proto, zero;
	uint32_t tcp_seq, tcp_ack, payload_len;
	uint8_t head[16]; /* of the payload of anything but TCP, where checksums may be missing */
};

static struct identity identity_of(const struct packet *p)
{
	struct identity id;
	memset(&id, 0, sizeof id);
	id.src = p->src;
	id.dst = p->dst;
	id.sport = p->sport;
	id.dport = p->dport;
	id.ip_id = p->ip_id;
	id.l4_checksum = p->l4_checksum;
	id.tcp_flags = p->tcp_flags;
	id.l4_proto = p->l4_proto;
	id.tcp_seq = p->tcp_seq;
	id.tcp_ack = p->tcp_ack;
	id.payload_len = p->payload_len;
	if (p->l4_proto != IPPROTO_TCP && p->payload.len)
		memcpy(id.head, p->payload.ptr, p->payload.len < sizeof id.head ? p->payload.len : sizeof id.head);
	return id;
}

bool duplicate_check(struct duplicate_filter *f, const struct packet *p)
{
	bool tells = p->ip_id != 0 || p->payload_len > 0 || (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
	int64_t ts = p->frame->ts_ns;
	if (!tells || ts == FRAME_NO_TIME)
		return false;
	struct identity id = identity_of(p);
	uint64_t digest = hash_bytes(f->key, &id, sizeof id) | 1;
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
