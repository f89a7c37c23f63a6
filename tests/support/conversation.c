/* Packets of a conversation, and what a shard says of them. */
#include "tests/support/conversation.h"

#include "tests/support/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const tcp_mechanisms[] = {"rst_seq_data",         "data_seq_rst",
                                             "rst_seq_change",       "rst_ack_change",
                                             "syn_rst_conflict",     "synack_conflict",
                                             "tcp_overlap_conflict", NULL};

static const char request[] = "GET /a HTTP/1.1\r\nHost: blocked.example\r\n\r\n";

static void flow_begin(struct conversation *c)
{
	c->isn[CLIENT] = 0x10000000U + c->client_port * 7919U;
	c->isn[SERVER] = 0xfffff000U + c->client_port; /* wraps within the first bytes */
	c->next[CLIENT] = c->next[SERVER] = 0;
	c->ids[CLIENT] = 21000;
	c->ids[SERVER] = 0xf41a;
	c->ttls[CLIENT] = 64;
	c->ttls[SERVER] = 52;
	c->windows[CLIENT] = 502;
	c->windows[SERVER] = 235;
}

void conversation_open(struct conversation *c)
{
	conversation_open_for(c, tcp_mechanisms, NULL);
}

void conversation_open_for(struct conversation *c, const char *const *wanted, const struct sigdb *signatures)
{
	struct err e;
	*c = (struct conversation){.start_ns = INT64_C(1700000000000000000), .client_port = 40000, .server_host = 80};
	if (weights_load(&c->weights, "signatures/weights.csv", &e) != 0)
		fail_msg("%s", e.text);
	c->config = (struct pipeline_config){
	    .mechanisms = wanted,
	    .signatures = signatures,
	    .weights = c->weights,
	    .max_flows = 16000,
	    .max_memory = PIPELINE_MAX_MEMORY_DEFAULT,
	    .max_findings = 1000,
	};
	c->shard = shard_new(&c->config, &e);
	if (!c->shard)
		fail_msg("%s", e.text);
	flow_begin(c);
}

void conversation_again(struct conversation *c, uint16_t client_port, uint8_t server_host)
{
	c->client_port = client_port;
	c->server_host = server_host;
	flow_begin(c);
}

void conversation_close(struct conversation *c)
{
	capture_pass_free(c->found);
	shard_free(c->shard);
	weights_free(c->weights);
}

static uint16_t flags_of(const char *letters)
{
	static const char known[] = "FSRPA";
	uint16_t flags = 0;
	for (; *letters; letters++) {
		const char *at = strchr(known, *letters);
		assert_non_null(at);
		flags |= (uint16_t)(1U << (at - known));
	}
	return flags;
}

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static uint16_t id_of(struct conversation *c, const struct wire *w)
{
	if (w->id)
		return (uint16_t)w->id;
	if (c->no_ids)
		return 0;
	c->ids[w->from]++;
	return c->host_order_ids ? swapped(c->ids[w->from]) : c->ids[w->from];
}

static void put_be(uint8_t *to, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * (size - 1 - i));
}

