/*
 * B10: a reset is the first answer to a request (Bock et al. 2020; Sundara Raman et al., SIGCOMM 2023). One mechanism a
 * protocol: tls_sni_rst, http_host_rst, smtp_rst, ftp_rst, dns_tcp_rst.
 *
 * A symptom: servers that refuse a name, a hello or a client do the same, for everybody; the name contrast tells them apart.
 * A contradiction where it comes sooner than the path allows, where its sender lives on, or where the burst broke a rule of
 * rst_injection.c or rst_rewritten.c. Guards: the server had not answered with payload nor closed (G18), the client had not
 * reset; silence of a minute before it is a NAT's or a firewall's (G19); a host without the connection answers what still
 * arrives (bare, with its own TTL). At the server its own resets go out: not judged.
 */
#include "analyzer/detect/attempt.h"
#include "analyzer/detect/burst.h"
#include "analyzer/detect/census.h"

#define IDLE_NS (INT64_C(60) * 1000000000) /* G19 */

const char *rst_after_trigger_id(enum trigger_kind kind)
{
	static const char *const ids[] = {[TRIGGER_DNS] = "dns_tcp_rst",
	                                  [TRIGGER_HTTP] = "http_host_rst",
	                                  [TRIGGER_TLS] = "tls_sni_rst",
	                                  [TRIGGER_SMTP] = "smtp_rst",
	                                  [TRIGGER_FTP] = "ftp_rst"};
	return ids[kind];
}

/* Does it answer the trigger: acknowledge it, or at least stand where the server's next byte would? */
static bool answers(const struct burst *b, unsigned i)
{
	const struct sample *rst = burst_rst(b, i), *trigger = &b->flow->trigger.sample;
	if (!(rst->tcp_flags & TCP_ACK))
		return rst->seq == b->r->own.max_seq_end;
	bool whole = seq_diff(rst->ack, sample_seq_end(trigger)) >= 0;
	/* A long hello is two packets, and the name may be in the first. */
	bool begun =
	    b->flow->trigger.kind == TRIGGER_TLS && b->r->own.have_ack && seq_diff(rst->ack, b->r->own.max_ack) > 0;
	return (whole || begun) && seq_diff(rst->ack, burst_moment(b, i)->other_end) <= 0;
}

/* Packets with payload that the server had sent when reset i came. */
static uint32_t payloads_before(const struct burst *b, unsigned i)
{
	uint32_t n = b->r->own.data_packets;
	unsigned after = b->r->after_count < RESETS_AFTER ? b->r->after_count : RESETS_AFTER;
	for (unsigned k = 0; k < after; k++)
		n += b->r->after[k].payload_len > 0 && b->r->after[k].frame.number < burst_rst(b, i)->frame.number;
	return n;
}

/* The connection had been silent for so long that a box on the way may have forgotten it. */
static bool after_idling(const struct burst *b, unsigned i)
{
	const struct sample *last = &b->r->other_last, *own = side_recent(&b->r->own, 0);
	bool known = last->frame.number && samples_apart(last, burst_rst(b, i)) != INT64_MAX;
	bool client = known && samples_apart(last, burst_rst(b, i)) >= IDLE_NS;
	return client && (!own || samples_apart(own, burst_rst(b, i)) >= IDLE_NS);
}

/* The host answers a close as one does that does not know the connection: nothing but its state is odd. */
static bool answers_a_close(const struct burst *b, unsigned i)
{
	return burst_looks_genuine(b, i) && (b->r->other_last.tcp_flags & TCP_FIN);
}

/* The first reset behind the trigger, if nothing but pure ACKs came between; b->kept: none. */
static unsigned first_answer(const struct burst *b, unsigned rules)
{
	const struct trigger *t = &b->flow->trigger;
	unsigned i = 0;
	while (i < b->kept && burst_rst(b, i)->frame.number <= t->sample.frame.number)
		i++;
	if (i == b->kept || payloads_before(b, i) > t->server_packets || after_idling(b, i) || answers_a_close(b, i))
		return b->kept;
	for (unsigned k = i; k < b->kept; k++)
		if (rules || answers(b, k))
			return i;
	return b->kept;
}

void rst_after_trigger(struct detection *d, const struct burst *b, unsigned rules)
{
	static const struct {
		unsigned rule;
		const char *term;
	} terms[] = {{BURST_SEQ_DATA, "E04b"},
	             {BURST_SEQ_CHANGE, "E04"},
	             {BURST_ACK_CHANGE, "E04c"},
	             {BURST_REWRITTEN, "E04d"}};
	const char *id = rst_after_trigger_id(b->flow->trigger.kind);
	if (b->dir != DIR_DOWN || !id || b->own_ended || b->r->other_rst_before ||
	    census_vantage(b->flow) == VANTAGE_SERVER)
		return;
	unsigned i = first_answer(b, rules);
	if (i == b->kept)
		return;
	struct finding f;
	bool legitimate = burst_moment(b, i)->answers_packet && burst_moment(b, i)->early;
	const struct sample *after = legitimate ? NULL : burst_goes_on(b, burst_rst(b, i), false);
	burst_describe(d, &f, b, id, i, after);
	finding_term(&f, d->weights, "E11", false);
	for (size_t k = 0; k < sizeof terms / sizeof *terms; k++)
		if (rules & terms[k].rule)
			finding_term(&f, d->weights, terms[k].term, false);
	if (!rules && !after && !finding_has_term(&f, "E01")) {
		f.kind = KIND_SYMPTOM;
		f.alternatives |= 1U << ALT_SERVER_REFUSES;
		burst_spare(&f);
	}
	/* One host of several behind the address may not know the connection of another. */
	if (after && burst_moment(b, i)->answers_packet)
		f.alternatives |= 1U << ALT_LOAD_BALANCER;
	finding_detail(&f, "trigger_kind", trigger_protocol(b->flow->trigger.kind));
	detection_propose(d, b->flow, &f);
}
