/* From a quoted header to the flow that sent it. */
#include "analyzer/net/icmp_error.h"

bool is_icmp_error(const struct packet *p)
{
	const struct icmp_quote *q = &p->quote;
	bool icmp = p->l4_proto == IPPROTO_ICMP || p->l4_proto == IPPROTO_ICMPV6;
	return icmp && p->has_l4 && q->src.version && q->has_ports &&
	       (q->l4_proto == IPPROTO_TCP || q->l4_proto == IPPROTO_UDP);
}

bool icmp_error_is_final(const struct icmp_error *e)
{
	enum { UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, UNREACHABLE_V6 = 1 };
	return e->source.version == 4 ? e->type == UNREACHABLE && e->code != FRAGMENTATION_NEEDED
	                              : e->type == UNREACHABLE_V6;
}

/* TCP: against what this end of the flow has sent so far. */
static void compare_number(struct icmp_error *out, const struct flow *f, const struct icmp_quote *q)
{
	const struct side *own = &f->tcp->side[out->quoted], *other = &f->tcp->side[dir_other(out->quoted)];
	uint32_t first = own->have_syn ? own->isn : own->first_seq;
	out->seq = q->tcp_seq;
	out->fits = own->have_seq && seq_diff(q->tcp_seq, first) >= 0 && seq_diff(q->tcp_seq, own->max_seq_end) < 0;
	out->delivered = other->have_ack && seq_diff(other->max_ack, q->tcp_seq) > 0;
}

/*
 * The error travels against the quoted packet, so it belongs to the flow's other direction, whose tunnel identity it has: a packet
 * with the quoted addresses swapped is looked up.
 */
struct flow *icmp_error_find(const struct flow_table *t, const struct packet *p, struct icmp_error *out)
{
	const struct icmp_quote *q = &p->quote;
	struct packet back = {
	    .frame = p->frame,
	    .clock_ns = p->clock_ns,
	    .src = q->dst,
	    .dst = q->src,
	    .sport = q->dport,
	    .dport = q->sport,
	    .l4_proto = q->l4_proto,
	    .has_l4 = true,
	    .tunnel_shared = p->tunnel_shared,
	    .tunnel_way = p->tunnel_way,
	};
	struct flow *f = flow_peek(t, &back);
	if (!f)
		return NULL;
	bool up = f->client_port == q->sport && addr_equal(&f->client, &q->src);
	*out = (struct icmp_error){
	    .frame = frame_ref_of(p),
	    .source = p->src,
	    .type = p->icmp_type,
	    .code = p->icmp_code,
	    .ttl = p->ttl,
	    .quoted_ttl = q->ttl,
	    .quoted = up ? DIR_UP : DIR_DOWN,
	    .fits = true,
	};
	if (f->tcp && q->has_seq)
		compare_number(out, f, q);
	return f;
}