static void fill_in(struct packet *p, uint8_t *l4, bool wrong)
{
	put_be(l4, p->sport, 2);
	put_be(l4 + 2, p->dport, 2);
	put_be(l4 + 4, p->tcp_seq, 4);
	put_be(l4 + 8, p->tcp_ack, 4);
	put_be(l4 + 12, 5U << 12 | p->tcp_flags, 2);
	put_be(l4 + 14, p->tcp_window, 2);
	put_be(l4 + 16, 0, 4);
	uint64_t sum = IPPROTO_TCP + p->l4.len;
	for (size_t i = 0; i < 4; i++)
		sum += (uint64_t)(p->src.bytes[i] + p->dst.bytes[i]) << (i % 2 ? 0 : 8);
	for (size_t i = 0; i < p->l4.len; i++)
		sum += (uint64_t)l4[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p->l4_checksum = (uint16_t)~sum;
	if (wrong)
		p->l4_checksum ^= 0x1111;
	put_be(l4 + 16, p->l4_checksum, 2);
}

static struct tcp_options options_of(const struct conversation *c, const struct wire *w, uint16_t flags)
{
	struct tcp_options o = {0};
	bool timestamps = c->timestamps[w->from] || w->tsval;
	if (w->no_options || ((flags & TCP_RST) && !w->tsval && !w->synack_options))
		return o;
	if ((flags & TCP_SYN) || w->synack_options) {
		o.seen = TCPOPT_SEEN_MSS | TCPOPT_SEEN_WSCALE | TCPOPT_SEEN_SACK_PERMITTED;
		o.mss = 1460;
		o.wscale = 7;
		o.length = 12;
	}
	if (timestamps) {
		o.seen |= TCPOPT_SEEN_TIMESTAMPS;
		o.tsval = w->tsval ? w->tsval : 5000U + (uint32_t)(w->us / 1000);
		o.length = (uint8_t)(o.length + 12);
	}
	return o;
}

static size_t payload_of(const struct wire *w, uint32_t relative, uint8_t *out)
{
	const uint8_t *given = w->data ? (const uint8_t *)w->data : w->raw;
	size_t len = w->data ? strlen(w->data) : w->bytes;
	assert_true(len <= WIRE_PAYLOAD_MAX);
	for (size_t i = 0; i < len; i++)
		out[i] = given ? given[i] : (uint8_t)((relative + i) % 23 + 'A');
	return len;
}

uint64_t conversation_send(struct conversation *c, struct wire w)
{
	uint8_t l4[20 + WIRE_PAYLOAD_MAX];
	bool up = w.from == CLIENT;
	enum dir other = dir_other(w.from);
	uint16_t flags = flags_of(w.flags);
	uint32_t relative = w.seq || (flags & TCP_SYN) ? (uint32_t)w.seq : c->next[w.from];
	size_t len = payload_of(&w, relative, l4 + 20);
	struct frame frame = {.number = ++c->frames,
	                      .ts_ns = c->start_ns + (w.us + c->shift_us) * 1000,
	                      .linktype = LINKTYPE_ETHERNET};
	c->last_ns = frame.ts_ns > c->last_ns ? frame.ts_ns : c->last_ns;
	frame.wire_len = (uint32_t)len + 54;
	struct packet p = {
	    .frame = &frame,
	    .clock_ns = frame.ts_ns,
	    .src = {.version = 4, .bytes = {10, 0, 0, 1}},
	    .dst = {.version = 4, .bytes = {192, 0, c->server_net ? c->server_net : 2, c->server_host}},
	    .sport = c->client_port,
	    .dport = c->server_port ? c->server_port : 80,
	    .l4_proto = IPPROTO_TCP,
	    .ttl = w.ttl ? w.ttl : c->ttls[w.from],
	    .ip_df = true,
	    .has_l4 = true,
	    .ip_id = id_of(c, &w),
	    .tcp_flags = flags,
	    .tcp_window = (uint16_t)(w.window          ? w.window
	                             : flags & TCP_SYN ? 64000
	                                               : c->windows[w.from]),
	    .tcp_seq = w.absolute_seq ? (uint32_t)w.seq : c->isn[w.from] + w.isn_offset + relative,
	    .tcp_options = options_of(c, &w, flags),
	    .anomalies = w.anomalies,
	    .payload_len = (uint32_t)len,
	};
	if (((flags & TCP_ACK) || w.ack) && !w.no_ack_number)
		p.tcp_ack = c->isn[other] + (w.ack ? (uint32_t)w.ack : c->next[other]);
	if (!up) {
		struct addr client = p.src;
		p.src = p.dst;
		p.dst = client;
		p.sport = p.dport;
		p.dport = c->client_port;
	}
	p.l4 = span_of(l4, 20 + len);
	p.payload = span_of(l4 + 20, len);
	fill_in(&p, l4, w.bad_checksum || c->bad_checksums);
	shard_packet(c->shard, &p);
	uint32_t end = relative + (uint32_t)len + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	if (!w.forged && !(flags & TCP_RST) && seq_diff(end, c->next[w.from]) > 0)
		c->next[w.from] = end;
	return frame.number;
}

void conversation_handshake(struct conversation *c)
{
	SEND(c, CLIENT, 0, "S");
	SEND(c, SERVER, 40000, "SA", .id = ID_ZERO);
	SEND(c, CLIENT, 40100, "A");
}

uint32_t conversation_request_end(void)
{
	return sizeof request;
}

void conversation_exchange(struct conversation *c)
{
	conversation_handshake(c);
	SEND(c, CLIENT, 41000, "PA", request);
	SEND(c, SERVER, 81000, "A");
	SEND(c, SERVER, 82000, "PA", .bytes = 1000);
	SEND(c, SERVER, 82100, "PA", .bytes = 1000);
	SEND(c, CLIENT, 83000, "A");
}

/* A test of one flow or two: the whole capture is one shard. */
static void finish(struct conversation *c)
{
	struct err e;
	if (c->finished)
		return;
	c->finished = true;
	int64_t end_ns = c->end_ns ? c->end_ns : c->last_ns;
	struct capture_pass pass = {
	    .shards = &c->shard, .shard_count = 1, .config = &c->config, .first_ns = c->start_ns, .last_ns = end_ns};
	shard_finish(c->shard, end_ns);
	if (capture_pass_run(&pass, &c->found, &e) != 0)
		fail_msg("%s", e.text);
}

const struct finding *conversation_finding(struct conversation *c, const char *mechanism)
{
	const struct finding *found = NULL;
	finish(c);
	for (size_t i = 0; i < c->found->count; i++) {
		if (strcmp(c->found->findings[i]->mechanism->id, mechanism) != 0)
			continue;
		assert_null(found);
		found = c->found->findings[i];
	}
	return found;
}

size_t conversation_findings(struct conversation *c)
{
	finish(c);
	return c->found->count;
}

uint64_t conversation_tested(struct conversation *c, const char *mechanism)
{
	finish(c);
	size_t m = (size_t)(mechanism_find(mechanism) - mechanisms);
	return shard_tested(c->shard)[m] + c->found->tested[m];
}

static void terms_text(const struct finding *f, struct text *t)
{
	for (size_t i = 0; i < f->term_count; i++)
		text_printf(t, "%s%s %d", i ? ", " : "", f->terms[i].id, f->terms[i].db);
}

void assert_silent(struct conversation *c)
{
	char terms[256];
	if (conversation_findings(c) == 0)
		return;
	const struct finding *f = c->found->findings[0];
	struct text t = text_over(terms, sizeof terms);
	terms_text(f, &t);
	fail_msg("%s (%s) of frame %d: %s", f->mechanism->id, label_name(f->label), (int)f->suspects[0].number, terms);
}

void assert_suspects(const struct finding *f, const uint64_t *frames)
{
	size_t n = 0;
	assert_non_null(f);
	for (; frames[n]; n++)
		assert_true(n < f->suspect_count && f->suspects[n].number == frames[n]);
	assert_int_equal(f->suspect_count, n);
}

void assert_terms_at(const struct finding *f, const char *terms, int line)
{
	char got[256];
	struct text t = text_over(got, sizeof got);
	assert_non_null(f);
	terms_text(f, &t);
	if (strcmp(got, terms) != 0)
		fail_msg("line %d: terms '%s', not '%s'", line, got, terms);
}
